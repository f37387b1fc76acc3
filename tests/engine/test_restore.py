"""Snapshots and the environments restored from them, in each tier of the sandbox."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from jlambda.engine import conversation, syscalls
from jlambda.engine.board import FROZEN
from jlambda.errors import SnapStartFailed
from jlambda.model.invocation import Outcome, Request
from jlambda.service.invoke import new_request_id
from tests.conftest import eventually, need, supervisors
from tests.engine.conftest import Rig, SourceVersion

#: tells what hooks and init did; runs an expression of the test's choice, with the module's globals
SOURCE = """
import atexit, ctypes, json, os, random, signal, socket, sys, tempfile, threading, time, uuid
from snapshot_restore_py import register_after_restore, register_before_snapshot
def read(path): return open(path, errors="replace").read()
def write(path, text="x"): open(path, "w").write(text); return "written"
def cpu(): return time.process_time()
tmp, born, told, count = tempfile.gettempdir(), str(uuid.uuid4()), ["init"], 0
os.mkdir(tmp + "/folder")
write(tmp + "/folder/file", "from init")
os.symlink("file", tmp + "/folder/link")
journal = open(tmp + "/journal", "w+")
journal.write("init "); journal.flush()
register_before_snapshot(told.append, "before, registered first")
register_after_restore(told.append, "after, registered first")
@register_before_snapshot
def before(): told.append("before, registered last")
@register_after_restore
def after(): told.append("after, registered last"); print("restored")
def handler(event, context):
    global count
    count += 1
    try:
        return eval(event)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


def snapped(rig: Rig, source: str = SOURCE, **options: object) -> SourceVersion:
    """A version with a snapshot."""
    return rig.version(source, has_snapshot=True, **options)


def both(rig: Rig, version: SourceVersion, expression: str) -> list[object]:
    """What two environments say at the same time; the expression waits until both are there."""
    events, answers = [threading.Event(), threading.Event()], []

    def done(outcome: Outcome | Exception) -> None:
        answers.append(outcome)
        events[len(answers) - 1].set()

    for _ in events:
        request = Request(new_request_id(), json.dumps(f"(time.sleep(0.2), {expression})[1]").encode())
        rig.engine.submit(version, request, done)
    assert all(event.wait(30) for event in events)
    assert all(isinstance(it, Outcome) and it.status == "success" for it in answers), answers
    rig.engine.scheduler.validate()
    return [json.loads(it.payload) for it in answers if isinstance(it, Outcome)]


def test_hooks_run_in_aws_order_and_globals_are_those_of_init(any_rig: Rig) -> None:
    """Before the snapshot the last registered runs first, after the restore the first; each environment begins anew."""
    version = snapped(any_rig)
    hooks = ["before, registered last", "before, registered first", "after, registered first", "after, registered last"]
    first = any_rig.run(version, "[told, count]")
    assert json.loads(first.payload) == [["init", *hooks], 1]
    assert any_rig.value(version, "[told, count]") == [["init", *hooks], 2]
    assert first.cold_start
    assert first.init_ms is None
    assert first.restore_ms is not None
    assert first.restore_ms > first.restore_runtime_ms > 0
    assert first.log.count(b"restored\n") == 1


def test_init_runs_once_and_randomness_differs(any_rig: Rig) -> None:
    """What init made is the same in all environments; `random` and the sources of the system go on differently."""
    version = snapped(any_rig)
    one, other = both(any_rig, version, "[born, random.random(), str(uuid.uuid4()), next(tempfile._get_candidate_names())]")
    assert isinstance(one, list)
    assert isinstance(other, list)
    assert one[0] == other[0]
    assert not set(one[1:]) & set(other[1:])


def test_tmp_begins_as_the_snapshots_and_is_private(any_rig: Rig) -> None:
    """Files, folders, links and files that are open are copied; what one environment writes no other sees."""
    version = snapped(any_rig)
    look = (
        "write(f'{tempfile.gettempdir()}/own-{uuid.uuid4()}'), journal.write('handler'), journal.flush(), "
        "[read(tempfile.gettempdir() + name) for name in ('/folder/file', '/folder/link', '/journal')], "
        "os.readlink(tempfile.gettempdir() + '/folder/link'), "
        "[name[:4] for name in os.listdir(tempfile.gettempdir()) if name.startswith('own')]"
    )
    for said in both(any_rig, version, f"[{look}][3:]"):
        assert said == [["from init", "from init", "init handler"], "file", ["own-"]]


