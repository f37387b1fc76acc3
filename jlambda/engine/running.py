"""What environments are doing at one moment: their states, and what those at work have written so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from jlambda.engine.board import FROZEN, IDLE, INIT
from jlambda.engine.environment import Environment, Version


class EnvironmentState(NamedTuple):
    """An environment at one moment: its log stream, whose it is, how it came to be; `phase` is the board's."""

    log_stream: str
    function: str
    initialization: str
    phase: int
    is_frozen: bool


class Output(NamedTuple):
    """What an environment at work has written to its file, from the place `start` on; `version` is what it was made for."""

    log_stream: str
    version: Version
    request_id: str
    is_starting: bool
    start: int
    text: bytes
    at_ms: int
    attempt: int
    initialization: str

    @property
    def function(self) -> str:
        """The function's name."""
        return self.version.function


def state_of(environment: Environment, function: str) -> EnvironmentState:
    """An environment of `function` as it is now."""
    board, at = environment.board, environment.phase_at
    about = environment.log_stream, function, environment.initialization
    return EnvironmentState(*about, board[at], board[at + FROZEN] != 0)


def output_of(environment: Environment, places: Mapping[str, int], at_ms: int) -> Output | None:
    """What its invocation has written so far, None while it has none; of one in `places`, by request id, from there on."""
    request, version = environment.current, environment.version
    phase = environment.board[environment.phase_at]
    if phase == IDLE or request is None or version is None:
        return None
    start, text = environment.written(places.get(request.request_id, 0))
    if environment.current is not request:
        return None
    about = environment.log_stream, version, request.request_id
    return Output(*about, phase == INIT, start, text, at_ms, request.attempt, environment.initialization)
