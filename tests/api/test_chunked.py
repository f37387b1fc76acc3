"""Bodies in chunks: AWS's own examples, what botocore's signer and wrapper make, and every way to break them."""

from __future__ import annotations

import base64
import hmac
import io
import json
import pickle
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha1, sha256
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum, Sha1Checksum, Sha256Checksum
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.api import auth, chunked
from tests.api.conftest import Functions
from tests.api.test_auth import HOST, KEY, KEYS

# The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
AWS_KEY = auth.Key("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AWS_TIME = datetime(2013, 5, 24, tzinfo=UTC)
AWS_CHUNKS = (b"a" * 65536, b"a" * 1024, b"")
SIGNED = (
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
SIGNED_TRAILER = (
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
)


def aws_example(kind: str, signatures: tuple[str, ...], **more: str) -> tuple[auth.Parts, bytes]:
    """One of the two requests that AWS's pages show, with the signatures that they give."""
    headers = {
        "host": "s3.amazonaws.com",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": kind,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    if "content-length" in headers:
        headers["content-length"] = "66824"
    names = ";".join(sorted(headers))
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={AWS_KEY.id}/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders={names},Signature={signatures[0]}"
    )
    pieces = [
        b"%x;chunk-signature=%s\r\n" % (len(chunk), signature.encode()) + chunk + (b"\r\n" if chunk else b"")
        for chunk, signature in zip(AWS_CHUNKS, signatures[1:4], strict=True)
    ]
    return auth.Parts("PUT", "/examplebucket/chunkObject.txt", "", headers), b"".join(pieces)


def take_apart(parts: auth.Parts, body: bytes, key: auth.Key = AWS_KEY, at: datetime = AWS_TIME) -> tuple[auth.Parts, bytes]:
    """Verify a request as the gateway does, and take its body out of its chunks."""
    claim = auth.read_claim(parts)
    auth.verify(claim, parts, sha256(body).hexdigest(), {key.id: key}, at)
    assert chunked.is_chunked(parts)
    return chunked.whole(parts, claim, key, body)


def test_the_signed_chunks_of_awss_page() -> None:
    """Its signatures are those that are computed here, and what is left is an ordinary request."""
    parts, body = aws_example("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", SIGNED, content_length="66824")
    made, content = take_apart(parts, body + b"\r\n")
    assert content == b"a" * 66560
    assert made.headers["content-length"] == "66560"
    assert not {"content-encoding", "x-amz-decoded-content-length", "x-amz-trailer"} & made.headers.keys()
    assert made.headers["x-amz-storage-class"] == "REDUCED_REDUNDANCY"
    assert not chunked.is_chunked(made)


@pytest.mark.parametrize("end", [b"\n\r\n", b"\r\n", b"\n"])
def test_the_signed_trailer_of_awss_page(end: bytes) -> None:
    """However its lines end; the checksum becomes a header."""
    parts, body = aws_example(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", SIGNED_TRAILER, x_amz_trailer="x-amz-checksum-crc32c"
    )
    trailer = b"x-amz-checksum-crc32c:sOO8/Q==" + end + b"x-amz-trailer-signature:" + SIGNED_TRAILER[4].encode() + b"\r\n\r\n"
    made, content = take_apart(parts, body + trailer)
    assert content == b"a" * 66560 and made.headers["x-amz-checksum-crc32c"] == "sOO8/Q=="


class Streaming(S3SigV4Auth):  # type: ignore[misc]  # botocore is untyped
    """botocore's signer for S3, of a body that comes in chunks."""

    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"

    def payload(self, request: AWSRequest) -> str:
        """What stands for the body."""
        return self.kind


class StreamingTrailer(Streaming):
    """The same with a checksum behind it."""

    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"


class Unsigned(Streaming):
    """The same with a checksum behind it, and no signature on the chunks."""

    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def signed(signer: type[Streaming], length: int, headers: dict[str, str]) -> auth.Parts:
    """The head of a request, as botocore signs it now."""
    given = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(length), **headers}
    request = AWSRequest("PUT", f"http://{HOST}/bucket/key", headers=given)
    signer(Credentials(KEY.id, KEY.secret), "s3", "us-east-1").add_auth(request)
    return auth.Parts("PUT", "/bucket/key", "", {"host": HOST, **{n.lower(): str(v) for n, v in request.headers.items()}})


def in_signed_chunks(parts: auth.Parts, pieces: list[bytes], trailer: str = "") -> bytes:
    """A body in chunks that hang on the signature of `parts`, written straight from AWS's page."""
    stamp = parts.headers["x-amz-date"]
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    key = f"AWS4{KEY.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    before = parts.headers["authorization"].rpartition("Signature=")[2]
    body = b""
    for piece in (*pieces, b""):
        digests = f"{sha256(b'').hexdigest()}\n{sha256(piece).hexdigest()}"
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{stamp}\n{scope}\n{before}\n{digests}"
        before = hmac.digest(key, text.encode(), "sha256").hex()
        body += f"{len(piece):x};chunk-signature={before}\r\n".encode() + piece + (b"\r\n" if piece else b"")
    if trailer:
        digest = sha256(f"{trailer}\n".encode()).hexdigest()
        last = hmac.digest(key, f"AWS4-HMAC-SHA256-TRAILER\n{stamp}\n{scope}\n{before}\n{digest}".encode(), "sha256").hex()
        body += f"{trailer}\r\nx-amz-trailer-signature:{last}\r\n".encode()
    return body + b"\r\n"


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


@given(PIECES)
def test_chunks_of_any_size(pieces: list[bytes]) -> None:
    """None, one, many."""
    content = b"".join(pieces)
    parts = signed(Streaming, len(content), {})
    assert take_apart(parts, in_signed_chunks(parts, pieces), KEY, datetime.now(UTC))[1] == content
    trailer = f"x-amz-checksum-crc32:{base64.b64encode(zlib.crc32(content).to_bytes(4, 'big')).decode()}"
    parts = signed(StreamingTrailer, len(content), {"X-Amz-Trailer": "x-amz-checksum-crc32"})
    assert take_apart(parts, in_signed_chunks(parts, pieces, trailer), KEY, datetime.now(UTC))[1] == content


@given(PIECES.filter(bool), st.data())
def test_a_bit_that_was_changed_is_seen(pieces: list[bytes], data: st.DataObject) -> None:
    """Wherever it is among what the chunks hold."""
    content = b"".join(pieces)
    parts = signed(Streaming, len(content), {})
    body = in_signed_chunks(parts, pieces)
    at = data.draw(st.integers(body.index(b"\r\n") + 2, body.index(b"\r\n") + 1 + len(pieces[0])))
    changed = body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]
    with pytest.raises(auth.SignatureRefused) as refused:
        take_apart(parts, changed, KEY, datetime.now(UTC))
    assert refused.value.code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("checksum", [Crc32Checksum, Sha1Checksum, Sha256Checksum])
