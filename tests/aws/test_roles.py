"""What a function may call, and as whom: plain boto3 in it finds the session's services by its execution role."""

from __future__ import annotations

import os
import socket
import textwrap
import threading
import urllib.request
from shutil import which
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.conftest import need

IDENTITY = """
import boto3
def handler(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]
"""


def test_plain_boto3_in_a_function_works(session: jlambda.Session) -> None:
    """Endpoint, region and credentials are in its environment: what it writes the notebook reads."""
    source = """
        import boto3, urllib.request
        def handler(event, context):
            s3 = boto3.client("s3")
            s3.create_bucket(Bucket="made")
            s3.put_object(Bucket="made", Key="k", Body=b"from a function")
            boto3.client("stepfunctions").list_state_machines()
            url = s3.generate_presigned_url("get_object", Params={"Bucket": "made", "Key": "k"})
            return [url, urllib.request.urlopen(url).read().decode()]
    """
    url, read = jlambda.deploy(textwrap.dedent(source), name="writer", timeout=60, memory=512)(None)
    assert read == "from a function"
    assert session.client("s3").get_object(Bucket="made", Key="k")["Body"].read() == b"from a function"
    assert urllib.request.urlopen(url).read() == b"from a function"


def test_a_function_calls_as_its_role(session: jlambda.Session) -> None:
    """The role that was named, else the default one; a role that is changed is that of the next environment."""
    function = jlambda.deploy(IDENTITY, name="who", timeout=60, memory=512)
    assert function(None) == "arn:aws:sts::123456789012:assumed-role/lambda-role/who"
    assert jlambda.deploy(IDENTITY, name="who", role="reader")(None) == "arn:aws:sts::123456789012:assumed-role/reader/who"
    arn = "arn:aws:iam::123456789012:role/service/writer"
    client = session.client("lambda")
    client.update_function_configuration(FunctionName="who", Role=arn)
    client.get_waiter("function_updated_v2").wait(FunctionName="who")
    assert jlambda.get("who")(None) == "arn:aws:sts::123456789012:assumed-role/writer/who"
    assert client.get_function_configuration(FunctionName="who")["Role"] == arn
    assert session.client("sts").get_caller_identity()["Arn"].startswith("arn:aws:sts::123456789012:")


def test_a_role_has_a_name_or_an_arn(session: jlambda.Session) -> None:
    """Anything else is refused before anything is changed."""
    with pytest.raises(jlambda.InvalidParameter, match="role 'a b'"):
        jlambda.deploy(IDENTITY, name="who", role="a b")
    assert session.functions() == []


def test_a_function_holds_neither_the_users_key_nor_the_sessions(
    session: jlambda.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its credentials are its own: two functions have two keys, and none of them is one that anybody else uses."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-users-secret")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    source = "import os\ndef handler(event, context): return {k: v for k, v in os.environ.items() if k.startswith('AWS_')}"
    first, second = (jlambda.deploy(source, name=name)(None) for name in ("first", "second"))
    assert first["AWS_ENDPOINT_URL"] == second["AWS_ENDPOINT_URL"] == session.endpoint
    assert "AWS_PROFILE" not in first
    address = session.address
    keys = {each["AWS_ACCESS_KEY_ID"] for each in (first, second)} | {address.access_key_id, "AKIAOFTHEUSER"}
    assert len(keys) == 4
    assert not {address.secret_access_key, "the-users-secret"} & set(first.values())
    again = jlambda.get("first")(None)
    assert again["AWS_SECRET_ACCESS_KEY"] == first["AWS_SECRET_ACCESS_KEY"]


def of(variables: dict[str, str], service: str, endpoint: str | None = None) -> Any:
    """A client with the credentials that a function found in its environment."""
    return boto3.client(
        service,
        endpoint_url=endpoint or variables["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables.get("AWS_SESSION_TOKEN"),
    )


def test_a_functions_key_ends_with_the_session(session: jlambda.Session) -> None:
    """It outlives environments, needs its token, and is nothing to the next session."""
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    variables = jlambda.deploy(source, name="leaky")(None)
    jlambda.deploy(source + "\n#", name="leaky")  # its environments end
    assert of(variables, "sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="security token"):
        of({name: value for name, value in variables.items() if name != "AWS_SESSION_TOKEN"}, "sqs").list_queues()
    session.close()
    with pytest.raises(ClientError, match="security token"):
        of(variables, "sqs", session.endpoint).list_queues()


def test_the_gateway_starts_when_a_function_calls(session: jlambda.Session) -> None:
    """Until then there is a port and nobody behind it; a gateway that is asked for elsewhere serves functions too."""
    quiet = "import os\ndef handler(event, context): return os.environ['AWS_ENDPOINT_URL']"
    endpoint = jlambda.deploy(quiet, name="quiet")(None)
    assert "jlambda-gateway" not in {thread.name for thread in threading.enumerate()}
    gateway = session.gateway(port=0)
    assert gateway.url == endpoint


def test_a_gateway_on_another_port_serves_functions_too(session: jlambda.Session) -> None:
    """Functions that run already go on calling the port that they know."""
    function = jlambda.deploy(IDENTITY, name="who", timeout=60, memory=512)
    quiet = jlambda.deploy("import os\ndef handler(event, context): return os.environ['AWS_ENDPOINT_URL']", name="quiet")
    reserved = quiet(None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gateway = session.gateway(port=port)
    assert gateway.port == port and reserved != gateway.url
    assert function(None).endswith("assumed-role/lambda-role/who")
    assert quiet(None) == reserved


@pytest.mark.parametrize("runtime", ["bash", "nodejs20.x"])
def test_every_language_has_them(session: jlambda.Session, runtime: str) -> None:
    """AWS's SDKs of all languages read the same variables."""
    need(runtime == "bash" or which("node") is not None, "Node.js")
    variables = "{url: process.env.AWS_ENDPOINT_URL, key: process.env.AWS_ACCESS_KEY_ID}"
    sources = {
        "bash": 'handler() { echo "{\\"url\\": \\"$AWS_ENDPOINT_URL\\", \\"key\\": \\"$AWS_ACCESS_KEY_ID\\"}"; }',
        "nodejs20.x": f"exports.handler = async () => ({variables});",
    }
    found = jlambda.deploy(sources[runtime], name="other", runtime=runtime, timeout=30)(None)
    assert found["url"] == session.endpoint
    assert found["key"].startswith("ASIA")
    assert os.environ.get("AWS_ENDPOINT_URL") is None
