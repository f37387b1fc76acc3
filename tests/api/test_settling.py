"""A session whose changes take their time, as AWS's do, and boto3's waiters on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda.errors import InvalidParameter
from tests.api.conftest import make_sources
from tests.api.packages import ROLE, RUNTIME, zipped
from tests.conftest import eventually

SETTLE_S = 1.5
OFTEN = {"Delay": 0.05, "MaxAttempts": 200}
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


@pytest.fixture
def client(tmp_path: Path) -> Any:
    """boto3's client of such a session."""
    with jlambda.Session(tmp_path / "state", settle_s=SETTLE_S) as session:
        session.engine.protection()
        make_sources(session, "q")
        yield session.client("lambda")


def test_functions_are_pending_and_mappings_are_creating(client: Any) -> None:
    """For as long as was asked for: what would be a conflict on AWS is one, and whoever waits gets through."""
    code = {"ZipFile": zipped({"app.py": "def handler(event, context): return event\n"})}
    made = client.create_function(FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="app.handler", Code=code)
    found = client.get_function_configuration(FunctionName="f")
    assert (made["State"], found["State"], found["StateReasonCode"]) == ("Pending", "Pending", "Creating")
    for refused in ("invoke", "publish_version"):
        with pytest.raises(ClientError, match=r"ResourceConflictException.*in the following state: Pending"):
            getattr(client, refused)(FunctionName="f")
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig=OFTEN)
    assert json.loads(client.invoke(FunctionName="f", Payload=b"[1]")["Payload"].read()) == [1]

    mapping = client.create_event_source_mapping(FunctionName="f", EventSourceArn=QUEUE)["UUID"]
    assert client.update_function_configuration(FunctionName="f", Timeout=9)["LastUpdateStatus"] == "InProgress"
    assert client.get_event_source_mapping(UUID=mapping)["State"] == "Creating"
    with pytest.raises(ClientError, match="ResourceInUseException"):
        client.update_event_source_mapping(UUID=mapping, BatchSize=5)
    with pytest.raises(ClientError, match=r"ResourceConflictException.*An update is in progress"):
        client.update_function_code(FunctionName="f", **code)
    client.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig=OFTEN)
    assert eventually(lambda: client.get_event_source_mapping(UUID=mapping)["State"] == "Enabled")


def test_no_session_settles_for_ever(tmp_path: Path) -> None:
    """It is a number of seconds."""
    for wrong in (-1, float("inf"), float("nan"), True, "1"):
        with pytest.raises(InvalidParameter, match=r"settle_s is .*; it must be a number"):
            jlambda.Session(tmp_path, settle_s=wrong)  # type: ignore[arg-type]
