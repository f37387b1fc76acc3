"""A function that attacks its machine, in every tier: what it gets at must be what the doctor has announced."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from jlambda.notebook.findings import findings
from jlambda.service.machine import examine
from tests.conftest import eventually, supervisors
from tests.engine.conftest import MakeRig, Rig

TIERS = {
    "all": {},
    "no Landlock": {"landlock": False},
    "no private root": {"private_root": False},
    "nothing": {"private_root": False, "landlock": False},
}

ATTACKER = """
import ctypes, os, signal, subprocess, time
libc = ctypes.CDLL(None, use_errno=True)

class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

def read(path):
    with open(path, "rb") as file: return len(file.read(100)) > 0

def write(path):
    with open(path, "a") as file: file.write("# attacked")
    return True

def memory_file(pid):
    with open(f"/proc/{pid}/maps") as maps: start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        return len(memory.read(16)) == 16

def memory_call(pid):
    buffer = ctypes.create_string_buffer(16)
    here, there = Part(ctypes.addressof(buffer), 16), Part(0x400000, 16)
    libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    return ctypes.get_errno() not in (1, 3)  # neither forbidden nor no such process

def trace(pid):
    return libc.ptrace(0x4206, pid, 0, 0) == 0 and libc.ptrace(17, pid, 0, 0) in (0, -1)  # SEIZE stops nobody

def signal_to(pid):
    os.kill(pid, 0)
    return True

def fill(megabytes):
    folder = os.environ.get("TMPDIR", "/tmp")
    with open(folder + "/full", "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, megabytes << 20)
        finally:
            os.unlink(folder + "/full")
    return True

def exhaust(count):
    children = []
    try:
        for _ in range(count):
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            children.append(pid)
    finally:
        for pid in children: os.kill(pid, signal.SIGKILL)
        for pid in children: os.waitpid(pid, 0)
    return True

def outlive(mark, kill_parent):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2): os.dup2(null, fd)
            os.closerange(3, 1024)
            os.execvp("sleep", ["sleep", mark])
        os._exit(0)
    os.wait()
    if kill_parent: os.kill(os.getppid(), signal.SIGKILL)
    return True

