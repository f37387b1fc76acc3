"""The README's code runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import jlambda

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def shell(session: jlambda.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A fresh shell in an empty folder, with a session of its own as the current one."""
    monkeypatch.chdir(tmp_path)
    assert jlambda.current() is session
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


def test_every_python_block_runs(shell: InteractiveShell) -> None:
    """In order, each as one cell of a notebook."""
    blocks = re.findall(r"^```python\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    assert blocks[0] == "%load_ext jlambda\n"
    for block in blocks:
        with capture_output() as output:
            result = shell.run_cell(block, store_history=True)  # type: ignore[no-untyped-call]
        assert result.success, f"{block}\n{output.stdout}{output.stderr}"


def test_every_dependency_has_its_reason() -> None:
    """The table of dependencies and pyproject.toml name the same packages."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[<>=\[]", requirement)[0] for requirement in project["dependencies"]}
    table = README.partition("## Dependencies")[2].partition("\n## ")[0]
    explained = {name.strip() for row in re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE) for name in row.split(",")}
    assert explained - {"package"} == declared


def test_every_option_of_the_magic_is_explained() -> None:
    """The table of options has each long option of `%%lambda`, and no other."""
    from jlambda.notebook.options import cell_parser
    from jlambda.notebook.verbs import VERBS

    table = README.partition("### Options of")[2].partition("\n### ")[0]
    options = {option for option in cell_parser().options() if option.startswith("--")} - {"--help"}
    assert options <= set(re.findall(r"--[a-z-]+", table))
    assert all(f"`{verb}`" in README for verb in VERBS)


def test_every_command_is_explained() -> None:
    """Each command of the command line is named as it is typed."""
    from jlambda.cli import PARSERS

    assert all(f"jlambda {command}" in README for command in PARSERS)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    """Files that the README links to are there."""
    assert (ROOT / target).exists()
