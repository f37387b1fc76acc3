"""Event source mappings: which source feeds which function, and how. The rules of AWS's API; polls nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.event_pattern import FILTERS, is_pattern

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
_FIFO_BATCH = 10
#: a batch of more messages than this needs a window to gather them in
_BATCH_WITHOUT_WINDOW = 10

#: what only streams have, and what of that is not there for topics
_STREAM_ONLY = (
    *("ParallelizationFactor", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "MaximumRetryAttempts"),
    "TumblingWindowInSeconds",
)
_STREAM_DEFAULTS: dict[str, Any] = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
}
#: defaults by kind of source; recorded on AWS for SQS, Kinesis, DynamoDB and Kafka
_DEFAULTS: dict[str, dict[str, Any]] = {
    "sqs": {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0},
    "kinesis": _STREAM_DEFAULTS,
    "dynamodb": _STREAM_DEFAULTS,
    "kafka": {"BatchSize": 100, "DestinationConfig": {"OnFailure": {}}},
    "mq": {"BatchSize": 100},
    "documentdb": {"BatchSize": 100},
}
_STREAMS = ("kinesis", "dynamodb")
#: the kind of source by the service in its ARN
_KINDS = {"sqs": "sqs", "kinesis": "kinesis", "dynamodb": "dynamodb", "kafka": "kafka", "mq": "mq", "rds": "documentdb"}
#: members of a request that say what the mapping is of; all others say how it works
_IDENTITY = ("FunctionName", "EventSourceArn", "Enabled", "Tags", "UUID")


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """One mapping as it is kept. `members` are AWS's, with the defaults of its kind filled in.

    `source_arn` is None for a source of the user's own (Kafka); `state` is the one that it is in, or is leaving until
    `settles_at` for `goal` (Enabled, Disabled, or nothing for one that is being deleted); times are in seconds since
    the epoch.
    """

    uuid: str
    function: str
    qualifier: str | None
    source_arn: str | None
    members: Mapping[str, Any]
    state: str
    goal: str
    last_modified: float
    settles_at: float

    @property
    def kind(self) -> str:
        """sqs, kinesis, dynamodb, kafka, mq or documentdb."""
        return kind_of(self.source_arn, self.members)

    @property
    def reason(self) -> str:
        """Why it is in its state, in AWS's words."""
        return "User action" if self.kind in _STREAMS else "USER_INITIATED"

    @property
    def last_result(self) -> str | None:
        """What became of the last records, None where AWS does not tell."""
        return "No records processed" if self.kind != "sqs" else None

    def at(self, now: float) -> EventSourceMapping | None:
        """The mapping in the state that it has at a time; None once it is deleted."""
        if self.state == self.goal or now < self.settles_at:
            return self
        return replace(self, state=self.goal) if self.goal else None


def kind_of(source_arn: str | None, members: Mapping[str, Any]) -> str:
    """The kind of a source. Raises `InvalidParameter` for one that Lambda cannot read."""
    if members.get("SelfManagedEventSource"):
        return "kafka"
    kind = _KINDS.get((source_arn or "").split(":")[2] if (source_arn or "").count(":") >= 5 else "")
    if kind is None:
        raise InvalidParameter("Unrecognized event source.")
    return kind


def is_fifo(source_arn: str | None) -> bool:
    """Whether a source is a queue that keeps an order."""
    return (source_arn or "").endswith(".fifo")


