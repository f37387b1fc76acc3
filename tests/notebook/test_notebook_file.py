"""Notebook files as source: deployed without being run, and written back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda import cli
from jlambda.errors import CodeError, InvalidParameter, ResourceNotFound
from jlambda.model.function import FunctionConfiguration
from jlambda.notebook import notebook_file
from jlambda.notebook.option_line import updated
from jlambda.notebook.options import CellOptions, cell_options

HANDLER = "def handler(event, context): return {!r}\n"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[jlambda.Session]:
    """A session of its own."""
    with jlambda.Session(tmp_path / "state") as session:
        yield session


def write(path: Path, *cells: str) -> Path:
    """A notebook of code cells with a heading before them, written as Jupyter does."""
    new = nbformat.v4
    made = [new.new_markdown_cell("# A lesson"), *(new.new_code_cell(cell) for cell in cells)]  # type: ignore[no-untyped-call]
    notebook = new.new_notebook(cells=made)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    return path


def sources(path: Path) -> list[str]:
    """The sources of a notebook's cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]  # type: ignore[no-untyped-call]


def test_only_cells_that_are_functions_are_deployed(session: jlambda.Session, tmp_path: Path) -> None:
    """In their order; the later of two stays, and nothing else of the notebook runs."""
    path = write(
        tmp_path / "lesson.ipynb",
        "raise SystemExit('never run')",
        "%%lambda hello --memory 256\n" + HANDLER.format("first"),
        "# a comment above\n%%lambda other --timeout 9\n" + HANDLER.format("other"),
        "%%lambda hello --env STAGE=dev -i '{}'\n" + HANDLER.format("second"),
    )
    deployed = notebook_file.deploy(session, path)
    assert [(cell.number, function.name) for cell, function in deployed] == [(3, "hello"), (4, "other"), (5, "hello")]
    assert session.get("hello")() == "second"
    configuration = session.get("hello").configuration
    assert (configuration.memory_mb, dict(configuration.environment)) == (256, {"STAGE": "dev"})
    assert configuration.origin == "lesson.ipynb, cell 5"
    assert len(session.invocations()) == 1


@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [
        ("%%lambda f --memory 1\n" + HANDLER, InvalidParameter, "lesson.ipynb, cell 3: memory is 1; it must be"),
        ("%%lambda f\ndef handler(event, context)\n    pass", CodeError, "lesson.ipynb, cell 3, line 2: expected ':'"),
        ("%%lambda f\ndef handler(event, context): return table", CodeError, "table"),
        ("%%lambda f --use df\n" + HANDLER, InvalidParameter, "lesson.ipynb, cell 3: --use df: only a notebook that runs"),
        ("%%lambda f\n", CodeError, "lesson.ipynb, cell 3: %%lambda f: the cell is empty"),
        ("%%lambda\n" + HANDLER, InvalidParameter, "lesson.ipynb, cell 3: %%lambda: needs NAME"),
        (
            "%%lambda f --secret NOT_SET\n" + HANDLER.format(1),
            Exception,
            "lesson.ipynb, cell 3: --secret NOT_SET: nobody can be asked",
        ),
    ],
)
def test_a_mistake_is_told_by_its_cell(
    session: jlambda.Session, tmp_path: Path, cell: str, error: type[Exception], message: str
) -> None:
    """And, where it can be told beforehand, nothing is deployed."""
    path = write(tmp_path / "lesson.ipynb", "%%lambda good\n" + HANDLER.format(1), cell)
    with pytest.raises(error) as caught:
        notebook_file.deploy(session, path)
    assert message in str(caught.value)
    assert "NOT_SET" in cell or session.functions() == []


def test_what_is_no_notebook_is_refused(session: jlambda.Session, tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "a.ipynb").write_text("no JSON")
    for name, message in (("a.ipynb", "is no notebook"), ("b.ipynb", "cannot be read: No such file")):
        with pytest.raises(CodeError, match=message):
            notebook_file.deploy(session, tmp_path / name)
    path = write(tmp_path / "lesson.ipynb", "%%lambda f\n" + HANDLER.format(1))
    with pytest.raises(ResourceNotFound, match="has no %%lambda cell named g"):
        notebook_file.deploy(session, path, ["g"])


