"""Log events that a subscription filter of CloudWatch Logs sends.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any, NamedTuple


class LogEvent(NamedTuple):
    """One line; `timestamp` is in milliseconds since the epoch."""

    id: str
    timestamp: int
    message: str


def subscription(
    owner: str, log_group: str, log_stream: str, filters: Sequence[str], events: Sequence[LogEvent]
) -> dict[str, Any]:
    """The event: JSON, compressed, in base64."""
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": owner,
        "logGroup": log_group,
        "logStream": log_stream,
        "subscriptionFilters": list(filters),
        "logEvents": [each._asdict() for each in events],
    }
    packed = gzip.compress(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}


def unpacked(event: dict[str, Any]) -> dict[str, Any]:
    """What such an event holds."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    return found
