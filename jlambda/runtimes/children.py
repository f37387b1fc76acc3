"""The processes that a bridge starts: the runtime's own, and those of external extensions.

Runs within an execution environment, with the standard library only. Knows nothing of HTTP or invocations.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple, NoReturn

_TASK_ROOT, _RUNTIME_ROOT, _LAYERS_ROOT = "/var/task", "/var/runtime", "/opt"
#: signals that Python ignores, and that a program should find as it expects them
_TO_RESET = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM]
_NOT_FOUND = 127


class Ended(NamedTuple):
    """How a process ended: an exit code, or a signal."""

    exit_code: int = 0
    signal: int = 0
    is_runtime: bool = False

    def end_as_it(self) -> NoReturn:
        """End this process in the same way."""
        if self.signal:
            with suppress(OSError, ValueError):
                signal.signal(self.signal, signal.SIG_DFL)
            with suppress(OSError):
                os.kill(os.getpid(), self.signal)
        os._exit(self.exit_code or (1 if self.signal else 0))


class NotStarted(NamedTuple):
    """The runtime could not be started: an error document for the engine, or none if the exit code says it all."""

    exit_code: int
    document: bytes = b""


class Children:
    """All of them, by pid. `start` is that of `jlambda.runtimes.runtime_api.run`."""

    def __init__(self, start: Mapping[str, object]) -> None:
        command = start["command"]
        assert isinstance(command, list)
        roots = {_TASK_ROOT: "task_root", _RUNTIME_ROOT: "runtime_root", _LAYERS_ROOT: "layers_root"}
        self._roots = {place: str(start.get(name) or place) for place, name in roots.items()}
        self._command = [self._moved(str(word)) for word in command]
        self._takes_wrapper = bool(start.get("wrapper"))
        self._extensions: dict[int, str] = {}
        #: the kernel's account of the runtime's process, and the list of those that it has started
        self._about = [-1, -1]
        self._peak_kib = 0
        #: the peak of the largest process, as `peak_kib` found it
        self.largest_kib = 0
        self.runtime = 0
        #: whether the runtime's process has ever been there
        self.was_started = False

    def _moved(self, word: str) -> str:
        """A word of the command, with a place of AWS's replaced by where that really is."""
        for place, root in self._roots.items():
            if word == place or word.startswith(f"{place}/"):
                return root + word.removeprefix(place)
        return word

    @property
    def has_runtime(self) -> bool:
        """Whether the runtime's process is there."""
        return self.runtime > 0

    @property
    def are_there(self) -> bool:
        """Whether any process is."""
        return self.has_runtime or bool(self._extensions)

    def extension_names(self) -> list[str]:
        """The files in /opt/extensions that can be run: external extensions."""
        folder = f"{self._roots[_LAYERS_ROOT]}/extensions"
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            return []
        return [entry.name for entry in entries if entry.is_file() and os.access(entry.path, os.X_OK)]

    def start_extensions(self) -> str:
        """Start every external extension; why one could not be started, or nothing."""
        for name in self.extension_names():
            path = f"{self._roots[_LAYERS_ROOT]}/extensions/{name}"
            try:
                self._extensions[_spawn([path], os.environ)] = name
            except OSError as error:
                return f"fork/exec {_LAYERS_ROOT}/extensions/{name}: {(error.strerror or '').lower()}"
        return ""

    def start_runtime(self) -> NotStarted | None:
        """Start the runtime's process, or say why that cannot be."""
        command = self._command
        if command[0] == f"{self._roots[_TASK_ROOT]}/bootstrap" and not os.path.exists(command[0]):  # noqa: PTH110 fast
            command = [f"{self._roots[_LAYERS_ROOT]}/bootstrap", *command[1:]]
            if not os.path.exists(command[0]):  # noqa: PTH110 fast
                tried = f"[{_TASK_ROOT}/bootstrap {_LAYERS_ROOT}/bootstrap]"
                return NotStarted(1, _failure("Runtime.InvalidEntrypoint", f"Couldn't find valid bootstrap(s): {tried}"))
        wrapper = os.environ.get("AWS_LAMBDA_EXEC_WRAPPER", "") if self._takes_wrapper else ""
        if wrapper:
            command = [wrapper, *command]
        try:
            self.runtime = _spawn(command, os.environ)
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            if wrapper:
                return NotStarted(_NOT_FOUND if isinstance(error, FileNotFoundError) else 126)
            kind = "Runtime.InvalidEntrypoint"
            return NotStarted(1, _failure(kind, f"fork/exec {command[0]}: {(error.strerror or '').lower()}"))
        self.was_started = True
        about = f"/proc/{self.runtime}"
        self._about = [os.open(f"{about}/{name}", os.O_RDONLY) for name in ("status", f"task/{self.runtime}/children")]
        return None

    def reap(self) -> Iterator[Ended]:
        """Those of ours that have ended since the last time."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            is_runtime = pid == self.runtime
            if is_runtime:
                self.runtime = 0
            if is_runtime or self._extensions.pop(pid, None) is not None:
                yield Ended(max(code, 0), max(-code, 0), is_runtime)

    def peak_kib(self) -> int:
        """The peak of resident memory of the runtime's process and those that it has started and that still run."""
        try:
            found = [_peak_of(os.pread(self._about[0], 4096, 0))]
            found += [_peak_of(_status_of(pid)) for pid in os.pread(self._about[1], 4096, 0).split()]
        except OSError:  # it is gone
            found = []
        self._peak_kib, self.largest_kib = max(self._peak_kib, sum(found)), max(self.largest_kib, *found, 0)
        return self._peak_kib

    def ask_runtime_to_end(self) -> None:
        """SIGTERM to the runtime's process."""
        self._signal(self.runtime, signal.SIGTERM)

    def kill_runtime(self) -> None:
        """SIGKILL to it."""
        self._signal(self.runtime, signal.SIGKILL)

    def kill_extensions(self, but: set[str]) -> None:
        """SIGKILL to all external extensions except those named."""
        for pid, name in self._extensions.items():
            if name not in but:
                self._signal(pid, signal.SIGKILL)

    @staticmethod
    def _signal(pid: int, number: int) -> None:
        if pid > 0:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _spawn(command: list[str], variables: Mapping[str, str]) -> int:
    """Start a program with signals as programs expect them; nothing of ours is inherited but the standard streams."""
    return os.posix_spawn(command[0], command, dict(variables), setsigdef=_TO_RESET, setsigmask=[])


def _failure(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def _status_of(pid: bytes) -> bytes:
    with open(b"/proc/%b/status" % pid, "rb") as file:
        return file.read()


def _peak_of(status: bytes) -> int:
    """The high-water mark in the kernel's account of a process, in KiB."""
    start = status.find(b"VmHWM:")
    return int(status[start + 6 : status.index(b"kB", start)]) if start >= 0 else 0
