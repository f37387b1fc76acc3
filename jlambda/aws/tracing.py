"""The trace header of a request goes along with the messages that it sends, as SQS has it: so chains of events are followed.

Pure: a request in, a request out.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace

from jlambda.aws.operations import Operation
from jlambda.model.exchange import ServiceRequest

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageSystemAttributeValue.html
_ATTRIBUTE = "AWSTraceHeader"


def traced(request: ServiceRequest, operation: Operation) -> ServiceRequest:
    """A request to send a message, with its X-Amzn-Trace-Id as AWSTraceHeader of that; every other request as it is.

    The embedded SQS keeps no such attributes of messages that come in batches.
    """
    header = request.header("x-amzn-trace-id")
    if not header or (request.service, operation.name) != ("sqs", "SendMessage") or not request.header("x-amz-target"):
        return request
    given = operation.parameters
    attributes = {_ATTRIBUTE: {"DataType": "String", "StringValue": header}, **(given.get("MessageSystemAttributes") or {})}
    body = json.dumps({**given, "MessageSystemAttributes": attributes}).encode()
    return replace(request, body=io.BytesIO(body), length=len(body))
