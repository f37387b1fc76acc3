"""Signatures: what botocore signs is taken, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode_sequence
from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.api import auth

KEY = auth.Key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
TEMPORARY = auth.Key("ASIDEXAMPLE", "secret/of/another", "token")
KEYS = {key.id: key for key in (KEY, TEMPORARY)}
HOST = "127.0.0.1:9001"

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


def now() -> datetime:
    """The present time, as botocore takes it."""
    return datetime.now(UTC)


def signed(
    method: str = "POST",
    path: str = "/2015-03-31/functions/f/invocations",
    params: dict[str, str] | None = None,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    key: auth.Key = KEY,
    service: str = "lambda",
    kind: Callable[..., Any] = SigV4Auth,
) -> auth.Parts:
    """A request as botocore signs it."""
    query = f"?{percent_encode_sequence(params)}" if params else ""
    request = AWSRequest(method, f"http://{HOST}{path}{query}", data=body, headers=headers or {})
    kind(Credentials(key.id, key.secret, key.token), service, "us-east-1").add_auth(request)
    prepared = request.prepare()
    url = urlsplit(prepared.url)
    found = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in prepared.headers.items()
    }
    return auth.Parts(method, url.path, url.query, {"host": HOST, **found})


def check(parts: auth.Parts, body: bytes = b"", at: datetime | None = None, keys: dict[str, auth.Key] = KEYS) -> auth.Claim:
    """Verify, and give the claim back."""
    claim = auth.read_claim(parts)
    auth.verify(claim, parts, sha256(body).hexdigest(), keys, at or now())
    return claim


@settings(max_examples=200)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.lists(TEXT.filter(bool), min_size=1, max_size=4),
    st.dictionaries(TEXT.filter(bool), TEXT, max_size=4),
    st.binary(max_size=64),
    TEXT.map(lambda text: text.encode("ascii", "ignore").decode()),
)
def test_what_botocore_signs_is_taken(method: str, path: list[str], query: dict[str, str], body: bytes, header: str) -> None:
    """Whatever path, query, header and body it signs."""
    encoded = "/" + "/".join(quote(segment, safe="-_.~") for segment in path)
    parts = signed(method, encoded, query, body, {"X-Amz-Client-Context": header})
    assert check(parts, body).service == "lambda"


def test_a_temporary_key_is_good_with_its_token_only() -> None:
    """The token is part of the key."""
    assert check(signed(key=TEMPORARY)).token == "token"
    for parts in (
        signed(key=TEMPORARY._replace(token=None)),
        signed(key=TEMPORARY._replace(token="other")),
        signed(key=KEY._replace(token="x")),
    ):
        with pytest.raises(auth.SignatureRefused, match="The security token included in the request is invalid") as caught:
            check(parts)
        assert caught.value.code == "UnrecognizedClientException"


def test_a_presigned_url_is_taken_until_it_expires() -> None:
    """Its own time counts, not the clock's skew."""
    parts = signed("GET", "/2015-03-31/functions", kind=partial(SigV4QueryAuth, expires=3_600))
    assert check(parts).is_presigned
    check(parts, at=now() + timedelta(minutes=59))
    with pytest.raises(auth.SignatureRefused, match=r"^Signature expired"):
        check(parts, at=now() + timedelta(minutes=61))
    with pytest.raises(auth.SignatureRefused, match=r"^The request signature we calculated does not match"):
        check(parts._replace(query=parts.query.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200")))


def test_what_we_presign_botocore_would_have_signed() -> None:
    """Our own URLs are held to the same rule."""
    at = now()
    query = auth.presigned_query(KEY, "GET", HOST, "/packages/ab.zip", "us-east-1", at, 600)
    check(auth.Parts("GET", "/packages/ab.zip", query, {"host": HOST}), at=at + timedelta(seconds=599))
    with pytest.raises(auth.SignatureRefused, match="does not match"):
        check(auth.Parts("GET", "/packages/cd.zip", query, {"host": HOST}), at=at)


def test_s3_signs_the_path_as_it_is() -> None:
    """S3's form of the signature, for the service that is to come."""
    body = b"content"
    assert check(signed("PUT", "/bucket/a%20b//c", body=body, service="s3", kind=S3SigV4Auth), body).service == "s3"


def test_a_body_may_be_left_out_or_named_by_its_digest() -> None:
    """Where a client says so in a header that it signs; a digest that is said must be the body's."""
    check(signed(headers={"X-Amz-Content-SHA256": auth.UNSIGNED}), b"anything")
    digest = sha256(b"{}").hexdigest()
    check(signed(headers={"X-Amz-Content-SHA256": digest}, body=b"{}"), b"{}")
    for body, said in ((b"[]", digest), (b"{}", "0" * 64), (b"{}", "digest")):
        with pytest.raises(auth.SignatureRefused, match="x-amz-content-sha256 does not match"):
            check(signed(headers={"X-Amz-Content-SHA256": said}, body=b"{}"), body)


@pytest.mark.parametrize("minutes", [-14.9, 14.9])
def test_a_clock_may_be_wrong_by_a_quarter_of_an_hour(minutes: float) -> None:
    """Either way."""
    check(signed(), at=now() + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "said"), [(15.1, "Signature expired: "), (-15.1, "Signature not yet current: ")])
def test_a_clock_that_is_more_wrong_is_refused(minutes: float, said: str) -> None:
    """And told so."""
    with pytest.raises(auth.SignatureRefused, match=said) as caught:
        check(signed(), at=now() + timedelta(minutes=minutes))
    assert (caught.value.code, caught.value.status) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize("change", ["method", "path", "query", "host", "body", "date", "signature", "region", "key"])
def test_whatever_is_changed_after_signing_is_refused(change: str) -> None:
    """Method, path, query, headers, body, scope and the signature itself."""
    parts, body = signed(params={"Qualifier": "1"}, body=b"{}"), b"{}"
    check(parts, body)
    headers = dict(parts.headers)
    keys = KEYS
    if change == "method":
        parts = parts._replace(method="PUT")
    elif change == "path":
        parts = parts._replace(path="/2015-03-31/functions/g/invocations")
    elif change == "query":
        parts = parts._replace(query="Qualifier=2")
    elif change == "host":
        headers["host"] = "127.0.0.1:1"
    elif change == "body":
        body = b"{ }"
    elif change == "date":
        headers["x-amz-date"] = headers["x-amz-date"][:-2] + ("1Z" if headers["x-amz-date"][-2] != "1" else "2Z")
    elif change == "signature":
        headers["authorization"] = headers["authorization"][:-1] + ("0" if headers["authorization"][-1] != "0" else "1")
    elif change == "region":
        headers["authorization"] = headers["authorization"].replace("us-east-1", "eu-west-1")
    else:
        keys = {KEY.id: KEY._replace(secret="other")}
    with pytest.raises(auth.SignatureRefused, match=r"^The request signature we calculated does not match") as caught:
        check(parts._replace(headers=headers), body, keys=keys)
    assert caught.value.code == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("authorization", "code", "said"),
    [
        (None, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ("Basic abc", "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Basic'"),
        ("", "IncompleteSignatureException", "Unsupported AWS 'algorithm': ''"),
        (
            f"{auth.ALGORITHM} Credential=a/b/c/d/aws4_request",
            "IncompleteSignatureException",
            "requires 'SignedHeaders' parameter",
        ),
        (
            f"{auth.ALGORITHM} Credential=a/b, SignedHeaders=host, Signature=x",
            "IncompleteSignatureException",
            "5 slash-delimited",
        ),
        (
            f"{auth.ALGORITHM} Credential=a/20261124/us-east-1/lambda/aws4_request, SignedHeaders=x-amz-date, Signature=x",
            "InvalidSignatureException",
            "'Host' must be a signed header",
        ),
        (
            f"{auth.ALGORITHM} Credential=a/20261124/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x",
            "InvalidSignatureException",
            "'X-Amz-Date' must be a signed header",
        ),
        (
            f"{auth.ALGORITHM} Credential=a/20261125/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=x",
            "InvalidSignatureException",
            "does not match the date",
        ),
        (
            f"{auth.ALGORITHM} Credential=me/20261124/r/l/aws4_request, SignedHeaders=host;x-amz-date, Signature=\u00e9",
            "UnrecognizedClientException",
            "The security token included in the request is invalid",
        ),
    ],
)
def test_a_header_that_is_no_signature(authorization: str | None, code: str, said: str) -> None:
    """Says what is missing, as AWS does, and never raises anything else."""
    headers = {"host": HOST, "x-amz-date": "20261124T120000Z"}
    if authorization is not None:
        headers["authorization"] = authorization
    with pytest.raises(auth.SignatureRefused, match=said) as caught:
        check(auth.Parts("GET", "/", "", headers))
    assert caught.value.code == code


@given(TEXT, TEXT, TEXT, TEXT)
def test_no_text_breaks_it(authorization: str, date: str, query: str, scope: str) -> None:
    """Whatever stands in the headers and the query, it is refused, not an error of ours."""
    for headers in (
        {"host": HOST, "authorization": authorization, "x-amz-date": date},
        {
            "host": HOST,
            "x-amz-date": date,
            "authorization": f"{auth.ALGORITHM} Credential={scope}/{date}/r/s/aws4_request, "
            f"SignedHeaders=host;x-amz-date;{query}, Signature=x",
        },
        {"host": HOST},
    ):
        presigned = f"X-Amz-Algorithm={auth.ALGORITHM}&X-Amz-Credential={scope}&X-Amz-Date={date}&X-Amz-Expires=5&{query}"
        with pytest.raises(auth.SignatureRefused):
            check(auth.Parts("GET", "/", presigned if "authorization" not in headers else query, headers))