@pytest.mark.parametrize("size", [0, 10, 5000])
def test_what_botocore_sends_unsigned(checksum: Callable[[], object], size: int) -> None:
    """Its wrapper writes chunks and a trailing checksum, which is looked at."""
    content = bytes(range(256)) * 20
    content = content[:size]
    name = f"x-amz-checksum-{checksum.__name__.removesuffix('Checksum').lower()}"
    parts = signed(Unsigned, size, {"X-Amz-Trailer": name, "Content-Encoding": "gzip,aws-chunked"})
    body = AwsChunkedWrapper(io.BytesIO(content), checksum, name, chunk_size=1024).read()
    made, found = take_apart(parts, body, KEY, datetime.now(UTC))
    assert found == content
    assert made.headers["content-encoding"] == "gzip" and made.headers[name]
    wrong = AwsChunkedWrapper(io.BytesIO(content + b"x"), checksum, name, chunk_size=1024).read()
    longer = signed(Unsigned, size, {"X-Amz-Trailer": name})
    with pytest.raises(chunked.BodyRefused) as refused:  # of another body
        take_apart(longer, body[: body.index(name.encode())] + wrong[wrong.index(name.encode()) :], KEY, datetime.now(UTC))
    assert refused.value.code == "BadDigest"


SHA1 = base64.b64encode(sha1(b"abcde").digest()).decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "IncompleteBody"),
        (b"5\r\nabc", "IncompleteBody"),
        (b"5\r\nabcde\r\n", "IncompleteBody"),
        (b"5\r\nabcdef\r\n0\r\n\r\n", "IncompleteBody"),
        (b"4\r\nabcd\r\n0\r\nx-amz-checksum-sha1:" + SHA1.encode() + b"\r\n\r\n", "IncompleteBody"),
        (b"+5\r\nabcde\r\n0\r\n\r\n", "IncompleteBody"),
        (b"-1\r\nabcde\r\n0\r\n\r\n", "IncompleteBody"),
        (b"five\r\nabcde\r\n0\r\n\r\n", "IncompleteBody"),
        (b"5\r\nabcde\r\n0\r\n\r\n", "MalformedTrailerError"),
        (b"5\r\nabcde\r\n0\r\nnonsense\r\n\r\n", "MalformedTrailerError"),
        (b"5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "MalformedTrailerError"),
        (b"5\r\nabcde\r\n0\r\nx-amz-checksum-sha1:AAAAAA==\r\n\r\n", "BadDigest"),
    ],
)
def test_a_broken_body_is_refused(body: bytes, code: str) -> None:
    """With S3's own code."""
    parts = signed(Unsigned, 5, {"X-Amz-Trailer": "x-amz-checksum-sha1"})
    with pytest.raises(chunked.BodyRefused) as refused:
        take_apart(parts, body, KEY, datetime.now(UTC))
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@given(st.binary(max_size=60))
def test_no_body_is_too_broken(body: bytes) -> None:
    """Anything is taken apart or refused."""
    parts = signed(Unsigned, 5, {})
    with suppress(chunked.BodyRefused):
        assert len(take_apart(parts, body, KEY, datetime.now(UTC))[1]) == 5


