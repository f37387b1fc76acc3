"""Ruby sources are parsed at deploy: syntax errors name the cell's lines, and the handler is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from jlambda.errors import CodeError
from jlambda.model.runtime import RUBY_RUNTIMES
from jlambda.runtimes.language import Sources, on_path
from jlambda.runtimes.languages import built, choose
from tests.conftest import need

HANDLER = "def lambda_handler(event:, context:)\n  event\nend\n"


@pytest.fixture(autouse=True)
def ruby() -> None:
    need(bool(on_path("ruby")), "Ruby")


def handler_of(text: str, handler: str | None = None) -> str:
    """The handler string of a cell."""
    sources = Sources({"lambda_function.rb": text.encode()}, origin="Cell In[3]", handler=handler)
    return built(choose("ruby"), sources).note


def complaint(text: str) -> str:
    """What is said of a cell that cannot be a function."""
    with pytest.raises(CodeError) as caught:
        handler_of(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "handler"),
    [
        (HANDLER, "lambda_handler"),
        ("def handler(event:, context:) = 1\n" + HANDLER, "handler"),
        ("def tool(x) = x\ndef serve(event:, context: nil) = tool(event)", "serve"),
        ("def serve(**all) = all", "serve"),
        ("class App\n  def self.process(event:, context:)\n  end\nend", "App.process"),
        ("class App\n  class << self\n    def process(event:, context:) = 1\n  end\nend", "App.process"),
        ("module A\n  module B\n    class C\n      def self.go(event:, context:) = 1\n    end\n  end\nend", "A::B::C.go"),
        ("class A::B\n  def self.go(event:, context:) = 1\n  def other(event:, context:) = 1\nend", "A::B.go"),
    ],
)
def test_the_handler_is_found(text: str, handler: str) -> None:
    """A top-level `handler` or `lambda_handler`, else the only method that takes `event:` and `context:`."""
    assert handler_of(text) == f"lambda_function.{handler}"


def test_a_handler_that_was_given_stands() -> None:
    """Whatever the source defines."""
    assert handler_of("X = 1", "lambda_function.Other.method") == "lambda_function.Other.method"


def test_no_handler_is_an_error() -> None:
    """A method with other arguments is none."""
    expected = "no handler: define `def lambda_handler(event:, context:)` in lambda_function.rb"
    assert complaint("def lambda_handler(event, context)\nend") == expected
    assert complaint("def serve(event:, context:, more:) = 1") == expected


def test_several_candidates_are_an_error() -> None:
    """One has to be named."""
    text = complaint("def a(event:, context:) = 1\ndef b(event:, context:) = 1")
    assert text == "which one is the handler: a, b? Name it `lambda_handler`, or choose with --handler"


def test_a_syntax_error_names_the_cell_and_its_line() -> None:
    """The source is parsed and never run."""
    text = complaint("exit 1\ndef lambda_handler(event:, context:)\n  1 +* 2\nend\n")
    assert text.startswith("Cell In[3], line 3: unexpected")


def test_every_file_of_a_folder_is_parsed() -> None:
    """The file is named where there are several."""
    files = {"lambda_function.rb": HANDLER.encode(), "lib/tool.rb": b"\n\ndef x(", "notes.txt": b"def ("}
    with pytest.raises(CodeError, match=r"^lib/tool\.rb, line 3: "):
        built(choose("ruby"), Sources(files))


def test_another_version_than_asked_for_is_said() -> None:
    """The nearest installed one serves, with a warning; the language's name takes what there is, under a name of AWS's."""
    named = choose("ruby")
    assert named.runtime in RUBY_RUNTIMES
    assert named.warning == "" or named.tool.runtime not in RUBY_RUNTIMES
    other = next(name for name in reversed(RUBY_RUNTIMES) if name != named.tool.runtime)
    assert choose(other).warning.startswith(f"runtime {other} runs on Ruby ")


def test_interpreters_of_version_tools_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter itself, not the shim, which needs a home folder."""
    real = Path(choose("ruby").tool.path)
    program = tmp_path / "versions" / "9.8.7" / "bin" / "ruby"
    shim = tmp_path / "shims" / "ruby"
    for path in (program, shim):
        path.parent.mkdir(parents=True)
        path.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
        path.chmod(0o755)
    monkeypatch.setenv("RBENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(shim.parent), prepend=":")
    language = choose("ruby").language
    assert str(program) in language.programs()
    assert str(shim) not in language.programs()
    assert str(program.parent.parent) in language.folders()
