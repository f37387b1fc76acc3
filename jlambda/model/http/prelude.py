"""What a streamed HTTP response begins with: status, headers and cookies in JSON, and eight NULs. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/response-streaming.html: ``awslambda.HttpResponseStream.from`` writes it.
"""

from __future__ import annotations

from jlambda.model.http.message import HttpResponse, MalformedResult
from jlambda.model.http.payload_2 import head
from jlambda.model.http.result import read_json

#: the content type that says so
HTTP_TYPE = "application/vnd.awslambda.http-integration-response"
STREAMED_TYPE = "application/octet-stream"
_END = bytes(8)
#: more cannot be headers: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html has none so long
_MOST_BYTES = 1 << 16


class Prelude:
    """Reads the beginning of a stream. `response` is None until it is there; then it has the body that came along."""

    def __init__(self) -> None:
        self._read = bytearray()
        self.response: HttpResponse | None = None

    def feed(self, data: bytes) -> None:
        """Take the next part. Raises `MalformedResult`."""
        self._read += data
        end = self._read.find(_END)
        if end < 0:
            if len(self._read) > _MOST_BYTES:
                raise MalformedResult("a stream of an HTTP response must begin with JSON and eight NULs")
            return
        result = read_json(bytes(self._read[:end]))
        if not isinstance(result, dict):
            raise MalformedResult("what a stream of an HTTP response begins with must be an object")
        status, headers = head(result, STREAMED_TYPE)
        self.response = HttpResponse(status, headers, bytes(self._read[end + len(_END) :]))


def plain(content_type: str) -> HttpResponse:
    """The beginning of a stream that has no prelude."""
    return HttpResponse(200, (("content-type", content_type),))


def buffered(payload: bytes) -> HttpResponse | None:
    """The response of a stream that was taken as one; None where it has no prelude. Raises `MalformedResult`."""
    if _END not in payload:
        return None
    prelude = Prelude()
    prelude.feed(payload)
    assert prelude.response is not None
    return prelude.response
