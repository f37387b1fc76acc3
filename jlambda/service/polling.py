"""Event source mappings that deliver: each enabled mapping of a queue or a stream has a poller, as long as it is enabled.

Starts, stops and wakes pollers, and gives them what they need of the session. What a poller does is its own affair.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from jlambda.model.exchange import Write
from jlambda.model.mapping import EventSourceMapping
from jlambda.service.mapping_sources import Sources
from jlambda.service.mappings import Mappings
from jlambda.sources.poller import Poller
from jlambda.sources.queue_poller import QueuePoller
from jlambda.sources.stream_poller import StreamPoller

#: how long the end of a session waits for a poller
_PATIENCE_S = 5.0
_SHARDS_CHANGE = ("SplitShard", "MergeShards", "UpdateShardCount", "UpdateTable")
_MADE = ("CreateStream", "CreateTable")
#: kinds of mappings that are delivered; the others are kept and shown only
DELIVERED = ("sqs", "kinesis", "dynamodb")


class Behind(NamedTuple):
    """A queue or stream, and how many of its records are not done."""

    kind: str
    source: str
    records: int


class Observed(Protocol):
    """What tells of changes in the AWS services."""

    def observe(self, observer: Callable[[Write], None]) -> Callable[[], None]:
        """Have `observer` called after each; what it returns ends that."""


class Polling:
    """The pollers of one session."""

    def __init__(self, mappings: Mappings, sources: Sources, services: Observed) -> None:
        self._mappings, self._sources = mappings, sources
        self._pollers: dict[str, Poller] = {}
        self._lock = threading.RLock()
        self._is_closed = False
        self._forget = services.observe(self._saw)
        self._leaving: list[Poller] = []
        mappings.watch(self._changed)
        mappings.prepare = sources.prepare

    def start(self) -> None:
        """Begin to deliver what is enabled already."""
        for mapping in self._mappings.list():
            self._changed(mapping)

    def _changed(self, mapping: EventSourceMapping) -> None:
        if mapping.kind not in DELIVERED:
            return
        with self._lock:
            poller = self._pollers.get(mapping.uuid)
            if poller is None:
                self._begin(mapping.uuid)
            else:  # what is with the function ends before anything new begins
                poller.stop(lambda: self._ended(mapping.uuid, poller))

    def _ended(self, uuid: str, poller: Poller) -> None:
        with self._lock:
            if self._pollers.get(uuid) is poller:
                del self._pollers[uuid]
                self._leaving = [each for each in self._leaving if each.is_alive]
                self._leaving.append(poller)  # its thread may take a moment
                self._begin(uuid)

    def _begin(self, uuid: str) -> None:
        mapping = self._mappings.find(uuid)
        if self._is_closed or uuid in self._pollers or mapping is None or mapping.goal != "Enabled":
            return
        poller = self._sources.poller(mapping, lambda result: self._mappings.told(uuid, result))
        self._pollers[uuid] = poller
        poller.start()

    def wake(self) -> None:
        """Have all sources read now."""
        for poller in list(self._pollers.values()):
            poller.wake()

    def behind(self) -> list[Behind]:
        """The sources of enabled mappings that have records which are not done. Asks them."""
        found = [Behind(each.kind, each.source, each.behind()) for each in list(self._pollers.values())]
        return [each for each in found if each.records]

    def _saw(self, write: Write) -> None:
        """A change was made in the services: wake whoever may find something by it. Called in the gateway's thread."""
        if write.service not in DELIVERED:
            return
        names = _names(write.parameters)
        for poller in list(self._pollers.values()):
            if poller.kind != write.service or (names and poller.source not in names):
                continue
            if isinstance(poller, StreamPoller) and write.operation in _MADE:
                poller.begin_anew()
            elif isinstance(poller, StreamPoller) and write.operation in _SHARDS_CHANGE:
                poller.look_for_shards()
            elif isinstance(poller, StreamPoller):
                poller.wake()
            elif isinstance(poller, QueuePoller) and write.operation in ("SetQueueAttributes", "CreateQueue"):
                poller.forget_settings()

    def close(self) -> None:
        """End all pollers at once; what is with functions is delivered again when the session is opened."""
        with self._lock:
            self._is_closed = True
            self._forget()
            pollers = [*self._pollers.values(), *self._leaving]
        for poller in pollers:
            poller.close()

    def join(self) -> None:
        """Wait until their threads have ended."""
        for poller in [*self._pollers.values(), *self._leaving]:
            poller.join(_PATIENCE_S)


def _names(parameters: Any) -> set[str]:
    """The names of queues, tables and streams that an operation is on; none where they cannot be told."""
    found = {parameters[name] for name in ("TableName", "StreamName", "QueueName") if name in parameters}
    for name in ("QueueUrl", "StreamARN"):
        if name in parameters:
            found.add(str(parameters[name]).rpartition("/")[2])
    items = parameters.get("RequestItems")
    return found | set(items) if isinstance(items, dict) else found
