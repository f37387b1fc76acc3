"""What a function may do to itself: the way it ends, the threads and processes it leaves, the space and numbers it has."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import eventually, need
from tests.engine.conftest import Rig

HEAD = "import ctypes, os, resource, signal, subprocess, sys, threading, time\ndef handler(event, context):\n"


def body(*lines: str) -> str:
    """A handler of these lines where it is told to, which else says that it is fine."""
    return HEAD + "    if event:\n" + "".join(f"        {line}\n" for line in lines) + "    return 'fine'\n"


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("sys.exit()", "error", "Runtime exited without providing a reason"),
        ("sys.exit(2)", "error", "Runtime exited with error: exit status 2"),
        ("sys.exit('gone')", "error", "Runtime exited with error: exit status 1"),
        ("raise SystemExit(3)", "error", "Runtime exited with error: exit status 3"),
        ("os._exit(255)", "error", "Runtime exited with error: exit status 255"),
        ("ctypes.string_at(0)", "error", "Runtime exited with error: signal: segmentation fault"),
        ("os.killpg(0, signal.SIGKILL)", "error", "Runtime exited with error: signal: killed"),
        ("raise KeyboardInterrupt", "error", "Runtime exited with error: signal: interrupt"),
        ("os.execvp('false', ['false'])", "error", "Runtime exited with error: exit status 1"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "timeout", "Task timed out after 1.00 seconds"),
        ("threading.Thread(target=time.sleep, args=(60,)).start(); sys.exit()", "timeout", "Task timed out after 1.00 seconds"),
        ("os.close(1); os.close(2); sys.stdout.close(); os._exit(4)", "error", "Runtime exited with error: exit status 4"),
    ],
)
def test_however_a_process_ends_the_next_call_works(rig: Rig, code: str, status: str, reason: str) -> None:
    """Each end has AWS's error type and wording."""
    version = rig.version(body(code), timeout_s=1)
    outcome = rig.run(version, 1)
    assert outcome.status == status
    document = json.loads(outcome.payload)
    assert list(document) == ["errorType", "errorMessage"]
    assert document["errorType"] == ("Sandbox.Timedout" if status == "timeout" else "Runtime.ExitError")
    assert document["errorMessage"].endswith(f" Error: {reason}")
    assert rig.value(version, 0) == "fine"


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout.close(); sys.stderr.close()",
        "os.closerange(0, 3)",
        "threading.Thread(target=time.sleep, args=(600,)).start()",
        "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()",
        "subprocess.Popen(['sleep', '600'])",
        "subprocess.Popen(['sleep', '600'], start_new_session=True, close_fds=False)",
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]",
        "sys.setrecursionlimit(100); os.chdir('/'); os.environ.clear(); sys.path.clear()",
    ],
)
def test_what_is_left_behind_does_not_disturb_the_next_call(rig: Rig, code: str) -> None:
    """Closed streams, threads and processes that never end: the answer comes, and so do the next ones."""
    version = rig.version(body(code))
    for event in (1, 0, 1, 0):
        assert rig.value(version, event) == "fine"


def test_a_child_that_is_left_running_ends_with_its_environment(rig: Rig) -> None:
    """It is frozen with the environment and killed with it."""
    version = rig.version(body("return subprocess.Popen(['sleep', '88.777']).pid"))
    rig.run(version, 1)

    def left() -> str:
        return subprocess.run(["pgrep", "-f", "^sleep 88.777$"], capture_output=True, text=True, check=False).stdout

    (pid,) = left().split()
    assert eventually(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    rig.engine.retire(version.key)
    assert eventually(lambda: not left())


@pytest.mark.measures
def test_a_fork_bomb_is_over_at_the_deadline(rig: Rig) -> None:
    """It cannot have more than 1,024 processes, is gone when its time is up, and the next call works."""
    need(rig.engine.protection().sandbox.has_private_root, "a private root")
    bomb = ("while True:", "    try: os.fork()", "    except OSError: time.sleep(0.01)")
    version = rig.version(body(*bomb), timeout_s=2)
    assert rig.run(version, 1).status == "timeout"
    assert rig.value(version, 0) == "fine"


@pytest.mark.parametrize("size_mb", [512, 1024])
def test_tmp_is_as_large_as_asked_for(rig: Rig, size_mb: int) -> None:
    """ENOSPC comes at the size that the function was given, not before; what was written is there."""
    need(rig.engine.protection().sandbox.has_private_root, "a private root")
    code = (
        f"with open('/tmp/fits', 'wb') as file: os.posix_fallocate(file.fileno(), 0, {size_mb - 1} << 20)",
        "try:",
        "    with open('/tmp/more', 'wb') as file: file.write(bytes(2 << 20))",
        "except OSError as error: return [error.errno, os.path.getsize('/tmp/fits') >> 20]",
    )
    version = rig.version(body(*code), ephemeral_storage_mb=size_mb)
    assert rig.value(version, 1) == [28, size_mb - 1]
    assert rig.value(version, 0) == "fine"


def test_descriptors_are_1024(rig: Rig) -> None:
    """The 1,025th is refused; the limit cannot be raised."""
    code = (
        "opened = []",
        "try:",
        "    while True: opened.append(os.open(os.devnull, os.O_RDONLY))",
        "except OSError as error: said = error.errno",
        "for fd in opened: os.close(fd)",
        "try: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))",
        "except (ValueError, OSError): return [said, max(opened)]",
    )
    assert rig.value(rig.version(body(*code)), 1) == [24, 1023]
