"""Event source mappings as records."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from jlambda.errors import InvalidParameter, LambdaError, ResourceConflict, ResourceInUse, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.model.mapping import EventSourceMapping
from jlambda.service.mappings import Mappings
from jlambda.service.targets import Targets
from jlambda.store.database import Database

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000"
KAFKA: dict[str, Any] = {
    "FunctionName": "f",
    "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000", "kafka:2000"]}},
    "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"}],
    "Topics": ["topic"],
    "StartingPosition": "LATEST",
}


class Clock:
    """A clock that moves when it is told to."""

    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


@pytest.fixture
def mappings(database: Database, targets: Targets, clock: Clock) -> Mappings:
    """No mapping yet; what changes takes 5 seconds."""
    return Mappings(database, targets, Account(), threading.RLock(), clock, settle_s=5)


def of(source: str, function: str = "f", **members: Any) -> dict[str, Any]:
    """A request for a mapping."""
    position = {} if ":sqs:" in source else {"StartingPosition": "LATEST"}
    return {"EventSourceArn": source, "FunctionName": function, **position, **members}


def test_a_queue_has_its_defaults(mappings: Mappings) -> None:
    """10 messages, no window, nothing that only streams have."""
    made = mappings.create(of(QUEUE, f"{ARN}f:live"))
    assert (made.function, made.qualifier, made.source_arn, made.kind) == ("f", "live", QUEUE, "sqs")
    assert made.members == {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
    assert (made.reason, made.last_result) == ("USER_INITIATED", None)
    assert mappings.function_arn(made) == f"{ARN}f:live"
    assert mappings.arn(made) == f"arn:aws:lambda:us-east-1:123456789012:event-source-mapping:{made.uuid}"


@pytest.mark.parametrize("source", [STREAM, TABLE])
def test_a_stream_has_its_defaults(mappings: Mappings, source: str) -> None:
    """100 records, retried for ever, in one go."""
    made = mappings.create(of(source))
    assert made.members == {
        "StartingPosition": "LATEST",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    }
    assert (made.reason, made.last_result) == ("User action", "No records processed")


def test_a_kafka_of_the_users_own(mappings: Mappings) -> None:
    """It gets a consumer group; the servers and topics tell it from others."""
    made = mappings.create(KAFKA)
    assert (made.source_arn, made.kind, made.members["BatchSize"]) == (None, "kafka", 100)
    assert len(made.members["SelfManagedKafkaEventSourceConfig"]["ConsumerGroupId"]) == 36
    with pytest.raises(ResourceConflict) as caught:
        mappings.create(KAFKA)
    assert str(caught.value) == (
        f'An event source mapping with event source ("kafka:1000,kafka:2000"), function ("{ARN}f"), topics ("topic") already '
        f"exists. Please update or delete the existing mapping with UUID {made.uuid}"
    )
    mappings.create({**KAFKA, "Topics": ["other"]})


@pytest.mark.parametrize(("enabled", "goal"), [(None, "Enabled"), (True, "Enabled"), (False, "Disabled")])
def test_a_mapping_goes_through_its_states(mappings: Mappings, clock: Clock, enabled: bool | None, goal: str) -> None:
    """Creating, then what it is to be; changes, switches and deletion take their time too."""

    def state() -> str:
        return mappings.get(made.uuid).state

    made = mappings.create(of(QUEUE, Enabled=enabled))
    assert (made.state, state()) == ("Creating", "Creating")
    with pytest.raises(ResourceInUse, match="Cannot update the event source mapping because it is in use"):
        mappings.update(made.uuid, {})
    with pytest.raises(ResourceInUse, match="Cannot delete the event source mapping because it is in use"):
        mappings.delete(made.uuid)
    clock.now += 5
    assert state() == goal
    assert mappings.update(made.uuid, {"BatchSize": 5}).state == state() == "Updating"
    clock.now += 5
    assert (state(), mappings.get(made.uuid).members["BatchSize"]) == (goal, 5)
    for switch, moving, then in ((False, "Disabling", "Disabled"), (True, "Enabling", "Enabled")):
        mappings.update(made.uuid, {"Enabled": not switch})
        clock.now += 5
        assert mappings.update(made.uuid, {"Enabled": switch}).state == moving
        clock.now += 5
        assert state() == then
    assert mappings.delete(made.uuid).state == state() == "Deleting"
    clock.now += 5
    assert (mappings.list(), mappings.find(made.uuid)) == ([], None)


def test_without_a_delay_states_are_seen_by_who_makes_them(database: Database, targets: Targets) -> None:
    """The answer says Creating or Deleting; whoever looks afterwards sees what came of it."""
    mappings = Mappings(database, targets, Account(), threading.RLock())
    made = mappings.create(of(QUEUE))
    assert (made.state, mappings.get(made.uuid).state) == ("Creating", "Enabled")
    assert mappings.delete(made.uuid).state == "Deleting"
    with pytest.raises(ResourceNotFound):
        mappings.get(made.uuid)
    assert database.execute("select * from resources") == []


def test_who_delivers_is_told_of_each_change(mappings: Mappings, clock: Clock) -> None:
    """With the mapping as it is to be."""
    seen: list[EventSourceMapping] = []
    mappings.watch(seen.append)
    made = mappings.create(of(QUEUE))
    clock.now += 5
    mappings.update(made.uuid, {"Enabled": False})
    clock.now += 5
    mappings.delete(made.uuid)
    assert [(each.uuid, each.goal) for each in seen] == [(made.uuid, goal) for goal in ("Enabled", "Disabled", "")]


def test_mappings_are_listed_by_function_and_source(mappings: Mappings) -> None:
    """All, or those of a function or qualifier, or of a source, or of both."""
    for source, function in ((QUEUE, "f"), (QUEUE, "g"), (STREAM, "f"), (STREAM, "f:live")):
        mappings.create(of(source, function))
    assert len(mappings.list()) == 4
    assert {each.source_arn for each in mappings.list(f"{ARN}f")} == {QUEUE, STREAM}
    assert [each.qualifier for each in mappings.list("f:live")] == ["live"]
    assert {each.function for each in mappings.list(source_arn=QUEUE)} == {"f", "g"}
    assert len(mappings.list("f", QUEUE)) == 1


def test_an_update_changes_what_it_names(mappings: Mappings, clock: Clock) -> None:
    """The function too; an empty list of filters takes them away."""
    made = mappings.create(of(QUEUE, FilterCriteria={"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}))
    clock.now += 5
    changed = mappings.update(made.uuid, {"FunctionName": "g", "MaximumBatchingWindowInSeconds": 1, "BatchSize": 100})
    assert (changed.function, changed.members["BatchSize"], changed.last_modified) == ("g", 100, clock.now)
    assert changed.members["FilterCriteria"] == made.members["FilterCriteria"]
    clock.now += 5
    assert "FilterCriteria" not in mappings.update(made.uuid, {"FilterCriteria": {"Filters": []}}).members


@pytest.mark.parametrize(
    ("request_", "error", "said"),
    [
        ({"FunctionName": "f"}, InvalidParameter, "Unrecognized event source."),
        (of("arn:aws:s3:::bucket"), InvalidParameter, "Unrecognized event source."),
        (of("nonsense"), InvalidParameter, "Unrecognized event source."),
        (of(QUEUE, "h"), InvalidParameter, "Function does not exist"),
        (of(QUEUE, "f:9"), InvalidParameter, "Function does not exist"),
        (
            {name: value for name, value in KAFKA.items() if name != "SourceAccessConfigurations"},
            InvalidParameter,
            "Required 'sourceAccessConfigurations' parameter is missing.",
        ),
        (
            of(STREAM, StartingPosition=None),
            InvalidParameter,
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be "
            "null.",
        ),
        (of(QUEUE, StartingPosition="LATEST"), InvalidParameter, "StartingPosition is not valid for SQS event sources."),
        (
            of(STREAM, StartingPositionTimestamp=1.0),
            InvalidParameter,
            "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        ),
        (
            of(TABLE, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1.0),
            InvalidParameter,
            f"Unsupported starting position for arn type: {TABLE}",
        ),
        (
            of(STREAM, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=-1.0),
            InvalidParameter,
            "Received Exception while reading from provided stream. class java.lang.Long can not be converted to a Timestamp",
        ),
        (
            of(QUEUE, BatchSize=11),
            InvalidParameter,
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        (
            of(f"{QUEUE}.fifo", BatchSize=11),
            InvalidParameter,
            "BatchSize is 11: a FIFO queue gives at most 10 messages at a time",
        ),
        (
            of(f"{QUEUE}.fifo", MaximumBatchingWindowInSeconds=1),
            InvalidParameter,
            "MaximumBatchingWindowInSeconds is not supported for FIFO queues: leave it out",
        ),
        (
            of(STREAM, DestinationConfig={"OnSuccess": {"Destination": QUEUE}}),
            InvalidParameter,
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            of(QUEUE, DestinationConfig={"OnFailure": {"Destination": QUEUE}}),
            InvalidParameter,
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            of(QUEUE, ParallelizationFactor=2),
            InvalidParameter,
            "Unsupported ParallelizationFactor parameter for given event source mapping type.",
        ),
        (
            of(STREAM, ScalingConfig={"MaximumConcurrency": 5}),
            InvalidParameter,
            "ScalingConfig is for SQS event sources only: use ParallelizationFactor for a stream",
        ),
        (
            of(QUEUE, FilterCriteria={"Filters": [{"Pattern": '{"a": 1}'}]}),
            InvalidParameter,
            "Invalid filter pattern definition.",
        ),
        (
            of(QUEUE, FilterCriteria={"Filters": [{"Pattern": "{}"}] * 6}),
            InvalidParameter,
            "FilterCriteria has 6 filters: use at most 5",
        ),
    ],
)
def test_what_cannot_be_mapped(mappings: Mappings, request_: dict[str, Any], error: type[LambdaError], said: str) -> None:
    """AWS's words, and no mapping comes to be."""
    with pytest.raises(error) as caught:
        mappings.create(request_)
    assert caught.value.aws_message == said
    assert mappings.list() == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (QUEUE, f'An event source mapping with SQS arn (" {QUEUE} ") and function (" f ") already exists. '),
        (STREAM, f'The event source arn (" {STREAM} ") and function (" f ") provided mapping already exists. '),
    ],
)
def test_a_source_feeds_a_function_once(mappings: Mappings, clock: Clock, source: str, said: str) -> None:
    """A second mapping of both, made or changed to it, is a conflict that names the first."""
    made, other = mappings.create(of(source)), mappings.create(of(source, "g"))
    clock.now += 5
    said += f"Please update or delete the existing mapping with UUID {made.uuid}"
    with pytest.raises(ResourceConflict) as caught:
        mappings.create(of(source, f"{ARN}f"))
    assert str(caught.value) == said
    with pytest.raises(ResourceConflict) as caught:
        mappings.update(other.uuid, {"FunctionName": "f"})
    assert str(caught.value) == said
    assert mappings.update(made.uuid, {"FunctionName": "f"}).function == "f"


def test_what_is_not_there(mappings: Mappings) -> None:
    """AWS's words."""
    for act in (mappings.get, mappings.delete, lambda identity: mappings.update(identity, {})):
        with pytest.raises(ResourceNotFound, match=r"^The resource you requested does not exist\.$"):
            act("0123abcd-0123-abcd-0123-0123456789ab")
