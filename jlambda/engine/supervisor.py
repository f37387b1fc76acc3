"""The supervisor: the one process that forks, kills and reaps execution environments.

Single-threaded, in an interpreter of its own that has imported what functions commonly need, so that an environment
is a fork of it. It serves requests that come over one packet socket, with file descriptors attached, and sleeps
otherwise. It ends, with all environments, when the other end of that socket closes, for whatever reason.
It knows neither functions nor invocations.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace

from jlambda.engine import first_process, sandbox, syscalls
from jlambda.engine.board import Board
from jlambda.engine.first_process import Setting
from jlambda.engine.governor import BRIDGE_SHUTDOWN_S, Governor
from jlambda.engine.proc import is_below, parent
from jlambda.engine.sandbox import Sandbox

#: what a request or a report may take, one packet each
MESSAGE_BYTES = 65_536
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: the Shutdown phase
_SHUTDOWN_S = 0.5


class Supervisor:
    """Forks first processes, by environment id, and tells of their end."""

    def __init__(self, control: socket.socket, wanted: Sandbox, governor: Governor, rehearse: Callable[[bool], None]) -> None:
        self.control, self.governor = control, governor
        self.ending: dict[int, float] = {}  # environment id -> when it is killed
        self.pidfds: dict[int, int] = {}  # of functions asked to end -> environment id
        self.restored: dict[int, int] = {}  # environment id -> that of its snapshot
        self.ends: dict[int, int] = {}  # pidfds of first processes that are not our children -> environment id
        self.leaving: set[int] = set()  # snapshots that end with the last environment restored from them
        self.poll = select.poll()
        folders = sandbox.visible_folders(wanted.tools)
        box = replace(wanted, landlock_version=min(syscalls.landlock_version(), wanted.landlock_version))
        self.setting = Setting(box, sandbox.plan_private_root(wanted, folders), folders, rehearse)
        self.first: dict[int, int] = {}  # environment id -> pid of its first process
        self.refusal = ""
        if wanted.has_private_root:
            self.refusal = self._try_private_root()
            self.setting = replace(self.setting, sandbox=replace(box, has_private_root=not self.refusal))

    def _try_private_root(self) -> str:
        """Make a private root once, to see whether this machine lets us: why not, or nothing."""
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output = os.memfd_create("probe")
        try:
            pid = self._fork(its, output, 0)
        except OSError as error:
            return str(error)
        finally:
            its.close()
        mine.shutdown(socket.SHUT_WR)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        told = os.pread(output, 1000, 0).decode(errors="replace")
        if status and not told:
            told = f"the first process of an environment ended with status {status}"
        mine.close()
        os.close(output)
        return told.strip()

    def _fork(self, channel: socket.socket, output: int, environment_id: int) -> int:
        if not self.setting.sandbox.has_private_root:
            pid = syscalls.fork()
            if pid == 0:
                first_process.run(channel, output, self.setting, environment_id, None)
            return pid
        may_go, go = os.pipe()
        try:
            pid = syscalls.clone(sandbox.NAMESPACES)
            if pid == 0:
                os.close(go)
                first_process.run(channel, output, self.setting, environment_id, may_go)
            try:
                sandbox.map_users(pid)
                os.write(go, b"y")
            except OSError:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise
            return pid
        finally:
            os.close(may_go)
            os.close(go)

    def create(self, environment_id: int, channel_fd: int, output: int) -> None:
        """Fork an environment that waits for its START on the channel."""
        channel = socket.socket(fileno=channel_fd)
        try:
            self.first[environment_id] = self._fork(channel, output, environment_id)
        except OSError as error:
            self._tell({"ended": environment_id, "reason": str(error)})
        finally:
            channel.close()
            os.close(output)

    def adopt(self, environment_id: int, pid: int, snapshot: int) -> None:
        """Take charge of an environment that a snapshot has forked; its first process is the snapshot's first one's child."""
        try:
            if not is_below(pid, self.first.get(snapshot, 0)):
                raise ProcessLookupError("it has ended")
            pidfd = os.pidfd_open(pid)
        except (OSError, AttributeError) as error:
            self._tell({"ended": environment_id, "reason": str(error)})
            return
        self.first[environment_id], self.restored[environment_id] = pid, snapshot
        self.ends[pidfd] = environment_id
        self.poll.register(pidfd, select.POLLIN)

    def kill(self, environment_id: int, pid: int) -> None:
        """End the function's process, if it is one of that environment's; its first process reports the end."""
        first = self.first.get(environment_id)
        if first and not pid:
            self._kill_all_of(environment_id)
        elif first and parent(pid) == first:
            with contextlib.suppress(ProcessLookupError):
                if not self.governor.time_out(environment_id, time.monotonic()):
                    os.kill(pid, signal.SIGKILL)

    def stop(self, environment_id: int) -> None:
        """Begin an environment's shutdown phase: SIGTERM, and SIGKILL when its time is over."""
        if environment_id not in self.first:
            self._tell({"ended": environment_id})
            return
        if environment_id in self.restored.values():
            self.leaving.add(environment_id)
            return
        if environment_id in self.ending:
            return
        limit_s = BRIDGE_SHUTDOWN_S if self.governor.has_bridge(environment_id) else _SHUTDOWN_S
        pid = self.governor.end(environment_id)
        if not pid:
            self._kill_all_of(environment_id)
            return
        self.ending[environment_id] = time.monotonic() + limit_s
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:  # it was quicker than we are
            self._kill_all_of(environment_id)
        except (OSError, AttributeError):  # its end is not seen: it has all of its time
            pass
        else:
            self.pidfds[pidfd] = environment_id
            self.poll.register(pidfd, select.POLLIN)

    def _kill_all_of(self, environment_id: int) -> None:
        self.ending.pop(environment_id, None)
        with contextlib.suppress(ProcessLookupError):
            # without a PID namespace the first process has to end the others itself
            os.kill(self.first[environment_id], signal.SIGKILL if self.setting.sandbox.has_private_root else signal.SIGTERM)

    def _function_ended(self, pidfd: int) -> None:
        environment_id = self.pidfds.pop(pidfd)
        self.poll.unregister(pidfd)
        os.close(pidfd)
        if environment_id in self.first:
            self._kill_all_of(environment_id)

    def _restored_ended(self, pidfd: int) -> None:
        environment_id = self._forget_end(pidfd)
        self._gone(environment_id)
        self._tell({"ended": environment_id})

    def _forget_end(self, pidfd: int) -> int:
        self.poll.unregister(pidfd)
        os.close(pidfd)
        return self.ends.pop(pidfd)

    def reap(self) -> None:
        """Collect the environments that have ended, and tell the engine."""
        while self.first:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for environment_id in [i for i, first in self.first.items() if first == pid]:
                self._gone(environment_id)
                self._tell({"ended": environment_id})

    def _gone(self, environment_id: int) -> None:
        del self.first[environment_id]
        self.ending.pop(environment_id, None)
        self.governor.forget(environment_id)
        self._remove_scratch(environment_id)
        self.leaving.discard(environment_id)
        snapshot = self.restored.pop(environment_id, None)
        if snapshot in self.leaving and snapshot not in self.restored.values():
            self.leaving.discard(snapshot)
            self._kill_all_of(snapshot)

    def _remove_scratch(self, environment_id: int) -> None:
        if not self.setting.sandbox.has_private_root:
            import shutil

            snapshot, tmp = self.restored.get(environment_id), self.setting.sandbox.tmp
            shutil.rmtree(tmp(environment_id) if snapshot is None else f"{tmp(snapshot)}/{environment_id}", ignore_errors=True)

    def _tell(self, message: dict[str, object]) -> None:
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(message).encode())

    def serve(self) -> None:
        """Carry out requests until the engine is gone, then end everything."""
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._tell({"sandbox": asdict(self.setting.sandbox), "refusal": self.refusal, "folders": self.setting.folders})
        engine = self._watch_engine()
        self.poll.register(woken, select.POLLIN)
        self.poll.register(self.control, select.POLLIN)
        look_at = math.inf
        while True:
            ready = {fd for fd, _ in self.poll.poll(self._patience_ms(look_at))}
            if ready:
                if woken in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(woken, 65_536)
                    self.reap()
                for pidfd in ready & self.pidfds.keys():
                    self._function_ended(pidfd)
                for pidfd in ready & self.ends.keys():
                    self._restored_ended(pidfd)
                if engine in ready or (self.control.fileno() in ready and not self._serve_one()):
                    break
            now = time.monotonic()
            look_at = self.governor.look(now)
            if self.ending:
                for environment_id in [i for i, at in self.ending.items() if now >= at]:
                    self._kill_all_of(environment_id)
        for environment_id in list(self.first):
            self._kill_all_of(environment_id)
        for pidfd in list(self.ends):  # they end with their snapshots
            self._gone(self._forget_end(pidfd))
        while self.first:
            pid, _ = os.waitpid(-1, 0)
            for environment_id in [i for i, first in self.first.items() if first == pid]:
                self._gone(environment_id)

    def _watch_engine(self) -> int:
        """A descriptor that can be read once the engine's process is gone; -1 where there is none.

        The control socket closes then too, unless a process that the user has forked from the engine's holds a copy.
        """
        try:
            pidfd = os.pidfd_open(os.getppid())
        except (OSError, AttributeError):
            return -1
        self.poll.register(pidfd, select.POLLIN)
        return pidfd

    def _patience_ms(self, look_at: float) -> float | None:
        """How long there is nothing to do but to wait for requests and for the governor's next look; None for good."""
        due = min(look_at, *self.ending.values()) if self.ending else look_at
        return None if due == math.inf else max(0.0, (due - time.monotonic()) * 1000) + 0.05

    def _serve_one(self) -> bool:
        try:
            message, fds, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES, 2)
        except OSError:
            return False
        if not message:
            return False
        request = json.loads(message)
        match request.pop("do"):
            case "create":
                self.create(request["id"], *fds)
            case "adopt":
                self.adopt(request["id"], request["pid"], request["snapshot"])
            case "kill":
                self.kill(request["id"], request["pid"])
            case "watch":
                first = self.first.get(request["id"])
                if first:
                    numbers = (request["pid"], request["slot"], request["memory_mb"], request["share"])
                    above = 0 if request["is_alone"] else first
                    self.governor.watch(request["id"], above, *numbers, time.monotonic(), request["bridge"])
            case "thaw":
                self.governor.thaw(request["id"], time.monotonic())
            case "stop":
                self.stop(request["id"])
        return True


def main() -> None:
    """``python -m jlambda.engine.supervisor CONTROL BOARD OPTIONS``: two descriptors, and JSON."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    options = json.loads(sys.argv[3])
    for name in options["preload"]:
        importlib.import_module(name)
    if syscalls.IS_LINUX:
        syscalls.landlock_version()  # the first call through ctypes is the slow one
    gc.collect()
    gc.freeze()
    gc.disable()
    control = socket.socket(fileno=int(sys.argv[1]))
    wanted = Sandbox.read(options["sandbox"])
    governor = Governor(Board(int(sys.argv[2])), has_cpu_limit=options["cpu_limit"], has_freezer=options["freezer"])
    module, _, name = options["rehearse"].partition(":")
    Supervisor(control, wanted, governor, getattr(importlib.import_module(module), name)).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
