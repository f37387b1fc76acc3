"""A cell becomes a module with the cell's line numbers, or one error with the cell's line."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import CodeError
from jlambda.notebook.capture import cell_source, check, magic_line_first

ORIGIN = "Cell In[3]"


def test_the_lines_of_the_source_are_those_of_the_cell() -> None:
    """Line 1, the magic's, is empty; line 2 of the cell is line 2 of the module."""
    assert cell_source("import json\n\ndef handler(event, context): ...\n").split("\n")[1] == "import json"
    assert cell_source("x = 1") == cell_source("x = 1\n") == "\nx = 1\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["# note\n", "%%lambda f\n", "x = 1\n"], ["%%lambda f\n", "# note\n", "x = 1\n"]),
        (["\n", "\n", "%%lambda f\n", "x = 1\n"], ["%%lambda f\n", "\n", "\n", "x = 1\n"]),
        (["  # note\n", "  %%lambda f\n", "  x = 1\n"], ["%%lambda f\n", "  # note\n", "  x = 1\n"]),
        (["%%lambda f\n", "# note\n"], ["%%lambda f\n", "# note\n"]),
        (["x = 1\n", "%%lambda f\n"], ["x = 1\n", "%%lambda f\n"]),
        (["# note\n", "%%time\n"], ["# note\n", "%%time\n"]),
        (["# %%lambda f\n", "x = 1\n"], ["# %%lambda f\n", "x = 1\n"]),
        (["# note\n", "%%lambdas\n"], ["# note\n", "%%lambdas\n"]),
        ([], []),
    ],
)
def test_a_magic_line_below_comments_moves_up(lines: list[str], expected: list[str]) -> None:
    """The magic changes places with what is above it, and only `%%lambda` does."""
    assert magic_line_first(lines) == expected


@given(st.lists(st.sampled_from(["# c\n", "\n", "%%lambda f\n", "x = 1\n", "  y\n"])))
def test_no_line_is_lost_and_a_second_pass_changes_nothing(lines: list[str]) -> None:
    """IPython may transform a cell more than once."""
    moved = magic_line_first(lines)
    assert sorted(moved) == sorted(lines)
    assert magic_line_first(moved) == moved


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (
            "\ndef handler(event, context)\n    return 1\n",
            "Cell In[3], line 3: expected ':'\n    def handler(event, context)\n                               ^",
        ),
        ("return 1\n", "Cell In[3], line 2: 'return' outside function\n    return 1\n    ^^^^^^^^"),
        (
            "%pip install x\n",
            "Cell In[3], line 2: a function's cell is plain Python, without % and ! lines\n    %pip install x\n    ^",
        ),
        ("!ls\n", "Cell In[3], line 2: a function's cell is plain Python, without % and ! lines\n    !ls\n    ^"),
    ],
)
def test_a_syntax_error_is_shown_with_the_line_of_the_cell(cell: str, message: str) -> None:
    """Python's words, the line of the cell, and a caret below what is wrong."""
    with pytest.raises(CodeError) as caught:
        check(cell_source(cell), ORIGIN, {})
    assert str(caught.value) == message


@pytest.mark.parametrize("cell", ["def f(:\n", "(\n", "'''open\n", "\tx\n  y\n", "x = \x00\n", "é = ½\n"])
def test_whatever_is_not_python_is_a_code_error(cell: str) -> None:
    """The message always names the cell."""
    with pytest.raises(CodeError, match=r"^Cell In\[3\]"):
        check(cell_source(cell), ORIGIN, {})


def test_a_missing_name_is_found_before_anything_runs() -> None:
    """The message says where it is used, what it is, and the two remedies."""
    cell = "def handler(event, context):\n    return len(df)\n"
    with pytest.raises(CodeError) as caught:
        check(cell_source(cell), ORIGIN, {"df": [1]})
    assert str(caught.value) == "line 3: `df` is a notebook variable: pass it in the event, or ship it with --use df"


def test_a_name_that_is_shipped_is_not_missing() -> None:
    """--use makes it a global of the module."""
    check(cell_source("def handler(event, context):\n    return len(df)\n"), ORIGIN, {"df": [1]}, ship=["df"])


def test_a_warning_is_given_once() -> None:
    """A doubtful escape in a string is Python's to warn about, with the cell's name, and not a second time."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        check(cell_source("x = '\\d'\n"), ORIGIN, {})
    assert [(warning.filename, warning.lineno) for warning in given] == [(ORIGIN, 2)]
