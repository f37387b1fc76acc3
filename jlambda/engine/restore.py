"""A snapshot: a function's process that has gone through its init phase, and forks an environment at each RESTORE.

What it forks becomes an environment of its own: a /tmp that begins as a copy of the snapshot's, user, mount, PID and IPC
namespaces where the sandbox has a private root, a first process, and a function's process in which `wait` returns. Threads
do not live on in a fork, nor do processes that the init phase has started. Nothing here knows a language or an invocation.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import signal
import socket
import stat
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from jlambda.engine import channel as channels
from jlambda.engine import sandbox as sandboxes
from jlambda.engine import syscalls
from jlambda.engine.sandbox import Sandbox
from jlambda.model import frames

_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known in the process that waits to be forked.

    `tmp` is its folder for temporary files, `shown` what lies below that and belongs to the machine, `confine` holds a
    process to what a function may do that writes in the folder given, and `see_end` is what the first process of an
    environment does: it is given channel, output and the function's pid.
    """

    channel: socket.socket
    sandbox: Sandbox
    environment_id: int
    tmp: str
    shown: tuple[str, ...]
    ephemeral_storage_mb: int
    confine: Callable[[str], None]
    see_end: Callable[[socket.socket, int, int], NoReturn]

    def wait(self) -> socket.socket:
        """The channel of the environment that this process has become; never returns in the snapshot itself."""
        _end_children()
        while True:
            message, fds, _, _ = socket.recv_fds(self.channel, frames.PACKET, 2)
            if not message:
                os._exit(0)  # the engine has let go of it
            if message[:1] == frames.RESTORE and len(fds) == 2:
                number = int(json.loads(message[frames.TO_ENVIRONMENT.size :])["id"])
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # threads do not live on: that is said in the README
                    pid = os.fork()
                if pid == 0:
                    return self._restored(socket.socket(fileno=fds[0]), fds[1], number)
                with contextlib.suppress(ChildProcessError):  # the function wants to hear of none
                    os.waitpid(pid, 0)
            for fd in fds:
                os.close(fd)

    def _restored(self, channel: socket.socket, output: int, number: int) -> socket.socket:
        """In a fork of the snapshot: leave it to a fork in namespaces of its own, and that one to the function's process."""
        try:
            self.channel.close()
            between = os.getpid()
            if self.sandbox.has_private_root:
                # Those of all environments are counted together up to here, see setrlimit(2): what holds is set anew.
                hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
                resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
                pid = syscalls.clone(sandboxes.NAMESPACES)
            else:
                pid = syscalls.fork()
            if pid:
                os._exit(0)
            return self._first(channel, output, self._enter(number, between))
        except Exception as error:
            channels.send_sandbox_failure(channel, output, error)
            os._exit(channels.SANDBOX_FAILED)

    def _enter(self, number: int, between: int) -> str:
        """Make the environment's own view of the machine; its folder for temporary files."""
        if not self.sandbox.has_private_root:
            while os.getppid() == between:  # it is going; whoever adopts this process is whose end matters
                os.sched_yield()
            syscalls.die_with_parent()
            tmp = f"{self.sandbox.tmp(self.environment_id)}/{number}"
            os.mkdir(tmp, 0o700)
            _copy_folder(self.tmp, tmp)
        else:
            sandboxes.map_own_user()
            tmp = self.tmp
            before = os.open(tmp, os.O_RDONLY | os.O_DIRECTORY)
            options = f"size={self.ephemeral_storage_mb}m,mode=1777"
            syscalls.mount("tmpfs", tmp, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)
            _copy_folder(before, tmp)
            for path in self.shown:
                os.makedirs(path, exist_ok=True)
                source = f"/proc/self/fd/{before}{path.removeprefix(tmp)}"
                syscalls.mount(source, path, None, syscalls.MS_BIND | syscalls.MS_REC)
            os.close(before)
            syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV)
        _open_again(self.tmp, tmp)
        return tmp

    def _first(self, channel: socket.socket, output: int, tmp: str) -> socket.socket:
        """Become the environment's first process, and return in its function's process."""
        channels.send(channel, channels.from_environment(frames.FIRST, b""))
        pid = syscalls.fork()
        if pid:
            self.see_end(channel, output, pid)
        syscalls.after_fork()
        os.setsid()
        syscalls.die_with_parent()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        if not self.sandbox.has_private_root:
            os.environ["TMPDIR"] = tmp
        self.confine(tmp)
        channels.send(channel, channels.from_environment(frames.BORN, b""))
        return channel


def _end_children() -> None:
    """No environment will have the processes that the init phase has started, and nobody else looks after them."""
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):
            with open(f"/proc/self/task/{task}/children") as file:
                children = file.read().split()
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)


def forget_signal_handlers() -> None:
    """Leave no handler of the function's in a process that is not the function's."""
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)


def _copy_folder(source: str | int, target: str) -> None:
    """Copy what a folder, given by its path or descriptor, holds: folders, files and symbolic links, with times and modes.

    What is mounted there is left out.
    """
    with os.scandir(source) as entries:
        found = list(entries)
    root = source if isinstance(source, int) else os.open(source, os.O_RDONLY | os.O_DIRECTORY)
    try:
        device = os.fstat(root).st_dev
        for entry in found:
            to, told = f"{target}/{entry.name}", os.stat(entry.name, dir_fd=root, follow_symlinks=False)
            if told.st_dev != device:
                continue
            if stat.S_ISLNK(told.st_mode):
                os.symlink(os.readlink(entry.name, dir_fd=root), to)
                continue
            if not (stat.S_ISREG(told.st_mode) or stat.S_ISDIR(told.st_mode)):
                continue  # a socket or a pipe: nobody is at its other end
            fd = os.open(entry.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=root)
            try:
                if stat.S_ISDIR(told.st_mode):
                    os.mkdir(to, 0o700)
                    _copy_folder(fd, to)
                else:
                    _copy_file(fd, to)
            finally:
                os.close(fd)
            os.chmod(to, stat.S_IMODE(told.st_mode))
            os.utime(to, ns=(told.st_atime_ns, told.st_mtime_ns))
    finally:
        if root is not source:
            os.close(root)


def _copy_file(fd: int, target: str) -> None:
    copy = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        while os.sendfile(copy, fd, None, _COPY_BYTES):
            pass
    finally:
        os.close(copy)


def _open_again(before: str, now: str) -> None:
    """Have descriptors of files in the snapshot's folder stand for the copies; where they were read or written, too."""
    for fd, path in list(_open_files()):
        if not path.startswith(f"{before}/"):
            continue
        with contextlib.suppress(OSError):  # it was deleted: there is no copy
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            again = os.open(now + path.removeprefix(before), flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))
            if not stat.S_ISDIR(os.fstat(again).st_mode):
                os.lseek(again, os.lseek(fd, 0, os.SEEK_CUR), os.SEEK_SET)
            os.dup2(again, fd, os.get_inheritable(fd))
            os.close(again)


def _open_files() -> Iterator[tuple[int, str]]:
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the folder's own is closed by now
            yield int(name), os.readlink(f"/proc/self/fd/{name}")
