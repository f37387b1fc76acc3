"""Facts about a machine: this one's are true, and what cannot be found out is no error."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path

import pytest

import jlambda
from jlambda.engine.control import Protection
from jlambda.errors import EngineError
from jlambda.model.machine import Machine
from jlambda.service import machine as machines
from jlambda.service.machine import examine

COUNT = """
import threading, time
count = 0
def beat():
    global count
    while True:
        time.sleep(0.005)
        count += 1
threading.Thread(target=beat, daemon=True).start()
def handler(event, context):
    return count
"""
BURN = """
import time
def handler(event, context):
    end = time.process_time() + event
    while time.process_time() < end: pass
"""


def refused() -> Protection:
    """An engine that does not start."""
    raise EngineError("no more processes")


def test_this_machine_is_found(session: jlambda.Session) -> None:
    """What the kernel and the interpreter say, and what the engine found out."""
    machine = session.machine()
    assert (machine.system, machine.kernel, machine.is_root) == ("Linux", platform.release(), os.geteuid() == 0)
    assert (machine.interpreter, machine.python) == (sys.executable, platform.python_version())
    assert machine.state == str(session.folder)
    assert machine.processors == len(os.sched_getaffinity(0))
    assert 0.9 < machine.memory_mb * 1024 / int(Path("/proc/meminfo").read_text().split()[1]) < 1.1
    assert all(int(Path("/proc/sys", name.replace(".", "/")).read_text()) == value for name, value in machine.switches.items())
    told = session.engine.protection()
    assert (machine.has_private_root, machine.refusal) == (told.sandbox.has_private_root, told.refusal)
    assert any(sys.prefix == folder or sys.prefix.startswith(f"{folder}/") for folder in (*machine.folders, "/usr"))
    assert machine.failure == ""


def test_another_folder_is_looked_at_without_being_made(session: jlambda.Session, tmp_path: Path) -> None:
    """A folder that is not there has the file system that it would be on."""
    machine = session.machine(tmp_path / "not" / "there")
    assert machine.state == str(tmp_path / "not" / "there")
    assert machine.file_system == session.machine().file_system != ""
    assert not (tmp_path / "not").exists()


def test_an_engine_that_does_not_start_is_a_fact(tmp_path: Path) -> None:
    """Its error says why functions cannot run; the other facts are there."""
    machine = examine(refused, tmp_path, True, True)
    assert machine.failure == "no more processes"
    assert machine.kernel == platform.release()


def test_a_folder_that_cannot_be_used_is_a_fact() -> None:
    """A session that cannot be opened can be asked all the same."""
    machine = jlambda.Session("/proc/state", cpu_limit=False).machine()
    assert machine.failure.startswith("the state folder /proc/state cannot be used (")
    assert (machine.state, machine.cpu_limit) == ("/proc/state", False)


def test_elsewhere_than_on_linux_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is not even asked."""
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert examine(refused, tmp_path, True, True).failure == "functions need Linux; this is Darwin"


def test_what_the_system_does_not_tell_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No /proc: no settings, no filter, no capabilities known, no error."""
    monkeypatch.setattr(machines, "Path", lambda *_: tmp_path / "absent")
    monkeypatch.setattr(machines, "_CONTAINER_MARKS", {})
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert (machines._switches(), machines._status(), machines._container()) == ({}, {}, "")


def test_a_container_is_known_by_its_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime's file; in Kubernetes, a variable."""
    mark = tmp_path / ".dockerenv"
    mark.touch()
    monkeypatch.setattr(machines, "_CONTAINER_MARKS", {str(tmp_path / "absent"): "Podman", str(mark): "Docker"})
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert machines._container() == "Docker"
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert machines._container() == "Kubernetes"


@pytest.mark.measures
def test_options_of_a_session_hold_from_when_it_is_opened(session: jlambda.Session) -> None:
    """Switched off, functions have all the CPU and run on between invocations; an open session stays as it is."""
    burn, count = session.deploy(BURN, "burn"), session.deploy(COUNT, "count")
    burn(0)
    session.cpu_limit = session.freezer = False
    began = time.perf_counter()
    burn(0.1)
    assert time.perf_counter() - began > 1.0  # 128 MB have 0.072 of a CPU
    assert options(session.machine()) == (True, True)

    session.close()
    assert options(session.machine()) == (False, False)
    burn(0)
    began = time.perf_counter()
    burn(0.1)
    assert time.perf_counter() - began < 1.0
    first = count()
    time.sleep(0.5)
    assert count() - first > 20


def options(machine: Machine) -> tuple[bool, bool]:
    """Whether there is a CPU limit and a freezer."""
    return machine.cpu_limit, machine.freezer
