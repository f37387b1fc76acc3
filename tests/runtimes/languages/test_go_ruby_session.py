"""Functions in Ruby and Go in a session: deployed, invoked, replaced when their process has ended."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import jlambda
from jlambda.runtimes.language import Sources, on_path
from jlambda.runtimes.languages import built, choose
from tests.conftest import need

RUBY = """COUNT = [0]

def lambda_handler(event:, context:)
  exit 3 if event == 'leave'
  COUNT[0] += 1
end
"""
GO = """package main

import "github.com/aws/aws-lambda-go/lambda"

var count int

func main() {
	lambda.Start(func(event string) (int, error) {
		if event == "leave" {
			panic(event)
		}
		count++
		return count, nil
	})
}
"""


@pytest.mark.parametrize(("runtime", "tool", "source"), [("ruby", "ruby", RUBY), ("go", "go", GO)])
def test_a_process_that_ends_after_its_answer_is_replaced(
    session: jlambda.Session, runtime: str, tool: str, source: str
) -> None:
    """The invocation has the answer it was given, and the next one starts anew, in the same sandbox."""
    need(bool(on_path(tool)), tool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in
        function = session.deploy(source, name="f", runtime=runtime)
    assert [function("a"), function("b")] == [1, 2]
    for _ in range(3):
        left = function.invoke("leave")
        assert left.record.status == "error"
        assert left.record.error_type in ("Function<SystemExit>", "string")
        assert [function("c"), function("d")] == [1, 2]


def test_a_zip_with_a_program_runs_as_a_custom_runtime(session: jlambda.Session, tmp_path: Path) -> None:
    """A `bootstrap` that was compiled elsewhere needs no compiler here."""
    need(bool(on_path("go")), "Go")
    package = tmp_path / "function.zip"
    package.write_bytes(built(choose("go"), Sources({"main.go": GO.encode()})).package)
    assert session.deploy(package, name="f", runtime="provided.al2023")("a") == 1


def test_a_folder_of_go_sources_is_built(session: jlambda.Session, tmp_path: Path) -> None:
    """With its own go.mod, and without AWS's library being there."""
    need(bool(on_path("go")), "Go")
    module = tmp_path / "module"
    module.mkdir()
    (module / "go.mod").write_text("module mine\n\ngo 1.18\n\nrequire github.com/aws/aws-lambda-go v1.47.0\n")
    (module / "main.go").write_text(GO)
    assert session.deploy(module, name="f", runtime="go")("a") == 1


def test_the_first_invocation_finds_all_built(
    session: jlambda.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deploying makes the language's client too, where none is kept yet."""
    need(bool(on_path("ruby")), "ruby")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        function = session.deploy(RUBY, "f", runtime="ruby", memory=1769, timeout=10)

    def too_late(*_: object) -> str:
        raise AssertionError("built for an invocation")

    monkeypatch.setattr(type(choose("ruby").language), "client", too_late)
    assert function("stay") == 1
