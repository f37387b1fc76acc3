"""The trace header of a request goes along with the messages that it sends, as SQS has it: so chains of events are followed.

Pure: a request in, a request out.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jlambda.aws.operations import Operation
from jlambda.model.exchange import ServiceRequest

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageSystemAttributeValue.html
_ATTRIBUTE = "AWSTraceHeader"


def traced(request: ServiceRequest, operation: Operation) -> ServiceRequest:
    """A request to send messages, with its X-Amzn-Trace-Id as AWSTraceHeader of each; every other request as it is."""
    header = request.header("x-amzn-trace-id")
    if not header or request.service != "sqs" or not request.header("x-amz-target"):
        return request
    if operation.name == "SendMessage":
        made = _with_header(operation.parameters, header)
    elif operation.name == "SendMessageBatch":
        entries = [_with_header(entry, header) for entry in operation.parameters.get("Entries") or ()]
        made = {**operation.parameters, "Entries": entries}
    else:
        return request
    body = json.dumps(made).encode()
    return replace(request, body=io.BytesIO(body), length=len(body))


def _with_header(message: Mapping[str, Any], header: str) -> dict[str, Any]:
    """A message that is to be sent; the header that it was given already stays."""
    given = message.get("MessageSystemAttributes") or {}
    return {**message, "MessageSystemAttributes": {_ATTRIBUTE: {"DataType": "String", "StringValue": header}, **given}}
