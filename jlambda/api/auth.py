"""Signature Version 4, verified: who signed a request, for which service, and whether nothing was changed since.

Written after https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, header and
query form. Knows no HTTP server: a request is its parts, and the time is an argument.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote

from jlambda.errors import LambdaError

ALGORITHM = "AWS4-HMAC-SHA256"
#: what stands in place of the body's digest where a client does not sign the body
UNSIGNED = "UNSIGNED-PAYLOAD"
# A clock may be wrong by so much: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
_SKEW_S = 15 * 60
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: a presigned URL is good for a week at most
_MOST_EXPIRES_S = 604_800
_TIME = "%Y%m%dT%H%M%SZ"
_HEX = re.compile(r"[0-9a-f]{64}")
_PARTS = ("Credential", "SignedHeaders", "Signature")
_INVALID_TOKEN = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
    "signing method. Consult the service documentation for details."
)


class SignatureRefused(LambdaError):
    """A request does not come from someone who has the key."""

    status = 403

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message

    @property
    def aws_message(self) -> str:
        """The message alone."""
        return self.message

    def __str__(self) -> str:
        return self.message


class Key(NamedTuple):
    """An access key. With a `token` it is a temporary one, good only together with it."""

    id: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"<Key {self.id}>"


class Parts(NamedTuple):
    """A request without its body: path and query as they came, percent-encoded; names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class Claim(NamedTuple):
    """What a request says of its signature, before anything of it has been verified."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    time: str
    token: str | None
    expires_s: int | None

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query."""
        return self.expires_s is not None


def read_claim(parts: Parts) -> Claim:
    """Find the signature of a request. Raises `SignatureRefused` where there is none or it is not whole."""
    given = parts.headers.get("authorization")
    if given is not None:
        return _from_header(given, parts.headers)
    query = dict(query_pairs(parts.query))
    if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query:
        return _from_query(query)
    raise SignatureRefused("MissingAuthenticationTokenException", "Missing Authentication Token")


def verify(claim: Claim, parts: Parts, body_sha256: str, keys: Mapping[str, Key], now: datetime) -> None:
    """Hold a request to its claim; `body_sha256` is the digest of the body in hex.

    Raises `SignatureRefused`. What is secret is compared in constant time.
    """
    key = keys.get(claim.key_id)
    if key is None or not hmac.compare_digest((key.token or "").encode(), (claim.token or "").encode()):
        raise SignatureRefused("UnrecognizedClientException", _INVALID_TOKEN)
    _check_time(claim, now)
    digest = _body_digest(claim, parts, body_sha256)
    expected = sign(key, claim, parts, digest)
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise SignatureRefused("InvalidSignatureException", MISMATCH)


def sign(key: Key, claim: Claim, parts: Parts, digest: str) -> str:
    """The signature that `key` gives the request."""
    return signature(key, claim, ALGORITHM, sha256(canonical_request(claim, parts, digest).encode()).hexdigest())


def signature(key: Key, claim: Claim, algorithm: str, text: str) -> str:
    """The signature that `key` gives `text`, for the time and the scope of a claim."""
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    whole = f"{algorithm}\n{claim.time}\n{scope}\n{text}"
    return hmac.digest(_signing_key(key.secret, claim.date, claim.region, claim.service), whole.encode(), "sha256").hex()


def presigned_query(key: Key, method: str, host: str, path: str, region: str, now: datetime, expires_s: int) -> str:
    """The query that lets whoever has it make one request of the service lambda, for `expires_s` seconds."""
    date, time = f"{now:%Y%m%d}", f"{now:{_TIME}}"
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.id}/{date}/{region}/lambda/aws4_request",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(expires_s),
        "X-Amz-SignedHeaders": "host",
    }
    query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in parameters.items())
    claim = Claim(key.id, date, region, "lambda", ("host",), "", time, key.token, expires_s)
    return f"{query}&X-Amz-Signature={sign(key, claim, Parts(method, path, query, {'host': host}), sha256().hexdigest())}"


def canonical_request(claim: Claim, parts: Parts, digest: str) -> str:
    """The text of which a signature is made."""
    get = parts.headers.get
    headers = "".join([f"{name}:{' '.join(get(name, '').split())}\n" for name in claim.signed_headers])
    signed = ";".join(claim.signed_headers)
    # S3 alone takes the path as it was sent: everywhere else it is encoded a second time
    path = parts.path if claim.service == "s3" else _encoded_again(parts.path)
    return f"{parts.method}\n{path}\n{_canonical_query(parts.query)}\n{headers}\n{signed}\n{digest}"


@lru_cache(maxsize=64)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _from_header(given: str, headers: Mapping[str, str]) -> Claim:
    said, _, signature = given.rpartition("Signature=")
    if not said or "," in signature:  # it is not the last, as SDKs have it
        found = _parameters(given)
        signature = found.get("Signature", "")
    else:
        found = _parameters(said)
    scope, signed, time = found.get("Credential", ""), found.get("SignedHeaders", ""), headers.get("x-amz-date", "")
    if not (scope and signed and signature and time):
        raise _incomplete({**found, "Signature": signature}, time)
    return _claim(scope, signed, signature, time, headers.get("x-amz-security-token"), None)


