"""Starting, stopping and reaping child processes of ours, of any kind. Knows nothing of what they do."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jlambda.errors import EngineError

_ENV = "/usr/bin/env"
#: a program that writes nothing for so long is silent
_QUIET_S = 0.2


def clean_environment() -> dict[str, str]:
    """What a child of ours needs of the user's environment variables, and nothing else: no credentials, no HOME."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONUSERBASE", "VIRTUAL_ENV", "TZ")
    return {key: os.environ[key] for key in kept if key in os.environ}


class Finished(NamedTuple):
    """How a program ended (None: it was killed when its time was up), and all that it wrote."""

    exit_code: int | None
    output: str


def run(
    command: Sequence[str],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    heard: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Run a program to its end, with nothing to read. One that cannot be started has ended with 127, as in a shell.

    `heard` is called with each line that it writes, and with "" where it writes nothing for a while.
    """
    import subprocess

    about = {**clean_environment(), "LC_ALL": "C.UTF-8"} if variables is None else dict(variables)
    try:
        # a group of its own: what it started ends with it, and Ctrl-C is ours to act on
        child = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=about,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Finished(127, f"{command[0]}: {error.strerror}")
    with child:
        assert child.stdout is not None
        output, deadline = bytearray(), time.monotonic() + timeout_s
        ended: int | None = None
        try:
            if _read(child.stdout.fileno(), output, deadline, heard):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    ended = child.wait(max(0.0, deadline - time.monotonic()))
        finally:
            if ended is None:
                _kill_group(child.pid)
    return Finished(ended, output.decode(errors="replace"))


def _read(fd: int, output: bytearray, deadline: float, heard: Callable[[str], None]) -> bool:
    """Take in what is written until nobody can write any more; False if that has not come by the deadline."""
    told = 0
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(min(left, _QUIET_S)):
                heard("")
                continue
            part = os.read(fd, 65_536)
            output += part
            end = output.rfind(b"\n") + 1 if part else len(output)
            for line in output[told:end].splitlines():
                heard(line.decode(errors="replace"))
            told = max(told, end)
            if not part:
                return True
    return False


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


class Child:
    """A process that this one started, and will reap."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None

    def has_ended(self) -> bool:
        """Whether it is gone; reaps it if so."""
        if self.exit_code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else in this process waited for all children
                self.exit_code = -1
            else:
                if pid:
                    self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False if it has not come by then."""
        deadline, pause = time.monotonic() + timeout_s, 0.0005
        while not self.has_ended():
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.02)
        return True

    def end(self, grace_s: float = 0.0) -> None:
        """Wait `grace_s` for it to end by itself, then kill it, and reap it."""
        if not self.wait(grace_s):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(5.0)


def start_python(module: str, arguments: Sequence[str], fds: Sequence[int], variables: Mapping[str, str]) -> Child:
    """Run ``python -m module arguments`` in a fresh interpreter that inherits `fds` and has only `variables`.

    The user's script is not run again, and no fork of this process, which may have threads, runs Python code.
    The environment is emptied before the interpreter begins: /proc/PID/environ would keep it for good.
    """
    from multiprocess.util import spawnv_passfds

    # this very package, not another that may be installed, and nothing else of what lies beside it
    here = str(Path(__file__).resolve().parents[1])
    code = f"import sys, runpy; sys.path.insert(0, {here!r}); import jlambda; del sys.path[0]; "
    code += f"runpy.run_module({module!r}, run_name='__main__')"
    command = [_ENV, "-i", *(f"{key}={value}" for key, value in variables.items())]
    command += [sys.executable, "-P", "-c", code, *arguments]
    # Ctrl-C reaches all processes of a terminal; the child takes it off its mask when it has learned to ignore it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return Child(spawnv_passfds(_ENV.encode(), [os.fsencode(word) for word in command], fds))
    except OSError as error:
        raise EngineError(f"{module} could not be started: {error}; free some memory or processes, then try again") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
