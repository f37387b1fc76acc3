"""What a runtime may do when: its states, named as AWS's emulator names them in what it answers.

Runs within an execution environment. Decides only.
"""

from __future__ import annotations

from jlambda.runtimes.extensions import refused
from jlambda.runtimes.http import Answer


class State:
    """The names."""

    STARTED, READY, RUNNING, RESPONDED, RESTORING = "Started", "Ready", "Running", "ResponseSent", "Restoring"


class RuntimeState:
    """The state that the runtime is in, and the id of the request that it works on."""

    def __init__(self) -> None:
        self.state, self.request_id = State.STARTED, b""

    def not_allowed(self, to: str) -> Answer:
        """The answer to a runtime that may not go there from here."""
        message = f"State transition from {self.state} to {to} failed for runtime. Error: State transition is not allowed"
        return refused("InvalidStateTransition", message)

    def cannot_answer(self, request_id: str, to: str) -> Answer | None:
        """Why a response cannot be taken now; None if it can."""
        if self.state != State.RUNNING:
            return self.not_allowed(to)
        if request_id.encode() != self.request_id:
            return refused("InvalidRequestID", "Invalid request ID", 400)
        return None
