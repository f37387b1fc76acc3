"""Bodies that S3's clients send in chunks (``Content-Encoding: aws-chunked``), taken out of them and held to their signatures.

Each chunk's signature hangs on the one before it, that of the first on the request's own; trailing headers carry a checksum.
Written after https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html. Knows
no HTTP server; a body is whole when it comes here.
"""

from __future__ import annotations

import base64
import hmac
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha1, sha256
from typing import NamedTuple

from jlambda.api import auth
from jlambda.errors import LambdaError

#: what stands in place of the body's digest where it comes in chunks
MARK = "STREAMING-"
_SIGNED, _SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_KINDS = (_SIGNED, _SIGNED_TRAILER, _UNSIGNED_TRAILER)
#: headers that only say how the body travels
_OF_THE_WAY = ("transfer-encoding", "x-amz-decoded-content-length", "x-amz-trailer")
_EMPTY = sha256().hexdigest()
#: the checksums that the standard library has; of the others the value is handed on
_CHECKSUMS: Mapping[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: sha1(body).digest(),
    "x-amz-checksum-sha256": lambda body: sha256(body).digest(),
}
_INCOMPLETE = "The request body terminated unexpectedly"
_LENGTH = "You did not provide the number of bytes specified by the Content-Length HTTP header"
_TRAILER = "The request contained trailing data that was not well-formed or did not conform to our published schema."


class BodyRefused(LambdaError):
    """A body in chunks is broken, or is not what its checksum says; `code` is S3's."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[type[BodyRefused], tuple[str, str]]:
        return type(self), (self.code, self.aws_message)


class _Chunk(NamedTuple):
    data: memoryview
    signature: str


def is_chunked(parts: auth.Parts) -> bool:
    """Whether the body of a request comes in chunks."""
    return parts.headers.get("x-amz-content-sha256", "").startswith(MARK)


def whole(parts: auth.Parts, claim: auth.Claim, key: auth.Key, body: bytes) -> tuple[auth.Parts, bytes]:
    """A request and its body as they would be had it been sent in one piece; its own signature has been verified.

    A trailing checksum is among the headers then. Raises `BodyRefused`, and `SignatureRefused` where a chunk is not the one
    that was signed.
    """
    headers = parts.headers
    kind = headers["x-amz-content-sha256"]
    if kind not in _KINDS:
        raise BodyRefused("NotImplemented", f"x-amz-content-sha256: {kind} is not supported; {', '.join(_KINDS)} are.")
    length = headers.get("x-amz-decoded-content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise BodyRefused("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.")
    chunks, rest = _split(body)
    trailer = _trailer(rest)
    trailer_signature = trailer.pop("x-amz-trailer-signature", "")
    if kind != _UNSIGNED_TRAILER:
        last = _verify(chunks, claim, key)
        if kind == _SIGNED_TRAILER:
            _verify_trailer(trailer, trailer_signature, last, claim, key)
    content = b"".join(chunk.data for chunk in chunks)
    if len(content) != int(length):
        raise BodyRefused("IncompleteBody", _LENGTH)
    announced = {name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",") if name.strip()}
    if announced != trailer.keys():
        raise BodyRefused("MalformedTrailerError", _TRAILER)
    _check(trailer, content)
    return parts._replace(headers=_in_one_piece(headers, trailer, len(content))), content


def _split(body: bytes) -> tuple[list[_Chunk], bytes]:
    """The chunks of a body, the empty one at the end too, and what comes after them."""
    chunks, view, at = list[_Chunk](), memoryview(body), 0
    while True:
        end = body.find(b"\r\n", at)
        size, _, extension = body[at : max(end, at)].decode("latin-1").partition(";")
        try:
            count = int(size, 16)
        except ValueError:
            raise BodyRefused("IncompleteBody", _INCOMPLETE) from None
        if not size.isalnum():  # int() takes signs, spaces and underscores too
            raise BodyRefused("IncompleteBody", _INCOMPLETE)
        start, at = end + 2, end + 2 + count
        chunks.append(_Chunk(view[start:at], extension.strip().removeprefix("chunk-signature=")))
        if not count:
            return chunks, body[at:]
        if body[at : at + 2] != b"\r\n":
            raise BodyRefused("IncompleteBody", _INCOMPLETE)
        at += 2


def _trailer(rest: bytes) -> dict[str, str]:
    """The trailing headers; clients end their lines in one way and another."""
    found = {}
    for line in filter(None, (line.strip() for line in rest.decode("latin-1").split("\n"))):
        name, colon, value = line.partition(":")
        if not colon:
            raise BodyRefused("MalformedTrailerError", _TRAILER)
        found[name.strip().lower()] = value.strip()
    return found


def _verify(chunks: list[_Chunk], claim: auth.Claim, key: auth.Key) -> str:
    """Hold each chunk to its signature; gives the last one."""
    before = claim.signature
    for chunk in chunks:
        text = f"{before}\n{_EMPTY}\n{sha256(chunk.data).hexdigest()}"
        before = _held(f"{auth.ALGORITHM}-PAYLOAD", text, chunk.signature, claim, key)
    return before


def _verify_trailer(trailer: Mapping[str, str], signature: str, before: str, claim: auth.Claim, key: auth.Key) -> None:
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(trailer.items()))
    text = f"{before}\n{sha256(lines.encode('latin-1')).hexdigest()}"
    _held(f"{auth.ALGORITHM}-TRAILER", text, signature, claim, key)


def _held(algorithm: str, text: str, given: str, claim: auth.Claim, key: auth.Key) -> str:
    expected = auth.signature(key, claim, algorithm, text)
    if not hmac.compare_digest(expected.encode(), given.encode("latin-1")):
        raise auth.SignatureRefused("SignatureDoesNotMatch", auth.MISMATCH)
    return expected


def _check(trailer: Mapping[str, str], content: bytes) -> None:
    for name, value in trailer.items():
        checksum = _CHECKSUMS.get(name)
        if checksum is not None and base64.b64encode(checksum(content)).decode() != value:
            said = name.removeprefix("x-amz-checksum-").upper()
            raise BodyRefused("BadDigest", f"The {said} you specified did not match the calculated checksum.")


def _in_one_piece(headers: Mapping[str, str], trailer: Mapping[str, str], length: int) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name not in _OF_THE_WAY}
    codings = [coding.strip() for coding in kept.pop("content-encoding", "").split(",")]
    if others := [coding for coding in codings if coding not in ("", "aws-chunked")]:
        kept["content-encoding"] = ",".join(others)
    return {**kept, **trailer, "content-length": str(length), "x-amz-content-sha256": auth.UNSIGNED}
