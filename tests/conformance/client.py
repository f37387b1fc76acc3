"""Run AWS's runtime client on one case, in a fresh process with a stand-in for its connection; see record.py."""

from __future__ import annotations

import json
import os
import sys
from typing import NoReturn

import awslambdaric.bootstrap
from awslambdaric.lambda_runtime_client import InvocationRequest
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller, to_json


class Connection:
    """Hands the case's events to the client, and writes down what it answers."""

    def __init__(self, case: dict[str, object]) -> None:
        self.case, self.marshaller = case, LambdaMarshaller()
        events = case["events"]
        assert isinstance(events, list)
        self.events = iter(events)

    def wait_next_invocation(self) -> object:
        event = next(self.events, None)
        if event is None:
            os._exit(0)
        return InvocationRequest(
            invoke_id=self.case["request_id"],
            x_amzn_trace_id=self.case["trace_id"],
            invoked_function_arn=self.case["arn"],
            deadline_time_in_ms=self.case["deadline_ms"],
            client_context=self.case["client_context"],
            cognito_identity=self.case["cognito_identity"],
            tenant_id=None,
            content_type="application/json",
            event_body=event.encode(),
            invocation_id=None,
        )

    def post_invocation_result(self, _id: str, result: str | bytes, _content_type: str, _invocation_id: None) -> None:
        if isinstance(result, bytes):
            self.post("raw", result.decode("latin-1"))
        else:
            self.post("result", result.encode().decode())

    def post_invocation_error(self, _id: str, error: str, _fault: str, _invocation_id: None) -> None:
        self.post("error", error)

    def post_init_error(self, error: dict[str, object], _error_type: str | None = None) -> None:
        self.post("failed", to_json(error))

    def post(self, kind: str, body: str) -> None:
        descriptor = self.case["answers_fd"]
        assert isinstance(descriptor, int)
        os.write(descriptor, json.dumps([kind, body]).encode() + b"\n")


def main() -> NoReturn:
    """Serve the case that is given as JSON, its code being in the working directory."""
    case = json.loads(sys.argv[1])
    sys.path[0] = os.getcwd()
    awslambdaric.bootstrap.run(case["handler"], Connection(case))
    raise AssertionError("the client serves for ever")


if __name__ == "__main__":
    main()
