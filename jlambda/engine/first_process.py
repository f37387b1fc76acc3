"""The first process of an environment: it makes the sandbox, starts the function's process in it and sees it end.

It is process 1 of the environment's PID namespace, so that everything the function started ends with it, and it stays
when the function's process is lost: the sandbox with its /tmp lives on, and the next START runs in it. It knows no
invocations and no language; the runtime's entry point is called by name.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from jlambda.engine import channel as channels
from jlambda.engine import restore, syscalls
from jlambda.engine import sandbox as sandboxes
from jlambda.engine.channel import SANDBOX_FAILED
from jlambda.engine.sandbox import TASK_ROOT, Packages, PrivateRoot, Sandbox
from jlambda.model import frames


@dataclass(frozen=True, slots=True)
class Setting:
    """What all environments of a supervisor have in common.

    `rehearse` prepares a process for the runtime: once before there are files to read (False), once with them (True).
    """

    sandbox: Sandbox
    root: PrivateRoot
    folders: list[str]
    rehearse: Callable[[bool], None]


def run(channel: socket.socket, output: int, setting: Setting, environment_id: int, may_go: int | None) -> NoReturn:
    """Serve START messages until the engine closes the channel; never returns.

    `may_go` can be read once the users of a new namespace are mapped; None where there is none.
    """
    status = 0
    try:
        is_rooted, rooted = os.pipe()
        pid = _fork_function(channel, output, setting, environment_id, is_rooted)  # it prepares itself meanwhile
        os.close(is_rooted)
        _close_all_but(channel.fileno(), output, rooted, *([may_go] if may_go is not None else []))
        signal.signal(signal.SIGTERM, lambda *_: _end_all(0))
        if syscalls.IS_LINUX:
            syscalls.die_with_parent()
            syscalls.adopt_orphans()
        if may_go is not None:
            if not os.read(may_go, 1):
                _end_all(SANDBOX_FAILED)
            os.close(may_go)
            sandboxes.enter_private_root(setting.root)
        os.write(rooted, b"y")
        os.close(rooted)
        _serve(channel, output, setting, environment_id, pid)
    except ConnectionError:
        pass  # the engine has let go of this environment
    except OSError as error:
        channels.send_sandbox_failure(channel, output, error)
        status = SANDBOX_FAILED
    _end_all(status)


def _serve(channel: socket.socket, output: int, setting: Setting, environment_id: int, pid: int) -> None:
    """See the function's process end, tell, and fork the next, which waits for a START."""
    while True:
        status, peak_kib = _wait(pid)
        peak_kib = max(peak_kib, _kill_the_rest())
        if channels.is_closed(channel):
            return
        body = json.dumps(status).encode()
        channels.send(channel, channels.from_environment(frames.EXITED, body, os.fstat(output).st_size, 0.0, peak_kib))
        pid = _fork_function(channel, output, setting, environment_id, None)


def see_end(channel: socket.socket, output: int, pid: int) -> NoReturn:
    """Be the first process of a restored environment: it ends with the function's process, and the next is restored."""
    try:
        gc.disable()
        restore.forget_signal_handlers()
        signal.signal(signal.SIGTERM, lambda *_: _end_all(0))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        syscalls.adopt_orphans()
        _close_all_but(channel.fileno(), output)
        status, peak_kib = _wait(pid)
        peak_kib = max(peak_kib, _kill_the_rest())
        body = json.dumps({**status, "unread": channels.drain(channel)}).encode()
        channels.send(channel, channels.from_environment(frames.EXITED, body, os.fstat(output).st_size, 0.0, peak_kib))
    except OSError:
        pass  # the engine has let go of this environment
    finally:
        _end_all(0)


def _fork_function(channel: socket.socket, output: int, setting: Setting, environment_id: int, is_rooted: int | None) -> int:
    pid = syscalls.fork()
    if pid == 0:
        _become_function(channel, output, setting, environment_id, is_rooted)
    return pid


def _wait(pid: int) -> tuple[dict[str, int], int]:
    """Reap until `pid` has ended: how it ended, and the peak resident size in KiB of the largest process until then."""
    peak_kib = 0
    while True:
        ended, status, usage = os.wait4(-1, 0)
        peak_kib = max(peak_kib, usage.ru_maxrss)  # that of what it had reaped itself is in it
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return ({"exit": code} if code >= 0 else {"signal": -code}), peak_kib


