"""What differs between two boards is enough to make one of the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jlambda.notebook.panel.changes import difference
from jlambda.notebook.panel.messages import Board

KEYS = st.sampled_from("abcd")
BOARDS = st.dictionaries(KEYS, st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers(0, 2), max_size=2)))


@given(BOARDS, BOARDS)
def test_a_panel_that_is_told_has_the_same_board(before: Board, after: Board) -> None:
    """Documents are put and taken away by collection and key; nothing is told where nothing changed."""
    changes = difference(before, after)
    told = {name: dict(documents) for name, documents in before.items()}
    if changes is not None:
        for name, documents in changes["set"].items():
            told.setdefault(name, {}).update(documents)
        for name, keys in changes["gone"].items():
            for key in keys:
                del told[name][key]
    assert {name: it for name, it in told.items() if it} == {name: it for name, it in after.items() if it}
    assert (changes is None) == (told == before)


@given(BOARDS)
def test_only_what_differs_is_told(board: Board) -> None:
    """Nothing at all of a board that is equal, and of one more document that document."""
    assert difference(board, {name: {key: dict(it) for key, it in rows.items()} for name, rows in board.items()}) is None
    more = {**board, "a": {**board.get("a", {}), "new": {"x": 1}}}
    assert difference(board, more) == {"type": "changes", "set": {"a": {"new": {"x": 1}}}, "gone": {}}
