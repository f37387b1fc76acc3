"""Why JSON is none, in the words of AWS's parser."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.api import jackson

SOURCE = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
VALUE = "JSON String, Number, Array, Object or token 'null', 'true' or 'false'"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_is_what_it_is(value: Any) -> None:
    """All of JSON is taken."""
    assert jackson.parse(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        (b"\x99", f"Unexpected character ((CTRL-CHAR, code 153)): expected a valid value ({VALUE})", 1, 1),
        (b'"\x87"', "Invalid UTF-8 start byte 0x87", 1, 3),
        (b"", "No content to map due to end-of-input", 1, 1),
        (b'{"a": x}', f"Unrecognized token 'x': was expecting ({VALUE})", 1, 8),
        (b"{\n'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 2, 1),
        (b'{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 1, 6),
        (b"[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array or Object entries", 1, 4),
        (b"[1,", "Unexpected end-of-input", 1, 4),
        (b'"abc', "Unexpected end-of-input in VALUE_STRING", 1, 5),
        (b"NaN", f"Unrecognized token 'NaN': was expecting ({VALUE})", 1, 4),
        (b"{} {}", "Trailing token found after value", 1, 4),
    ],
)
def test_the_fault_is_named_and_placed(text: bytes, message: str, line: int, column: int) -> None:
    """The first two were recorded on AWS; the others are Jackson's words for what Python's parser finds."""
    with pytest.raises(jackson.NotJSON) as caught:
        jackson.parse(text)
    assert str(caught.value) == message + SOURCE.format(line, column)


def test_what_is_nested_too_deep() -> None:
    """Is an error of the caller's, not of ours."""
    with pytest.raises(jackson.NotJSON, match="nesting depth"):
        jackson.parse(b"[" * 100_000)


@given(st.binary())
def test_no_bytes_break_it(data: bytes) -> None:
    """What is no JSON is refused as such."""
    try:
        jackson.parse(data)
    except jackson.NotJSON as error:
        assert str(error)
