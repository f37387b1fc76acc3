"""What a streamed HTTP response begins with."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.http.message import HttpResponse, MalformedResult
from jlambda.model.http.prelude import Prelude, buffered

HEAD = json.dumps({"statusCode": 201, "headers": {"x-a": "1"}, "cookies": ["c=1"]}).encode()
FIELDS = (("content-type", "application/octet-stream"), ("x-a", "1"), ("set-cookie", "c=1"))


@given(st.binary(max_size=20), st.data())
def test_it_may_come_in_any_parts(body: bytes, data: st.DataObject) -> None:
    """Status, headers and cookies are there as soon as the eight NULs are, with the body that came along."""
    text, prelude, after = HEAD + bytes(8) + body, Prelude(), b""
    while text:
        size = data.draw(st.integers(1, len(text)))
        if prelude.response is None:
            prelude.feed(text[:size])
        else:
            after += text[:size]
        text = text[size:]
    assert prelude.response is not None
    assert (prelude.response.status, prelude.response.headers) == (201, FIELDS)
    assert prelude.response.body + after == body


@pytest.mark.parametrize(
    "begin", [b"x" + bytes(8), b"[]" + bytes(8), b'{"statusCode": 99}' + bytes(8), b'{"headers": 5}' + bytes(8), b"x" * 70_000]
)
def test_what_is_none(begin: bytes) -> None:
    """No JSON, no object, no status, no headers, no end."""
    with pytest.raises(MalformedResult):
        Prelude().feed(begin)


def test_a_stream_that_was_taken_as_one() -> None:
    """It is the same response; what has no prelude is none."""
    assert buffered(HEAD + bytes(8) + b"body") == HttpResponse(201, FIELDS, b"body")
    assert buffered(b'{"statusCode": 200}') is None
