"""Batches of stream records, made of what GetRecords answers: Kinesis, and the streams of DynamoDB tables.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from jlambda.model.events.moments import seconds


def kinesis_record(record: Mapping[str, Any], shard_id: str, stream_arn: str, role_arn: str) -> dict[str, Any]:
    """One record of a Kinesis stream as a function gets it; `record` is one that GetRecords gave."""
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": base64.b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": round(seconds(record["ApproximateArrivalTimestamp"]), 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role_arn,
        "awsRegion": stream_arn.split(":")[3],
        "eventSourceARN": stream_arn,
    }


def dynamodb_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    """One change of an item as a function gets it; `record` is one that GetRecords gave.

    Binary values are in base64. A record of what the time to live has ended carries its userIdentity.
    """
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = float(int(seconds(change["ApproximateCreationDateTime"])))
    for image in ("Keys", "NewImage", "OldImage"):
        if image in change:
            change[image] = {name: _jsonable(value) for name, value in change[image].items()}
    made = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": stream_arn.split(":")[3],
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    }
    if identity := record.get("userIdentity"):
        made["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return made


def _jsonable(value: Any) -> Any:
    """An attribute value with base64 for bytes, at any depth."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _jsonable(each) for name, each in value.items()}
    return [_jsonable(each) for each in value] if isinstance(value, list) else value
