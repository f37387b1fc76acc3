"""What a function wants done with asynchronous events: how often and how long they are tried, and where results go. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account

# https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
DEFAULT_RETRIES = 2
DEFAULT_EVENT_AGE_S = 21_600

_SERVICES = ("lambda", "sns", "sqs", "events", "s3")


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """The settings of one qualifier of a function; None where nothing was said.

    `destinations` is AWS's DestinationConfig: ``{"OnSuccess": {"Destination": ARN}, "OnFailure": {}}``; `last_modified`
    is in seconds since the epoch.
    """

    function: str
    qualifier: str
    retries: int | None
    event_age_s: int | None
    destinations: Mapping[str, Mapping[str, str]]
    last_modified: float

    def destination(self, is_success: bool) -> str | None:
        """The ARN that results of one kind go to, None if nowhere."""
        return self.destinations.get("OnSuccess" if is_success else "OnFailure", {}).get("Destination")


def tidy_destinations(given: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """A DestinationConfig with both of its members; a destination that is given as nothing is none."""
    found = {}
    for member in ("OnSuccess", "OnFailure"):
        arn = ((given or {}).get(member) or {}).get("Destination")
        found[member] = {"Destination": arn} if arn else {}
    return found


def check_destinations(
    function: str, destinations: Mapping[str, Mapping[str, str]], functions: set[str], account: Account
) -> None:
    """Hold a tidy DestinationConfig of `function` to AWS's rules; `functions` are the names that there are.

    Raises `InvalidParameter`. Whether a queue, topic or bus is there is for the service that it belongs to.
    """
    for each in destinations.values():
        arn = each.get("Destination")
        if arn is None:
            continue
        parts = arn.split(":")
        if len(parts) < 6 or parts[2] not in _SERVICES:
            raise InvalidParameter(f"The provided destination config {_shown(destinations)} is invalid.")
        if parts[2] == "lambda":
            if ":".join(parts[:6]) != account.arn("function") or len(parts) < 7 or parts[6] not in functions:
                raise InvalidParameter(f"The destination ARN {arn} is invalid.")
            if parts[6] == function:
                raise InvalidParameter("You can't specify the function as a destination for itself.")


def _shown(destinations: Mapping[str, Mapping[str, str]]) -> str:
    """A DestinationConfig as AWS's messages have it."""
    members = []
    for member, each in destinations.items():
        arn = each.get("Destination")
        members.append(f"{member[0].lower()}{member[1:]}={f'{member}(destination={arn})' if arn else 'null'}")
    return f"DestinationConfig({', '.join(members)})"