def test_what_cannot_be_verified_is_refused() -> None:
    """A kind of signature that is not there, a length that is missing, a trailer that nobody signed."""
    for kind, code in (
        ("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "NotImplemented"),
        (Streaming.kind, "MissingContentLength"),
    ):
        parts = signed(type("Other", (Streaming,), {"kind": kind}), 0, {"X-Amz-Decoded-Content-Length": ""})
        with pytest.raises(chunked.BodyRefused) as refused:
            take_apart(parts, b"0\r\n\r\n", KEY, datetime.now(UTC))
        assert refused.value.code == code
    parts = signed(StreamingTrailer, 0, {"X-Amz-Trailer": "x-amz-checksum-crc32"})
    body = in_signed_chunks(parts, [], "x-amz-checksum-crc32:AAAAAA==")
    assert take_apart(parts, body, KEY, datetime.now(UTC))[1] == b""
    with pytest.raises(auth.SignatureRefused):
        take_apart(parts, body[: body.index(b"x-amz-trailer-signature")] + b"\r\n", KEY, datetime.now(UTC))


def test_a_payload_that_is_not_signed_is_taken() -> None:
    """As S3's clients may send it: all else of the request is signed."""
    request = AWSRequest("PUT", f"http://{HOST}/bucket/key", data=b"anything")
    type("Free", (Streaming,), {"kind": auth.UNSIGNED})(Credentials(KEY.id, KEY.secret), "s3", "us-east-1").add_auth(request)
    headers = {"host": HOST, **{name.lower(): str(value) for name, value in request.headers.items()}}
    parts = auth.Parts("PUT", "/bucket/key", "", headers)
    auth.verify(auth.read_claim(parts), parts, sha256(b"anything").hexdigest(), KEYS, datetime.now(UTC))
    with pytest.raises(auth.SignatureRefused):
        moved = parts._replace(path="/bucket/other")
        auth.verify(auth.read_claim(moved), moved, sha256(b"anything").hexdigest(), KEYS, datetime.now(UTC))


def test_the_gateway_takes_bodies_in_chunks(shared: jlambda.Session, create: Functions) -> None:
    """In whatever pieces they come over the wire; one that is broken is refused, and the next request is served."""
    create("chunks")
    url, address = urlsplit(shared.endpoint), shared.address
    event = b'{"text": "' + b"x" * 100_000 + b'"}'
    headers = {
        "X-Amz-Decoded-Content-Length": str(len(event)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "Content-Encoding": "aws-chunked",
    }
    path = "/2015-03-31/functions/chunks/invocations"
    request = AWSRequest("POST", f"{shared.endpoint}{path}", headers=headers)
    credentials = Credentials(address.access_key_id, address.secret_access_key)
    Unsigned(credentials, "lambda", address.region).add_auth(request)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=30)
    try:
        for content, status in ((event, 200), (event + b" ", 400), (event, 200)):
            body = AwsChunkedWrapper(io.BytesIO(content), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=30_000)
            connection.request("POST", path, iter(body), dict(request.headers.items()), encode_chunked=True)
            answer = connection.getresponse()
            found = answer.read()
            assert answer.status == status
            assert json.loads(found) == json.loads(event) if status == 200 else b"number of bytes" in found
    finally:
        connection.close()
