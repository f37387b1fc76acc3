"""Notifications of S3 buckets, and what S3 tells EventBridge.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from jlambda.model.arn import Account
from jlambda.model.events import eventbridge
from jlambda.model.events.moments import iso_ms

#: the subject of a notification that goes through SNS
SUBJECT = "Amazon S3 Notification"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What has happened to an object. `name` is that of the event without ``s3:``, ``ObjectCreated:Put``.

    `key` is as it was given to S3; `size` (bytes) and `etag` are None for what is gone, `version_id` where the bucket
    keeps no versions; `sequencer` orders the changes of one key; `request_id` is that of the request behind it.
    """

    name: str
    bucket: str
    key: str
    at: float
    request_id: str
    sequencer: str
    size: int | None = None
    etag: str | None = None
    version_id: str | None = None
    source_ip: str = "127.0.0.1"


def url_encoded(key: str) -> str:
    """A key as notifications have it: ``in/red flower.csv`` is ``in/red+flower.csv``."""
    return quote_plus(key, safe="/*").replace("~", "%7E")


def record(change: ObjectChange, account: Account, configuration_id: str) -> dict[str, Any]:
    """One record of a notification; `configuration_id` is the Id in the bucket's notification configuration."""
    item = {
        "key": url_encoded(change.key),
        "size": change.size,
        "eTag": change.etag,
        "versionId": change.version_id,
        "sequencer": change.sequencer,
    }
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": account.region,
        "eventTime": iso_ms(change.at),
        "eventName": change.name,
        "userIdentity": {"principalId": f"AWS:{account.id}"},
        "requestParameters": {"sourceIPAddress": change.source_ip},
        "responseElements": {
            "x-amz-request-id": change.request_id,
            "x-amz-id-2": base64.b64encode(change.request_id.encode() * 3).decode(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration_id,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": {"principalId": account.id},
                "arn": f"arn:aws:s3:::{change.bucket}",
            },
            "object": {name: value for name, value in item.items() if value is not None},
        },
    }


def notification(change: ObjectChange, account: Account, configuration_id: str) -> dict[str, Any]:
    """The whole event: S3 sends one record at a time."""
    return {"Records": [record(change, account, configuration_id)]}


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


# by the first event whose name a change's name begins with
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "LifecycleExpiration": "Object Deleted",
    "ObjectRestore:Post": "Object Restore Initiated",
    "ObjectRestore:Completed": "Object Restore Completed",
    "ObjectRestore:Delete": "Object Restore Expired",
    "LifecycleTransition": "Object Storage Class Changed",
    "IntelligentTiering": "Object Access Tier Changed",
    "ObjectAcl": "Object ACL Updated",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
}


def to_eventbridge(change: ObjectChange, account: Account, event_id: str) -> dict[str, Any]:
    """What a bucket that sends its events to EventBridge tells of the same."""
    detail_type = next((each for name, each in _DETAIL_TYPES.items() if change.name.startswith(name)), change.name)
    item = {
        "key": change.key,
        "size": change.size,
        "etag": change.etag,
        "version-id": change.version_id,
        "sequencer": change.sequencer,
    }
    detail = {
        "version": "0",
        "bucket": {"name": change.bucket},
        "object": {name: value for name, value in item.items() if value is not None},
        "request-id": change.request_id,
        "requester": account.id,
        "source-ip-address": change.source_ip,
    }
    if change.name in _REASONS:
        detail["reason"] = _REASONS[change.name]
    if detail_type == "Object Deleted":
        is_marker = change.name.endswith(":DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    return eventbridge.event(
        source="aws.s3",
        detail_type=detail_type,
        detail=detail,
        event_id=event_id,
        at=change.at,
        account=account,
        resources=[f"arn:aws:s3:::{change.bucket}"],
    )
