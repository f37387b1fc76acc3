"""Go sources become a program, without a network; errors name the cell's lines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jlambda.errors import CodeError, InvalidParameter
from jlambda.runtimes.language import Sources, on_path
from jlambda.runtimes.languages import built, choose
from tests.conftest import need

MAIN = """package main

import "github.com/aws/aws-lambda-go/lambda"

func handle(event map[string]string) (string, error) {
	return event["name"], nil
}

func main() {
	lambda.Start(handle)
}
"""
#: a library in place of AWS's that the user has, told apart by a name of its own
THEIRS = "package lambda\n\nconst Theirs = true\n"
USES_THEIRS = 'package main\n\nimport "github.com/aws/aws-lambda-go/lambda"\n\nfunc main() { println(lambda.Theirs) }\n'
GO_MOD = "module mine\n\ngo 1.18\n\nrequire github.com/aws/aws-lambda-go v1.47.0\n"


@pytest.fixture(autouse=True)
def go() -> None:
    need(bool(on_path("go")), "Go")


def built_of(files: dict[str, str]) -> int:
    """The size of the package that these files make."""
    sources = Sources({name: text.encode() for name, text in files.items()}, origin="Cell In[3]")
    return len(built(choose("go"), sources).package)


def complaint(text: str) -> str:
    """What is said of a cell that does not compile."""
    with pytest.raises(CodeError) as caught:
        built_of({"main.go": text})
    return str(caught.value)


def test_a_cell_compiles_without_a_go_mod_and_without_a_network() -> None:
    """AWS's library is ours then."""
    assert built_of({"main.go": MAIN}) > 100_000


@pytest.mark.measures
def test_the_same_source_is_not_compiled_again() -> None:
    """A second deploy takes under 50 ms."""
    built_of({"main.go": MAIN})
    started = time.perf_counter()
    built_of({"main.go": MAIN})
    assert time.perf_counter() - started < 0.05


def test_a_compile_error_names_the_cell_and_its_line() -> None:
    """The first error is shown, and how many more there are."""
    assert complaint(MAIN.replace('event["name"]', "nothing")) == "Cell In[3], line 6: undefined: nothing"
    both = complaint(MAIN.replace('return event["name"], nil', "return nothing, nowhere"))
    assert both == "Cell In[3], line 6: undefined: nothing (and 1 more)"


def test_a_syntax_error_names_the_cell_and_its_line() -> None:
    """The same for what cannot be parsed."""
    assert complaint(MAIN.replace("func main() {", "func main( {")).startswith("Cell In[3], line 9: syntax error: unexpected {")


def test_a_cell_without_main_is_told_what_to_write() -> None:
    """In place of the linker's words."""
    assert complaint("package main\n\nfunc handle() {}\n") == "no handler: write func main() { lambda.Start(handler) }"


def test_other_modules_need_a_go_mod() -> None:
    """A cell has no place for a go.mod, and is told so."""
    text = complaint(MAIN.replace("aws/aws-lambda-go/lambda", "pkg/errors"))
    assert text.startswith("Cell In[3], line 3: cannot find module providing package github.com/pkg/errors; deploy a folder")


def test_a_package_that_is_no_program_is_refused() -> None:
    """Its name has to be `main`."""
    assert "must be `main`" in complaint("package handlers\n")


def test_the_librarys_own_code_is_used_where_it_is_vendored() -> None:
    """What is in the module's vendor folder is what it was written for."""
    files = {
        "go.mod": GO_MOD,
        "main.go": USES_THEIRS,
        "vendor/modules.txt": "# github.com/aws/aws-lambda-go v1.47.0\n## explicit\ngithub.com/aws/aws-lambda-go/lambda\n",
        "vendor/github.com/aws/aws-lambda-go/lambda/lambda.go": THEIRS,
    }
    assert built_of(files) > 100_000


def test_the_librarys_own_code_is_used_where_the_go_mod_replaces_it() -> None:
    """The user's word on where the library is stands."""
    files = {
        "go.mod": f"{GO_MOD}\nreplace github.com/aws/aws-lambda-go => ./fork\n",
        "main.go": USES_THEIRS,
        "fork/go.mod": "module github.com/aws/aws-lambda-go\n",
        "fork/lambda/lambda.go": THEIRS,
    }
    assert built_of(files) > 100_000


def test_a_go_mod_that_asks_for_the_library_gets_ours_where_it_is_not_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of several packages compiles offline too."""
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("GOPROXY", "off")
    shout = 'package shout\n\nimport "strings"\n\nfunc Shout(text string) string { return strings.ToUpper(text) }\n'
    main = MAIN.replace('import "', 'import (\n\t"mine/shout"\n\t"').replace('lambda"\n', 'lambda"\n)\n')
    files = {"go.mod": GO_MOD, "main.go": main.replace('event["name"]', 'shout.Shout(event["name"])'), "shout/shout.go": shout}
    assert built_of(files) > 100_000


def test_go_sources_are_built_and_a_bootstrap_is_not() -> None:
    """A folder that was made for AWS runs as it is."""
    language = choose("go").language
    assert language.is_source({"go.mod": b"", "main.go": b""})
    assert not language.is_source({"bootstrap": b"", "main.go": b""})
    assert not language.is_source({"handler.py": b"", "vendor/a.go": b""})


def test_go_functions_are_custom_runtimes() -> None:
    """Go has no managed runtime any more."""
    assert choose("go").runtime == "provided.al2023"
    assert choose("go").warning == ""
    with pytest.raises(InvalidParameter, match=r"go1\.x is no longer supported"):
        choose("go1.x")
