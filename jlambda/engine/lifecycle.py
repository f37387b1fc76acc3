"""States of an execution environment, and the one table of transitions between them.

A state refuses every transition that is not in the table.
"""

from __future__ import annotations

from enum import Enum

from jlambda.errors import EngineError


class State(Enum):
    """What an environment is doing, as Lambda's documentation names its phases."""

    STARTING = "init"  # bound to the invocation that started it
    PREPARING = "provisioning"  # its init phase runs ahead of any invocation
    BUSY = "invoke"
    IDLE = "idle"  # initialised, waits for an invocation
    RESET = "reset"  # its process ended; sandbox and /tmp are kept, the next invocation initialises it anew
    STOPPED = "shutdown"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.STARTING: frozenset({State.IDLE, State.RESET, State.STOPPED}),
    State.PREPARING: frozenset({State.IDLE, State.STOPPED}),
    State.BUSY: frozenset({State.IDLE, State.RESET, State.PREPARING, State.STOPPED}),
    State.IDLE: frozenset({State.BUSY, State.STOPPED}),
    State.RESET: frozenset({State.STARTING, State.STOPPED}),
    State.STOPPED: frozenset(),
}


def check_transition(environment_id: int, before: State, after: State) -> State:
    """`after`, if an environment may go there from `before`."""
    if after not in TRANSITIONS[before]:
        raise EngineError(f"environment {environment_id} cannot go from {before.name} to {after.name}")
    return after