def created_members(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a new mapping: what was asked for, and defaults. Raises `InvalidParameter`."""
    given = {name: value for name, value in request.items() if value is not None and name not in _IDENTITY}
    _check_source(request)
    source_arn = request.get("EventSourceArn")
    kind = kind_of(source_arn, given)
    _check_start(kind, source_arn, given)
    members = {**_DEFAULTS[kind], "FunctionResponseTypes": [], **given}
    return _checked(kind, source_arn, members, given)


def updated_members(before: EventSourceMapping, request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a mapping after an update: what `request` names is replaced. Raises `InvalidParameter`."""
    given = {name: value for name, value in request.items() if value is not None and name not in _IDENTITY}
    members = {**before.members, **given}
    if not (members.get("FilterCriteria") or {}).get("Filters"):
        members.pop("FilterCriteria", None)
    return _checked(before.kind, before.source_arn, members, given)


def conflict(mapping: EventSourceMapping, function_arn: str) -> str:
    """What no two mappings may have in common, as AWS says that there is one already."""
    function = mapping.function if mapping.qualifier is None else f"{mapping.function}:{mapping.qualifier}"
    if mapping.kind == "sqs":
        return f'An event source mapping with SQS arn (" {mapping.source_arn} ") and function (" {function} ") already exists.'
    if mapping.source_arn is None:
        servers = (mapping.members["SelfManagedEventSource"].get("Endpoints") or {}).get("KAFKA_BOOTSTRAP_SERVERS") or []
        topics = mapping.members.get("Topics") or []
        return (
            f'An event source mapping with event source ("{",".join(servers)}"), function ("{function_arn}"), '
            f'topics ("{",".join(topics)}") already exists.'
        )
    return f'The event source arn (" {mapping.source_arn} ") and function (" {function} ") provided mapping already exists.'


def _check_source(request: Mapping[str, Any]) -> None:
    destinations = request.get("DestinationConfig") or {}
    if destinations.get("OnSuccess"):
        raise InvalidParameter("Unsupported DestinationConfig parameter for given event source mapping type.")
    if request.get("SelfManagedEventSource"):
        if request.get("SourceAccessConfigurations") is None:
            raise InvalidParameter("Required 'sourceAccessConfigurations' parameter is missing.")
    elif not request.get("EventSourceArn"):
        raise InvalidParameter("Unrecognized event source.")


def _check_start(kind: str, source_arn: str | None, given: Mapping[str, Any]) -> None:
    position = given.get("StartingPosition")
    if kind == "sqs":
        if position is not None or "StartingPositionTimestamp" in given:
            raise InvalidParameter("StartingPosition is not valid for SQS event sources.")
        return
    if kind in _STREAMS and position is None:
        raise InvalidParameter(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be "
            "null."
        )
    if position != "AT_TIMESTAMP" and "StartingPositionTimestamp" in given:
        raise InvalidParameter("Timestamp only valid with StartingPosition AT_TIMESTAMP")
    if kind == "dynamodb" and position == "AT_TIMESTAMP":
        raise InvalidParameter(f"Unsupported starting position for arn type: {source_arn}")
    if position == "AT_TIMESTAMP" and given.get("StartingPositionTimestamp", 0) < 0:
        raise InvalidParameter(
            "Received Exception while reading from provided stream. class java.lang.Long can not be converted to a Timestamp"
        )


def _checked(kind: str, source_arn: str | None, members: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """`members` if they go together, and with this kind of source."""
    if kind == "sqs":
        _check_queue(source_arn, members)
    elif "ScalingConfig" in given:
        raise InvalidParameter("ScalingConfig is for SQS event sources only: use ParallelizationFactor for a stream")
    if kind not in _STREAMS and kind != "kafka":
        for name in (*_STREAM_ONLY, "DestinationConfig"):
            if name in given:
                raise InvalidParameter(f"Unsupported {name} parameter for given event source mapping type.")
    if members.get("TumblingWindowInSeconds") and (members.get("ParallelizationFactor") or 1) > 1:
        raise InvalidParameter(
            "TumblingWindowInSeconds needs a ParallelizationFactor of 1: the state of a window is its shard's"
        )
    destinations = members.get("DestinationConfig")
    if destinations is not None:
        if destinations.get("OnSuccess"):
            raise InvalidParameter("Unsupported DestinationConfig parameter for given event source mapping type.")
        failure = destinations.get("OnFailure") or {}
        members["DestinationConfig"] = {"OnFailure": failure if failure.get("Destination") else {}}
    filters = (members.get("FilterCriteria") or {}).get("Filters") or []
    if len(filters) > FILTERS:
        raise InvalidParameter(f"FilterCriteria has {len(filters)} filters: use at most {FILTERS}")
    if not all(is_pattern(each.get("Pattern")) for each in filters):
        raise InvalidParameter("Invalid filter pattern definition.")
    return members


def _check_queue(source_arn: str | None, members: Mapping[str, Any]) -> None:
    batch, window = members["BatchSize"], members["MaximumBatchingWindowInSeconds"]
    if is_fifo(source_arn):
        if window:
            raise InvalidParameter("MaximumBatchingWindowInSeconds is not supported for FIFO queues: leave it out")
        if batch > _FIFO_BATCH:
            raise InvalidParameter(f"BatchSize is {batch}: a FIFO queue gives at most {_FIFO_BATCH} messages at a time")
    elif batch > _BATCH_WITHOUT_WINDOW and not window:
        raise InvalidParameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than "
            f"{_BATCH_WITHOUT_WINDOW}"
        )
