"""Group commit: rows of many callers in one transaction, so that they share one wait for the disk.

Whoever comes first stores for all who came meanwhile, and hands the turn to one of those who came after: there is no
thread between a caller and the disk. Knows nothing of what a row is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Row = TypeVar("Row")
Told = Callable[[Exception | None], object]

#: rows in one transaction
BATCH = 500


class _Ticket(Generic[Row]):
    """Somebody's place in the line: with a row to be stored, or for a turn alone (`row` is None).

    Its lock is released once the row is stored, or when its holder has the turn: whoever has `told` waits for neither.
    """

    __slots__ = ("error", "is_over", "lock", "row", "told")

    def __init__(self, row: Row | None, told: Told | None = None) -> None:
        self.row, self.told = row, told
        self.is_over = False
        self.error: Exception | None = None
        self.lock = threading.Lock()
        self.lock.acquire()


class GroupCommit(Generic[Row]):
    """`store` stores rows in one transaction, all or none; it is never called by two threads at one time.

    A `KeyboardInterrupt` within these methods would leave the turn with nobody: the main thread holds it back meanwhile.
    """

    def __init__(self, store: Callable[[list[Row]], None]) -> None:
        self._store = store
        self._turn = threading.Lock()
        self._line: deque[_Ticket[Row]] = deque()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._thread_turn = threading.Lock()
        self._thread_turn.acquire()
        self._is_closed = False

    def put(self, row: Row) -> None:
        """Store a row, and return when it is on the disk. Raises what `store` raised: then it is not stored."""
        ticket = _Ticket(row)
        self._line.append(ticket)
        while not ticket.is_over and self._has_turn(ticket):
            self._store_line()
            self._hand_over()
        if ticket.error is not None:
            raise ticket.error

    def put_later(self, row: Row, told: Told) -> None:
        """Store a row soon; `told` is called in another thread, with None once it is on the disk, or with the error."""
        if self._thread is None:
            self.start()
        self._line.append(_Ticket(row, told))
        if self._turn.acquire(blocking=False):
            self._thread_turn.release()

    def start(self) -> None:
        """Start the thread that `put_later` needs, if it is not there."""
        with self._starting:
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._run, name="jlambda-accept", daemon=True)
                self._thread.start()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes within the block, which comes after all rows that were put before."""
        ticket: _Ticket[Row] = _Ticket(None)
        self._line.append(ticket)
        self._has_turn(ticket)
        while self._line[0] is not ticket:
            self._store_line()
            if self._line[0].row is None and self._line[0] is not ticket:  # another who came before for a turn alone
                self._hand_over()
                self._has_turn(ticket)
        self._line.popleft()
        try:
            yield
        finally:
            self._hand_over()

    def _has_turn(self, ticket: _Ticket[Row]) -> bool:
        """Wait until the row is stored or it is our turn, whichever comes first."""
        if self._turn.acquire(blocking=False):
            return True
        ticket.lock.acquire()
        return not ticket.is_over

    def _store_line(self) -> None:
        """Store the rows at the head of the line."""
        line, batch = self._line, list[_Ticket[Row]]()
        while line and len(batch) < BATCH and line[0].row is not None:
            batch.append(line.popleft())
        if not batch:
            return
        error: Exception | None = None
        try:
            self._store([ticket.row for ticket in batch if ticket.row is not None])
        except Exception as raised:
            error = raised
        for ticket in batch:
            ticket.error, ticket.is_over = error, True
            if ticket.told is not None:
                ticket.told(error)
            else:
                ticket.lock.release()

    def _hand_over(self) -> None:
        """Give the turn to the head of the line, or back if there is none."""
        while True:
            if self._line:
                head = self._line[0]
                (head.lock if head.told is None else self._thread_turn).release()
                return
            self._turn.release()
            # whoever came between the look and the release found the turn taken
            if not self._line or not self._turn.acquire(blocking=False):
                return

    def _run(self) -> None:
        while True:
            self._thread_turn.acquire()
            self._store_line()
            is_closed = self._is_closed
            self._hand_over()
            if is_closed:
                return

    def close(self) -> None:
        """Store what is still in the line, and end the thread; nothing is put any more."""
        with self.alone():
            self._is_closed = True
        with self._starting:
            thread = self._thread
        if thread is not None:
            self._turn.acquire()
            self._thread_turn.release()
            thread.join()
