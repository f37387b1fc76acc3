"""Decide what happens to the messages of one queue's mapping: `QueueBatches` is told what came, and says what to do.

No clock, client or thread here: time is an argument. Messages are deleted, or left to come up again when their visibility
timeout is over, by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from jlambda.sources.batching import BatchLimits, ready
from jlambda.sources.came import Came
from jlambda.sources.responses import failed_items
from jlambda.sources.scaling import Scaling

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
_AT_ONCE = 10
#: a batch that found no room is offered again after so many seconds, twice as many each time
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 0.1, 5.0
#: a message whose visibility timeout has less than this left is not begun: it would come up meanwhile
_MARGIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Message:
    """One message in flight. `group` is None but for FIFO queues; `record` is JSON, as the function gets it."""

    id: str
    receipt: str
    group: str | None
    received_at: float
    visible_at: float
    record: bytes


class QueueBatch(NamedTuple):
    """Messages that are with the function together; `attempt` counts those that ran nothing."""

    number: int
    messages: tuple[Message, ...]
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """What a mapping says of its queue."""

    limits: BatchLimits
    is_fifo: bool = False
    reports_failures: bool = False
    maximum_concurrency: int | None = None


class QueueBatches:
    """The messages that one mapping holds: gathered for a batch, with the function, or waiting for room."""

    def __init__(self, settings: QueueSettings) -> None:
        self._settings = settings
        self._scaling = Scaling(settings.maximum_concurrency)
        self._gathered: dict[str, Message] = {}
        self._running: dict[int, QueueBatch] = {}
        self._waiting: list[tuple[float, QueueBatch]] = []
        self._left: list[Message] = []
        self._count = 0
        self._has_more = False  # the queue, as far as one can know

    def __repr__(self) -> str:
        return f"<{len(self._gathered)} gathered, {len(self._running)} running, {len(self._waiting)} waiting>"

    @property
    def is_idle(self) -> bool:
        """Whether it holds nothing."""
        return not (self._gathered or self._running or self._waiting)

    @property
    def _free(self) -> int:
        return self._scaling.limit - len(self._running) - len(self._waiting)

    def wants(self) -> int:
        """How many messages may be received now, as far as they can be begun."""
        return max(0, min(_AT_ONCE, self._free * self._settings.limits.records - len(self._gathered)))

    def received(self, messages: Iterable[Message]) -> None:
        """Messages came, in the order of the queue."""
        wanted, came = self.wants(), list(messages)
        self._has_more = 0 < wanted <= len(came)
        for message in came:
            # the same one again has been out of our hands: its new receipt is the one that counts
            self._gathered.pop(message.id, None)
            self._gathered[message.id] = message

    def found_nothing(self) -> None:
        """The queue had no message."""
        self._has_more = False
        if self.is_idle:
            self._scaling.start_over()

    def due(self, now: float) -> list[QueueBatch]:
        """The batches that begin now; each must be told of with `ended`."""
        self._let_go(now)
        begun = [batch for at, batch in self._waiting if at <= now]
        self._waiting = [(at, batch) for at, batch in self._waiting if at > now]
        self._grow(now)
        while self._free > len(begun):
            messages = self._next(begun, now)
            if not messages:
                break
            self._count += 1
            begun.append(QueueBatch(self._count, messages))
            for message in messages:
                del self._gathered[message.id]
        self._running.update((batch.number, batch) for batch in begun)
        self._grow(now)
        return begun

    def _grow(self, now: float) -> None:
        if self._free <= 0 and (self._has_more or self._next([], now)):
            self._scaling.is_short(now)
        elif self._free > 0:
            self._scaling.is_enough()

    def next_due(self, now: float) -> float | None:
        """When `due` may have something again, if nothing comes or ends before."""
        times = [at for at, _ in self._waiting]
        may_begin = self._may_begin([]) if self._free > 0 else []
        if may_begin:
            times.append(max(now, may_begin[0].received_at + self._settings.limits.window_s))
        return min(times, default=None)

    def ended(self, batch: QueueBatch, came: Came, now: float) -> list[Message]:
        """An attempt is over: the messages that are to be deleted now."""
        del self._running[batch.number]
        if came.how == "nothing":
            self._scaling.found_no_room()
            wait = min(_FIRST_BACKOFF_S * 2 ** min(batch.attempt - 1, 16), _LAST_BACKOFF_S)
            self._waiting.append((now + wait, batch._replace(attempt=batch.attempt + 1)))
            return []
        failed = self._failed(batch, came)
        done = [each for each in batch.messages if each.id not in failed]
        # a copy that came while the first was with the function is done with it
        copies = [self._gathered.pop(each.id) for each in done if each.id in self._gathered]
        self._leave(each for each in batch.messages if each.id in failed)
        return done + copies

    def let_all_go(self) -> None:
        """Begin nothing more: what is not with the function comes up again."""
        for _, batch in self._waiting:
            self._left += batch.messages
        self._left += self._gathered.values()
        self._waiting, self._gathered = [], {}

    def left(self) -> list[Message]:
        """The messages that were let go since this was asked: each comes up again, those of a group in their order."""
        left, self._left = self._left, []
        return left

    def _failed(self, batch: QueueBatch, came: Came) -> frozenset[str]:
        every = frozenset(each.id for each in batch.messages)
        if came.how == "error":
            return every
        found = failed_items(came.payload, every) if self._settings.reports_failures else frozenset()
        if found is None:
            return every
        return _with_followers(batch.messages, found) if self._settings.is_fifo else found

    def _leave(self, messages: Iterable[Message]) -> None:
        """Let go of messages; of a FIFO queue also of what is gathered of their groups, which must not overtake them."""
        left = list(messages)
        self._left += left
        for message in left:
            self._gathered.pop(message.id, None)
        if self._settings.is_fifo and left:
            groups = {each.group for each in left}
            followers = [each for each in self._gathered.values() if each.group in groups]
            self._left += followers
            for message in followers:
                del self._gathered[message.id]

    def _let_go(self, now: float) -> None:
        """Let go of what is about to come up again."""
        for at, batch in list(self._waiting):
            if any(now >= each.visible_at - _MARGIN_S for each in batch.messages):
                self._waiting.remove((at, batch))
                self._leave(batch.messages)
        self._leave([each for each in self._gathered.values() if now >= each.visible_at - _MARGIN_S])

    def _may_begin(self, begun: Sequence[QueueBatch]) -> list[Message]:
        """What is gathered and may begin: of a FIFO queue nothing of a group that is with the function."""
        if not self._settings.is_fifo:
            return list(islice(self._gathered.values(), self._settings.limits.records))
        batches = [*begun, *self._running.values(), *(batch for _, batch in self._waiting)]
        busy = {each.group for batch in batches for each in batch.messages}
        return [each for each in self._gathered.values() if each.group not in busy]

    def _next(self, begun: Sequence[QueueBatch], now: float) -> tuple[Message, ...]:
        """The messages of the next batch; none if there is none yet."""
        may_begin = self._may_begin(begun)
        if not may_begin:
            return ()
        sizes = [len(each.record) for each in may_begin]
        return tuple(may_begin[: ready(sizes, may_begin[0].received_at, now, self._settings.limits)])


def _with_followers(messages: Iterable[Message], failed: Iterable[str]) -> frozenset[str]:
    """The ids of `failed`, and of all messages that come after one of them in its group."""
    first = set(failed)
    groups: set[str | None] = set()
    found = set()
    for message in messages:
        if message.id in first or message.group in groups:
            groups.add(message.group)
            found.add(message.id)
    return frozenset(found)
