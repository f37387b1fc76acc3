"""What rules and schedules send, on its way to a target: a function's queue, a queue, a topic, a stream, another bus.

What cannot be delivered goes to the target's dead-letter queue, if it has one, and is told of otherwise; what may be
delivered later is handed to whoever tries again. Nothing is raised.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

from jlambda.errors import EngineError, LambdaError
from jlambda.model.event_rule import Target, at_path

_log = logging.getLogger(__name__)

#: in the codes of errors that are over by themselves
_PASSING = ("Throttl", "ThroughputExceeded", "TooManyRequests", "RequestLimitExceeded")

Clients = Callable[[str], Any]
Waited = Callable[[], object]


class Queue(Protocol):
    """Takes events in for functions, as `EventQueue` does."""

    def accept_later(
        self,
        reference: str,
        event: bytes,
        told: Callable[[Exception | None], object],
        *,
        trigger: str,
        trace_id: str | None = None,
    ) -> str:
        """Have `told` called once the event is on the disk, or cannot be. Raises `LambdaError` where it will never run."""


def _nothing() -> None:
    """There is nothing to wait for."""


class Sender(NamedTuple):
    """What sends: the ARN of a rule or schedule, and what its invocations are marked with (``events``, ``schedule``)."""

    arn: str
    trigger: str
    trace_id: str | None = None

    @property
    def name(self) -> str:
        """As people are told of it."""
        return self.arn.rpartition(":")[2]


class Undelivered(Exception):
    """A target did not take what was sent; `code` is AWS's. One that `is_passing` may be over when it is tried again."""

    def __init__(self, code: str, message: str, *, is_passing: bool = False) -> None:
        super().__init__(code, message)
        self.code, self.message, self.is_passing = code, message, is_passing


