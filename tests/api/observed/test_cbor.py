"""CBOR beside botocore's own, and beside nonsense."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from botocore.parsers import RpcV2CBORParser
from hypothesis import given
from hypothesis import strategies as st

from jlambda.api.observed.cbor import Moment, NotCBOR, decoded, encoded

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def kept(value: object) -> object:
    """What botocore keeps: no members that are null."""
    if isinstance(value, dict):
        return {name: kept(each) for name, each in value.items() if each is not None}
    return [kept(each) for each in value] if isinstance(value, list) else value


@given(VALUES)
def test_it_comes_back(value: object) -> None:
    """Through our own reader, and through botocore's."""
    assert decoded(encoded(value)) == value
    assert RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(encoded(value)))) == kept(value)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else happens."""
    with suppress(NotCBOR):
        decoded(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x9f\x01\x02\xff", [1, 2]),
        (b"\xbf\x61a\x01\xff", {"a": 1}),
        (b"\x7f\x61a\x61b\xff", "ab"),
        (b"\xc1\x1a\x00\x00\x00\x05", 5),
        (b"\xf9\x3c\x00", 1.0),
        (b"\xfa\x3f\x80\x00\x00", 1.0),
    ],
)
def test_what_others_write(data: bytes, value: object) -> None:
    """Open lists, maps and texts, moments, short floats."""
    assert decoded(data) == value


def test_a_moment_is_one() -> None:
    """With the tag that says so."""
    assert encoded(Moment(5)) == b"\xc1\xfb\x40\x14\x00\x00\x00\x00\x00\x00"
