"""Triggers that are event source mappings: ``sqs:QUEUE``, ``dynamodb:TABLE``, ``kinesis:STREAM``.

A queue, table or stream that is not there is made, and a table's stream is switched on; the mapping does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from jlambda.errors import LambdaError, ResourceInUse
from jlambda.model.arn import Account
from jlambda.model.destination import destination_arn, destination_name
from jlambda.model.mapping import EventSourceMapping
from jlambda.model.trigger import Trigger
from jlambda.model.trigger_options import Value
from jlambda.service.control import ControlPlane
from jlambda.service.inventory import OF_TRIGGERS, Inventory
from jlambda.service.mappings import Mappings
from jlambda.service.triggers import Attached

MAPPED = ("sqs", "dynamodb", "kinesis")
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's timeout
_VISIBILITY_FACTOR, _LEAST_VISIBILITY_S, _MOST_VISIBILITY_S = 6, 30, 43_200
#: how long a mapping that is being changed, or a stream that is being made, is waited for
_PATIENCE_S = 30.0

#: options that are members of the same value, by name, with what they are unless given
_PLAIN: dict[str, tuple[str, Value]] = {"window": ("MaximumBatchingWindowInSeconds", 0)}
_STREAM_PLAIN: dict[str, tuple[str, Value]] = {
    **_PLAIN,
    "parallel": ("ParallelizationFactor", 1),
    "bisect": ("BisectBatchOnFunctionError", False),
    "retries": ("MaximumRetryAttempts", -1),
    "max_age": ("MaximumRecordAgeInSeconds", -1),
    "tumbling_window": ("TumblingWindowInSeconds", 0),
}


def members_of(trigger: Trigger, account: Account) -> dict[str, Any]:
    """What a trigger's options say of its mapping: all members, so that those of an earlier one do not stay."""
    is_queue = trigger.kind == "sqs"
    plain = {"batch_size": ("BatchSize", 10 if is_queue else 100), **(_PLAIN if is_queue else _STREAM_PLAIN)}
    members: dict[str, Any] = {}
    for name, (member, unless) in plain.items():
        given = trigger.get(name)
        members[member] = unless if given is None else given
    if is_queue:
        if members["BatchSize"] > 10 and trigger.get("window") is None and not trigger.target.endswith(".fifo"):
            members["MaximumBatchingWindowInSeconds"] = 1  # AWS wants one, to gather so many
        most = trigger.get("max_concurrency")
        members["ScalingConfig"] = {} if most is None else {"MaximumConcurrency": most}
    else:
        failure = trigger.get("on_failure")
        members["DestinationConfig"] = {"OnFailure": {"Destination": destination_arn(str(failure), account)} if failure else {}}
    members["FunctionResponseTypes"] = ["ReportBatchItemFailures"] if trigger.get("report_failures") else []
    members["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in trigger.all("filter")]}
    members["Enabled"] = not trigger.get("disabled")
    return members


def start_of(trigger: Trigger) -> dict[str, Any]:
    """Where a new mapping of a stream begins: with what comes from now on, unless the trigger says else."""
    start = str(trigger.get("start") or "LATEST")
    if start in ("LATEST", "TRIM_HORIZON"):
        return {"StartingPosition": start}
    moment = datetime.fromisoformat(start)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": moment.timestamp()}


def trigger_of(mapping: EventSourceMapping) -> Trigger:
    """A mapping as a trigger, with the options that are not the usual ones."""
    members, is_queue = mapping.members, mapping.kind == "sqs"
    target = str(mapping.source_arn).split("/")[1] if not is_queue else str(mapping.source_arn).rpartition(":")[2]
    plain = {"batch_size": ("BatchSize", 10 if is_queue else 100), **(_PLAIN if is_queue else _STREAM_PLAIN)}
    options: list[tuple[str, Value]] = []
    for name, (member, unless) in plain.items():
        if members.get(member, unless) != unless:
            options.append((name, members[member]))
    if members.get("FunctionResponseTypes"):
        options.append(("report_failures", True))
    options += [("filter", each["Pattern"]) for each in (members.get("FilterCriteria") or {}).get("Filters") or ()]
    most = (members.get("ScalingConfig") or {}).get("MaximumConcurrency")
    failure = ((members.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    start = members.get("StartingPosition")
    if start == "AT_TIMESTAMP":
        start = datetime.fromtimestamp(members["StartingPositionTimestamp"], UTC).isoformat()
    _, _, _, region, account, _ = str(mapping.source_arn).split(":", 5)
    failure = failure and destination_name(failure, Account(account, region))
    others = {"max_concurrency": most, "on_failure": failure, "start": None if start == "LATEST" else start}
    options += [(name, value) for name, value in others.items() if value]
    return Trigger(mapping.kind, target, tuple(sorted(options, key=lambda each: each[0])))


class MappingTriggers:
    """The triggers of one session that are mappings. `client` makes a boto3 client of a service."""

    def __init__(
        self,
        mappings: Mappings,
        control: ControlPlane,
        account: Account,
        client: Callable[[str], Any],
        inventory: Inventory,
    ) -> None:
        self._mappings, self._control, self._account, self._client = mappings, control, account, client
        self._inventory = inventory

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Make the mapping, and what it is of; or give the one that is there the trigger's options."""
        reference = function if qualifier is None else f"{function}:{qualifier}"
        source_arn, made = {"sqs": self._queue, "dynamodb": self._table, "kinesis": self._stream}[trigger.kind](
            trigger, self._control.get(reference).timeout_s
        )
        made_for_failures = self._destination(trigger)
        before = [each for each in self._mappings.list(reference, source_arn) if each.goal]
        if before:
            self._settled(before[0].uuid)
            self._mappings.update(before[0].uuid, members_of(trigger, self._account))
        else:
            start = {} if trigger.kind == "sqs" else start_of(trigger)
            request = {"FunctionName": reference, "EventSourceArn": source_arn, **start, **members_of(trigger, self._account)}
            self._settled(self._mappings.create(request).uuid)
        return [*made, *made_for_failures]

    def detach(self, attached: Attached) -> None:
        """Delete the mapping; its queue, table or stream stays."""
        self._settled(attached.id)
        self._mappings.delete(attached.id)

    def list(self) -> Sequence[Attached]:
        """All mappings of queues and streams."""
        found = [each for each in self._mappings.list() if each.kind in MAPPED and each.source_arn]
        return [
            Attached(each.uuid, each.function, each.qualifier, trigger_of(each), each.state, self._note(each)) for each in found
        ]

    def enable(self, attached: Attached) -> None:
        """Have the mapping deliver again."""
        self._settled(attached.id)
        self._mappings.update(attached.id, {"Enabled": True})

    def disable(self, attached: Attached) -> None:
        """Have the mapping deliver nothing."""
        self._settled(attached.id)
        self._mappings.update(attached.id, {"Enabled": False})

    def _note(self, mapping: EventSourceMapping) -> str:
        result = self._mappings.last_result(mapping)
        return "" if result is None else result

    def _settled(self, uuid: str) -> None:
        """Wait until a mapping can be changed."""
        deadline = time.monotonic() + _PATIENCE_S
        while (found := self._mappings.find(uuid)) is not None and found.state != found.goal:
            if time.monotonic() > deadline:
                raise ResourceInUse(f"the event source mapping {uuid} is still {found.state}: try again later")
            time.sleep(0.05)

    def _queue(self, trigger: Trigger, timeout_s: int) -> tuple[str, Sequence[str]]:
        client, name = self._client("sqs"), trigger.target
        arn = f"arn:aws:sqs:{self._account.region}:{self._account.id}:{name}"
        if _is_there(lambda: client.get_queue_url(QueueName=name)):
            return arn, []
        visibility_s = min(max(_LEAST_VISIBILITY_S, _VISIBILITY_FACTOR * timeout_s), _MOST_VISIBILITY_S)
        attributes = {"VisibilityTimeout": str(visibility_s)}
        if name.endswith(".fifo"):
            attributes |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        client.create_queue(QueueName=name, Attributes=attributes)
        return arn, [f"queue {name} was not there: created, with a visibility timeout of {visibility_s} s"]

    def _destination(self, trigger: Trigger) -> Sequence[str]:
        """Where a stream's records go that are given up; what is named shortly is made if it is not there."""
        given = trigger.get("on_failure")
        if given is None:
            return []
        service, _, name = str(given).partition(":")
        if destination_arn(str(given), self._account) == given:
            return []
        kind = OF_TRIGGERS[service]
        if name in self._inventory.ask(kind):
            return []
        self._inventory.create(kind, name)
        return [f"{kind} {name} was not there: created, for records that are given up"]

    def _table(self, trigger: Trigger, _: int) -> tuple[str, Sequence[str]]:
        client, name = self._client("dynamodb"), trigger.target
        view = str(trigger.get("view") or "NEW_AND_OLD_IMAGES")
        stream = {"StreamEnabled": True, "StreamViewType": view}
        made = []
        if not _is_there(lambda: client.describe_table(TableName=name)):
            key = str(trigger.get("key") or "id")
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification=stream,
            )
            made.append(f"table {name} was not there: created, with the text {key!r} as its key and a stream of {view}")
            client.get_waiter("table_exists").wait(TableName=name)
        table = client.describe_table(TableName=name)["Table"]
        specification = table.get("StreamSpecification") or {}
        if not specification.get("StreamEnabled"):
            client.update_table(TableName=name, StreamSpecification=stream)
            made.append(f"the stream of table {name} was off: switched on, with {view}")
            table = client.describe_table(TableName=name)["Table"]
        elif trigger.get("view") not in (None, specification.get("StreamViewType")):
            raise LambdaError(
                f"trigger {trigger.key!r}: the stream of table {name} has {specification.get('StreamViewType')}, not {view}: "
                "leave out view, or switch the stream off first"
            )
        return str(table["LatestStreamArn"]), made

    def _stream(self, trigger: Trigger, _: int) -> tuple[str, Sequence[str]]:
        client, name = self._client("kinesis"), trigger.target
        arn = f"arn:aws:kinesis:{self._account.region}:{self._account.id}:stream/{name}"
        if _is_there(lambda: client.describe_stream_summary(StreamName=name)):
            return arn, []
        count = trigger.get("shards") or 1
        client.create_stream(StreamName=name, ShardCount=count)
        client.get_waiter("stream_exists").wait(StreamName=name)
        return arn, [f"stream {name} was not there: created, with {count} shard{'' if count == 1 else 's'}"]


def _is_there(ask: Callable[[], object]) -> bool:
    """Whether an operation finds what it asks for; boto3's error for what is not there is one of its service's own."""
    try:
        ask()
    except Exception as error:
        code = str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))
        if "NotFound" in code or "NonExistent" in code or "DoesNotExist" in code or code == "404":
            return False
        raise
    return True
