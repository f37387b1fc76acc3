"""Long polling of queues, held here and never in the services: a receiver is woken by what happens to its queue.

The services are always asked not to wait. Between two requests a receiver sleeps until something was written that may have
brought it a message, or one that was delayed or in flight comes up again.
"""

from __future__ import annotations

import asyncio
import heapq
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from jlambda.model.exchange import Reply, ServiceRequest, Write

Ask = Callable[[ServiceRequest], Awaitable[Reply]]

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_VISIBILITY_S = 30.0
#: the services' clock may be behind ours by this when something comes up
_SLACK_S = 0.02
#: operations of services other than SQS that may put a message into any queue
_SENDERS = {"sns", "s3", "events", "scheduler", "states", "logs", "sqs:StartMessageMoveTask"}


class _Queue:
    """What is known of one queue: its settings, who waits for it, and when something comes up again."""

    def __init__(self) -> None:
        self.wait_s, self.delay_s, self.visibility_s = 0.0, 0.0, _VISIBILITY_S
        self.dead_letters = ""
        self.due: list[float] = []
        self.waiting: set[asyncio.Event] = set()
        self.dismissals = 0

    def set(self, attributes: Mapping[str, Any]) -> None:
        self.wait_s = _number(attributes.get("ReceiveMessageWaitTimeSeconds"), self.wait_s)
        self.delay_s = _number(attributes.get("DelaySeconds"), self.delay_s)
        self.visibility_s = _number(attributes.get("VisibilityTimeout"), self.visibility_s)
        if "RedrivePolicy" in attributes:
            self.dead_letters = _dead_letters(attributes["RedrivePolicy"])

    def wake(self) -> None:
        for event in self.waiting:
            event.set()


class QueueWaits:
    """The receivers that wait, of one event loop."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._is_over = False

    async def receive(self, request: ServiceRequest, parameters: Mapping[str, Any], ask: Ask) -> Reply:
        """ReceiveMessage: the first reply that has messages, or that of the moment when the wait is over."""
        queue = self._queue(parameters)
        wait_s = _number(parameters.get("WaitTimeSeconds"), queue.wait_s)
        request = _without_wait(request, parameters)
        loop = asyncio.get_running_loop()
        end = loop.time() + min(wait_s, 20.0)
        woken, dismissals = asyncio.Event(), queue.dismissals
        queue.waiting.add(woken)
        try:
            while True:
                woken.clear()
                has_come_up = bool(queue.due) and queue.due[0] <= loop.time()
                reply = await ask(request)
                if has_come_up and queue.dead_letters in self._queues:  # to receive is what moves a message there
                    self._queues[queue.dead_letters].wake()
                if not reply.is_success or reply.rest is not None or has_messages(reply.first):
                    visibility_s = _number(parameters.get("VisibilityTimeout"), queue.visibility_s)
                    heapq.heappush(queue.due, loop.time() + visibility_s + _SLACK_S)
                    return reply
                now = loop.time()
                while queue.due and queue.due[0] <= now:
                    heapq.heappop(queue.due)
                if now >= end or self._is_over or queue.dismissals != dismissals:
                    return reply
                until = min(end, queue.due[0]) if queue.due else end
                try:
                    async with asyncio.timeout_at(until):
                        await woken.wait()
                except TimeoutError:
                    if until == end:
                        return reply
        finally:
            queue.waiting.discard(woken)

    def saw(self, write: Write) -> None:
        """A change was made: wake whoever may get a message by it."""
        if write.service in _SENDERS:
            for queue in self._queues.values():
                queue.wake()
        if write.service != "sqs":
            return
        parameters, queue = write.parameters, self._queue(write.parameters)
        now = asyncio.get_running_loop().time()
        match write.operation:
            case "CreateQueue" | "SetQueueAttributes":
                queue.set(_attributes(parameters))
            case "DeleteQueue":
                self._queues.pop(_name(parameters), None)
            case "ChangeMessageVisibility":
                heapq.heappush(queue.due, now + _number(parameters.get("VisibilityTimeout"), 0.0) + _SLACK_S)
            case "ChangeMessageVisibilityBatch":
                for entry in parameters.get("Entries", ()):
                    heapq.heappush(queue.due, now + _number(entry.get("VisibilityTimeout"), 0.0) + _SLACK_S)
            case "SendMessage" | "SendMessageBatch":
                for entry in parameters.get("Entries", [parameters]):
                    delay_s = _number(entry.get("DelaySeconds"), queue.delay_s)
                    if delay_s:
                        heapq.heappush(queue.due, now + delay_s + _SLACK_S)
            case "StartMessageMoveTask":
                for each in self._queues.values():
                    each.wake()
            case "DeleteMessage" | "DeleteMessageBatch":
                if not _name(parameters).endswith(".fifo"):  # there, the next of its group becomes available
                    return
        queue.wake()

    def dismiss(self, queue: str) -> None:
        """Whoever waits for messages of a queue is answered now, with what there is."""
        if queue in self._queues:
            self._queues[queue].dismissals += 1
            self._queues[queue].wake()

    def waiting(self, queue: str) -> int:
        """How many receivers wait for messages of a queue."""
        return len(self._queues[queue].waiting) if queue in self._queues else 0

    def leave(self) -> None:
        """Nobody waits any longer."""
        self._is_over = True
        for queue in self._queues.values():
            queue.wake()

    def _queue(self, parameters: Mapping[str, Any]) -> _Queue:
        return self._queues.setdefault(_name(parameters), _Queue())


def _name(parameters: Mapping[str, Any]) -> str:
    return str(parameters.get("QueueName") or str(parameters.get("QueueUrl", "")).rpartition("/")[2])


def _attributes(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The attributes of a queue, of JSON or of a form (``Attribute.1.Name``)."""
    if isinstance(parameters.get("Attributes"), Mapping):
        return dict(parameters["Attributes"])
    names = {key.removesuffix(".Name"): value for key, value in parameters.items() if key.endswith(".Name")}
    return {name: parameters.get(f"{key}.Value") for key, name in names.items()}


def _dead_letters(policy: Any) -> str:
    """The name of the queue that a redrive policy leads to; empty where there is none."""
    try:
        return str(json.loads(policy)["deadLetterTargetArn"]).rpartition(":")[2]
    except (ValueError, TypeError, KeyError):
        return ""


def _number(given: Any, other: float) -> float:
    try:
        return float(given)
    except (TypeError, ValueError):
        return other


def _without_wait(request: ServiceRequest, parameters: Mapping[str, Any]) -> ServiceRequest:
    without = {**parameters, "WaitTimeSeconds": 0}
    body = json.dumps(without).encode() if request.header("x-amz-target") else urlencode(without).encode()
    return replace(request, body=io.BytesIO(body), length=len(body))


def has_messages(body: bytes) -> bool:
    """Whether the answer to ReceiveMessage, of JSON or XML, has any message."""
    if body.lstrip().startswith(b"<"):
        return b"<Message>" in body
    try:
        return bool(json.loads(body or b"{}").get("Messages"))
    except ValueError:
        return False