def handler(event, context):
    try:
        return globals()[event["attack"]](*event["on"])
    except (OSError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"
"""


class Attack(NamedTuple):
    """What is tried, on what (names in braces are filled in), and the protection that stands against it."""

    name: str
    on: tuple[str | int, ...]
    protection: str


ATTACKS = (
    Attack("read", ("/proc/{kernel}/environ",), "processes unseen"),
    Attack("memory_file", ("{kernel}",), "processes unseen"),
    Attack("memory_call", ("{kernel}",), "processes unseen"),
    Attack("trace", ("{kernel}",), "processes unseen"),
    Attack("signal_to", ("{kernel}",), "no signal to others"),
    Attack("read", ("{state}/secrets",), "state folder unread"),
    Attack("read", ("{state}/gateway.json",), "state folder unread"),
    Attack("read", ("{state}/state.db",), "state folder unread"),
    Attack("read", ("{other}/lambda_function.py",), "state folder unread"),
    Attack("read", ("{home}",), "your files unread"),
    Attack("write", ("lambda_function.py",), "code read-only"),
    Attack("write", ("{other}/lambda_function.py",), "no other file written"),
    Attack("write", ("{state}/secrets",), "no other file written"),
    Attack("write", ("{home}",), "no other file written"),
    Attack("fill", (600,), "/tmp of its own"),
    Attack("exhaust", (1_100,), "1,024 processes"),
)


@pytest.fixture(params=TIERS)
def tier_rig(request: pytest.FixtureRequest, make_rig: MakeRig) -> Rig:
    """Each tier in turn, the machine's own refusals included: what is missing must be announced all the same."""
    return make_rig(**TIERS[request.param])


@pytest.fixture
def home() -> Iterator[Path]:
    """A file in the user's home folder."""
    path = Path.home() / ".jlambda-attack-test"
    path.write_text("private")
    yield path
    path.unlink()


def announced(rig: Rig, state: Path) -> dict[str, str]:
    """What the doctor says of each protection: yes, partly, no or off."""
    machine = examine(rig.engine.protection, state, True, True)
    return {finding.protection: finding.held for finding in findings(machine)}


def test_every_success_was_announced(tier_rig: Rig, tmp_path: Path, home: Path) -> None:
    """Where the doctor says that a protection holds, no attack on it succeeds."""
    state = tmp_path / "state0"
    for name in ("secrets", "gateway.json", "state.db"):
        (state / name).write_text("very secret")
    held = announced(tier_rig, state)
    other = tier_rig.version("def handler(event, context): return 'unharmed'")
    version = tier_rig.version(ATTACKER, timeout_s=30)
    places = {
        "kernel": os.getpid(),
        "state": state,
        "home": home,
        "other": tier_rig.code._path / other.code,
    }
    for attack in ATTACKS:
        on = [text.format(**places) if isinstance(text, str) else text for text in attack.on]
        on = [int(text) if isinstance(text, str) and text.isdigit() else text for text in on]
        came = tier_rig.value(version, {"attack": attack.name, "on": on})
        if came is True:
            assert held[attack.protection] != "yes", f"{attack} succeeded, and nobody had said so"
        else:
            assert came is False or "Error" in str(came), (attack, came)
    if held["no other file written"] == "yes":
        assert tier_rig.value(other) == "unharmed"


@pytest.mark.parametrize("kill_parent", [False, True])
def test_nothing_outlives_an_environment_unannounced(tier_rig: Rig, tmp_path: Path, kill_parent: bool) -> None:
    """A daemon in a session of its own ends with its environment, unless the doctor says how it may not."""
    held = announced(tier_rig, tmp_path / "state0")
    mark = f"{os.getpid()}{kill_parent:d}.7771"
    version = tier_rig.version(ATTACKER)
    tier_rig.run(version, {"attack": "outlive", "on": [mark, kill_parent]})
    tier_rig.engine.retire(version.key)
    tier_rig.engine.close()

    def daemons() -> list[int]:
        found = subprocess.run(["pgrep", "-f", f"^sleep {mark}$"], capture_output=True, text=True, check=False).stdout
        return [int(pid) for pid in found.split()]

    is_gone = not daemons() or (held["no process left over"] == "yes" and eventually(lambda: not daemons()))
    for pid in daemons():
        os.kill(pid, signal.SIGKILL)
    assert is_gone or (kill_parent and held["no process left over"] != "yes")


def test_no_socket_of_ours_can_be_reached(tier_rig: Rig) -> None:
    """The channel is a pair without a name: it cannot be opened again, and no name of ours is listed."""
    source = """
import os, socket
def handler(event, context):
    said = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"): continue
            os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
            said.append("opened")
        except OSError as error:
            if error.errno != 2: said.append(error.errno)
    with open("/proc/net/unix") as file:
        return said, [line for line in file if "jlambda" in line]
"""
    found = tier_rig.value(tier_rig.version(source))
    assert isinstance(found, list)
    said, named = found
    assert named == []
    assert said
    assert set(said) <= {6, 13}  # no such device or address; permission denied


def test_descriptors_of_other_processes_cannot_be_taken(tier_rig: Rig, tmp_path: Path) -> None:
    """Neither the supervisor's control socket nor the engine's files, through pidfd_getfd or /proc/PID/fd."""
    source = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def handler(pids, context):
    taken = []
    for pid in pids:
        for fd in range(40):
            try:
                os.close(os.open(f"/proc/{pid}/fd/{fd}", os.O_RDONLY))
                taken.append(fd)
            except OSError:
                pass
        pidfd = libc.syscall(434, pid, 0)
        if pidfd >= 0:
            taken += [fd for fd in range(3, 40) if libc.syscall(438, pidfd, fd, 0) >= 0]
            os.close(pidfd)
    return taken
"""
    held = announced(tier_rig, tmp_path / "state0")
    taken = tier_rig.value(tier_rig.version(source), [os.getpid(), *supervisors()])
    assert taken == [] or held["processes unseen"] == "no"
