"""Code and layers that lie in a bucket of the session."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.api.packages import ROLE, RUNTIME, zipped


def package(answer: str) -> bytes:
    """The zip of a function that gives `answer`."""
    return zipped({"app.py": f"def handler(event, context): return {answer!r}\n"})


def test_code_and_layers_come_from_a_bucket(shared: jlambda.Session) -> None:
    """CreateFunction, UpdateFunctionCode with a version of the object, and PublishLayerVersion."""
    s3, client = shared.client("s3"), shared.client("lambda")
    s3.create_bucket(Bucket="code")
    s3.put_bucket_versioning(Bucket="code", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="code", Key="app.zip", Body=package("first"))["VersionId"]
    s3.put_object(Bucket="code", Key="app.zip", Body=package("second"))
    place = {"S3Bucket": "code", "S3Key": "app.zip"}
    given: dict[str, Any] = {"FunctionName": "from-s3", "Runtime": RUNTIME, "Role": ROLE, "Handler": "app.handler"}
    client.create_function(**given, Code=place)
    client.get_waiter("function_active_v2").wait(FunctionName="from-s3")

    def answer() -> bytes:
        read: bytes = client.invoke(FunctionName="from-s3")["Payload"].read()
        return read

    assert answer() == b'"second"'
    client.update_function_code(FunctionName="from-s3", **place, S3ObjectVersion=first)
    client.get_waiter("function_updated_v2").wait(FunctionName="from-s3")
    assert answer() == b'"first"'
    s3.put_object(Bucket="code", Key="layer.zip", Body=zipped({"python/extra.py": "X = 1\n"}))
    made = client.publish_layer_version(LayerName="extra", Content={"S3Bucket": "code", "S3Key": "layer.zip"})
    assert made["Version"] == 1
    client.delete_function(FunctionName="from-s3")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"S3Bucket": "code-of-nobody", "S3Key": "k"}, "S3 Error Code: NoSuchBucket"),
        ({"S3Bucket": "empty-code", "S3Key": "k"}, "S3 Error Code: NoSuchKey"),
        ({"S3Bucket": "empty-code"}, "Please provide a source for function code."),
        ({"S3Bucket": "empty-code", "S3Key": "k", "ZipFile": b"x"}, "Please do not provide other FunctionCode parameters"),
    ],
)
def test_code_that_is_not_there(shared: jlambda.Session, place: dict[str, Any], said: str) -> None:
    """Is refused in AWS's words, and no function is made."""
    shared.client("s3").create_bucket(Bucket="empty-code")
    client = shared.client("lambda")
    given: dict[str, Any] = {"FunctionName": "none", "Runtime": RUNTIME, "Role": ROLE, "Handler": "app.handler"}
    with pytest.raises(ClientError, match=said) as refused:
        client.create_function(**given, Code=place)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert client.list_functions()["Functions"] == []
