"""The comms of one kernel, and the session that their panels show.

Comms may be answered on a thread of the front end's, while a cell runs, and changes come from a thread of the session's:
all that is kept here is touched under one lock. What is asked for runs in a thread a request.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import jlambda
from jlambda.errors import EngineError, LambdaError
from jlambda.notebook.panel.acts import act
from jlambda.notebook.panel.board import BoardMaker
from jlambda.notebook.panel.changes import difference
from jlambda.notebook.panel.messages import TARGET, VERSION, AnswerMessage, Board, Message, Request, read_request
from jlambda.service.cells import DeployedCells
from jlambda.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_log = logging.getLogger(__name__)


class Comm(Protocol):
    """The part of a comm that is used here."""

    def send(self, data: Any) -> None: ...
    def close(self) -> None: ...
    def on_msg(self, callback: Callable[[dict[str, Any]], None]) -> None: ...
    def on_close(self, callback: Callable[[dict[str, Any]], None]) -> None: ...


class Panel:
    """The kernel's end of all panels that are open on it."""

    def __init__(self, shell: InteractiveShell) -> None:
        from comm import create_comm

        self._shell = shell
        self._lock = threading.RLock()
        #: each with the context that it was opened in: what is sent in it is an answer to the front end's own thread,
        #: and keeps the comm's messages away from the main thread, where a cell may be running
        self._comms: dict[Comm, contextvars.Context] = {}
        self._session: Session | None = None
        self._cells: DeployedCells | None = None  # another object each time that the session is opened
        self._maker: BoardMaker | None = None
        self._board: Board = {}
        self._unfollow: Callable[[], None] = lambda: None
        self._manager = shell.kernel.comm_manager  # type: ignore[attr-defined]  # the shell of a kernel has one
        self._manager.register_target(TARGET, self._opened)
        shell.events.register("post_run_cell", self._cell_ran)
        #: that it is open tells pages that jlambda is loaded
        self._sign: Comm = create_comm(target_name=TARGET)

    def close(self) -> None:
        """End all comms; pages see that jlambda is not loaded any more."""
        self._manager.unregister_target(TARGET, self._opened)
        self._shell.events.unregister("post_run_cell", self._cell_ran)
        with self._lock:
            comms, self._comms = self._comms, {}
            self._let_go()
        for comm in (*comms, self._sign):
            comm.close()

    # -- comms ---------------------------------------------------------------------------------------------------------

    def _opened(self, comm: Comm, _: dict[str, Any]) -> None:
        """A panel has connected: it gets the whole board."""
        comm.on_msg(lambda message: self._asked(comm, message["content"]["data"]))
        comm.on_close(lambda _: self._closed(comm))
        with self._lock:
            self._look()
            self._comms[comm] = contextvars.copy_context()
            self._send(comm, {"type": "board", "version": VERSION, "board": self._board})

    def _closed(self, comm: Comm) -> None:
        with self._lock:
            self._comms.pop(comm, None)
            if not self._comms:
                self._let_go()

    def _asked(self, comm: Comm, data: object) -> None:
        request = read_request(data)
        if request is not None:
            threading.Thread(target=self._answer, args=(comm, request), name=f"panel-{request.act}", daemon=True).start()

    def _answer(self, comm: Comm, request: Request) -> None:
        answer: AnswerMessage = {"type": "answer", "number": request.number}
        try:
            answer["value"] = act(jlambda.current(), request)
        except LambdaError as error:
            answer["refusal"] = str(error)
        except Exception as error:
            _log.exception("a panel asked for %s", request.act)
            answer["refusal"] = f"{type(error).__name__}: {error}"
        self._cell_ran()
        with self._lock:
            if comm in self._comms:
                self._send(comm, answer)

    def _send(self, comm: Comm, message: Message) -> None:
        try:
            self._comms[comm].run(comm.send, message)
        except Exception:  # the kernel is ending, or the page is gone
            _log.debug("a panel could not be told", exc_info=True)

    # -- the session ---------------------------------------------------------------------------------------------------

    def _cell_ran(self, *_: object) -> None:
        """A cell, or a request, may have made another session current, closed this one, or opened it again."""
        with self._lock:
            session = jlambda.current()
            if self._comms and (session is not self._session or (session.is_open and session.cells is not self._cells)):
                self._look()
                for comm in self._comms:
                    self._send(comm, {"type": "board", "version": VERSION, "board": self._board})

    def _look(self) -> None:
        """Follow the session that is current now, unless that is followed already, and make its board."""
        session = jlambda.current()
        if session is self._session and session.cells is self._cells:
            return
        self._let_go()
        self._session, self._cells, self._maker = session, session.cells, BoardMaker(session)
        self._cells.told = self._cell_deployed
        self._unfollow = session.follow(self._changed)
        self._board = self._maker.make()

    def _let_go(self) -> None:
        self._unfollow()
        self._unfollow = lambda: None
        if self._cells is not None:
            self._cells.told = lambda _: None
        self._session, self._cells, self._maker, self._board = None, None, None, {}

    def _cell_deployed(self, function: str) -> None:
        with self._lock:
            if self._maker is not None:
                self._maker.forget(function)
                self._changed()

    def _changed(self) -> None:
        """Something of the session has changed: tell what. At most ten times a second, in a thread of the session's."""
        with self._lock, suppress(EngineError):  # it is being closed
            if self._maker is not None:
                before, self._board = self._board, self._maker.make()
                changes = difference(before, self._board)
                if changes is not None:
                    for comm in self._comms:
                        self._send(comm, changes)