class Delivery:
    """Delivers to targets by the service in their ARN. `clients` gives a boto3 client for a service."""

    def __init__(self, clients: Clients, queue: Queue) -> None:
        self._clients, self._queue = clients, queue
        #: takes what could not be sent for the moment; until there is somebody who tries again, it is given up
        self.later: Callable[[Sender, Target, str, Undelivered], object] = self.give_up
        self._senders: dict[str, Callable[[Target, str], None]] = {
            "sqs": self._to_queue,
            "sns": self._to_topic,
            "logs": self._to_log_group,
            "states": self._to_state_machine,
            "kinesis": self._to_stream,
            "firehose": self._to_delivery_stream,
            "events": self._to_bus,
            "scheduler": self._to_any_operation,
        }

    def send(self, sender: Sender, target: Target, payload: str) -> Waited:
        """Have `target` get `payload`: it has it once the answer has been called, which raises `StateError` where the disk
        does not take it. Raises nothing but what ends the session."""
        try:
            return self.attempt(sender, target, payload)
        except Undelivered as failure:
            (self.later if failure.is_passing else self.give_up)(sender, target, payload, failure)
            return _nothing

    def _to_function(self, sender: Sender, target: Target, payload: str) -> Waited:
        kept: Future[None] = Future()

        def told(error: Exception | None) -> None:
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)

        self._queue.accept_later(target.arn, payload.encode(), told, trigger=sender.trigger, trace_id=sender.trace_id)
        return kept.result

    def attempt(self, sender: Sender, target: Target, payload: str) -> Waited:
        """The same, once; raises `Undelivered` where the target does not take it."""
        service = target.arn.split(":")[2] if target.arn.count(":") >= 5 else ""
        try:
            if service == "lambda":
                return self._to_function(sender, target, payload)
            if service not in self._senders:
                raise Undelivered("UNSUPPORTED_TARGET", f"jlambda delivers nothing to {service or target.arn!r}")
            self._senders[service](target, payload)
            return _nothing
        except EngineError:
            raise
        except LambdaError as error:
            raise Undelivered(error.code, error.aws_message) from None
        except Undelivered:
            raise
        except Exception as error:
            # botocore's errors, which only clients may import: what the service said is in their response
            response = getattr(error, "response", {})
            said, status = response.get("Error", {}), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            code = said.get("Code", type(error).__name__)
            # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
            is_passing = status >= 500 or status == 429 or any(each in code for each in _PASSING)
            raise Undelivered(code, said.get("Message", str(error)), is_passing=is_passing) from error

    def give_up(
        self,
        sender: Sender,
        target: Target,
        payload: str,
        failure: Undelivered,
        exhausted: str | None = None,
        retries: int = 0,
    ) -> None:
        """Send it to the target's dead-letter queue, or say that there is none; `exhausted` is AWS's name for why, if it was
        tried again."""
        told = f"{sender.name} could not reach {target.arn}: {failure.code}, {failure.message}"
        if target.dead_letter_arn is None:
            _log.warning("%s; it has no dead-letter queue", told)
            return
        attributes = {
            "RULE_ARN" if sender.trigger == "events" else "SCHEDULE_ARN": sender.arn,
            "TARGET_ARN": target.arn,
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message[:256] or "-",
        }
        if exhausted is not None or retries:
            attributes |= {"RETRY_ATTEMPTS": str(retries)}
        if exhausted is not None:
            attributes |= {"EXHAUSTED_RETRY_CONDITION": exhausted}
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        queue = Target(target.dead_letter_arn, {"MessageAttributes": typed})
        try:
            self.attempt(sender, queue, payload)()
        except Undelivered as error:
            _log.warning("%s; nor could its dead-letter queue %s: %s", told, queue.arn, error.message)

    def _to_queue(self, target: Target, payload: str) -> None:
        *_, account, name = target.arn.split(":")
        client = self._clients("sqs")
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        more: dict[str, Any] = {"MessageAttributes": target.members.get("MessageAttributes", {})}
        if target.message_group is not None:
            more["MessageGroupId"] = target.message_group
        client.send_message(QueueUrl=url, MessageBody=payload, **more)

    def _to_topic(self, target: Target, payload: str) -> None:
        self._clients("sns").publish(TopicArn=target.arn, Message=payload)

    def _to_log_group(self, target: Target, payload: str) -> None:
        client, group, stream = self._clients("logs"), target.arn.split(":")[6], str(uuid4())
        client.create_log_stream(logGroupName=group, logStreamName=stream)
        said: Mapping[str, Any] | Any = json.loads(payload)
        timestamp = said.get("timestamp") if isinstance(said, Mapping) else None
        message = said["message"] if isinstance(said, Mapping) and isinstance(said.get("message"), str) else payload
        at = timestamp if isinstance(timestamp, int) else int(time.time() * 1000)
        client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": at, "message": message}])

    def _to_state_machine(self, target: Target, payload: str) -> None:
        self._clients("stepfunctions").start_execution(stateMachineArn=target.arn, input=payload)

    def _to_stream(self, target: Target, payload: str) -> None:
        path = (target.members.get("KinesisParameters") or {}).get("PartitionKeyPath")
        found = at_path(json.loads(payload), path) if path else None
        key = found if isinstance(found, str) and found else str(uuid4())
        name = target.arn.rpartition("/")[2]
        self._clients("kinesis").put_record(StreamName=name, Data=payload.encode(), PartitionKey=key)

    def _to_delivery_stream(self, target: Target, payload: str) -> None:
        name = target.arn.rpartition("/")[2]
        self._clients("firehose").put_record(DeliveryStreamName=name, Record={"Data": payload.encode()})

    def _to_bus(self, target: Target, payload: str) -> None:
        """What a schedule sends to a bus: an event that it describes, or its own as it is."""
        if ":event-bus/" not in target.arn:
            raise Undelivered("UNSUPPORTED_TARGET", "jlambda delivers nothing to API destinations")
        described, event = target.members.get("EventBridgeParameters"), json.loads(payload)
        if described:
            entry = {"Source": described["Source"], "DetailType": described["DetailType"], "Detail": payload}
        else:
            detail = event["detail"] if isinstance(event["detail"], str) else json.dumps(event["detail"])
            entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": detail}
        bus = target.arn.rpartition("/")[2]
        (answer,) = self._clients("events").put_events(Entries=[{**entry, "EventBusName": bus}])["Entries"]
        if "ErrorCode" in answer:
            raise Undelivered(answer["ErrorCode"], answer["ErrorMessage"])

    def _to_any_operation(self, target: Target, payload: str) -> None:
        """A universal target of EventBridge Scheduler, ``arn:aws:scheduler:::aws-sdk:sqs:sendMessage``."""
        *_, kind, service, operation = target.arn.split(":")
        names = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}
        client = self._clients(names.get(service, service))
        methods = {api.lower(): method for method, api in client.meta.method_to_api_mapping.items()}
        method = methods.get(operation.lower())
        if kind != "aws-sdk" or method is None:
            raise Undelivered("INVALID_PARAMETER", f"{service} has no operation {operation!r}")
        getattr(client, method)(**json.loads(payload))
