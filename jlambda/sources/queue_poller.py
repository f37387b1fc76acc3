"""One mapping of a queue at work: messages are received, run and deleted. What happens to them is decided elsewhere.

Two threads: one waits for messages, which may take as long as a long poll does; the other does all the rest.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from jlambda.model.events import sqs
from jlambda.model.filters import Pattern, wanted
from jlambda.sources.came import Came
from jlambda.sources.poller import Poller, Runner, event_of
from jlambda.sources.queue import Message, QueueBatch, QueueBatches, QueueSettings

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
_AT_ONCE = 10
#: while as many batches run as may, messages are looked for after so long: there may be more room by then
_FULL_S = 0.2
#: an answer is on its way for so long at the most
_ON_THE_WAY_S = 0.1
#: a long poll of a mapping that ends is dismissed this often, until it is over
_DISMISS_S = 0.05
#: what waits behind another of its group is made visible together with it, so much before its time
_EARLIER_S = 0.2


_COUNTS = tuple(f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed"))


class QueueClient(Protocol):
    """What is asked of SQS."""

    def get_queue_url(self, **parameters: object) -> dict[str, Any]: ...
    def get_queue_attributes(self, **parameters: object) -> dict[str, Any]: ...
    def receive_message(self, **parameters: object) -> dict[str, Any]: ...
    def delete_message_batch(self, **parameters: object) -> dict[str, Any]: ...
    def change_message_visibility_batch(self, **parameters: object) -> dict[str, Any]: ...


class QueuePoller(Poller):
    """The messages of one queue for one function. `wait_s` is that of a long poll, `dismiss` ends one early."""

    def __init__(
        self,
        arn: str,
        settings: QueueSettings,
        patterns: Sequence[Pattern],
        client: QueueClient,
        run: Runner,
        told: Callable[[str], None] = lambda _: None,
        wait_s: int = 20,
        dismiss: Callable[[str], None] = lambda _: None,
    ) -> None:
        name = arn.rpartition(":")[2]
        super().__init__("sqs", name, run, told)
        self._arn, self._patterns, self._client, self._wait_s = arn, patterns, client, wait_s
        self._dismiss = dismiss
        self._is_fifo = settings.is_fifo
        self._batches = QueueBatches(settings)
        self._url, self._visibility_s = "", 30.0
        self._running = 0
        self._to_delete: list[Message] = []
        self._to_release: list[tuple[float, list[Message]]] = []
        self._wanted: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._is_receiving = self._is_stale = False
        self._receiver = threading.Thread(target=self._receive, name=f"jlambda-receive-{name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        super().start()
        self._receiver.start()

    def forget_settings(self) -> None:
        """The queue's attributes have changed."""
        self._is_stale = True

    def close(self) -> None:
        """End at once."""
        super().close()
        self._wanted.put(0)

    @property
    def is_alive(self) -> bool:
        """Whether a thread of it runs."""
        return super().is_alive or self._receiver.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait until both threads have ended."""
        super().join(timeout_s)
        self._receiver.join(timeout_s)

    def _behind(self) -> int:
        """The messages that the queue has: until they are deleted, wherever they are."""
        if not self._url:
            return 1
        found = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_COUNTS)).get("Attributes") or {}
        return sum(int(found.get(name, 0)) for name in _COUNTS)

    @property
    def _is_drained(self) -> bool:
        return not (self._running or self._to_delete or self._receiver.is_alive())

    def _begin(self, now: float) -> float | None:
        for batch in self._batches.due(now):
            self._running += 1
            self._invoke(event_of(each.record for each in batch.messages), self._ended_with(batch))
        self._leave(self._batches.left())
        return self._batches.next_due(now)

    def _read(self) -> float:
        if not self._url or self._is_stale:
            self._find()
        count = 0 if self._is_receiving else self._batches.wants()
        if count:
            self._is_receiving = True
            self._wanted.put(count)
        return float("inf") if self._is_receiving else _FULL_S

    def _settle(self, now: float) -> float | None:
        if self._is_stopping and self._receiver.is_alive():
            self._dismiss(self.source)
            return now + _DISMISS_S
        self._release(now)
        self._delete()
        return min([at for at, _ in self._to_release] + [now] * bool(self._to_delete), default=None)

    def _find(self) -> None:
        _, _, _, _, account, name = self._arn.split(":")
        url = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        names = ["VisibilityTimeout"]
        found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names).get("Attributes") or {}
        self._visibility_s = float(found.get("VisibilityTimeout", 30))
        self._url, self._is_stale = url, False

    def _receive(self) -> None:
        """The other thread: wait for messages whenever some are wanted."""
        while count := self._wanted.get():
            asked_at = time.time()
            try:
                answer = self._client.receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=count,
                    WaitTimeSeconds=self._wait_s,
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
            except Exception as error:  # whatever the client raises
                self.post(lambda error=error: self._not_received(error))  # type: ignore[misc]
                continue
            if self._is_closed:
                return
            if self._is_stopping:
                with suppress(Exception):  # else they come up again later
                    self._give_back(self._messages(answer, asked_at))
                return
            self.post(lambda answer=answer, at=asked_at: self._received(answer, at))  # type: ignore[misc]

    def _not_received(self, error: Exception) -> None:
        self._is_receiving, self._url = False, ""
        self._failed(error)

    def _received(self, answer: Mapping[str, Any], asked_at: float) -> None:
        self._is_receiving = False
        self._read_at = 0.0
        came = self._messages(answer, asked_at)
        messages = []
        for message in came:
            if not self._patterns or wanted(json.loads(message.record), self._patterns):
                messages.append(message)
            else:
                self._to_delete.append(message)
        if came:
            self._batches.received(messages)
        else:
            self._batches.found_nothing()

    def _messages(self, answer: Mapping[str, Any], asked_at: float) -> list[Message]:
        now = time.time()
        # the timeout began when the message was found, which a long poll answers at once
        visible_at = now - min(now - asked_at, _ON_THE_WAY_S) + self._visibility_s
        messages = []
        for each in answer.get("Messages") or ():
            record = sqs.record(each, self._arn)
            group = record["attributes"].get("MessageGroupId") if self._is_fifo else None
            text = json.dumps(record).encode()
            messages.append(Message(each["MessageId"], each["ReceiptHandle"], group, now, visible_at, text))
        return messages

    def _ended_with(self, batch: QueueBatch) -> Callable[[Came], None]:
        def ended(came: Came) -> None:
            self._running -= 1
            if not self._failures:
                self._read_at = 0.0
            self._to_delete += self._batches.ended(batch, came, time.time())
            if self._is_stopping:
                self._batches.let_all_go()
            self._leave(self._batches.left())

        return ended

    def _leave(self, messages: Sequence[Message]) -> None:
        """Messages come up again by themselves; those of groups have to do so together."""
        if messages and self._is_fifo:
            self._to_release.append((min(each.visible_at for each in messages) - _EARLIER_S, list(messages)))

    def _release(self, now: float) -> None:
        due = [messages for at, messages in self._to_release if at <= now]
        self._to_release = [(at, messages) for at, messages in self._to_release if at > now]
        for messages in due:
            self._give_back(messages)

    def _give_back(self, messages: Sequence[Message]) -> None:
        """Have messages come up again now."""
        for i in range(0, len(messages), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": each.receipt, "VisibilityTimeout": 0}
                for number, each in enumerate(messages[i : i + _AT_ONCE])
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def _delete(self) -> None:
        """Delete the first ten that are done. What cannot be deleted comes up again."""
        some, self._to_delete = self._to_delete[:_AT_ONCE], self._to_delete[_AT_ONCE:]
        if some:
            entries = [{"Id": str(number), "ReceiptHandle": each.receipt} for number, each in enumerate(some)]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _let_go(self) -> None:
        self._wanted.put(0)
        self._batches.let_all_go()
        left = self._batches.left()
        if left:
            self._give_back(left)
