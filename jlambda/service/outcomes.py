"""Decide what becomes of an asynchronous event before and after each attempt to run it. Pure: time is an argument.

The rules are Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES

# requestContext.condition of the record that a destination gets
SUCCESS, RETRIES_EXHAUSTED = "Success", "RetriesExhausted"
EVENT_AGE_EXCEEDED, ZERO_RESERVED_CONCURRENCY = "EventAgeExceeded", "ZeroReservedConcurrency"
#: not one of Lambda's: the function, version or alias was deleted while the event waited
FUNCTION_DELETED = "FunctionDeleted"
#: nor is this told anywhere: the function was stopped as part of a recursive loop
RECURSIVE_INVOCATION = "RecursiveInvocation"

#: seconds between an attempt that the function failed and the next
RETRY_WAITS_S = (60.0, 120.0)
#: throttles and system errors: the first wait is doubled each time, up to the last
FIRST_BACKOFF_S, LAST_BACKOFF_S = 1.0, 300.0


class Came(Enum):
    """What one attempt came to."""

    TO_SUCCESS = "success"
    #: the function failed, or its environment did: timeout, exit, out of memory
    TO_AN_ERROR = "error"
    #: no concurrency was free, or no environment could be made: nothing ran
    TO_NOTHING = "nothing"


class Rules(NamedTuple):
    """What a function asks for: retries after errors of its own, and how old an event may become, in seconds."""

    retries: int = DEFAULT_RETRIES
    event_age_s: float = DEFAULT_EVENT_AGE_S


class Progress(NamedTuple):
    """How far an event is: `attempts` that the function has failed, `setbacks` since the last of them that ran nothing."""

    accepted_at: float
    attempts: int = 0
    setbacks: int = 0


class Again(NamedTuple):
    """The event is tried again, or looked at because its age is over then."""

    at: float
    progress: Progress


class Over(NamedTuple):
    """The event is tried no more; `attempts` is the record's approximateInvokeCount."""

    condition: str
    attempts: int

    @property
    def is_success(self) -> bool:
        """Whether the result goes to the destination for successes."""
        return self.condition == SUCCESS


def before_attempt(progress: Progress, rules: Rules, reserved: int | None, now: float, opened_at: float) -> Over | None:
    """Why an event that is due is not tried, if it is not.

    `reserved` is the function's own concurrency, if it has any. While the session was closed, until `opened_at`, nothing
    could be tried: that counts only for an event that had been tried before.
    """
    if reserved == 0:
        return Over(ZERO_RESERVED_CONCURRENCY, progress.attempts)
    was_tried = progress.attempts or progress.setbacks
    since = progress.accepted_at if was_tried else max(progress.accepted_at, opened_at)
    return Over(EVENT_AGE_EXCEEDED, progress.attempts) if now >= since + rules.event_age_s else None


def after_attempt(progress: Progress, came: Came, rules: Rules, now: float) -> Again | Over:
    """What becomes of an event after an attempt that ended at `now`."""
    if came is Came.TO_SUCCESS:
        return Over(SUCCESS, progress.attempts + 1)
    expires_at = progress.accepted_at + rules.event_age_s
    if came is Came.TO_NOTHING:
        wait = min(FIRST_BACKOFF_S * 2 ** min(progress.setbacks, 16), LAST_BACKOFF_S)
        following = progress._replace(setbacks=progress.setbacks + 1)
        return (
            Over(EVENT_AGE_EXCEEDED, progress.attempts) if now >= expires_at else Again(min(now + wait, expires_at), following)
        )
    failed = Progress(progress.accepted_at, progress.attempts + 1)
    if failed.attempts > rules.retries:
        return Over(RETRIES_EXHAUSTED, failed.attempts)
    if now >= expires_at:
        return Over(EVENT_AGE_EXCEEDED, failed.attempts)
    wait = RETRY_WAITS_S[min(progress.attempts, len(RETRY_WAITS_S) - 1)]
    return Again(min(now + wait, expires_at), failed)


def backoff_s(times: int) -> float:
    """How long to wait after something has failed, for no fault of the function, when it had failed so many times before."""
    return min(FIRST_BACKOFF_S * 2.0 ** min(times, 16), LAST_BACKOFF_S)
