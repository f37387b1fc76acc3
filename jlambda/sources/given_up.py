"""The documents that tell an on-failure destination of stream records that were given up. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jlambda.model.events.moments import iso_ms, iso_s
from jlambda.sources.shard import GivenUp

_INFO = {"kinesis": "KinesisBatchInfo", "dynamodb": "DDBStreamBatchInfo"}


def document(
    given_up: GivenUp, *, kind: str, stream_arn: str, shard_id: str, function_arn: str, request_id: str, now: float
) -> dict[str, Any]:
    """What queues and topics get: which records, and why. Their contents are still in the stream.

    `kind` is ``"kinesis"`` or ``"dynamodb"``; `request_id` stands for an attempt where none was made.
    """
    came, records = given_up.came, given_up.records
    stamp = iso_ms if kind == "kinesis" else iso_s
    made: dict[str, Any] = {
        "requestContext": {
            "requestId": came.request_id if came is not None else request_id,
            "functionArn": function_arn,
            "condition": given_up.reason,
            "approximateInvokeCount": given_up.attempts,
        }
    }
    if came is not None:
        made["responseContext"] = {"statusCode": 200, "executedVersion": came.executed_version}
        if came.how == "error":
            made["responseContext"]["functionError"] = "Unhandled"
    return {
        **made,
        "version": "1.0",
        "timestamp": iso_ms(now),
        _INFO[kind]: {
            "shardId": shard_id,
            "startSequenceNumber": records[0].sequence,
            "endSequenceNumber": records[-1].sequence,
            "approximateArrivalOfFirstRecord": stamp(records[0].arrived_at),
            "approximateArrivalOfLastRecord": stamp(records[-1].arrived_at),
            "batchSize": len(records),
            "streamArn": stream_arn,
        },
    }


def object_key(mapping_uuid: str, shard_id: str, now: float, unique: str) -> str:
    """Where in a bucket a document goes."""
    at = datetime.fromtimestamp(now, UTC)
    return f"aws/lambda/{mapping_uuid}/{shard_id}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{unique}"


def with_payload(made: Mapping[str, Any], given_up: GivenUp) -> dict[str, Any]:
    """What buckets get: the document with the records themselves."""
    records = [json.loads(each.event) for each in given_up.records]
    return {**made, "payload": json.dumps({"Records": records})}
