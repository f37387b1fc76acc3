"""What is done with asynchronous events, by function and qualifier."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.event_invoke import EventInvokeConfigs
from jlambda.service.targets import Targets
from jlambda.store.database import Database

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


@pytest.fixture
def configs(database: Database, targets: Targets) -> EventInvokeConfigs:
    """Nothing said yet, on a clock that stands."""
    return EventInvokeConfigs(database, targets, Account(), threading.RLock(), lambda: 1_700_000_000.0)


def to(arn: str, member: str = "OnFailure") -> dict[str, Any]:
    """A request for one destination."""
    return {"DestinationConfig": {member: {"Destination": arn}}}


def test_put_says_all_anew_and_update_a_part(configs: EventInvokeConfigs) -> None:
    """What a put does not name is not set any more; what an update does not name stays."""
    made = configs.put("f", None, {"MaximumRetryAttempts": 0, **to(QUEUE)})
    assert (made.function, made.qualifier, made.retries, made.event_age_s) == ("f", "$LATEST", 0, None)
    assert made.destinations == {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}
    assert (made.destination(True), made.destination(False), made.last_modified) == (None, QUEUE, 1_700_000_000.0)
    changed = configs.update("f", "$LATEST", {"MaximumEventAgeInSeconds": 60})
    assert (changed.retries, changed.event_age_s, changed.destination(False)) == (0, 60, QUEUE)
    assert configs.get(f"{ARN}f") == changed
    again = configs.put("f", None, {"MaximumRetryAttempts": 1})
    assert (again.retries, again.event_age_s, again.destinations) == (1, None, {"OnSuccess": {}, "OnFailure": {}})
    assert configs.update("f", None, to("")).destinations == {"OnSuccess": {}, "OnFailure": {}}


def test_each_qualifier_has_its_own(configs: EventInvokeConfigs) -> None:
    """Listed by qualifier; deleted one by one."""
    for qualifier in (None, "1", "live"):
        configs.put("f", qualifier, {"MaximumRetryAttempts": 1})
    assert [each.qualifier for each in configs.list("f")] == ["$LATEST", "1", "live"]
    configs.delete("f:live")
    assert configs.find("f", "live") is None
    assert [each.qualifier for each in configs.list("f")] == ["$LATEST", "1"]
    assert configs.list("g") == []


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (lambda c: c.put("h", None, {"MaximumRetryAttempts": 1}), ResourceNotFound, "The function doesn't exist."),
        (lambda c: c.put("f", "9", {"MaximumRetryAttempts": 1}), ResourceNotFound, "The function doesn't exist."),
        (lambda c: c.put("f", "dead", {"MaximumRetryAttempts": 1}), ResourceNotFound, "The function doesn't exist."),
        (lambda c: c.list("h"), ResourceNotFound, "The function doesn't exist."),
        (
            lambda c: c.put("f", None, {}),
            InvalidParameter,
            "You must specify at least one of error handling or destination setting.",
        ),
        (
            lambda c: c.update("g", None, {"MaximumRetryAttempts": 1}),
            ResourceNotFound,
            f"The function {ARN}g:$LATEST doesn't have an EventInvokeConfig",
        ),
        (lambda c: c.get("f", "live"), ResourceNotFound, f"The function {ARN}f:live doesn't have an EventInvokeConfig"),
        (lambda c: c.delete("h"), ResourceNotFound, f"The function {ARN}h:$LATEST doesn't have an EventInvokeConfig"),
        (
            lambda c: c.put("f", "1", to(f"{ARN}f")),
            InvalidParameter,
            "You can't specify the function as a destination for itself.",
        ),
        (lambda c: c.put("f", None, to(f"{ARN}h")), InvalidParameter, f"The destination ARN {ARN}h is invalid."),
        (
            lambda c: c.put("f", None, to(f"{ARN}g".replace("lambda", "iam"), "OnSuccess")),
            InvalidParameter,
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
            f"{ARN.replace('lambda', 'iam')}g), onFailure=null) is invalid.",
        ),
    ],
)
def test_what_is_refused(configs: EventInvokeConfigs, act: Any, error: type[LambdaError], said: str) -> None:
    """AWS's words, and what was said before stays."""
    before = configs.put("f", None, {"MaximumRetryAttempts": 2})
    with pytest.raises(error) as caught:
        act(configs)
    assert caught.value.aws_message == said
    assert configs.list("f") == [before]


@pytest.mark.parametrize(
    "arn", [QUEUE, f"{ARN}g", f"{ARN}g:1", "arn:aws:s3:::bucket", "arn:aws:events:us-east-1:1:event-bus/b"]
)
def test_where_results_may_go(configs: EventInvokeConfigs, arn: str) -> None:
    """Another function, a queue, a topic, a bus, a bucket."""
    assert configs.put("f", None, to(arn)).destination(False) == arn