def test_tmp_has_the_size_of_the_configuration(rooted_rig: Rig) -> None:
    """512 MB, as in every environment."""
    assert rooted_rig.value(snapped(rooted_rig), "os.statvfs('/tmp').f_blocks * os.statvfs('/tmp').f_frsize >> 20") == 512


def test_environments_of_one_snapshot_do_not_see_each_other(rooted_rig: Rig) -> None:
    """Each is alone with its first process, and can mount, signal and trace nothing."""
    version = snapped(rooted_rig)
    pids = "sorted(int(p) for p in os.listdir('/proc') if p.isdigit())"
    assert both(rooted_rig, version, pids) == [[1, 2], [1, 2]]
    assert rooted_rig.value(version, "ctypes.CDLL(None).ptrace(16, 1, 0, 0)") == -1
    assert rooted_rig.value(version, "ctypes.CDLL(None).umount2(b'/proc', 2)") == -1
    assert rooted_rig.value(version, "ctypes.CDLL(None).umount2(b'/tmp', 2)") == -1
    assert str(rooted_rig.value(version, "write('/var/task/x')")).startswith(("OSError: [Errno 30]", "PermissionError"))


def test_with_landlock_alone_siblings_are_out_of_reach(any_rig: Rig) -> None:
    """No signal reaches a sibling, and its files cannot be read or written."""
    told = any_rig.engine.protection().sandbox
    if told.has_private_root:
        return
    version = snapped(any_rig)
    one, other = both(any_rig, version, "[os.getpid(), os.environ['TMPDIR']]")
    assert isinstance(one, list)
    assert isinstance(other, list)
    pid = any_rig.value(version, "os.getpid()")
    sibling = other if pid == one[0] else one
    assert "PermissionError" in str(any_rig.value(version, f"write({sibling[1]!r} + '/x')"))
    assert "PermissionError" in str(any_rig.value(version, f"read({sibling[1]!r} + '/journal')"))
    assert "PermissionError" in str(any_rig.value(version, "write(tmp + '/folder/file')"))
    assert any_rig.value(version, "read(tmp + '/folder/file')") == "from init"
    need(syscalls.landlock_version() >= 6, "Landlock 6")
    assert "PermissionError" in str(any_rig.value(version, f"os.kill({sibling[0]}, 0)"))


def test_a_restored_function_has_no_more_rights_than_another(any_rig: Rig) -> None:
    """User, capabilities, limits and what a program may gain are those of an ordinary environment."""
    status = "[line for line in read('/proc/self/status').splitlines() if line.startswith(('Cap', 'NoNew', 'Uid', 'Gid'))]"
    limits = "[__import__('resource').getrlimit(each) for each in range(10)]"
    look = f"[{status}, {limits}, os.getcwd(), sorted(os.listdir('/proc/self/fd'))[:3]]"
    ordinary = any_rig.value(any_rig.version(SOURCE), look)
    assert any_rig.value(snapped(any_rig), look) == ordinary


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("os._exit(3)", "error", "Runtime.ExitError"),
        ("os.kill(os.getpid(), 9)", "error", "Runtime.ExitError"),
        ("time.sleep(30)", "timeout", "Sandbox.Timedout"),
        ("len(bytearray(800 << 20))", "out_of_memory", "Runtime.ExitError"),
    ],
)
def test_what_ends_a_process_ends_the_environment(any_rig: Rig, code: str, status: str, kind: str) -> None:
    """AWS's status and error type, and the next invocation is restored from the same snapshot."""
    version = snapped(any_rig, timeout_s=1 if status == "timeout" else 20, memory_mb=512)
    born = any_rig.value(version, "born")
    outcome = any_rig.run(version, code)
    assert (outcome.status, outcome.error_type, outcome.restore_ms) == (status, kind, None)
    after = any_rig.run(version, "[born, count]")
    assert json.loads(after.payload) == [born, 1]
    assert after.restore_ms is not None


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("raise ValueError('in init')", "ValueError", "in init"),
        ("import os; os._exit(3)", "Runtime.ExitError", "exit status 3"),
        (
            "from snapshot_restore_py import *\n@register_before_snapshot\ndef hook(): {}['no']",
            "Runtime.BeforeSnapshotError",
            "KeyError: 'no'",
        ),
    ],
)
def test_a_snapshot_that_fails(any_rig: Rig, source: str, kind: str, message: str) -> None:
    """Init or a hook that raises is told by its error document, and leaves nothing."""
    version = snapped(any_rig, f"{source}\ndef handler(event, context): return 1\n")
    with pytest.raises(SnapStartFailed) as failure:
        any_rig.engine.snapshots.take(version)
    document = json.loads(failure.value.payload)
    assert (failure.value.error_type, document["errorType"]) == (kind, kind)
    assert document["errorMessage"].endswith(message)
    with pytest.raises(SnapStartFailed):
        any_rig.run(version)
    assert eventually(lambda: not any_rig.engine.processes.stopping)


