"""Decide what is sent on of an event that is over, and when what could not be sent is tried again. Pure."""

from __future__ import annotations

from typing import NamedTuple

from jlambda.model.delivery import (
    DEAD_LETTER,
    ON_FAILURE,
    ON_SUCCESS,
    Delivery,
    Kind,
    Response,
    error_message,
    result_document,
)
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S
from jlambda.model.lineage import hop
from jlambda.service.outcomes import Over, Rules, backoff_s
from jlambda.store.queued_event import QueuedEvent


class Policy(NamedTuple):
    """What a function, version or alias wants done with its events; destinations are ARNs."""

    rules: Rules = Rules()
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


def deliveries_of(
    event: QueuedEvent, over: Over, response: Response | None, policy: Policy, function_arn: str, now: float
) -> list[Delivery]:
    """What is sent on of an event; `response` is that of its last attempt, `function_arn` has the qualifier invoked."""
    wanted: list[tuple[str | None, Kind]]
    wanted = (
        [(policy.on_success, ON_SUCCESS)]
        if over.is_success
        else [(policy.on_failure, ON_FAILURE), (policy.dead_letter, DEAD_LETTER)]
    )
    # the header that the function ran with: whatever is sent is one further in the chain of events
    trace_id = hop(event.trace_id, ":".join(function_arn.split(":")[:7]), event.request_id, now).trace_id
    made = []
    for arn, kind in wanted:
        if arn is not None:
            body = event.event
            if kind != DEAD_LETTER:
                about = function_arn, event.request_id, over.condition, over.attempts
                body = result_document(*about, event.event, response, now)
            code = "429" if response is None else "200"
            sent = arn, kind, function_arn, event.request_id, trace_id, body
            made.append(Delivery(*sent, code, error_message(response), now, now))
    return made


def next_try(delivery: Delivery, is_final: bool, now: float) -> float | None:
    """When a delivery that has failed is tried again; None if it is given up: because it never will succeed, or for its age."""
    if is_final or now >= delivery.created_at + DEFAULT_EVENT_AGE_S:
        return None
    return now + backoff_s(delivery.attempts)
