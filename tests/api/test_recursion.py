"""Recursive loops through the gateway, with the trace header as boto3 passes it on from within a function."""

from __future__ import annotations

import os
from typing import Any

import pytest

import jlambda
from jlambda.errors import RecursiveInvocation
from jlambda.model.arn import Account
from jlambda.model.lineage import hop
from jlambda.service.invoke import new_request_id
from tests.api.conftest import Functions

TRACE = "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']\n"


class Chain:
    """Invokes functions one after the other, each as if by the one before: boto3 sends what is in the environment."""

    def __init__(self, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client, self._monkeypatch = client, monkeypatch
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "any")
        monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)

    def invoke(self, name: str) -> str:
        """The trace header that the function had."""
        answer = self._client.invoke(FunctionName=name)
        header: str = answer["Payload"].read().decode().strip('"')
        self._monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
        return header


@pytest.fixture
def chain(client: Any, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A chain of events that begins."""
    return Chain(client, monkeypatch)


def test_a_loop_is_stopped(client: Any, shared: jlambda.Session, create: Functions, chain: Chain) -> None:
    """After sixteen invocations of one function, whatever others take part; and counted."""
    create("loops", TRACE)
    create("other", TRACE)
    headers = [chain.invoke(name) for _ in range(16) for name in ("loops", "other")]
    assert len({header.partition(";")[0] for header in headers}) == 1
    assert len({header.split(";")[1] for header in headers}) == 32
    for _ in range(2):
        with pytest.raises(client.exceptions.RecursiveInvocationException) as stopped:
            chain.invoke("loops")
    response = stopped.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert response["Error"]["Message"].startswith("Lambda has detected your function being invoked in a recursive loop")
    recursion = shared.recursion
    assert recursion.dropped["loops"] == 2
    assert recursion.dropped["other"] == 0
    assert len(shared.invocations("loops")) == 16


def test_a_loop_may_be_allowed(client: Any, create: Functions, chain: Chain) -> None:
    """Where the function's recursion configuration says so; it is counted on."""
    create("round", TRACE)
    client.put_function_recursion_config(FunctionName="round", RecursiveLoop="Allow")
    for _ in range(18):
        header = chain.invoke("round")
    assert header.endswith(":17")
    client.put_function_recursion_config(FunctionName="round", RecursiveLoop="Terminate")
    with pytest.raises(client.exceptions.RecursiveInvocationException):
        chain.invoke("round")


def test_an_asynchronous_loop_ends_dead(
    client: Any, shared: jlambda.Session, create: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted, and then stopped: no attempt is made, and the queue says why."""
    create("later", TRACE)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "any")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", hop(None, Account().function_arn("later"), new_request_id(), 0).trace_id[:-1] + "14")
    assert client.invoke(FunctionName="later", InvocationType="Event")["StatusCode"] == 202
    assert shared.queue.settle(30)
    assert shared.queue.rows("later") == []
    monkeypatch.setenv("_X_AMZN_TRACE_ID", hop(None, Account().function_arn("later"), new_request_id(), 0).trace_id[:-1] + "15")
    assert client.invoke(FunctionName="later", InvocationType="Event")["StatusCode"] == 202
    assert shared.queue.settle(30)
    (row,) = shared.queue.rows("later")
    assert (row.state, row.reason, row.attempts) == ("dead", "RecursiveInvocation", 0)
    assert shared.recursion.dropped["later"] == 1
    assert len(shared.invocations("later")) == 1


def test_whoever_begins_is_in_no_chain(client: Any, create: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a header each invocation has a root of its own."""
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    create("begins", TRACE)
    assert "_X_AMZN_TRACE_ID" not in os.environ
    roots = {client.invoke(FunctionName="begins")["Payload"].read().partition(b";")[0] for _ in range(20)}
    assert len(roots) == 20


def test_the_error_says_what_to_do() -> None:
    """The function, how often it ran, and how to allow it; AWS says less."""
    error = RecursiveInvocation("f", 16)
    assert "put_function_recursion_config" in str(error)
    assert "put_function" not in error.aws_message
