"""Idle environments expire by the session's clock: the engine, which knows real time only, is told of its leaps."""

from __future__ import annotations

from jlambda.engine.engine import Engine
from jlambda.service.clock import Clock


class Expiry:
    """What is due of the engine."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        clock.listen(engine.advance)
        clock.add("idle environments end", self)

    def next_due(self) -> float | None:
        """When the next environment will have been idle for too long."""
        at = self._engine.next_expiry()
        return None if at is None else at + self._clock.offset_s

    def run_due(self, now: float) -> None:
        """End the environments that have been."""
        self._engine.expire_idle(now - self._clock.offset_s)
