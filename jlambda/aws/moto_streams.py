"""moto's streams of tables: an iterator that another process made is one that has expired, as AWS says it."""

from __future__ import annotations

from typing import Any


def change() -> None:
    import moto.dynamodbstreams.models as models
    from moto.core.exceptions import JsonRESTError

    get_records = models.DynamoDBStreamsBackend.get_records

    def unless_expired(self: Any, iterator_arn: str, limit: int) -> dict[str, Any]:
        if iterator_arn not in self.shard_iterators:
            raise JsonRESTError("ExpiredIteratorException", "Iterator expired")
        return get_records(self, iterator_arn, limit)

    models.DynamoDBStreamsBackend.get_records = unless_expired  # type: ignore[method-assign]