@lru_cache(maxsize=64)
def _parameters(said: str) -> Mapping[str, str]:
    """What a header Authorization says; kept, since a client says the same of its key in all of its requests."""
    algorithm, _, rest = said.partition(" ")
    if algorithm != ALGORITHM:
        raise SignatureRefused("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    return {name: value for name, _, value in (part.strip().partition("=") for part in rest.split(","))}


def _incomplete(found: Mapping[str, str], time: str) -> SignatureRefused:
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARTS if not found.get(name)]
    if not time:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    return SignatureRefused("IncompleteSignatureException", " ".join(missing))


def _from_query(query: Mapping[str, str]) -> Claim:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        said = query.get("X-Amz-Algorithm", "")
        raise SignatureRefused("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{said}'.")
    names = tuple(f"X-Amz-{name}" for name in ("Credential", "SignedHeaders", "Signature", "Date", "Expires"))
    missing = [f"AWS query-string parameters must include '{name}'." for name in names if not query.get(name)]
    if missing:
        raise SignatureRefused("IncompleteSignatureException", " ".join(missing))
    scope, signed, signature, time, expires = (query[name] for name in names)
    if not re.fullmatch("[0-9]{1,6}", expires) or not 1 <= int(expires) <= _MOST_EXPIRES_S:
        raise SignatureRefused("IncompleteSignatureException", f"X-Amz-Expires must be 1 to {_MOST_EXPIRES_S} seconds.")
    return _claim(scope, signed, signature, time, query.get("X-Amz-Security-Token"), int(expires))


def _claim(scope: str, signed: str, signature: str, time: str, token: str | None, expires_s: int | None) -> Claim:
    key_id, date, region, service, names = _scope(scope, signed)
    if expires_s is None and "x-amz-date" not in names:
        raise SignatureRefused("InvalidSignatureException", "'X-Amz-Date' must be a signed header in the AWS signature.")
    if not time.startswith(date):
        raise SignatureRefused("InvalidSignatureException", f"Date in Credential scope does not match the date {time}.")
    return Claim(key_id, date, region, service, names, signature, time, token, expires_s)


@lru_cache(maxsize=64)
def _scope(scope: str, signed: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """A key's id, date, region and service, and the names of the headers that are signed."""
    parts = scope.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise SignatureRefused(
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
        )
    key_id, date, region, service, _ = parts
    names = tuple(name.lower() for name in signed.split(";"))
    if "host" not in names:
        raise SignatureRefused("InvalidSignatureException", "'Host' must be a signed header in the AWS signature.")
    return key_id, date, region, service, names


def _check_time(claim: Claim, now: datetime) -> None:
    signed_at = _moment(claim.time)
    skew = timedelta(seconds=_SKEW_S)
    if signed_at - now > skew:
        message = f"Signature not yet current: {claim.time} is still later than {now + skew:{_TIME}} ({now:{_TIME}} + 15 min.)"
        raise SignatureRefused("InvalidSignatureException", message)
    if claim.expires_s is None:
        if now - signed_at > skew:
            message = f"Signature expired: {claim.time} is now earlier than {now - skew:{_TIME}} ({now:{_TIME}} - 15 min.)"
            raise SignatureRefused("InvalidSignatureException", message)
    elif now - signed_at > timedelta(seconds=claim.expires_s):
        message = f"Signature expired: {claim.time} and {claim.expires_s} seconds are over at {now:{_TIME}}."
        raise SignatureRefused("InvalidSignatureException", message)


@lru_cache(maxsize=256)
def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused(
            "IncompleteSignatureException", f"Date must be in ISO-8601 'basic format'. Got '{text}'."
        ) from None


def _body_digest(claim: Claim, parts: Parts, body_sha256: str) -> str:
    """What stands for the body in the signature. A digest that is given must be the body's."""
    given = parts.headers.get("x-amz-content-sha256")
    if given is None:
        return UNSIGNED if claim.is_presigned and claim.service == "s3" else body_sha256
    if given == UNSIGNED or given.startswith("STREAMING-"):
        return given
    if not _HEX.fullmatch(given) or not hmac.compare_digest(given, body_sha256):
        raise SignatureRefused(
            "InvalidSignatureException", "The provided x-amz-content-sha256 does not match what was computed."
        )
    return given


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query, decoded, in their order. A plus is a plus: signers write a space as %20."""
    split = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in split]


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    encoded = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query_pairs(query) if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


@lru_cache(maxsize=256)
def _encoded_again(path: str) -> str:
    return quote(_without_dots(path), safe="/~")


def _without_dots(path: str) -> str:
    """`path` with its dot segments and doubled slashes resolved, as RFC 3986 has it."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if path.endswith("/") and kept else "")
