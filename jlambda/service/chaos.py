"""Chaos on purpose: some asynchronous events are delivered twice, and some environments are killed as they answer.

Both are what Lambda may do: it delivers at least once. Which events are meant is `jlambda.model.chaos`'s part; a killed
environment has done its work, and its answer is lost, so that what is tried again does it a second time. Nothing here is
kept: with the session it is over.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from jlambda.errors import InvalidParameter
from jlambda.model.chaos import Chaos, Fate
from jlambda.model.invocation import Outcome, Request
from jlambda.telemetry.chaos import ChaosEvent, ChaosReport

_SHOWN_CHARS = 60


@dataclass(slots=True)
class _Delivered:
    number: int
    event: str
    fate: Fate
    runs: int = 0
    was_killed: bool = False
    was_duplicated: bool = False


@dataclass(slots=True)
class _Experiment:
    chaos: Chaos
    is_on: bool = True
    events: dict[str, _Delivered] = field(default_factory=dict)


class Verdict(NamedTuple):
    """What the queue is to make of an attempt: its outcome, whether its environment ends, and whether the event is delivered
    once more, as if it had no outcome."""

    outcome: Outcome
    is_killed: bool = False
    is_again: bool = False


class ChaosExperiments:
    """The chaos of one session, by function. The queue asks; users begin and end it."""

    def __init__(self) -> None:
        self._experiments: dict[str, _Experiment] = {}
        self._lock = threading.Lock()

    def start(self, function: str, chaos: Chaos) -> None:
        """From the next event on, do to the events of a function what `chaos` says; counts anew. Raises `InvalidParameter`."""
        with self._lock:
            self._experiments[function] = _Experiment(chaos.checked())

    def stop(self, function: str) -> None:
        """Do nothing to events any more; how often those that were delivered run is counted on. Raises `InvalidParameter`."""
        with self._lock:
            self._found(function).is_on = False

    def report(self, function: str) -> ChaosReport:
        """What has come of it. Raises `InvalidParameter` where there was none."""
        with self._lock:
            it = self._found(function)
            events = tuple(
                ChaosEvent(each.number, request_id, each.event, each.was_duplicated, each.was_killed, each.runs)
                for request_id, each in it.events.items()
            )
            return ChaosReport(function, it.chaos, it.is_on, events)

    def _found(self, function: str) -> _Experiment:
        found = self._experiments.get(function)
        if found is None:
            raise InvalidParameter(
                f"there is no chaos with {function}: begin it with %lambda chaos {function} --duplicates 0.2"
            )
        return found

    def is_on(self, function: str) -> bool:
        """Whether something is done to its events: an environment then takes one of them at a time."""
        it = self._experiments.get(function)
        return it is not None and it.is_on

    def begun(self, function: str, request: Request) -> None:
        """An event is about to be delivered: the first time it gets its number."""
        if function not in self._experiments:
            return
        with self._lock:
            it = self._experiments.get(function)
            if it is not None and it.is_on and request.request_id not in it.events:
                number = len(it.events) + 1
                it.events[request.request_id] = _Delivered(number, _shown(request.event), it.chaos.fate(number))

    def ended(self, function: str, request: Request, outcome: Outcome) -> Verdict:
        """An attempt has ended: what that looks like to the queue."""
        if function not in self._experiments:
            return Verdict(outcome)
        with self._lock:
            it = self._experiments.get(function)
            delivered = it.events.get(request.request_id) if it is not None else None
            if it is None or delivered is None:
                return Verdict(outcome)
            delivered.runs += 1
            if not it.is_on or outcome.status != "success":
                return Verdict(outcome)
            if delivered.fate.is_killed and not delivered.was_killed:
                delivered.was_killed = True
                return Verdict(_killed(request, outcome), is_killed=True)
            is_again = delivered.fate.is_duplicated and not delivered.was_duplicated
            delivered.was_duplicated |= is_again
            return Verdict(outcome, is_again=is_again)


def _killed(request: Request, outcome: Outcome) -> Outcome:
    """What Lambda says of an environment that was killed."""
    message = f"RequestId: {request.request_id} Error: Runtime exited with error: signal: killed"
    document = {"errorType": "Runtime.ExitError", "errorMessage": message}
    payload = json.dumps(document, separators=(",", ":")).encode()
    return outcome._replace(status="error", payload=payload, error_type="Runtime.ExitError")


def _shown(event: bytes) -> str:
    text = event[: 4 * _SHOWN_CHARS].decode(errors="replace")
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
