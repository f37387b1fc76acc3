"""A notebook file as the source of functions: its `%%lambda` cells, deployed without running anything of it, and written back.

Reads and writes with nbformat. Which functions there are and what they are is asked of a session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat

from jlambda.errors import CodeError, InvalidParameter, LambdaError, ResourceNotFound
from jlambda.handle import Function
from jlambda.model.runtime import THIS_PYTHON, is_python
from jlambda.notebook import capture
from jlambda.notebook.draft import specification
from jlambda.notebook.namespace import SecretValues
from jlambda.notebook.option_line import updated
from jlambda.notebook.options import CellOptions, cell_options, deployment
from jlambda.session import Session

_MAGIC = "%%lambda"


class LambdaCell(NamedTuple):
    """A `%%lambda` cell: `number` counts all cells from 1, `line` is what stands after the magic."""

    number: int
    line: str
    body: str
    given: CellOptions


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook. Raises `CodeError` where there is none that can be read."""
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise CodeError(f"{path} is no notebook: {str(error).splitlines()[0]}") from None
    return notebook


def lambda_cells(path: Path, notebook: nbformat.NotebookNode) -> list[LambdaCell]:
    """The cells that deploy functions, in order. Raises what is wrong with one, named by its number."""
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        line, body = _magic(cell)
        if line is not None:
            with _told_where(path, number):
                found.append(LambdaCell(number, line, body, cell_options(line)))
    return found


def deploy(session: Session, path: Path, only: Iterable[str] = ()) -> list[tuple[LambdaCell, Function]]:
    """Deploy the functions of a notebook in the order of its cells, those of `only` if any are named; run nothing else.

    Nothing is deployed unless all that can be told beforehand is in order. Raises `InvalidParameter` and `CodeError` with the
    cell's number; of two cells of one function the later one is what stays, as if both had been run.
    """
    cells, chosen = lambda_cells(path, read(path)), set(only)
    missing = chosen - {cell.given.name for cell in cells}
    if missing:
        there_are = ", ".join(dict.fromkeys(cell.given.name for cell in cells)) or "none"
        raise ResourceNotFound(f"{path} has no %%lambda cell named {sorted(missing)[0]} (there are {there_are})")
    cells = [cell for cell in cells if not chosen or cell.given.name in chosen]
    secrets, sources = SecretValues(), []
    for cell in cells:
        with _told_where(path, cell.number):
            sources.append(_checked(path, cell))
    deployed = []
    for cell, source in zip(cells, sources, strict=True):
        given = cell.given
        with _told_where(path, cell.number):
            values = secrets.get(given.name, given.secret) if given.secret else None
            options = deployment(given, values, {})
            deployed.append((cell, session.deploy(source, given.name, **options, origin=_origin(path, cell.number))))
    return deployed


def save(session: Session, path: Path) -> list[str]:
    """Write what the functions of a notebook are now into the option lines of its cells; the names of those that changed.

    All else in the file stays as it is, to the byte where the file is written as Jupyter writes it.
    """
    notebook = read(path)
    changed = []
    for cell in lambda_cells(path, notebook):
        try:
            function = session.get(cell.given.name)
        except ResourceNotFound:
            continue
        attached = [each for each in session.triggers.list(cell.given.name) if each.qualifier is None]
        triggers = [specification(str(each.trigger), each.is_enabled) for each in attached]
        line = updated(cell.line, cell.given, function.configuration, triggers)
        if line != cell.line:
            node = notebook.cells[cell.number - 1]
            node.source = node.source.replace(f"{_MAGIC}{cell.line}", f"{_MAGIC}{line}", 1)
            changed.append(cell.given.name)
    if changed:
        nbformat.validate(notebook)
        text = nbformat.writes(notebook, version=nbformat.NO_CONVERT)  # type: ignore[no-untyped-call]
        part = path.with_name(f".{path.name}.part")
        part.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
        part.replace(path)
    return changed


def _magic(cell: nbformat.NotebookNode) -> tuple[str | None, str]:
    """What stands after the magic of a cell, None if it has none, and the lines below it."""
    if cell.cell_type != "code":
        return None, ""
    lines = capture.magic_line_first(cell.source.splitlines(keepends=True))
    first = lines[0].rstrip("\n") if lines else ""
    if first != _MAGIC and not first.startswith(f"{_MAGIC} "):
        return None, ""
    return first.removeprefix(_MAGIC), "".join(lines[1:])


def _checked(path: Path, cell: LambdaCell) -> str:
    """The source of a cell. Raises `CodeError` and `InvalidParameter`."""
    given = cell.given
    if given.use:
        raise InvalidParameter(f"--use {','.join(given.use)}: only a notebook that runs has these objects: run the cell there")
    if not cell.body.strip():
        raise CodeError(f"%%lambda {given.name}: the cell is empty; write a function with two parameters, event and context")
    source = capture.cell_source(cell.body)
    if is_python(given.runtime or THIS_PYTHON):
        capture.check(source, _origin(path, cell.number), {})
    return source


def _origin(path: Path, number: int) -> str:
    return f"{path.name}, cell {number}"


@contextmanager
def _told_where(path: Path, number: int) -> Iterator[None]:
    """Have an error say which cell it is about."""
    try:
        yield
    except LambdaError as error:
        origin = _origin(path, number)
        if str(error).startswith(origin):
            raise
        raise type(error)(f"{origin}: {error}") from None
