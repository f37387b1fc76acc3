"""Reading events and writing responses. AWS's own answers for 79 responses are in tests/conformance."""

from __future__ import annotations

import json
from collections import namedtuple
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.runtimes.payload import ReportedError, is_ascii_only, read_event, response_writer

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
Pair = namedtuple("Pair", "left right")


@given(_JSON, st.booleans())
def test_json_values_survive(value: object, ascii_only: bool) -> None:
    """What a response writes, an event reads back; and it is what `json` writes."""
    text = response_writer(ascii_only)(value)
    assert text == json.dumps(value, ensure_ascii=ascii_only)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    assert read_event(body) == value


@given(_JSON)
def test_both_ways_of_writing_agree(value: object) -> None:
    """A value that takes the careful path is written as the same value on the fast one."""
    write = response_writer(True)
    careful = write([Decimal(1), value])
    assert careful == f"[1, {write(value)}]"


def test_named_tuples_are_objects() -> None:
    """AWS writes a named tuple as an object, at any depth."""
    assert response_writer(True)([Pair(1, (Pair(2, 3),))]) == '[{"left": 1, "right": [{"left": 2, "right": 3}]}]'


def test_writer_recovers_from_a_failure() -> None:
    """A response that failed half way leaves nothing behind that the next one could trip over."""
    write = response_writer(True)
    shared: list[object] = [1]
    bad = [shared, {"x": shared, "y": object()}]
    for _ in range(2):
        with pytest.raises(ReportedError):
            write(bad)
    assert write([shared, shared]) == "[[1], [1]]"


@pytest.mark.parametrize(
    ("execution_env", "expected"),
    [
        ("AWS_Lambda_python3.8", True),
        ("AWS_Lambda_python3.11", True),
        ("AWS_Lambda_python3.12", False),
        ("AWS_Lambda_python3.14", False),
        ("", True),
    ],
)
def test_escapes_ended_with_python_3_12(execution_env: str, expected: bool) -> None:
    """Runtimes up to Python 3.11 escape what is not ASCII."""
    assert is_ascii_only(execution_env) is expected
    assert (response_writer(is_ascii_only(execution_env))("é") == '"\\u00e9"') is expected


@pytest.mark.parametrize("body", [b' {"a": 1}', b'{"a": 1}\n', b'\t{"a" :1 }\r\n'])
def test_white_space_around_an_event(body: bytes) -> None:
    """White space around an event does not matter."""
    assert read_event(body) == {"a": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b"{} {}", b"\xff", b"[" * 100_000])
def test_event_that_is_not_json(body: bytes) -> None:
    """An event that cannot be read is AWS's Runtime.UnmarshalError."""
    with pytest.raises(ReportedError) as caught:
        read_event(body)
    assert caught.value.error_type == "Runtime.UnmarshalError"
    assert caught.value.message.startswith("Unable to unmarshal input: ")
