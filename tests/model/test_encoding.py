"""JSON that is written the short way is what json itself writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.encoding import compiled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=20,
)
ENCODERS = (json.JSONEncoder(), json.JSONEncoder(separators=(",", ":"), ensure_ascii=False))
VALUES: list[object] = [{"a": [1.5, None, True, "é"]}, "x", 5, {}, []]


@pytest.mark.parametrize("encoder", ENCODERS)
@given(value=JSON)
def test_it_is_the_same_text(encoder: json.JSONEncoder, value: object) -> None:
    """Whatever the value, separators and letters that ASCII lacks included."""
    assert compiled(encoder)(value) == encoder.encode(value)


def test_it_does_without_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python whose json is made of other parts writes the same."""
    fast = [compiled(ENCODERS[1])(value) for value in VALUES]
    monkeypatch.setattr("json.encoder.c_make_encoder", None)
    assert [compiled(ENCODERS[1])(value) for value in VALUES] == fast


@pytest.mark.parametrize(("value", "error"), [({1, 2}, TypeError), (float("nan"), ValueError), ({(1,): 2}, TypeError)])
def test_what_json_cannot_carry(value: object, error: type[Exception]) -> None:
    """The error is that of json, and says the same."""
    encoder = json.JSONEncoder(allow_nan=False)
    with pytest.raises(error) as ours:
        compiled(encoder)(value)
    with pytest.raises(error) as theirs:
        encoder.encode(value)
    assert str(ours.value) == str(theirs.value)
