"""Code that comes with a request: a zip in it, or where there is one in a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.limits import UNZIPPED_BYTES, ZIPPED_BYTES

if TYPE_CHECKING:
    from jlambda.session import Session


class UploadTooLarge(LambdaError):
    """A zip in a request is over its limit; a bucket takes larger ones."""

    code, status = "RequestEntityTooLargeException", 413


def uploaded(session: Session, content: Mapping[str, Any]) -> bytes:
    """The zip that a FunctionCode, a LayerVersionContentInput or an UpdateFunctionCode brings, or names.

    Raises `UploadTooLarge`, and `InvalidParameter` where it brings none that can be had.
    """
    if content.get("ImageUri") is not None:
        if "FunctionName" in content:
            raise InvalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.")
        raise InvalidParameter("Container images are not supported by jlambda: give the code as a zip (ZipFile).")
    package: bytes | None = content.get("ZipFile")
    bucket, key = content.get("S3Bucket"), content.get("S3Key")
    has_place = bucket is not None or key is not None
    if package is not None and has_place:
        raise InvalidParameter("Please do not provide other FunctionCode parameters when providing a ZipFile.")
    if bucket is not None and key is not None:
        return _from_bucket(session, str(bucket), str(key), content.get("S3ObjectVersion"))
    if package is None:
        raise InvalidParameter("Please provide a source for function code.")
    if len(package) > ZIPPED_BYTES:
        raise UploadTooLarge(f"Zipped size must be smaller than {ZIPPED_BYTES} bytes")
    return package


def _from_bucket(session: Session, bucket: str, key: str, version: str | None) -> bytes:
    """An object of the session's S3."""
    from_there = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    s3 = session.client("s3")
    try:
        found = s3.get_object(**from_there)
        if found["ContentLength"] > UNZIPPED_BYTES:
            raise InvalidParameter(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")
        return bytes(found["Body"].read())
    except s3.exceptions.ClientError as error:
        told = error.response["Error"]
        message = f"Error occurred while GetObject. S3 Error Code: {told['Code']}. S3 Error Message: {told['Message']}"
        raise InvalidParameter(message) from None
    finally:
        s3.close()
