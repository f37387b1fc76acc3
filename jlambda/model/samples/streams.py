"""Samples of DynamoDB streams, Kinesis, Firehose and CloudWatch Logs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.events import logs, streams
from jlambda.model.samples.setting import Setting, text

Members = dict[str, Any]
VIEWS = ("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY")
_OLD: Members = {"id": "1", "status": "open"}
_NEW: Members = {"id": "1", "status": "paid"}


def attribute_value(value: object) -> Members:
    """A plain value as DynamoDB writes it: ``{"S": "text"}``. Raises `InvalidParameter` for what it has no type for."""
    if value is None or isinstance(value, bool):
        return {"NULL": True} if value is None else {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, Mapping):
        return {"M": {name: attribute_value(each) for name, each in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [attribute_value(each) for each in value]}
    raise InvalidParameter(f"{value!r} has no type of DynamoDB's: use text, numbers, true, false, null, lists and objects")


def _size(item: Mapping[str, Members]) -> int:
    """What DynamoDB counts: names and values in bytes."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
def _value_size(value: Members) -> int:
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + _size(content) + len(content)
    if kind == "L":
        return 3 + sum(_value_size(each) + 1 for each in content)
    if kind == "N":
        return (len(content.strip("-").replace(".", "")) + 1) // 2 + 1
    return 1 if kind in ("BOOL", "NULL") else len(content if isinstance(content, bytes) else content.encode())


def _dynamodb(
    setting: Setting,
    name: str,
    table: str,
    keys: Sequence[str],
    view: str,
    new: Mapping[str, object] | None,
    old: Mapping[str, object] | None,
) -> Members:
    if view not in VIEWS:
        raise InvalidParameter(f"view {view!r}: use {', '.join(VIEWS[:-1])} or {VIEWS[-1]}")
    item = new or old or {}
    if missing := [key for key in keys if key not in item]:
        raise InvalidParameter(f"the item has no attribute {missing[0]!r}, which is one of its keys")
    change: Members = {
        "ApproximateCreationDateTime": setting.at,
        "Keys": {key: attribute_value(item[key]) for key in keys},
    }
    if new is not None and view.startswith("NEW"):
        change["NewImage"] = {each: attribute_value(value) for each, value in new.items()}
    if old is not None and view in ("NEW_AND_OLD_IMAGES", "OLD_IMAGE"):
        change["OldImage"] = {each: attribute_value(value) for each, value in old.items()}
    change["SequenceNumber"] = setting.digits(21)
    change["SizeBytes"] = sum(_size(change[image]) for image in ("Keys", "NewImage", "OldImage") if image in change)
    change["StreamViewType"] = view
    record = {"eventID": setting.hex(32).lower(), "eventName": name, "eventVersion": "1.1", "dynamodb": change}
    stream = f"table/{table}/stream/2026-01-01T00:00:00.000"
    return {"Records": [streams.dynamodb_record(record, setting.arn("dynamodb", stream))]}


def dynamodb_insert(
    setting: Setting,
    *,
    table: str = "my-table",
    keys: Sequence[str] = ("id",),
    new: Mapping[str, object] = _NEW,
    view: str = VIEWS[0],
) -> Members:
    """An item was added to a table."""
    return _dynamodb(setting, "INSERT", table, keys, view, new, None)


def dynamodb_modify(
    setting: Setting,
    *,
    table: str = "my-table",
    keys: Sequence[str] = ("id",),
    new: Mapping[str, object] = _NEW,
    old: Mapping[str, object] = _OLD,
    view: str = VIEWS[0],
) -> Members:
    """An item was changed."""
    return _dynamodb(setting, "MODIFY", table, keys, view, new, old)


def dynamodb_remove(
    setting: Setting,
    *,
    table: str = "my-table",
    keys: Sequence[str] = ("id",),
    old: Mapping[str, object] = _OLD,
    view: str = VIEWS[0],
) -> Members:
    """An item was deleted."""
    return _dynamodb(setting, "REMOVE", table, keys, view, None, old)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else text(value).encode()


def kinesis_record(
    setting: Setting,
    *,
    stream: str = "my-stream",
    data: object = "Hello, this is a test.",
    batch: Sequence[object] | None = None,
    partition_key: str = "partition-1",
    role: str = "lambda-role",
) -> Members:
    """A batch of records of a Kinesis stream: one, or as many as there are in batch."""
    arn = setting.arn("kinesis", f"stream/{stream}")
    role_arn = f"arn:aws:iam::{setting.account.id}:role/{role}"
    records = [
        {
            "PartitionKey": partition_key,
            "SequenceNumber": setting.digits(56, number),
            "Data": _bytes(each),
            "ApproximateArrivalTimestamp": setting.at,
        }
        for number, each in enumerate([data] if batch is None else batch)
    ]
    return {"Records": [streams.kinesis_record(each, "shardId-000000000000", arn, role_arn) for each in records]}


def firehose_transform(
    setting: Setting,
    *,
    stream: str = "my-delivery",
    data: object = "Hello, this is a test.",
    batch: Sequence[object] | None = None,
) -> Members:
    """Firehose asks for records to be transformed."""
    return {
        "invocationId": setting.id(),
        "deliveryStreamArn": setting.arn("firehose", f"deliverystream/{stream}"),
        "region": setting.account.region,
        "records": [
            {
                "recordId": setting.digits(56, number),
                "approximateArrivalTimestamp": int(setting.at * 1000),
                "data": base64.b64encode(_bytes(each)).decode(),
            }
            for number, each in enumerate([data] if batch is None else batch)
        ],
    }


def logs_subscription(
    setting: Setting,
    *,
    group: str = "/aws/lambda/my-function",
    stream: str = "2026/01/15/[$LATEST]0123456789abcdef0123456789abcdef",
    messages: Sequence[str] = ("[ERROR] something happened",),
    filter_name: str = "my-filter",
) -> Members:
    """Log events that a subscription filter sends: gzip in base64."""
    at = int(setting.at * 1000)
    events = [logs.LogEvent(setting.digits(56, number), at + number, each) for number, each in enumerate(messages)]
    return logs.subscription(setting.account.id, group, stream, [filter_name], events)
