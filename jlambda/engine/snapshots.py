"""The engine's end of snapshots: one for each version that has them, made when it is published or first needed.

A snapshot is an environment that has been initialised and takes no invocations (`jlambda.engine.restore` is what its
process does). It lasts as long as its version, or as the supervisor: then the next cold start makes another one first.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from jlambda.engine import channel as channels
from jlambda.engine.board import IDLE, INIT
from jlambda.engine.conversation import After, Conversation
from jlambda.engine.environment import Environment, Version
from jlambda.errors import EngineError, SnapStartFailed
from jlambda.model import frames
from jlambda.model.invocation import SNAP_START

if TYPE_CHECKING:
    from jlambda.engine.engine import Engine
    from jlambda.engine.loop import Loop


#: called with what went wrong, None if there is a snapshot now
Prepared = Callable[[Exception | None], None]


class _Snapshot:
    """The snapshot of one version: `environment` is None until it is made, and again once it is lost.

    `restores` is how many of its forks have yet to begin; `waiting` are to be told when there is one.
    """

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.environment: Environment | None = None
        self.is_retired = False
        self.restores = 0
        self.waiting: list[Prepared] = []


class Snapshots:
    """All snapshots of an engine, by version key. Any thread may call."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._processes = engine, engine.processes
        self._lock = threading.Lock()
        self._snapshots: dict[str, _Snapshot] = {}
        self._threads: set[threading.Thread] = set()

    def is_ready(self, version: Version) -> bool:
        """Whether a restore can begin at once."""
        with self._lock:
            found = self._snapshots.get(version.key)
            return found is not None and found.environment is not None

    def take(self, version: Version) -> Environment:
        """The snapshot of a version, made if there is none: waits for the init phase. Raises `SnapStartFailed`."""
        return self._taken(version)[1]

    def _taken(self, version: Version) -> tuple[_Snapshot, Environment]:
        with self._lock:
            snapshot = self._snapshots.setdefault(version.key, _Snapshot())
        with snapshot.making:
            if (ready := snapshot.environment) is not None:
                return snapshot, ready
            made = self._make(version)
            with self._lock:
                snapshot.restores = 0
                if not snapshot.is_retired:
                    snapshot.environment = made
            if snapshot.is_retired:
                self._processes.end(made)
                raise EngineError(f"{version.function}: this version was deleted while its snapshot was made")
            # whatever comes from it from now on says that its process has ended
            self._engine.background().call(lambda loop: loop.watch(made.fd, lambda: self._end(snapshot, made)))
            return snapshot, made

    def prepare(self, version: Version, done: Prepared) -> None:
        """Take the snapshot in a thread, one for all who ask; `done` is called there, with what went wrong if anything did."""
        with self._lock:
            snapshot = self._snapshots.setdefault(version.key, _Snapshot())
            snapshot.waiting.append(done)
            if len(snapshot.waiting) > 1:
                return
            thread = threading.Thread(target=self._prepare, args=(version, snapshot), name="jlambda-snapshot", daemon=True)
            self._threads.add(thread)
        thread.start()

    def _prepare(self, version: Version, snapshot: _Snapshot) -> None:
        failure: Exception | None = None
        try:
            self.take(version)
        except Exception as error:
            failure = error
        with self._lock:
            self._threads.discard(threading.current_thread())
            waiting, snapshot.waiting = snapshot.waiting, []
        for done in waiting:
            done(failure)

    def _make(self, version: Version) -> Environment:
        engine = self._engine
        environment = self._processes.take_blank()
        try:
            engine.protection()  # waits for a supervisor that has just been started
            environment.become(version, SNAP_START)
            conversation = Conversation(None, version.timeout_s, environment.start)
            conversation.begin_init(engine.now())
            engine.drive(environment, conversation)
        except BaseException:
            self._processes.end(environment)
            raise
        if conversation.after is not After.PROCESS:
            self._processes.end(environment)
            raise SnapStartFailed(version.function, str(conversation.error_type), conversation.payload)
        self._processes.now_is_snapshot(environment)
        return environment

    def restore(self, version: Version, environment_id: int) -> Environment:
        """A new environment that is being restored: its channel will say when it is ready."""
        while True:
            snapshot, source = self._taken(version)
            environment, theirs = self._processes.open_restored(environment_id)
            environment.become(version, SNAP_START)
            environment.start = b""
            environment.begun = partial(self._begun, snapshot, source, environment)
            with self._lock:
                snapshot.restores += 1
                source.board[source.phase_at] = INIT
            try:
                message = channels.to_environment(frames.RESTORE, json.dumps({"id": environment.supervised}).encode())
                socket.send_fds(source.channel, [message], [theirs, environment.output])
                self._processes.wake(source)
            except ConnectionError:  # it has just ended: on to the next
                self._processes.close_restored(environment)
                self._end(snapshot, source)
            except OSError as error:
                self._processes.close_restored(environment)
                raise EngineError(f"no execution environment could be restored: {error}") from error
            else:
                return environment
            finally:
                os.close(theirs)

    def _begun(self, snapshot: _Snapshot, source: Environment, environment: Environment, pid: int) -> None:
        self._processes.adopt(environment, pid, source)
        with self._lock:
            if snapshot.environment is source:
                snapshot.restores -= 1
                if not snapshot.restores:
                    source.board[source.phase_at] = IDLE

    def _end(self, snapshot: _Snapshot, environment: Environment) -> None:
        """Have a snapshot ended, unless somebody has done so already; the environments restored from it end first."""
        with self._lock:
            if snapshot.environment is not environment:
                return
            snapshot.environment = None
        try:
            background = self._engine.background()
        except EngineError:  # closed
            environment.close()
        else:
            background.call(lambda loop: self._let_go(loop, environment))

    def _let_go(self, loop: Loop, environment: Environment) -> None:
        loop.unwatch(environment.fd)
        self._processes.end(environment)

    def retire(self, key: str) -> None:
        """A version is gone: so will be its snapshot, once the environments restored from it are."""
        with self._lock:
            snapshot = self._snapshots.pop(key, None)
            if snapshot is None:
                return
            snapshot.is_retired = True
            environment = snapshot.environment
        if environment is not None:
            self._end(snapshot, environment)

    def close(self) -> None:
        """The engine has ended all processes: let go of what is left of them."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(5)
        for snapshot in self._snapshots.values():
            if snapshot.environment is not None:
                snapshot.environment.close()
        self._snapshots.clear()
