"""One way to read the shards of Kinesis streams and of DynamoDB tables' streams. Plain calls of the AWS API.

Knows nothing of functions, and nothing of what was read before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from jlambda.model.events import streams
from jlambda.model.events.moments import seconds
from jlambda.model.filters import Pattern, wanted
from jlambda.sources.shard import StreamRecord

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html, and of DynamoDB streams: 1,000
MOST_RECORDS = {"kinesis": 10_000, "dynamodb": 1_000}


class StreamApi(Protocol):
    """What is asked of Kinesis, and of DynamoDB streams."""

    def describe_stream(self, **parameters: object) -> dict[str, Any]: ...
    def get_shard_iterator(self, **parameters: object) -> dict[str, Any]: ...
    def get_records(self, **parameters: object) -> dict[str, Any]: ...


class ShardInfo(NamedTuple):
    """A shard as its stream lists it."""

    id: str
    parents: tuple[str, ...]
    is_open: bool


class Page(NamedTuple):
    """What one read gave: the records as they came, and where to read on; None at the end of a closed shard."""

    records: list[dict[str, Any]]
    iterator: str | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Start:
    """Where a mapping begins: TRIM_HORIZON, LATEST, or AT_TIMESTAMP with seconds since the epoch."""

    position: str
    timestamp: float | None = None


class StreamClient:
    """One stream, of either kind, for one mapping."""

    def __init__(self, kind: str, arn: str, api: StreamApi, patterns: Sequence[Pattern], role_arn: str = "") -> None:
        self.kind, self.arn = kind, arn
        self._api, self._patterns, self._role_arn = api, patterns, role_arn
        self._name = {"StreamName": arn.rpartition("/")[2]} if kind == "kinesis" else {"StreamArn": arn}

    def shards(self) -> list[ShardInfo]:
        """All shards, in the order of the stream."""
        found: list[ShardInfo] = []
        further: dict[str, str] = {}
        while True:
            stream = self._api.describe_stream(**self._name, **further)["StreamDescription"]
            for each in stream.get("Shards") or ():
                parents = tuple(each[name] for name in ("ParentShardId", "AdjacentParentShardId") if each.get(name))
                is_open = "EndingSequenceNumber" not in each["SequenceNumberRange"]
                found.append(ShardInfo(each["ShardId"], parents, is_open))
            has_more = stream.get("HasMoreShards") or stream.get("LastEvaluatedShardId")
            if not has_more or not stream.get("Shards"):
                return found
            further = {"ExclusiveStartShardId": found[-1].id}

    def begin(self, shard_id: str, start: Start) -> str:
        """An iterator at the place where a mapping begins."""
        parameters: dict[str, object] = {"ShardIteratorType": start.position}
        if start.timestamp is not None:
            parameters["Timestamp"] = datetime.fromtimestamp(start.timestamp, UTC)
        return self._iterator(shard_id, parameters)

    def after(self, shard_id: str, sequence: str) -> str:
        """An iterator behind a record."""
        return self._iterator(shard_id, {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", self._sequence_name: sequence})

    def has(self, shard_id: str, sequence: str) -> bool:
        """Whether a shard has this record: one that was begun anew has not."""
        place: dict[str, object] = {"ShardIteratorType": "AT_SEQUENCE_NUMBER", self._sequence_name: sequence}
        try:
            page = self.read(self._iterator(shard_id, place), 1)
        except Exception:  # an answer of its own for each kind of service
            return False
        return bool(page.records) and self._sequence(page.records[0]) == sequence

    def last_sequence(self, shard_id: str) -> str | None:
        """The sequence number of the last record that a shard has; None if it has none."""
        iterator: str | None = self.begin(shard_id, Start("TRIM_HORIZON"))
        last = None
        while iterator is not None:
            page = self.read(iterator, MOST_RECORDS[self.kind])
            if not page.records:
                return last
            last, iterator = self._sequence(page.records[-1]), page.iterator
        return last

    def read(self, iterator: str, count: int) -> Page:
        """The next records, at most `count`."""
        answer = self._api.get_records(ShardIterator=iterator, Limit=min(count, MOST_RECORDS[self.kind]))
        records, behind = answer.get("Records") or [], answer.get("MillisBehindLatest")
        return Page(records, answer.get("NextShardIterator"), not records and not behind)

    def record(self, given: dict[str, Any], shard_id: str, read_at: float) -> StreamRecord:
        """A record as the function gets it."""
        if self.kind == "kinesis":
            event = streams.kinesis_record(given, shard_id, self.arn, self._role_arn)
            key, arrived = given["PartitionKey"], given["ApproximateArrivalTimestamp"]
        else:
            event = streams.dynamodb_record({**given, "eventVersion": "1.1"}, self.arn)
            key = json.dumps(event["dynamodb"].get("Keys"), sort_keys=True)
            arrived = given["dynamodb"]["ApproximateCreationDateTime"]
        text = json.dumps(event).encode()
        sequence, is_wanted = self._sequence(given), wanted(event, self._patterns)
        return StreamRecord(sequence, key, seconds(arrived), read_at, text, is_wanted)

    @property
    def _sequence_name(self) -> str:
        return "StartingSequenceNumber" if self.kind == "kinesis" else "SequenceNumber"

    def _sequence(self, record: dict[str, Any]) -> str:
        return str(record["SequenceNumber"] if self.kind == "kinesis" else record["dynamodb"]["SequenceNumber"])

    def _iterator(self, shard_id: str, place: dict[str, object]) -> str:
        return str(self._api.get_shard_iterator(**self._name, ShardId=shard_id, **place)["ShardIterator"])
