"""What goes on in a session, told to whoever follows it.

While somebody follows, each record is handed on as it is made, and counted in a thread that sleeps until something
happens. While nobody does, nothing is handed on, there is no thread, and an overview reads all records.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from jlambda.engine.board import IDLE
from jlambda.engine.engine import Engine
from jlambda.errors import EngineError
from jlambda.model.invocation import InvocationRecord
from jlambda.service.control import ControlPlane
from jlambda.service.event_queue import EventQueue
from jlambda.service.invoke import Invoker
from jlambda.service.overviews import Overviews
from jlambda.store.records import Records
from jlambda.telemetry.overview import Overview
from jlambda.telemetry.tally import Tally

_log = logging.getLogger(__name__)
#: followers are told at most so often
INTERVAL_S = 0.1
#: an environment that has answered is frozen soon, which nobody tells: it is looked for, for so long
_SETTLES_S = 2.0
#: what may still be running when records are read began at most so long before: 900 s, an init phase, and some
_LONGEST_S = 1_000.0

_Key = tuple[str, int, float]


class Activity:
    """The activity of one open session."""

    def __init__(
        self, engine: Engine, invoker: Invoker, records: Records, control: ControlPlane, queue: EventQueue, *, has_freezer: bool
    ) -> None:
        self._engine, self._invoker, self._records, self._control, self._queue = engine, invoker, records, control, queue
        self._overviews, self._has_freezer = Overviews(engine, control, queue), has_freezer
        self._lock = threading.RLock()
        self._followers: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self.is_closed = False
        self._tally: Tally | None = None
        self._counted: set[_Key] = set()
        self._changes = 0
        self._unlisten: Callable[[], None] = lambda: None
        # touched without the lock, by whoever invokes or deploys
        self._arrived: deque[InvocationRecord] = deque()
        self._changed: deque[str] = deque()
        self._is_asleep = False
        self._stir = threading.Event()

    def overview(self) -> Overview:
        """What there is to see now. Cheap while somebody follows; else it counts all records.

        Raises `EngineError` once the session is closed.
        """
        with self._lock:
            self._check_open()
            if self._tally is not None:
                self._take_in()
                return self._overviews.make(self._tally, time.time())
            self._overviews.forget()
            return self._overviews.make(self._read()[0], time.time())

    def follow(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Have `changed` called after anything that an overview shows has changed, at most ten times a second.

        That happens in a thread of the session's. What is returned ends it; so does closing the session.
        """
        with self._lock:
            self._check_open()
            if self._thread is None:
                self._begin()
            self._followers.append(changed)

        def end() -> None:
            with self._lock:
                if changed in self._followers:
                    self._followers.remove(changed)
                if not self._followers:
                    self._end()

        return end

    def _check_open(self) -> None:
        if self.is_closed:
            raise EngineError("this session is closed; make a new one")

    def start_over(self) -> None:
        """All records are gone."""
        with self._lock:
            if self._tally is not None:
                self._count_anew()
        self._stirred()

    def close(self) -> None:
        """Nobody follows any more."""
        with self._lock:
            self.is_closed = True
            thread = self._thread
            self._followers.clear()
            self._end()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _begin(self) -> None:
        self._control.watchers.append(self._function_changed)
        self._arrived.clear()
        self._changed.clear()
        self._overviews.forget()
        self._unlisten = self._invoker.listen(self._invocation_ended)
        self._engine.stirred = self._queue.stirred = self._stirred
        self._count_anew()
        self._stir = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stir,), name="jlambda-activity", daemon=True)
        self._thread.start()

    def _end(self) -> None:
        if self._thread is None:
            return
        self._unlisten()
        self._engine.stirred = self._queue.stirred = None
        self._control.watchers.remove(self._function_changed)
        self._tally = self._thread = None
        self._stir.set()

    # -- what is told by whoever invokes: it costs them a line or two -----------------------------------------------------

    def _invocation_ended(self, record: InvocationRecord, _: bytes) -> None:
        self._arrived.append(record)
        if self._is_asleep:
            self._stirred()

    def _stirred(self) -> None:
        if self._is_asleep:
            self._is_asleep = False
            self._stir.set()

    def _function_changed(self, name: str) -> None:
        self._changed.append(name)
        self._stirred()

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self, stir: threading.Event) -> None:
        told: object = None  # what changed since somebody began to follow is told
        looks_until = 0.0
        while True:
            if time.monotonic() >= looks_until:
                self._is_asleep = True  # whatever happens from here on wakes us
                if self._seen(stir) == told:
                    stir.wait()
                self._is_asleep = False
                stir.clear()
            seen = self._seen(stir)
            if seen is None:
                return
            if seen != told:
                told = seen
                self._tell()
                looks_until = time.monotonic() + (_SETTLES_S if self._is_unsettled() else INTERVAL_S)
            stir.wait(INTERVAL_S)

    def _seen(self, stir: threading.Event) -> object:
        """Something that differs whenever there is something to tell; None where the thread is not needed any more."""
        with self._lock:
            if self._thread is None or self._stir is not stir:
                return None
            self._take_in()
            return self._changes, self._engine.environments(), self._overviews.queue()

    def _is_unsettled(self) -> bool:
        return self._has_freezer and any(it.phase == IDLE and not it.is_frozen for it in self._engine.environments())

    def _tell(self) -> None:
        for follower in tuple(self._followers):
            try:
                follower()
            except Exception:
                _log.exception("a follower of the session has failed, and is told no more")
                with self._lock:
                    if follower in self._followers:
                        self._followers.remove(follower)

    # -- counting ------------------------------------------------------------------------------------------------------

    def _count_anew(self) -> None:
        self._tally, self._counted = self._read()
        self._changes += 1

    def _read(self) -> tuple[Tally, set[_Key]]:
        """A tally of all records that are stored, and which of them may be told of again."""
        tally, since = Tally(), time.time() - _LONGEST_S
        records = self._records.rows()
        for record in records:
            tally.add(record)
        return tally, {_key(record) for record in records if record.started_at >= since}

    def _take_in(self) -> None:
        """Count what has ended since the last time, and look at what has changed."""
        tally, arrived = self._tally, self._arrived
        if arrived and tally is not None:
            for _ in range(len(arrived)):
                record = arrived.popleft()
                if _key(record) not in self._counted:
                    tally.add(record)
            self._changes += 1
        if self._changed:
            self._overviews.changed({self._changed.popleft() for _ in range(len(self._changed))})
            self._changes += 1


def _key(record: InvocationRecord) -> _Key:
    return record.request_id, record.attempt, record.started_at
