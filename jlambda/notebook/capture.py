"""From a `%%lambda` cell to the source of a module, checked before anything runs.

The source keeps the cell's line numbers: line 1, the magic's own, becomes an empty line. What is checked here is what
only the notebook can say: syntax, shown with the cell's line, and names that the cell would miss once it runs alone.
Which function is the handler is not decided here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Mapping

from jlambda.errors import CodeError
from jlambda.notebook.missing import missing_message, undefined_names

_MAGIC_LINE = re.compile(r"\s*%%lambda\b")


def magic_line_first(lines: list[str]) -> list[str]:
    """An input transformer: a `%%lambda` line below comments and empty lines moves above them.

    IPython wants the magic on the first line. The lines only change places, so that no line below gets another number.
    """
    for i, line in enumerate(lines):
        if _MAGIC_LINE.match(line):
            return [line.lstrip(), *lines[:i], *lines[i + 1 :]] if i else lines
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines


def cell_source(cell: str) -> str:
    """The module that a cell's body is, its lines numbered as in the cell."""
    return f"\n{cell}" if cell.endswith("\n") else f"\n{cell}\n"


def check(source: str, origin: str, names: Mapping[str, object], ship: Collection[str] = ()) -> None:
    """Raise `CodeError` if `source` is not Python or uses names it will not have.

    `origin` names the cell ("Cell In[3]"), `names` are the notebook's variables, `ship` those that go along.
    """
    try:
        # compile() finds what ast.parse() lets pass, such as a return outside of a function
        compile(source, origin, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CodeError(_syntax_message(error, source, origin)) from None
    except ValueError as error:  # null bytes, up to Python 3.11
        raise CodeError(f"{origin}: {error}") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # compile() has given them
        missing = [name for name in undefined_names(source) if name not in ship]
    if missing:
        raise CodeError(missing_message(missing, source, names))


def _syntax_message(error: SyntaxError, source: str, origin: str) -> str:
    """What Python says, the line and a caret below it."""
    lines = source.split("\n")
    number = min(error.lineno or 1, len(lines))
    line = lines[number - 1]
    what = "a function's cell is plain Python, without % and ! lines" if re.match(r"\s*[%!]", line) else error.msg
    message = f"{origin}, line {number}: {what}"
    code = line.lstrip()
    column = (error.offset or 1) - 1 - (len(line) - len(code))
    width = (error.end_offset or 0) - (error.offset or 0) if error.end_lineno == error.lineno else 1
    return f"{message}\n    {code}\n    {' ' * max(0, column)}{'^' * max(1, width)}" if code else message
