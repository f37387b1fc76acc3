"""URLs of S3 that were presigned the old way, with Signature Version 2: what boto3 makes where nobody asks for another.

Written after https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html, query string authentication; only for
S3, and only presigned. Knows no HTTP server.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from jlambda.api.auth import MISMATCH, Claim, Key, Parts, SignatureRefused, query_pairs

# The sub-resources that are signed, as botocore has them; what else is in the query is not.
_SIGNED = frozenset(
    {
        *("accelerate", "acl", "cors", "defaultObjectAcl", "location", "logging", "partNumber", "policy", "requestPayment"),
        *("torrent", "versioning", "versionId", "versions", "website", "uploads", "uploadId", "delete", "lifecycle"),
        *("tagging", "restore", "storageClass", "notification", "replication", "analytics", "metrics", "inventory"),
        *("select", "select-type", "object-lock", "response-content-type", "response-content-language", "response-expires"),
        *("response-cache-control", "response-content-disposition", "response-content-encoding"),
    }
)


def read_claim(parts: Parts, region: str) -> Claim | None:
    """What such a URL says of its signature, None for every other request. Its scope has neither date nor region."""
    if "authorization" in parts.headers or not parts.query:
        return None
    query = dict(query_pairs(parts.query))
    if not {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys():
        return None
    key_id, signature, expires = query["AWSAccessKeyId"], query["Signature"], query["Expires"]
    token = query.get("x-amz-security-token")
    return Claim(key_id, "", region, "s3", (), signature, expires, token, 0)


def verify(claim: Claim, parts: Parts, keys: Mapping[str, Key], now: datetime) -> None:
    """Hold a request to its claim. Raises `SignatureRefused`."""
    key = keys.get(claim.key_id)
    if key is None or not hmac.compare_digest((key.token or "").encode(), (claim.token or "").encode()):
        raise SignatureRefused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if not (claim.time.isascii() and claim.time.isdigit()):
        raise SignatureRefused("AccessDenied", f"Invalid date (should be seconds since epoch): {claim.time}")
    if now > datetime.fromtimestamp(int(claim.time), UTC):
        raise SignatureRefused("AccessDenied", "Request has expired")
    digest = hmac.digest(key.secret.encode(), _text(claim, parts).encode(), "sha1")
    if not hmac.compare_digest(base64.b64encode(digest), claim.signature.encode()):
        raise SignatureRefused("SignatureDoesNotMatch", MISMATCH)


def _text(claim: Claim, parts: Parts) -> str:
    query = query_pairs(parts.query)
    given = {**parts.headers, **{name: value for name, value in query if name.startswith(("x-amz-", "content-"))}}
    amz = "".join(f"{name}:{given[name].strip()}\n" for name in sorted(given) if name.startswith("x-amz-"))
    signed = sorted((name, value) for name, value in query if name in _SIGNED)
    resource = "&".join(f"{name}={value}" if value else name for name, value in signed)
    standard = f"{given.get('content-md5', '')}\n{given.get('content-type', '')}\n{claim.time}\n"
    return f"{parts.method}\n{standard}{amz}{parts.path}{f'?{resource}' if resource else ''}"
