"""The engine's end of the supervisor: starting it, asking it for environments, hearing of their end."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jlambda import process
from jlambda.engine.board import Board
from jlambda.engine.sandbox import Sandbox
from jlambda.errors import EngineError

#: how long the supervisor may take to end its environments when it is closed
_CLOSE_LIMIT_S = 10.0
#: how long it may take to start
_START_LIMIT_S = 20.0
_REPORT_BYTES = 65_536
#: take whatever version of Landlock there is
_ANY_LANDLOCK = 1_000


@dataclass(frozen=True, slots=True)
class Protection:
    """What this machine lets the sandbox do.

    `refusal` says why there is no private root; `folders` are those that functions can read besides the system's own.
    """

    sandbox: Sandbox
    refusal: str
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """What environments are forked with: modules imported already, and the ``module:function`` that warms them up."""

    preload: tuple[str, ...]
    rehearse: str


class Control:
    """One running supervisor. Requests may come from any thread; one thread at a time reads reports."""

    def __init__(self, sandbox: Sandbox, template: Template, board: Board, cpu_limit: bool, freezer: bool) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        limits = {"cpu_limit": cpu_limit, "freezer": freezer}
        options = json.dumps({"sandbox": asdict(sandbox), **asdict(template), **limits})
        try:
            variables = process.clean_environment()
            arguments = [str(theirs.fileno()), str(board.fd), options]
            fds = [theirs.fileno(), board.fd, 2]
            self._child = process.start_python("jlambda.engine.supervisor", arguments, fds, variables)
        except EngineError:
            self.socket.close()
            raise
        finally:
            theirs.close()
        self.pid = self._child.pid
        self.protection: Protection | None = None

    def create(self, environment_id: int, channel: int, output: int) -> None:
        """Have a blank environment forked; it takes over copies of both descriptors."""
        self._ask({"do": "create", "id": environment_id}, [channel, output])

    def adopt(self, environment_id: int, pid: int, snapshot: int) -> None:
        """Have an environment supervised that a snapshot has forked; `pid` is its first process."""
        self._ask({"do": "adopt", "id": environment_id, "pid": pid, "snapshot": snapshot})

    def kill(self, environment_id: int, pid: int) -> None:
        """Have the environment's function process killed."""
        self._ask({"do": "kill", "id": environment_id, "pid": pid})

    def watch(
        self,
        environment_id: int,
        pid: int,
        slot: int,
        memory_mb: int,
        share: float,
        has_bridge: bool,
        *,
        is_alone: bool = False,
    ) -> None:
        """Have the environment's process held to its limits, and what it starts unless it `is_alone`; the board tells."""
        limits = {"memory_mb": memory_mb, "share": share, "bridge": has_bridge, "is_alone": is_alone}
        self._ask({"do": "watch", "id": environment_id, "pid": pid, "slot": slot, **limits})

    def thaw(self, environment_id: int) -> None:
        """Have a frozen environment go on."""
        self._ask({"do": "thaw", "id": environment_id})

    def stop(self, environment_id: int) -> None:
        """Have the environment ended."""
        self._ask({"do": "stop", "id": environment_id})

    def _ask(self, request: dict[str, object], fds: Sequence[int] = ()) -> None:
        try:
            socket.send_fds(self.socket, [json.dumps(request).encode()], list(fds))
        except OSError as error:
            raise EngineError("the supervisor process has ended; invoke again, and a new one is started") from error

    def read_report(self) -> dict[str, Any] | None:
        """The next report, an empty one if there is none now; None when the supervisor is gone."""
        try:
            message = self.socket.recv(_REPORT_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return {}
        except OSError:
            return None
        if not message:
            return None
        report: dict[str, Any] = json.loads(message)
        if "sandbox" in report:
            sandbox = Sandbox.read(report["sandbox"])
            self.protection = Protection(sandbox, report["refusal"], tuple(report["folders"]))
        return report

    def wait_until_ready(self) -> Protection:
        """Wait until the supervisor can fork environments: what it found out about the machine."""
        deadline = time.monotonic() + _START_LIMIT_S
        while self.protection is None:
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            left = deadline - time.monotonic()
            # Another thread may have read the report by the time we look: so not for long.
            if left <= 0 or (poll.poll(min(left * 1000, 50)) and self.read_report() is None):
                raise EngineError("the supervisor process does not start; what it printed above says why")
        return self.protection

    def close(self) -> None:
        """End the supervisor with all its environments, and wait until they are gone."""
        self.socket.close()
        self._child.end(_CLOSE_LIMIT_S)


def wanted_sandbox(
    state: str, code_root: str, tools: Sequence[str] = (), *, private_root: bool = True, landlock: bool = True
) -> Sandbox:
    """The strictest sandbox for environments of a session, parts of it left out if asked; `tools` are folders to show."""
    from jlambda.engine.syscalls import IS_LINUX

    return Sandbox(
        code_root=code_root,
        scratch=os.path.join(state, "tmp"),
        hidden=tuple(
            sorted({state, os.path.dirname(state)} if os.path.basename(os.path.dirname(state)) == ".jlambda" else {state})
        ),
        has_private_root=private_root and IS_LINUX,
        landlock_version=_ANY_LANDLOCK if landlock and IS_LINUX else 0,
        tools=tuple(tools),
    )
