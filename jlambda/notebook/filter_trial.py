"""Would a trigger start its function with an event? Told by the rules of its service. Pure."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from jlambda.errors import InvalidParameter
from jlambda.model.filters import notified, subscribed, wanted
from jlambda.model.matching import matches
from jlambda.model.trigger import Trigger, notified_of
from jlambda.telemetry.log_pattern import compiled

#: by kind of trigger, what the names of its sample events begin with
SAMPLES_OF = {
    "sqs": "sqs:",
    "dynamodb": "dynamodb:",
    "kinesis": "kinesis:",
    "sns": "sns:",
    "s3": "s3:",
    "events": "eventbridge:",
    "logs": "logs:",
}


def outcome(trigger: Trigger, event: object) -> tuple[bool, str]:
    """Whether `event` gets through, at least in part, and how much of it in words. Raises `InvalidParameter`.

    An event is what the function would get: of a batch each record is looked at by itself.
    """
    if trigger.kind == "events":
        is_match = matches(json.loads(trigger.target), event)
        return is_match, "lets this event through" if is_match else "does not let this event through"
    name, records = _records(trigger.kind, event)
    try:
        through = sum(map(_test(trigger), records))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidParameter(f"this is no event of {trigger.kind}: {type(error).__name__} {error}") from None
    if len(records) == 1:
        return bool(through), f"{'lets' if through else 'does not let'} this {name} through"
    return bool(through), f"lets {through} of {len(records)} {name}s through"


def _records(kind: str, event: object) -> tuple[str, list[Any]]:
    member, name = ("logEvents", "log event") if kind == "logs" else ("Records", "record")
    if not isinstance(event, dict):
        raise InvalidParameter("the event is no JSON object")
    if kind == "logs" and "awslogs" in event:  # as functions get it
        found = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))[member]
    else:
        found = event.get(member, [event])
    if not isinstance(found, list) or not found:
        raise InvalidParameter(f"the event has no {name}s")
    return name, found


def _test(trigger: Trigger) -> Callable[[Any], bool]:
    if trigger.kind == "s3":
        events, rules = notified_of(trigger)
        return lambda it: notified(it["eventName"], unquote_plus(it["s3"]["object"]["key"]), events, rules)
    if trigger.kind == "sns":
        policy, scope = json.loads(str(trigger.get("filter") or "{}")), str(trigger.get("scope") or "MessageAttributes")
        return lambda it: subscribed(policy, scope, it["Sns"]["Message"], it["Sns"].get("MessageAttributes") or {})
    if trigger.kind == "logs":
        pattern = compiled(str(trigger.get("filter") or ""))
        return lambda it: bool(pattern(it["message"]))
    patterns = [json.loads(str(each)) for each in trigger.all("filter")]
    return lambda it: wanted(it, patterns)
