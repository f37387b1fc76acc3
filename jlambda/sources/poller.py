"""The thread of one mapping: it takes what others post, begins what is due, reads its source, and sleeps otherwise.

Knows threads, errors and waits, nothing of queues and streams.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Protocol

from jlambda.sources.came import Came

#: a source that cannot be read is read again after so many seconds, twice as many each time
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 0.5, 30.0
#: after so many times it is not counted on
_TRIED = 2
_log = logging.getLogger(__name__)

Act = Callable[[], None]


class Runner(Protocol):
    """What runs the mapping's function."""

    def __call__(self, event: bytes, ended: Callable[[Came], None]) -> None:
        """Begin an invocation; `ended` is called once it is over, in another thread or in this one."""


class Poller(ABC):
    """One mapping at work: `kind` and `source` say of what. `told` gets its LastProcessingResult."""

    def __init__(self, kind: str, source: str, run: Runner, told: Callable[[str], None]) -> None:
        self.kind, self.source = kind, source
        self._run_function, self.told = run, told
        self._inbox: queue.SimpleQueue[Act] = queue.SimpleQueue()
        self._is_stopping = self._is_closed = False
        self._ended: list[Act] = []
        self._failures = 0
        self._read_at = 0.0
        self._is_woken = False
        self._thread = threading.Thread(target=self._run, name=f"jlambda-{kind}-{source}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def post(self, act: Act) -> None:
        """Have `act` called in the mapping's thread, soon and in order."""
        self._inbox.put(act)

    def wake(self) -> None:
        """Something was written that may be for this mapping: read now."""
        if not self._is_woken:
            self._is_woken = True
            self._inbox.put(self._woken)

    def stop(self, ended: Act = lambda: None) -> None:
        """Begin nothing more; `ended` is called once what is with the function is over."""

        def stop() -> None:
            self._ended.append(ended)
            if not self._is_stopping:
                self._is_stopping = True
                self._let_go()

        self.post(stop)

    def close(self) -> None:
        """End at once. What is with the function is not waited for: it is read again, by whoever reads next."""
        self._is_closed = True
        self.post(lambda: None)

    @property
    def is_alive(self) -> bool:
        """Whether a thread of it runs."""
        return self._thread.is_alive()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout_s)

    def behind(self) -> int:
        """How many records of its source are not done, as far as it can tell. From any thread; may ask the source.

        One that could not be read several times in a row has none that can be waited for.
        """
        if self._failures > _TRIED or not self.is_alive:
            return 0
        try:
            return self._behind()
        except Exception:  # whatever a client raises: the mapping's own thread tells of it
            return 1

    @abstractmethod
    def _behind(self) -> int:
        """The same, of a source that can be read."""

    @abstractmethod
    def _begin(self, now: float) -> float | None:
        """Begin all that is due; when there will be something again."""

    @abstractmethod
    def _read(self) -> float:
        """Ask the source; after how many seconds to ask again, if nothing wakes it."""

    @abstractmethod
    def _settle(self, now: float) -> float | None:
        """Tell the source what is done, which may take its time; when there will be something again."""

    @abstractmethod
    def _let_go(self) -> None:
        """Give back what is not with the function."""

    @property
    @abstractmethod
    def _is_drained(self) -> bool:
        """Whether nothing is with the function."""

    def _invoke(self, event: bytes, ended: Callable[[Came], None]) -> None:
        """Run the function; `ended` is called in this thread."""
        self._run_function(event, lambda came: self.post(lambda: ended(came)))

    def _woken(self) -> None:
        self._is_woken = False
        self._read_at = 0.0

    def _run(self) -> None:
        while not self._is_closed:
            due = self._turn()
            if self._is_stopping and self._is_drained:
                break
            self._sleep(due)
        for ended in self._ended:
            ended()

    def _turn(self) -> float | None:
        """Do what is to be done now; when to look again, None for not before something is posted."""
        dues: list[float | None] = []
        try:
            dues.append(self._begin(time.time()))
            if not self._is_stopping and time.time() >= self._read_at:
                self._read_at = float("inf")
                self._read_at = time.time() + self._read()
                self._failures = 0
                dues = [self._begin(time.time())]  # what was read is not left until something else happens
            dues.append(self._settle(time.time()))
        except Exception as error:  # whatever a client raises: the mapping lives on, and says what is the matter
            self._failed(error)
        if not self._is_stopping:
            dues.append(self._read_at)
        return min((due for due in dues if due is not None), default=None)

    def _failed(self, error: Exception) -> None:
        if not self._is_closed:
            _log.debug("%s", self._thread.name, exc_info=error)
            self.told(f"PROBLEM: {error}")
        self._read_at = time.time() + min(_FIRST_BACKOFF_S * 2 ** min(self._failures, 16), _LAST_BACKOFF_S)
        self._failures += 1

    def _sleep(self, until: float | None) -> None:
        """Take what was posted, and wait for the first of it."""
        wait_s = None if until is None or until == float("inf") else max(0.0, until - time.time())
        try:
            act = self._inbox.get(timeout=wait_s)
        except queue.Empty:
            return
        while not self._is_closed:
            act()
            try:
                act = self._inbox.get_nowait()
            except queue.Empty:
                return


def event_of(records: Iterable[bytes]) -> bytes:
    """The event of a batch."""
    return b'{"Records": [' + b", ".join(records) + b"]}"
