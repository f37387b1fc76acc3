"""The handler's `context`. That its members are AWS's is held in tests/conformance."""

from __future__ import annotations

import json
import time

import pytest

from jlambda.runtimes.context import context_maker
from jlambda.runtimes.payload import ReportedError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_remaining_time_counts_down_to_zero() -> None:
    """The time left is that until the deadline, and never negative."""
    make = context_maker(ARN)
    now_ms = int(time.time() * 1000)
    assert 4_000 < make("id", now_ms + 5_000, {}).get_remaining_time_in_millis() <= 5_000
    assert make("id", now_ms - 5_000, {}).get_remaining_time_in_millis() == 0


def test_constants_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name, version, memory and log stream are those of the environment's variables; memory is text."""
    variables = {
        "FUNCTION_NAME": "f",
        "FUNCTION_VERSION": "3",
        "FUNCTION_MEMORY_SIZE": "256",
        "LOG_GROUP_NAME": "/aws/lambda/f",
        "LOG_STREAM_NAME": "s",
    }
    for name, value in variables.items():
        monkeypatch.setenv(f"AWS_LAMBDA_{name}", value)
    context = context_maker(ARN)("id", 0, {})
    found = (context.function_name, context.function_version, context.memory_limit_in_mb)
    assert found == ("f", "3", "256")
    assert (context.log_group_name, context.log_stream_name) == ("/aws/lambda/f", "s")


def test_nothing_is_shared_between_invocations() -> None:
    """What one invocation does to its context does not show in the next one's."""
    make = context_maker(ARN)
    first, second = make("1", 0, {}), make("2", 0, {})
    first.w3c()["traceparent"] = "x"
    first.function_name = "other"
    assert second.w3c() == {}
    assert second.function_name != "other"
    assert first.identity is not second.identity


def test_trace_context_is_taken_out_of_the_client_context() -> None:
    """Only text under the W3C names is kept, and the function does not find it in `client_context`."""
    client = {"w3c": {"traceparent": "00-1", "tracestate": 1, "other": "x"}, "custom": {"a": 1}}
    context = context_maker(ARN)("id", 0, {"client_context": json.dumps(client)})
    assert context.w3c() == {"traceparent": "00-1"}
    assert repr(context.client_context) == "ClientContext([custom={'a': 1},env=None,client=None])"


@pytest.mark.parametrize(("member", "name"), [("client_context", "Client Context"), ("cognito_identity", "Cognito Identity")])
def test_text_that_is_not_json(member: str, name: str) -> None:
    """A member that cannot be read fails the invocation in AWS's words."""
    with pytest.raises(ReportedError) as caught:
        context_maker(ARN)("id", 0, {member: "{"})
    assert caught.value.error_type == "Runtime.LambdaContextUnmarshalError"
    assert caught.value.message.startswith(f"Unable to parse {name} JSON: ")


def test_log_without_a_handler_of_ours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`context.log` prints where the function has taken the log handler away."""
    monkeypatch.setattr("logging.root.handlers", [])
    context_maker(ARN)("id", 0, {}).log({"a": 1})
    assert capsys.readouterr().out == "{'a': 1}"
