"""Tags of functions and of what else can have them."""

from __future__ import annotations

import threading

import pytest

from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.tags import Tags
from jlambda.service.targets import Targets
from jlambda.store.database import Database

ARN = "arn:aws:lambda:us-east-1:123456789012:"
UUID = "0123abcd-0123-abcd-0123-0123456789ab"


@pytest.fixture
def tags(database: Database, targets: Targets) -> Tags:
    """No tags yet; one event source mapping."""
    return Tags(database, targets, {"event-source-mapping": {UUID}.__contains__}, Account(), threading.RLock())


@pytest.mark.parametrize("resource", ["function:f", f"event-source-mapping:{UUID}"])
def test_tags_are_added_replaced_and_removed(tags: Tags, resource: str) -> None:
    """By key; keys that are not there are no error."""
    arn = ARN + resource
    assert tags.list(arn) == {}
    tags.add(arn, {"a": "1", "b": "1"})
    tags.add(arn, {"b": "2", "c": ""})
    assert tags.list(arn) == tags.of(resource) == {"a": "1", "b": "2", "c": ""}
    tags.remove(arn, ["a", "x"])
    assert tags.list(arn) == {"b": "2", "c": ""}
    tags.remove(arn, ["b", "c"])
    assert tags.list(arn) == {}
    assert tags.list(f"{ARN}function:g") == {}


def test_there_are_50_at_most(tags: Tags) -> None:
    """Counted after those that are there already; what is refused changes nothing."""
    arn = f"{ARN}function:f"
    tags.add(arn, {str(number): "" for number in range(50)})
    tags.add(arn, {"0": "again"})
    with pytest.raises(InvalidParameter, match=r"^Number of tags exceeds resource tag limit\.$"):
        tags.add(arn, {"one more": ""})
    assert len(tags.list(arn)) == 50
    with pytest.raises(InvalidParameter, match="'aws:x': keys that start with aws: are AWS's own"):
        tags.add(f"{ARN}function:g", {"aws:x": "1"})


@pytest.mark.parametrize(
    ("arn", "error", "said"),
    [
        (
            f"{ARN}function:f:1",
            InvalidParameter,
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ),
        (f"{ARN}function:h", ResourceNotFound, f"Function not found: {ARN}function:h"),
        (f"{ARN}event-source-mapping:x", ResourceNotFound, f"Event source mapping not found: {ARN}event-source-mapping:x"),
        (f"{ARN}capacity-provider:x", ResourceNotFound, f"Capacity provider not found: {ARN}capacity-provider:x"),
        (
            f"{ARN}code-signing-config:x",
            ResourceNotFound,
            f"The Lambda code signing configuration {ARN}code-signing-config:x can not be found.",
        ),
        (
            f"{ARN}layer:x",
            InvalidParameter,
            f"{ARN}layer:x cannot have tags: use the ARN of a function, event source mapping or code signing config",
        ),
        (
            f"{ARN}function:f".replace("us-east-1", "eu-west-1"),
            ResourceNotFound,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
    ],
)
def test_what_has_no_tags(tags: Tags, arn: str, error: type[LambdaError], said: str) -> None:
    """AWS's words."""
    with pytest.raises(error) as caught:
        tags.list(arn)
    assert caught.value.aws_message == said