def test_an_after_restore_hook_that_fails(any_rig: Rig) -> None:
    """The invocation fails with Lambda's name for it, and the log has the exception."""
    hook = "@register_after_restore\ndef bad(): raise ValueError('no network')\n"
    outcome = any_rig.run(snapped(any_rig, SOURCE + hook), "1")
    assert (outcome.status, outcome.error_type) == ("error", "Runtime.AfterRestoreError")
    document = json.loads(outcome.payload)
    assert document["errorMessage"] == "ValueError: no network"
    assert "in bad" in document["stackTrace"][-1]
    assert b"[ERROR] ValueError: no network" in outcome.log
    assert outcome.restore_ms is not None
    assert outcome.duration_ms == 0


def test_a_restore_that_takes_too_long(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks after the restore have ten seconds together; then the environment ends."""
    monkeypatch.setattr(conversation, "RESTORE_LIMIT_S", 0.3)
    outcome = rig.run(snapped(rig, SOURCE + "register_after_restore(time.sleep, 30)\n"), "1")
    assert (outcome.status, outcome.error_type) == ("timeout", "Sandbox.Timedout")
    assert "Restore timed out" in json.loads(outcome.payload)["errorMessage"]
    assert outcome.restore_ms is not None
    assert 300 <= outcome.restore_ms < 20_000


def test_init_of_a_snapshot_may_take_longer_than_an_ordinary_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """130 seconds or the timeout, not ten; and none of it shows in a restore."""
    monkeypatch.setattr(conversation, "INIT_LIMIT_S", 0.5)
    outcome = rig.run(snapped(rig, SOURCE + "time.sleep(2)\n"), "1")
    assert outcome.status == "success"
    assert outcome.restore_ms is not None
    assert outcome.restore_ms < 2_000


def test_retiring_a_version_ends_its_environments_and_then_its_snapshot(any_rig: Rig) -> None:
    """Nothing is left: no process, no file, no environment that somebody still counts."""
    version, scratch = snapped(any_rig), Path(any_rig.engine.processes._sandbox.scratch)
    both(any_rig, version, "1")
    (supervisor,) = supervisors()
    any_rig.engine.retire(version.key)
    assert eventually(lambda: not any_rig.engine.processes.stopping and len(descendants(supervisor)) <= 2)
    assert not any_rig.engine.processes.environments
    left = set(os.listdir(scratch)) if scratch.exists() else set()
    assert left <= {str(blank.supervised) for blank in any_rig.engine.processes.blank}


def test_a_version_retired_while_it_runs_finishes(rig: Rig) -> None:
    """The invocation has its answer; its environment and the snapshot end after that."""
    version, ended, answers = snapped(rig), threading.Event(), list[Outcome | Exception]()
    rig.value(version, "1")

    def done(outcome: Outcome | Exception) -> None:
        answers.append(outcome)
        ended.set()

    rig.engine.submit(version, Request(new_request_id(), b'"time.sleep(0.5)"'), done)
    assert eventually(lambda: rig.engine.scheduler.running.get("f") == 1)
    rig.engine.retire(version.key)
    assert ended.wait(30)
    (outcome,) = answers
    assert isinstance(outcome, Outcome)
    assert outcome.status == "success"
    (supervisor,) = supervisors()
    assert eventually(lambda: not rig.engine.processes.stopping and len(descendants(supervisor)) <= 2)


def test_a_snapshot_that_is_killed_is_made_again(any_rig: Rig) -> None:
    """Its environments end with it; the next cold start makes another one first."""
    version = snapped(any_rig)
    born = any_rig.value(version, "born")
    snapshot = any_rig.engine.snapshots.take(version)
    os.kill(snapshot.pid, signal.SIGKILL)
    assert eventually(lambda: not any_rig.engine.snapshots.is_ready(version))
    assert eventually(lambda: not any_rig.engine.scheduler.environments)
    after = any_rig.run(version, "born")
    assert after.restore_ms is not None
    assert json.loads(after.payload) not in (born, None)


def test_an_idle_restored_environment_is_frozen_and_thawed(rig: Rig) -> None:
    """It makes no progress between two invocations, as any other; the snapshot itself is not governed at all."""
    version = snapped(rig, SOURCE + "def spin():\n    global turns\n    while True: turns += 1; time.sleep(0.001)\nturns = 0\n")
    rig.value(version, "threading.Thread(target=spin, daemon=True).start()")
    (environment,) = rig.engine.processes.environments.values()
    assert eventually(lambda: bool(environment.board[environment.phase_at + FROZEN]))
    turns = rig.value(version, "turns")
    assert eventually(lambda: bool(environment.board[environment.phase_at + FROZEN]))
    assert isinstance(turns, int)
    assert rig.value(version, "turns") - turns < 100  # type: ignore[operator]


def test_what_init_has_started_does_not_run_on(rig: Rig) -> None:
    """The snapshot is frozen with its threads between two restores, and its child processes are ended."""
    starts = (
        "import subprocess\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'])\n"
        "def spin():\n    while True: pass\nthreading.Thread(target=spin, daemon=True).start()\n"
    )
    version = snapped(rig, SOURCE + starts)
    snapshot = rig.engine.snapshots.take(version)
    assert eventually(lambda: bool(snapshot.board[snapshot.phase_at + FROZEN]))
    assert eventually(lambda: all(map(has_ended, descendants(snapshot.pid))))
    assert eventually(lambda: Path(f"/proc/{snapshot.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    assert rig.value(version, "1") == 1
    assert eventually(lambda: bool(snapshot.board[snapshot.phase_at + FROZEN]))
    assert both(rig, version, "1") == [1, 1]


def test_threads_of_init_do_not_hinder_a_restore(rig: Rig) -> None:
    """They end with the snapshot's process: locks of Python are whole, and new threads can be started."""
    start = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    threads = f"lock = threading.Lock()\nfor _ in range(4): {start}\n"
    version = snapped(rig, SOURCE + threads)
    look = "[threading.active_count(), threading.Thread(target=told.append, args=('thread',)).start(), lock.acquire()]"
    assert rig.value(version, look) == [1, None, True]


def test_closing_while_a_snapshot_is_made(rig: Rig) -> None:
    """The one who waits is told, and nothing is left."""
    version, ended, answers = snapped(rig, "import time; time.sleep(60)\n" + SOURCE), threading.Event(), list[object]()

    def done(outcome: Outcome | Exception) -> None:
        answers.append(outcome)
        ended.set()

    rig.engine.submit(version, Request(new_request_id(), b'"1"'), done)
    assert eventually(lambda: any("snapshot" in thread.name for thread in threading.enumerate()))
    rig.engine.close()
    assert ended.wait(30)
    assert isinstance(answers[0], Exception)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for its parent to hear of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def descendants(pid: int) -> set[int]:
    """All processes below one."""
    found = set[int]()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = {int(child) for child in (task / "children").read_text().split()}
        except OSError:
            continue
        found |= children.union(*(descendants(child) for child in children if Path(f"/proc/{child}/task").exists()))
    return found