def _descendants() -> list[int]:
    """This process's children; in a PID namespace of our own everybody else in it becomes one sooner or later."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _kill_the_rest() -> int:
    """End and reap all that the function's process left behind: the peak of the largest, in KiB.

    Orphans come to us, so once round is not enough.
    """
    peak_kib = 0
    while children := _descendants():
        if os.getpid() == 1:  # of a PID namespace of our own: all at once, or a fork bomb would outrun us
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while True:
                    peak_kib = max(peak_kib, os.wait4(-1, 0)[2].ru_maxrss)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            peak_kib = max(peak_kib, os.wait4(-1, 0)[2].ru_maxrss)
    return peak_kib


def _end_all(status: int) -> NoReturn:
    _kill_the_rest()
    os._exit(status)


def _close_all_but(*keep: int) -> None:
    """Close every other descriptor but 0, which is /dev/null; 1 and 2 become that too."""
    for fd in (1, 2):
        os.dup2(0, fd)
    ends = [2, *sorted(keep), os.sysconf("SC_OPEN_MAX")]
    for low, high in itertools.pairwise(ends):
        os.closerange(low + 1, high)


def _become_function(
    channel: socket.socket, output: int, setting: Setting, environment_id: int, is_rooted: int | None
) -> NoReturn:
    """In a fresh fork: wait for a START, confine this process, dress it as Lambda would, hand it to the runtime."""
    try:
        syscalls.after_fork()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        if syscalls.IS_LINUX:
            syscalls.die_with_parent()
        _close_all_but(channel.fileno(), output, *([is_rooted] if is_rooted is not None else []))
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        os.environ.clear()
        # No file can be opened from here on until the first process has made the new root.
        setting.rehearse(False)
        if is_rooted is not None:
            if not os.read(is_rooted, 1):
                os._exit(SANDBOX_FAILED)
            os.close(is_rooted)
        if syscalls.IS_LINUX:
            sandboxes.write_file("/proc/self/clear_refs", "5")  # the peak of resident memory counts from here
        channels.send(channel, channels.from_environment(frames.BORN, b""))
        if not channels.has_message(channel):
            setting.rehearse(True)
        _run_function(_wait_for_start(channel), channel, setting, environment_id)
    except OSError as error:
        os.write(2, f"the sandbox could not be made: {error}\n".encode())
        os._exit(SANDBOX_FAILED)
    finally:
        os._exit(1)


def _run_function(start: dict[str, object], channel: socket.socket, setting: Setting, environment_id: int) -> None:
    sandbox, variables, runtime = setting.sandbox, start["variables"], start["start"]
    packages = Packages(*(str(start.get(name) or "") for name in Packages._fields))
    assert isinstance(variables, dict)
    assert isinstance(runtime, dict)
    sandboxes.show_code(sandbox, environment_id, packages, int(str(start["ephemeral_storage_mb"])))
    roots = sandbox.roots(packages)
    task_root, runtime_root, layers_root = roots.values()
    os.environ |= {**variables, "LAMBDA_TASK_ROOT": TASK_ROOT, "PWD": TASK_ROOT}
    tmp = own = sandbox.tmp(environment_id)
    if start.get("is_snapshot"):
        if not sandbox.has_private_root:  # its environments' folders lie beside its own
            tmp = f"{own}/snapshot"
            os.makedirs(tmp, mode=0o700, exist_ok=True)
        storage_mb = int(str(start["ephemeral_storage_mb"]))
        runtime = {**runtime, "wait": _snapshot(packages, storage_mb, channel, setting, environment_id, tmp).wait}
    if not sandbox.has_private_root:
        os.environ |= sandboxes.moved(os.environ, roots)
        os.environ["TMPDIR"] = tmp
    os.chdir(task_root)
    sandboxes.confine(sandbox, own, packages, setting.folders, makes_environments="wait" in runtime)
    gc.enable()
    module, _, name = str(start["entry"]).partition(":")
    places = {"task_root": task_root, "runtime_root": runtime_root, "layers_root": layers_root}
    getattr(importlib.import_module(module), name)(channel, {**runtime, **places})


def _snapshot(
    packages: Packages, storage_mb: int, channel: socket.socket, setting: Setting, environment_id: int, tmp: str
) -> restore.Snapshot:
    sandbox = setting.sandbox
    # without a root of their own, environments find what the init phase has written where it wrote it
    folders = setting.folders if sandbox.has_private_root else [*setting.folders, tmp]
    return restore.Snapshot(
        channel=channel,
        sandbox=sandbox,
        environment_id=environment_id,
        tmp=tmp,
        shown=tuple(path for _, path, _ in setting.root.shown if path.startswith(f"{tmp}/")),
        ephemeral_storage_mb=storage_mb,
        confine=lambda own: sandboxes.confine(sandbox, own, packages, folders),
        see_end=see_end,
    )


def _wait_for_start(channel: socket.socket) -> dict[str, object]:
    """The next START. Events that the process before us did not read come first; an ASK is told how many."""
    unread = 0
    while received := channels.receive_start(channel):
        kind, start = received
        if kind == frames.START:
            channels.send(channel, channels.from_environment(frames.STARTED, b""))
            return start
        if kind == frames.INVOKE:
            unread += 1
        elif kind == frames.ASK:
            channels.send(channel, channels.from_environment(frames.ASK, json.dumps({"unread": unread}).encode()))
    os._exit(0)  # the engine is gone
