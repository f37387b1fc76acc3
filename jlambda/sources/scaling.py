"""Decide how many batches of a queue may be with the function at one time. Pure: time is an argument."""

from __future__ import annotations

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_FIRST, _MORE_PER_S, _MOST = 5, 5.0, 1_250


class Scaling:
    """Begins with 5, grows by 300 a minute while that is not enough, and shrinks by half where invocations find no room."""

    def __init__(self, maximum: int | None = None) -> None:
        self._most = _MOST if maximum is None else maximum
        self._limit = float(min(_FIRST, self._most))
        self._grown_at: float | None = None

    @property
    def limit(self) -> int:
        """How many batches there may be now."""
        return int(self._limit)

    def is_short(self, now: float) -> None:
        """All that there may be are with the function, and more wait."""
        if self._grown_at is not None:
            self._limit = min(self._most, self._limit + _MORE_PER_S * max(0.0, now - self._grown_at))
        self._grown_at = now

    def is_enough(self) -> None:
        """Fewer than there may be are with the function: growth starts anew."""
        self._grown_at = None

    def found_no_room(self) -> None:
        """An invocation was throttled."""
        self._limit, self._grown_at = max(1.0, self._limit / 2), None

    def start_over(self) -> None:
        """The queue is empty."""
        self._limit, self._grown_at = float(min(_FIRST, self._most)), None
