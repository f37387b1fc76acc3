"""Rules of EventBridge and schedules of its Scheduler as values, and what each sends to its targets. Pure.

Read from what the services answer to ListRules, ListTargetsByRule and GetSchedule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jlambda.model.matching import matches

#: what a template may say of a rule and an event besides its own paths
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_STEP = re.compile(r"\.?([A-Za-z0-9_\-@:/ ]+)|\[(\d+|\*)\]|\[['\"]([^'\"]+)['\"]\]|\.(\*)")
_MISSING = object()
#: what failed is tried again after so many seconds, twice as many each time
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 1.0, 900.0

Members = Mapping[str, Any]


class RetryPolicy(NamedTuple):
    """How often, and until what age, what a target could not take for the moment is tried again.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html
    """

    retries: int = 185
    age_s: float = 86_400.0


def retry_at(policy: RetryPolicy, since: float, retries: int, now: float) -> float | str:
    """When something is tried again that was retried so often; where it is not, AWS's name for what is exhausted."""
    if retries >= policy.retries:
        return "MaximumRetryAttempts"
    at = now + min(_FIRST_BACKOFF_S * 2.0 ** min(retries, 16), _LAST_BACKOFF_S)
    return at if at <= since + policy.age_s else "MaximumEventAgeInSeconds"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule or schedule sends, as the service has it: `members` are those of the API's Target."""

    arn: str
    members: Members

    @property
    def dead_letter_arn(self) -> str | None:
        """The queue for what cannot be delivered."""
        found: str | None = (self.members.get("DeadLetterConfig") or {}).get("Arn")
        return found

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often it is tried again."""
        given, usual = self.members.get("RetryPolicy") or {}, RetryPolicy()
        return RetryPolicy(given.get("MaximumRetryAttempts", usual.retries), given.get("MaximumEventAgeInSeconds", usual.age_s))

    @property
    def message_group(self) -> str | None:
        """The group of messages to a FIFO queue."""
        found: str | None = (self.members.get("SqsParameters") or {}).get("MessageGroupId")
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, enabled or not: a pattern of events or a schedule, or both."""

    name: str
    bus: str
    arn: str
    pattern: Members | None
    schedule: str | None
    is_enabled: bool
    targets: tuple[Target, ...] = ()

    def wants(self, event: Members) -> bool:
        """Whether it is enabled and its pattern matches `event`."""
        return self.is_enabled and self.pattern is not None and matches(self.pattern, event)


def rule_of(members: Members, targets: list[dict[str, Any]]) -> Rule:
    """The rule that ListRules and ListTargetsByRule tell of."""
    pattern = members.get("EventPattern")
    return Rule(
        members["Name"],
        members.get("EventBusName", "default"),
        members["Arn"],
        json.loads(pattern) if pattern else None,
        members.get("ScheduleExpression") or None,
        members.get("State", "ENABLED") != "DISABLED",
        tuple(Target(each["Arn"], each) for each in targets),
    )


def target_input(target: Target, event: Members, rule: Rule, ingested: str) -> str:
    """What a target of `rule` gets for `event`, as JSON; `ingested` is when EventBridge took it in, in ISO form."""
    if (constant := target.members.get("Input")) is not None:
        return str(constant)
    if path := target.members.get("InputPath"):
        found = at_path(event, path)
        return json.dumps(None if found is _MISSING else found)
    transformer = target.members.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    values = {name: at_path(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    known = {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": ingested,
        "aws.events.event": {name: member for name, member in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    return transformed(transformer["InputTemplate"], {**known, **values})


def at_path(event: Any, path: str) -> Any:
    """What stands at a path such as ``$.detail.items[0].name``, every element for ``[*]``; a marker where nothing does."""
    rest, found = path.strip().removeprefix("$"), event
    while rest:
        step = _STEP.match(rest)
        if step is None:
            return _MISSING
        rest = rest[step.end() :]
        name, index, quoted, star = step.groups()
        if star or index == "*":
            members = list(found.values()) if isinstance(found, Mapping) else found if isinstance(found, list) else []
            return [each for member in members if (each := at_path(member, f"${rest}")) is not _MISSING]
        if index is not None:
            if not isinstance(found, list) or int(index) >= len(found):
                return _MISSING
            found = found[int(index)]
        else:
            key = name or quoted
            if not isinstance(found, Mapping) or key not in found:
                return _MISSING
            found = found[key]
    return found


def transformed(template: str, values: Members) -> str:
    """A template with its placeholders filled in, as JSON.

    Within quotes a value is text, and without quotes JSON; what the event has not is nothing there, and null here. A
    template that is no JSON becomes text.
    """
    inside = _quoted(template)

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[1], match[0])
        if value is _MISSING:
            return "" if inside[match.start()] else "null"
        if not inside[match.start()]:
            return json.dumps(value)
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    made = _PLACEHOLDER.sub(fill, template)
    try:
        json.loads(made)
    except ValueError:
        # several lines, each in quotes of its own, or none at all
        lines = [_unquoted(line.strip()) for line in made.strip().splitlines()]
        return json.dumps("\n".join(lines))
    return made


def _quoted(template: str) -> list[bool]:
    """For each character, whether it stands within quotes."""
    found, is_inside, is_escaped = [], False, False
    for char in template:
        if char == '"' and not is_escaped:
            is_inside = not is_inside
        is_escaped = char == "\\" and not is_escaped
        found.append(is_inside)
    return found


def _unquoted(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return found if isinstance(found, str) else line
