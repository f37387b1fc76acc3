"""The documents that destinations and dead-letter queues get."""

from __future__ import annotations

import json

from jlambda.model.delivery import DEAD_LETTER, ON_FAILURE, Delivery, Response, error_message, result_document

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
NOON = 1_795_435_200.25
FAILED = Response("$LATEST", b'{"errorMessage": "no", "errorType": "ValueError"}', is_error=True)


def test_the_record_of_a_success() -> None:
    """Members and their order are Lambda's; the event is told as it was sent."""
    document = result_document(ARN, "r1", "Success", 1, b'{"a": 1.0e2}', Response("3", b'{"ok": true}', False), NOON)
    assert document == (
        b'{"version":"1.0","timestamp":"2026-11-23T12:00:00.250Z","requestContext":{"requestId":"r1",'
        b'"functionArn":"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST","condition":"Success",'
        b'"approximateInvokeCount":1},"requestPayload":{"a": 1.0e2},'
        b'"responseContext":{"statusCode":200,"executedVersion":"3"},"responsePayload":{"ok": true}}'
    )


def test_the_record_of_a_failure() -> None:
    """It has the function's error, and says that it was unhandled."""
    document = json.loads(result_document(ARN, "r1", "RetriesExhausted", 3, b"[]", FAILED, NOON))
    assert document["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert document["responsePayload"] == {"errorMessage": "no", "errorType": "ValueError"}
    assert document["requestContext"]["approximateInvokeCount"] == 3


def test_the_record_of_an_event_that_never_ran() -> None:
    """There is no response to tell of."""
    document = json.loads(result_document(ARN, "r1", "ZeroReservedConcurrency", 0, b"{}", None, NOON))
    assert set(document) == {"version", "timestamp", "requestContext", "requestPayload"}


def test_a_response_that_is_no_json_is_told_as_text() -> None:
    """The document stays JSON whatever a function returns."""
    document = json.loads(result_document(ARN, "r1", "Success", 1, b"{}", Response("1", b"\xff raw", False), NOON))
    assert document["responsePayload"] == "\ufffd raw"


def test_a_dead_letter_has_message_attributes() -> None:
    """RequestID, ErrorCode and the first kilobyte of ErrorMessage; a result has none."""
    letter = Delivery(QUEUE, DEAD_LETTER, ARN, "r1", None, b"{}", "200", error_message(FAILED), NOON, NOON)
    assert letter.message_attributes == {
        "RequestID": {"DataType": "String", "StringValue": "r1"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "no"},
    }
    assert letter._replace(kind=ON_FAILURE).message_attributes == {}
    assert (letter.service, letter.function) == ("sqs", "f")
    long = Response("1", json.dumps({"errorMessage": "é" * 2_000}).encode(), is_error=True)
    assert error_message(long) == "é" * 512
    assert error_message(Response("1", b"[]", is_error=True)) == error_message(None) == ""
