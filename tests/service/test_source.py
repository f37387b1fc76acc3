"""What can be deployed besides a cell, and which function in it is the handler."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import CodeError, StateError


def test_a_handler_by_its_bare_name(session: jlambda.Session) -> None:
    """`handler="b"` is `lambda_function.b`; several candidates are no trouble then."""
    source = "def a(event, context): return 'a'\ndef b(event, context): return 'b'\n"
    function = session.deploy(source, "f", handler="b")
    assert function.configuration.handler == "lambda_function.b"
    assert function() == "b"


def test_a_handler_that_was_chosen_stays_chosen(session: jlambda.Session) -> None:
    """A redeployment without the option keeps it, as long as the code has it."""
    source = "def a(event, context): return 'a'\ndef b(event, context): return 'b'\n"
    session.deploy(source, "f", handler="b")
    assert session.deploy(source + "#", "f")() == "b"
    assert session.deploy("def c(event, context): return 'c'\n", "f")() == "c"


def test_a_handler_that_was_found_is_found_anew(session: jlambda.Session) -> None:
    """A function called handler that comes later is the handler from then on."""
    source = "def work(event, context): return 'work'\n"
    assert session.deploy(source, "f")() == "work"
    assert session.deploy(source + "def handler(event, context): return 'handler'\n", "f")() == "handler"


def zipped(files: dict[str, str]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return buffer.getvalue()


def test_a_file_is_deployed_as_a_cell_is(session: jlambda.Session, tmp_path: Path) -> None:
    """Its handler is found, or named with or without the file's own name; tracebacks name the file."""
    path = tmp_path / "app.py"
    path.write_text("def work(event, context):\n    return 1 / event\n")
    function = session.deploy(path, "f")
    assert function(2) == 0.5
    assert session.deploy(path, "f", handler="app.work").changes == {}
    assert session.deploy(path, "f", handler="work").changes == {}
    error = function.invoke(0).error
    assert error is not None
    assert f'File "{path}", line 2, in work' in "\n".join(error._render_traceback_())


def test_a_file_may_ship_objects(session: jlambda.Session, tmp_path: Path) -> None:
    """As a cell may."""
    path = tmp_path / "app.py"
    path.write_text("def handler(event, context): return table[event]\n")
    assert session.deploy(path, "f", use={"table": {"a": 1}})("a") == 1


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_folder_or_zip(session: jlambda.Session, tmp_path: Path, kind: str) -> None:
    """All its files are the code; without lambda_function.py it must be said which function is the handler."""
    files = {
        "app/__init__.py": "",
        "app/main.py": "from app import part\ndef run(event, context): return part.N\n",
        "app/part.py": "N = 3\n",
    }
    path = tmp_path / ("code.zip" if kind == "zip" else "code")
    if kind == "zip":
        path.write_bytes(zipped(files))
    else:
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
    with pytest.raises(CodeError, match=r"holds no lambda_function\.py: choose the handler with handler='MODULE\.FUNCTION'"):
        session.deploy(path, "f")
    with pytest.raises(CodeError, match=r"a folder or zip needs MODULE\.FUNCTION"):
        session.deploy(path, "f", handler="run")
    function = session.deploy(path, "f", handler="app.main.run")
    assert function() == 3
    assert session.deploy(path, "f").changes == {}, "the handler stays as it was given"


def test_a_folder_with_lambdas_usual_file(session: jlambda.Session, tmp_path: Path) -> None:
    """In lambda_function.py the handler is found as in a cell."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "lambda_function.py").write_text("def lambda_handler(event, context): return 'found'\n")
    assert session.deploy(tmp_path / "code", "f")() == "found"


def test_a_damaged_zip(session: jlambda.Session, tmp_path: Path) -> None:
    """AWS's wording."""
    path = tmp_path / "code.zip"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(CodeError, match="Could not unzip uploaded file"):
        session.deploy(path, "f", handler="a.b")


@pytest.mark.parametrize("name", ["app.py", "code.zip"])
def test_an_unreadable_file(session: jlambda.Session, tmp_path: Path, name: str) -> None:
    """What the system says, in one line."""
    (tmp_path / name).symlink_to("/proc/self/mem")
    with pytest.raises(CodeError, match=f"{name} cannot be read: Input/output error"):
        session.deploy(tmp_path / name, "f", handler="a.b")


def test_a_file_that_is_not_utf_8(session: jlambda.Session, tmp_path: Path) -> None:
    """Python source is UTF-8 here."""
    path = tmp_path / "app.py"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(CodeError, match="it is not UTF-8"):
        session.deploy(path, "f")


def test_text_that_is_too_long_for_a_path(session: jlambda.Session) -> None:
    """It is source text, whatever is wrong with it."""
    with pytest.raises(CodeError, match="no handler"):
        session.deploy("x = '" + "y" * 10_000 + "'", "f")


def test_a_folder_in_place_of_a_cell(session: jlambda.Session, tmp_path: Path) -> None:
    """A handler that was found in the cell means nothing to a folder."""
    session.deploy("def work(event, context): return event\n", "f")
    (tmp_path / "app.py").write_text("def run(event, context): return 1\n")
    with pytest.raises(CodeError, match="holds no lambda_function"):
        session.deploy(tmp_path, "f")
    assert session.deploy(tmp_path, "f", handler="app.run")() == 1


def test_a_package_that_somebody_has_deleted(session: jlambda.Session) -> None:
    """To invoke it is an error that says what to do; to deploy it again is all it takes."""
    source = "def a(event, context): return 'a'\ndef b(event, context): return 'b'\n"
    function = session.deploy(source, "f", handler="b")
    for package in (session.folder / "code").iterdir():
        shutil.rmtree(package)
    with pytest.raises(StateError, match="deploy the function again"):
        function()
    assert session.deploy(source, "f", handler="b")() == "b"
    for package in (session.folder / "code").iterdir():
        shutil.rmtree(package)
    with pytest.raises(CodeError, match="which one is the handler"):
        session.deploy(source + "#", "f")
