"""Results, dead letters and lost records of streams, sent to queues, topics, event buses and buckets by plain API calls."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from jlambda.errors import LambdaError
from jlambda.model.delivery import ON_SUCCESS, Delivery

#: a boto3 client of a service
Clients = Callable[[str], Any]


class Undeliverable(LambdaError):
    """A service refused a result, and would again: what it was for is not there, or will not take it."""

    status = 400


class ServiceDestination(Protocol):
    """A destination, and the name that its ARNs have for the service."""

    service: str

    def send(self, delivery: Delivery) -> None:
        """Send it, and return when it is there."""


class _Queue:
    service = "sqs"

    def __init__(self, client: Clients) -> None:
        self._client = client

    def send(self, delivery: Delivery) -> None:
        sqs = self._client(self.service)
        *_, account, name = delivery.arn.split(":")
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": delivery.trace_id}} if delivery.trace_id else {}
        sqs.send_message(
            QueueUrl=url,
            MessageBody=delivery.body.decode(),
            MessageAttributes=delivery.message_attributes,
            MessageSystemAttributes=trace,
        )


class _Topic:
    service = "sns"

    def __init__(self, client: Clients) -> None:
        self._client = client

    def send(self, delivery: Delivery) -> None:
        self._client(self.service).publish(
            TopicArn=delivery.arn, Message=delivery.body.decode(), MessageAttributes=delivery.message_attributes
        )


class _Bus:
    service = "events"

    def __init__(self, client: Clients, now: Callable[[], float]) -> None:
        self._client, self._now = client, now

    def send(self, delivery: Delivery) -> None:
        outcome = "Success" if delivery.kind == ON_SUCCESS else "Failure"
        entry = {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {outcome}",
            "Resources": [delivery.arn, delivery.function_arn],
            "Detail": delivery.body.decode(),
            "EventBusName": delivery.arn,
            "Time": datetime.fromtimestamp(self._now(), UTC),
        }
        answer = self._client(self.service).put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise Undeliverable(str(answer["Entries"][0].get("ErrorMessage", "the event bus did not take it")))


class _Bucket:
    """Keys are as https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html has them."""

    service = "s3"

    def __init__(self, client: Clients, now: Callable[[], float]) -> None:
        self._client, self._now = client, now

    def send(self, delivery: Delivery) -> None:
        at = datetime.fromtimestamp(self._now(), UTC)
        key = delivery.object_key or (
            f"aws/lambda/async/{delivery.function}/{at:%Y/%m/%d}/{at:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        )
        self._client(self.service).put_object(Bucket=delivery.arn.rpartition(":")[2], Key=key, Body=delivery.body)


class _Told:
    """A destination whose refusals are ours."""

    def __init__(self, inner: ServiceDestination) -> None:
        self._inner, self.service = inner, inner.service

    def send(self, delivery: Delivery) -> None:
        """Send it. Raises `Undeliverable` where it was refused for good, and boto3's errors where it may be tried again."""
        try:
            self._inner.send(delivery)
        except Exception as error:
            response = getattr(error, "response", None)
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) if isinstance(response, dict) else 500
            if not 400 <= status < 500 or status == 429:
                raise
            refusal = str(error)
        else:
            return
        raise Undeliverable(refusal)  # here, so that it does not hold on to a client's connection


def destinations(client: Clients, now: Callable[[], float]) -> Sequence[ServiceDestination]:
    """The destinations in AWS services."""
    return [_Told(each) for each in (_Queue(client), _Topic(client), _Bus(client, now), _Bucket(client, now))]