def test_the_command_deploys_to_the_notebooks_own_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where its kernel finds the functions; run again it says that nothing has changed."""
    path = write(tmp_path / "lesson.ipynb", "%%lambda hello\n" + HANDLER.format("hi"), "%%lambda g\n" + HANDLER.format("g"))
    assert cli.main(["deploy", str(path), "--only", "hello"]) == 0
    assert "deployed hello from cell 2" in capsys.readouterr().out
    assert cli.main(["deploy", str(path), "--only", "hello"]) == 0
    assert "unchanged: hello from cell 2" in capsys.readouterr().out
    with jlambda.Session(tmp_path / ".jlambda/lesson") as session:
        assert [function() for function in session.functions()] == ["hi"]
        assert cli.main(["deploy", str(path)]) == 1
    assert "in use by another kernel" in capsys.readouterr().err


def test_settings_are_written_back(session: jlambda.Session, tmp_path: Path) -> None:
    """Into the option lines, which then deploy to what there is; all else stays as it was, to the byte."""
    path = write(
        tmp_path / "lesson.ipynb",
        "x = 1",
        "# above\n%%lambda hello --memory 256 -e STAGE=dev --quiet  # keep me\n"
        + HANDLER.format("%%lambda hello --memory 256"),
        "%%lambda same --timeout=9\n" + HANDLER.format(2),
        "%%lambda never-deployed\n" + HANDLER.format(3),
    )
    notebook_file.deploy(session, path, ["hello", "same"])
    before = path.read_text()
    assert notebook_file.save(session, path) == []
    assert path.read_text() == before
    session.get("hello").update(memory=128, timeout=30, env={"STAGE": "it's", "KEY": "1"}, description="a b")
    assert notebook_file.save(session, path) == ["hello"]
    saved = sources(path)
    assert saved[2].split("\n")[1] == (
        "%%lambda hello --quiet --timeout 30 --description 'a b' --env 'STAGE=it'\"'\"'s' --env KEY=1 # keep me"
    )
    assert saved[2].split("\n")[2:] == sources_of(before)[2].split("\n")[2:]
    assert [*saved[:2], *saved[3:]] == [*sources_of(before)[:2], *sources_of(before)[3:]]
    with jlambda.Session(tmp_path / "fresh") as fresh:
        notebook_file.deploy(fresh, path, ["hello"])
        now, then = fresh.get("hello").configuration, session.get("hello").configuration
        assert (now.memory_mb, now.timeout_s, now.environment, now.description) == (
            *(then.memory_mb, then.timeout_s),
            *(then.environment, then.description),
        )


def test_roles_snapshots_and_switched_off_triggers_are_written_back(session: jlambda.Session, tmp_path: Path) -> None:
    """And taken out again, where the function has what it would have without them."""
    path = write(tmp_path / "lesson.ipynb", "%%lambda hello --quiet --trigger sqs:jobs\n" + HANDLER.format("hi"))
    notebook_file.deploy(session, path)
    session.deploy(HANDLER.format("hi"), "hello", role="reader", snap_start=True)
    session.get("hello").triggers.disable("sqs:jobs")
    assert notebook_file.save(session, path) == ["hello"]
    line = sources(path)[1].split("\n")[0]
    assert line == "%%lambda hello --quiet --role reader --snap-start --trigger 'sqs:jobs?disabled'"
    assert notebook_file.save(session, path) == []
    session.deploy(HANDLER.format("hi"), "hello", role="lambda-role", snap_start=False)
    session.get("hello").triggers.enable("sqs:jobs")
    notebook_file.save(session, path)
    assert sources(path)[1].split("\n")[0] == "%%lambda hello --quiet --trigger sqs:jobs"


def sources_of(text: str) -> list[str]:
    """The sources of a notebook's cells, from its text."""
    return [cell.source for cell in nbformat.reads(text, as_version=4).cells]  # type: ignore[no-untyped-call]


texts = st.text("ab '\"#\\$é{}[]-=", max_size=6)
keys = st.sampled_from(["KEY", "STAGE", "OTHER"])


@given(
    st.integers(128, 10_240),
    st.integers(1, 900),
    texts.map(str.strip).filter(lambda text: text != "--"),  # which argparse of Python 3.11 takes out of --option=--
    st.dictionaries(keys, texts, max_size=3),
    st.lists(st.sampled_from(["sqs:jobs", "rate(5 minutes)", 'events:{"source": ["a"]}', "GET /items/{id}"]), unique=True),
    st.sampled_from(["", " -m 512 --env KEY=x --quiet", ' -m512 --trigger "rate(5 minutes)" --description=old -i {"a": 1}']),
)
def test_a_line_says_what_there_is(
    memory: int, timeout: int, description: str, variables: dict[str, str], triggers: list[str], before: str
) -> None:
    """Whatever stood there before; what it said besides stays."""
    line = f" hello{before}"
    now = FunctionConfiguration("hello", memory_mb=memory, timeout_s=timeout, description=description, environment=variables)
    made: CellOptions = cell_options(updated(line, cell_options(line), now, triggers))
    assert (made.memory or 128, made.timeout or 3, made.description or "") == (memory, timeout, description)
    assert (dict(made.env), sorted(made.trigger)) == (variables, sorted(triggers))
    assert (made.quiet, made.invoke) == (cell_options(line).quiet, cell_options(line).invoke)
    assert updated(line, cell_options(line), now, triggers) == line or made != cell_options(line)


def test_layers_are_written_by_name_and_requirements_as_they_were_said() -> None:
    """The layer that pip filled is what the requirements stand for: there is no other word for it on a line."""
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:"
    line = " hello --layer words:1 --requirements 'requests==2.*'"
    given = cell_options(line)
    same = FunctionConfiguration("hello", layers=(f"{arn}words:1", f"{arn}requirements-0123456789ab:1"))
    assert updated(line, given, same, []) == line
    other = FunctionConfiguration("hello", layers=(f"{arn}words:2",))
    assert updated(line, given, other, []) == " hello --layer words:2"
