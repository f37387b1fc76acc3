"""Code that comes with a request: a zip in it, or where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.limits import ZIPPED_BYTES


class UploadTooLarge(LambdaError):
    """A zip in a request is over its limit; a bucket takes larger ones."""

    code, status = "RequestEntityTooLargeException", 413


def uploaded(content: Mapping[str, Any]) -> bytes:
    """The zip that a FunctionCode, a LayerVersionContentInput or an UpdateFunctionCode brings.

    Raises `UploadTooLarge`, and `InvalidParameter` where it brings none that can be had.
    """
    if content.get("ImageUri") is not None:
        if "FunctionName" in content:
            raise InvalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.")
        raise InvalidParameter("Container images are not supported by jlambda: give the code as a zip (ZipFile).")
    package: bytes | None = content.get("ZipFile")
    has_place = content.get("S3Bucket") is not None or content.get("S3Key") is not None
    if package is None and has_place:
        raise InvalidParameter(
            "S3Bucket and S3Key need the embedded S3, which is not there yet in jlambda: give the zip as ZipFile."
        )
    if package is None or has_place:
        raise InvalidParameter(
            "Please provide a source for function code."
            if package is None
            else "Please do not provide other FunctionCode parameters when providing a ZipFile."
        )
    if len(package) > ZIPPED_BYTES:
        raise UploadTooLarge(f"Zipped size must be smaller than {ZIPPED_BYTES} bytes")
    return package
