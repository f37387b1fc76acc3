"""The processes of a session: the supervisor, blank environments forked ahead of need, and every other until it is gone.

Knows whose environment is whose, and neither the scheduler nor an invocation: the engine says what is begun and ended, and is
told of an environment that has ended by itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import threading
from collections import deque
from collections.abc import Callable

from jlambda.engine.background import Background
from jlambda.engine.board import FROZEN, IDLE, SLOTS, Board
from jlambda.engine.control import Control, Protection, Template
from jlambda.engine.environment import Environment, Version
from jlambda.engine.loop import Loop
from jlambda.engine.sandbox import Sandbox
from jlambda.errors import EngineError
from jlambda.model.limits import MB_PER_VCPU

#: how many open files this process is allowed once it has run out of them
_OPEN_FILES = 65_536


class Processes:
    """Started when the first environment is needed. Any thread may call.

    `environments` are those in use, by the scheduler's number: whoever ends one takes it out. `background` gives the engine's
    thread, `lost` is told of an environment in use that has ended by itself, and `stirred` that one is let go of.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        template: Template,
        blanks: int,
        *,
        cpu_limit: bool,
        freezer: bool,
        background: Callable[[], Background],
        lost: Callable[[Environment], None],
        stirred: Callable[[], None],
    ) -> None:
        self.environments: dict[int, Environment] = {}
        self.blank: deque[Environment] = deque()
        self.stopping: dict[int, Environment] = {}  # by the supervisor's number
        self.control: Control | None = None
        self._sandbox, self._template, self.blanks = sandbox, template, blanks
        self._cpu_limit, self._freezer = cpu_limit, freezer
        self._background, self._lost, self._stirred = background, lost, stirred
        self._lock = threading.Lock()  # the supervisor's, and the blanks'
        self._board: Board | None = None
        self._free_slots: list[int] = []
        self._last_id = 0
        self._is_closed = False

    # -- the supervisor ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the supervisor and its blank environments ahead of the first invocation."""
        with self._lock:
            self._ensure_supervisor()
        self._background().call(lambda _: self.keep_blanks())

    def _ensure_supervisor(self) -> None:
        background = self._background()
        if self._is_closed:
            raise _closed()
        if self.control is None:
            if self._board is None:
                self._board = Board.create()
                self._free_slots = list(range(SLOTS - 1, -1, -1))
            control = Control(self._sandbox, self._template, self._board, self._cpu_limit, self._freezer)
            self.control = control
            background.call(lambda loop: loop.watch(control.socket.fileno(), lambda: self._report(loop, control)))

    def protection(self) -> Protection:
        """What this machine lets the sandbox do; starts the supervisor to find out."""
        self.start()
        control = self.control
        if control is None:
            raise _closed()
        return control.wait_until_ready()

    @property
    def is_ready(self) -> bool:
        """Whether there is a supervisor that can fork environments."""
        return self.control is not None and self.control.protection is not None

    @property
    def supervisor_pid(self) -> int | None:
        """The supervisor's process; None while there is none."""
        return self.control.pid if self.control is not None else None

    def _report(self, loop: Loop, control: Control) -> None:
        report = control.read_report()
        if report is None:
            self._supervisor_ended(loop, control)
        elif "ended" in report:
            self.ended(report["ended"])

    def _supervisor_ended(self, loop: Loop, control: Control) -> None:
        with self._lock:
            loop.unwatch(control.socket.fileno())
            control.close()
            if self.control is control:
                self.control = None
            left = [*self.blank, *self.stopping.values(), *self.environments.values()]
        for supervised in [environment.supervised for environment in left]:
            self.ended(supervised)

    def ended(self, supervised: int) -> None:
        """An environment is gone, says the supervisor."""
        with self._lock:
            stopped = self.stopping.pop(supervised, None)
            blank = [environment for environment in self.blank if environment.supervised == supervised]
            for environment in blank:
                self.blank.remove(environment)
        for environment in [*blank, *([stopped] if stopped else [])]:
            self.close_environment(environment)
        for environment in [it for it in list(self.environments.values()) if it.supervised == supervised]:
            self._lost(environment)

    # -- environments begin ------------------------------------------------------------------------------------------

    def new(self, version: Version, environment_id: int, initialization: str) -> Environment:
        """An environment of `version` that has yet to be initialised. Raises `EngineError`."""
        environment = self.take_blank(environment_id)
        control = self.control
        environment.become(version, initialization)
        if control is not None:
            control.wait_until_ready()
        return environment

    def take_blank(self, environment_id: int = 0) -> Environment:
        """A blank environment, for the scheduler's number or for none of its."""
        with self._lock:
            self._ensure_supervisor()
            environment = self.blank.popleft() if self.blank else self._new_blank()
            if environment_id:
                environment.id = environment_id
                self.environments[environment_id] = environment
        return environment

    def keep_blanks(self) -> None:
        """Have as many blank environments forked as should be ready."""
        with self._lock:
            if self.control is not None and not self._is_closed:
                with contextlib.suppress(EngineError, OSError):
                    while len(self.blank) < self.blanks:
                        self.blank.append(self._new_blank())

    def _new_blank(self) -> Environment:
        assert self.control is not None
        environment, theirs = self._open()
        try:
            self.control.create(environment.supervised, theirs, environment.output)
        except EngineError:
            self.close_environment(environment)
            raise
        finally:
            os.close(theirs)
        return environment

    def _open(self) -> tuple[Environment, int]:
        """An environment without processes, and the descriptor of its channel's other end."""
        assert self._board is not None
        if not self._free_slots:
            raise EngineError(f"there are {SLOTS} execution environments; wait until some have ended")
        self._last_id += 1
        slot = self._free_slots.pop()
        try:
            environment, theirs = self._open_environment(slot, self._board)
        except OSError as error:
            self._free_slots.append(slot)
            hint = "; raise the limit on open files (ulimit -n)" if error.errno == errno.EMFILE else ""
            raise EngineError(f"no execution environment could be made: {error}{hint}") from error
        environment.born = self._watch
        return environment, theirs

    def _open_environment(self, slot: int, board: Board) -> tuple[Environment, int]:
        try:
            return Environment.open(self._last_id, slot, board)
        except OSError as error:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            if error.errno != errno.EMFILE or soft == hard:
                raise
            # two descriptors an environment; many systems begin with 1,024 and let a process have more
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(2 * soft, _OPEN_FILES)), hard))
            return Environment.open(self._last_id, slot, board)

    # -- restored from a snapshot ------------------------------------------------------------------------------------

    def open_restored(self, environment_id: int) -> tuple[Environment, int]:
        """An environment that is to be forked from a snapshot, and the descriptor of its channel's other end."""
        with self._lock:
            self._ensure_supervisor()
            environment, theirs = self._open()
            environment.id = environment_id
            self.environments[environment_id] = environment
        return environment, theirs

    def adopt(self, environment: Environment, pid: int, snapshot: Environment) -> None:
        """A restored environment has begun, with the process `pid`: have it supervised."""
        if (control := self.control) is not None:
            with contextlib.suppress(EngineError):
                control.adopt(environment.supervised, pid, snapshot.supervised)

    def close_restored(self, environment: Environment) -> None:
        """Give back what `open_restored` gave: there was nothing to fork it from."""
        with self._lock:
            self.environments.pop(environment.id, None)
            self.close_environment(environment)

    def now_is_snapshot(self, environment: Environment) -> None:
        """An environment has become a snapshot: what it starts from now on is no part of it. Blanks are made up for it."""
        environment.board[environment.phase_at] = IDLE
        self._watch(environment, is_alone=True)
        self._background().call(lambda _: self.keep_blanks())

    # -- while they are there ----------------------------------------------------------------------------------------

    def _watch(self, environment: Environment, *, is_alone: bool = False) -> None:
        """An environment has a process now: have it held to its limits."""
        if (control := self.control) is not None:
            share = environment.memory_mb / MB_PER_VCPU
            with contextlib.suppress(EngineError):
                about = (environment.pid, environment.slot, environment.memory_mb, share, environment.has_bridge)
                control.watch(environment.supervised, *about, is_alone=is_alone)

    def wake(self, environment: Environment) -> None:
        """An environment has got something to do: if it is frozen have it go on; it finds its event when it does."""
        if environment.board[environment.phase_at + FROZEN] and (control := self.control) is not None:
            with contextlib.suppress(EngineError):  # its channel closes, which says the same
                control.thaw(environment.supervised)

    def kill(self, environment: Environment) -> None:
        """Have the environment's process killed; its channel then says how it ended."""
        if (control := self.control) is not None:
            with contextlib.suppress(EngineError):
                control.kill(environment.supervised, environment.pid)

    # -- environments end --------------------------------------------------------------------------------------------

    def end(self, environment: Environment, is_gone: bool = False) -> None:
        """Have an environment ended that is no longer in use; `is_gone` if the supervisor has told of its end."""
        control = self.control
        if is_gone or control is None:
            self.close_environment(environment)
            return
        # its channel stays open until it has ended: a closed one would end it before its shutdown phase
        self.stopping[environment.supervised] = environment
        with contextlib.suppress(EngineError):
            control.stop(environment.supervised)

    def close_environment(self, environment: Environment) -> None:
        """Let go of an environment that the supervisor has ended, or is about to."""
        self._stirred()
        environment.clear_slot()
        environment.close()
        self._free_slots.append(environment.slot)

    def leave(self) -> Control | None:
        """From now on nothing is asked of the supervisor: it is given away, for somebody to close."""
        with self._lock:
            self._is_closed = True
            control, self.control = self.control, None
        return control

    def close(self) -> None:
        """All processes have ended: let go of what is left of them."""
        for environment in [*self.blank, *self.stopping.values(), *self.environments.values()]:
            environment.close()
        self.blank.clear()
        self.stopping.clear()
        self.environments.clear()
        if self._board is not None:
            self._board.close()


def _closed() -> EngineError:
    return EngineError("this session is closed; make a new one")
