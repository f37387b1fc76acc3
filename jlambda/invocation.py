"""What a user holds of one call that is over: `Invocation`, and what payloads mean in Python."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from jlambda.billing import Cost, cost
from jlambda.errors import FunctionError
from jlambda.model.arn import LATEST
from jlambda.model.invocation import InvocationRecord
from jlambda.model.runtime import THIS_PYTHON
from jlambda.service.invoke import Finished
from jlambda.telemetry.logs import LogEvent, lines, report_line

if TYPE_CHECKING:
    from jlambda.model.function import FunctionConfiguration
    from jlambda.session import Session

_raw_decode = json.JSONDecoder().raw_decode


class Invocation:
    """One finished call: what came back, what was logged, what it took and cost."""

    def __init__(
        self, session: Session, finished: Finished, configuration: FunctionConfiguration | None, is_whole: bool = True
    ) -> None:
        self._session, self._configuration = session, configuration
        self.record: InvocationRecord = finished.record
        self.payload: bytes = finished.payload
        #: whether `payload` is what came back; of earlier invocations too large ones are not kept
        self.is_whole = is_whole
        self._raw_log = finished.log

    @property
    def function(self) -> str:
        """The function's name."""
        return self.record.function

    @cached_property
    def result(self) -> Any:
        """The value that the handler returned, as its JSON tells it (bytes that are no JSON stay bytes); None if it failed."""
        return None if self.record.error_type else decode_payload(self.payload)

    @cached_property
    def error(self) -> FunctionError | None:
        """Why it failed; None if it did not."""
        return function_error(self.record, self.payload, self._origin) if self.record.error_type else None

    @cached_property
    def logs(self) -> list[LogEvent]:
        """The log events of this invocation, START to REPORT, on a cold start from INIT_START on."""
        runtime = self._configuration.runtime if self._configuration else THIS_PYTHON
        return lines(self.record, self._raw_log, runtime, self._session.account.region)

    @property
    def report(self) -> str:
        """The REPORT line: duration, billed duration, memory, init."""
        return report_line(self.record)

    @cached_property
    def cost(self) -> Cost:
        """What it would cost on AWS, in US dollars, at first-tier prices."""
        return cost(self.record)

    @cached_property
    def event(self) -> Any:
        """The event that it had, as its JSON tells it. Raises `InvalidParameter` where that was not kept."""
        return decode_payload(self._session.event(self.record.request_id))

    def replay(self) -> Replay:
        """Run it again with the same event, on the version that it ran on: ``$LATEST`` is what is deployed now.

        The values of secrets are not in a kept event: ``***`` stands for each of them.
        """
        __tracebackhide__ = True
        version = self.record.version
        reference = self.function if version == LATEST else f"{self.function}:{version}"
        return Replay(self, self._session.invoke(reference, self.event))

    @property
    def _origin(self) -> str:
        return self._configuration.origin if self._configuration else ""

    def __repr__(self) -> str:
        record = self.record
        start = ", cold start" if record.cold_start else ""
        return f"<Invocation {record.function} {record.status}: {record.billed_ms} ms billed{start}, {record.request_id}>"


class Replay(NamedTuple):
    """One event, twice: the invocation of then and the one of now."""

    before: Invocation
    after: Invocation


def decode_payload(payload: bytes) -> Any:
    """A response as a Python value; bytes that are not JSON stay bytes."""
    try:
        text = payload.decode()
        value, end = _raw_decode(text)  # half the price of json.loads, which looks for white space around it
        return value if end == len(text) else json.loads(text)
    except (ValueError, RecursionError):
        return payload


def function_error(record: InvocationRecord, payload: bytes, origin: str) -> FunctionError:
    """The error that a failed invocation's payload describes."""
    document = error_document(payload)
    kind = str(document.get("errorType", record.error_type))
    stack = document.get("stackTrace", document.get("trace"))  # Node.js has its own word for it
    frames = tuple(map(_frame, stack)) if isinstance(stack, list) else ()
    return FunctionError(record.function, kind, str(document.get("errorMessage", "")), frames, record.request_id, origin)


def _frame(frame: object) -> str:
    """A line of a stack trace; Go's are objects."""
    if isinstance(frame, dict) and {"path", "line", "label"} <= frame.keys():
        return "{path}:{line} in {label}".format(**frame)
    return str(frame)


def error_document(payload: bytes) -> dict[str, Any]:
    """An error document as a dict; empty where a secret was cut out of its structure."""
    try:
        document = json.loads(payload)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def result_of(finished: Finished, origin: str) -> Any:
    """The value of an invocation that succeeded. Raises the `FunctionError` of one that did not."""
    if finished.record.error_type is not None:
        raise function_error(finished.record, finished.payload, origin)
    return decode_payload(finished.payload)
