"""What a function's answer says of the records of its batch (ReportBatchItemFailures). Pure.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

from __future__ import annotations

import json
from collections.abc import Collection


def failed_items(payload: bytes, ids: Collection[str]) -> frozenset[str] | None:
    """The ids of the records that failed, none if all went well; None where the whole batch counts as failed.

    That is so where the answer is no JSON, or names a record that the batch has not.
    """
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not answer:
        return frozenset()
    if not isinstance(answer, dict):
        return None
    failures = answer.get("batchItemFailures")
    if not failures:
        return frozenset()
    if not isinstance(failures, list) or not all(isinstance(each, dict) for each in failures):
        return None
    named = [each.get("itemIdentifier") for each in failures]
    if any(not isinstance(name, str) or name not in ids for name in named):
        return None
    return frozenset(named)
