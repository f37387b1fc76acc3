"""URLs that boto3 presigns with Signature Version 2: taken as they are, refused where anything was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from jlambda.api import auth, presigned_old

KEYS = {
    key.id: key for key in (auth.Key("AKIDEXAMPLE", "a/secret"), auth.Key("ASIDEXAMPLE", "another/secret", "to/ken+with=signs"))
}


def presigned(key_id: str, operation: str = "get_object", **parameters: Any) -> auth.Parts:
    """The request that whoever has the URL makes."""
    key = KEYS[key_id]
    config = Config(signature_version="s3", s3={"addressing_style": "path"})
    given = {"endpoint_url": "http://127.0.0.1:9001", "region_name": "us-east-1", "config": config}
    s3: Any = boto3.client(
        "s3", aws_access_key_id=key.id, aws_secret_access_key=key.secret, aws_session_token=key.token, **given
    )
    url = urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": "b", "Key": "a b/ü", **parameters}))
    return auth.Parts("PUT" if operation == "put_object" else "GET", url.path, url.query, {"host": "127.0.0.1:9001"})


def check(parts: auth.Parts, after: timedelta = timedelta()) -> auth.Claim:
    """Verify, and give the claim back."""
    claim = presigned_old.read_claim(parts, "eu-west-1")
    assert claim is not None
    presigned_old.verify(claim, parts, KEYS, datetime.now(UTC) + after)
    return claim


@pytest.mark.parametrize("key_id", list(KEYS))
def test_what_boto3_presigns_is_taken(key_id: str) -> None:
    """With a key that is for good and with a temporary one, with sub-resources and with metadata that must be sent."""
    assert check(presigned(key_id)).region == "eu-west-1"
    check(presigned(key_id, VersionId="v/1", ResponseContentType="text/plain; charset=utf-8"))
    check(presigned(key_id, "put_object", ContentType="text/csv", Metadata={"a": "b"}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parts: parts._replace(path="/b/other"), "SignatureDoesNotMatch"),
        (lambda parts: parts._replace(method="DELETE"), "SignatureDoesNotMatch"),
        (lambda parts: parts._replace(query=parts.query + "&acl"), "SignatureDoesNotMatch"),
        (lambda parts: parts._replace(headers={**parts.headers, "x-amz-acl": "public-read"}), "SignatureDoesNotMatch"),
        (lambda parts: parts._replace(query=parts.query.replace("ASID", "ASIX")), "InvalidAccessKeyId"),
        (lambda parts: parts._replace(query=parts.query.replace("ken", "kin")), "InvalidAccessKeyId"),
        (lambda parts: parts._replace(query=parts.query.replace("Expires=", "Expires=x")), "AccessDenied"),
    ],
)
def test_what_was_changed_is_refused(change: Any, code: str) -> None:
    """Path, method, sub-resources, headers, key, token and time are all held to."""
    with pytest.raises(auth.SignatureRefused) as refused:
        check(change(presigned("ASIDEXAMPLE")))
    assert refused.value.code == code


def test_it_ends() -> None:
    """After an hour, boto3's own default, it is no good."""
    parts = presigned("AKIDEXAMPLE")
    check(parts, timedelta(minutes=59))
    with pytest.raises(auth.SignatureRefused, match="expired"):
        check(parts, timedelta(minutes=61))


def test_other_requests_are_none() -> None:
    """Signed in a header, or presigned the new way: not this."""
    plain = auth.Parts("GET", "/b/k", "X-Amz-Signature=x", {"host": "h"})
    assert presigned_old.read_claim(plain, "us-east-1") is None
    signed = presigned("AKIDEXAMPLE")
    assert presigned_old.read_claim(signed._replace(headers={"authorization": "x"}), "us-east-1") is None
