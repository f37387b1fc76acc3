"""queue.db as a file: one connection that writes, one that reads, and what to do where the file is damaged.

Knows nothing of what is in it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from jlambda.errors import StateError
from jlambda.store.connection import errors_told, is_damage, open_reader, open_writer
from jlambda.store.queue_schema import STEPS
from jlambda.store.salvage import salvage

T = TypeVar("T")
Alone = Callable[[], AbstractContextManager[None]]

_log = logging.getLogger("jlambda")


class QueueFile:
    """The open file. Raises `StateError` where it cannot be read or written.

    Where it is damaged, what can be read of it is put in its place, and what was to be done is done then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reading = threading.Lock()
        self._salvages = 0
        self._open()

    def _open(self) -> None:
        self.connection = open_writer(self.path, STEPS)
        self._reader = open_reader(self.path)
        self._is_synchronised = False

    def write(self, act: Callable[[sqlite3.Connection], T], *, is_synchronised: bool) -> T:
        """The result of `act`, whose transactions wait for the disk if asked to. Whoever calls sees to it that nobody else
        writes meanwhile."""
        salvages = self._salvages
        try:
            return self._write(act, is_synchronised)
        except StateError as error:
            if not is_damage(error):
                raise
            self._salvage(error, salvages)
        return self._write(act, is_synchronised)

    def _write(self, act: Callable[[sqlite3.Connection], T], is_synchronised: bool) -> T:
        with errors_told(self.path):
            if is_synchronised is not self._is_synchronised:
                self.connection.execute(f"pragma synchronous = {'full' if is_synchronised else 'normal'}")
                self._is_synchronised = is_synchronised
            return act(self.connection)

    def read(
        self, statement: str, parameters: tuple[object, ...], alone: Callable[[], AbstractContextManager[None]]
    ) -> list[Any]:
        """The rows of a query. Within `alone` nobody writes; it is needed where there is damage."""
        salvages = self._salvages
        try:
            return self._read(statement, parameters)
        except StateError as error:
            if not is_damage(error):
                raise
            with alone():
                self._salvage(error, salvages)
        return self._read(statement, parameters)

    def _read(self, statement: str, parameters: tuple[object, ...]) -> list[Any]:
        with self._reading, errors_told(self.path):
            return self._reader.execute(statement, parameters).fetchall()

    def _salvage(self, error: StateError, salvages: int) -> None:
        """Go on with what can be read, unless another has seen to that since there were so many `salvages`."""
        with self._reading:
            if self._salvages != salvages:
                return
            self.close()
            try:
                with errors_told(self.path):
                    kept = salvage(self.path)
            except OSError as failure:
                raise error from failure
            finally:
                self._open()
            self._salvages += 1
        _log.warning("%s was damaged: what could be read goes on, the damaged file is %s", self.path, kept)

    def close(self) -> None:
        """Close both connections."""
        self._reader.close()
        self.connection.close()
