"""What every test has: a look at what it leaves behind, and one way to need a tool."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

import jlambda

# how fast the machine makes or tries an example says nothing about what is tried
settings.register_profile("jlambda", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jlambda")

#: set by .ci/run, which installs everything: a missing tool is then a failure
REQUIRES_ALL = os.environ.get("JLAMBDA_REQUIRE_ALL") == "1"
#: how long what a test started may take to be gone
_PATIENCE_S = 20.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test that measures or fills the machine up to three times: what else ran is not the code's fault."""
    for item in items:
        if item.get_closest_marker("measures"):
            item.add_marker(pytest.mark.flaky(reruns=2))


def need(is_there: bool, what: str) -> None:
    """Skip the test where `what` is missing; fail it where everything should be there."""
    if not is_there:
        if REQUIRES_ALL:
            pytest.fail(f"{what} is missing, and JLAMBDA_REQUIRE_ALL=1 says that nothing may be")
        pytest.skip(f"{what} is missing")


def children() -> set[int]:
    """The processes that this one has started and that are still there, zombies included."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found |= {int(pid) for pid in (task / "children").read_text().split()}
        except OSError:
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def supervisors() -> set[int]:
    """The supervisors and the processes of embedded services among our children."""
    ours = ("jlambda.engine.supervisor", "jlambda.aws.embedded")
    return {pid for pid in children() if any(name in _command(pid) for name in ours)}


def threads() -> set[str]:
    """Our own threads."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("jlambda")}


def descriptors() -> dict[str, str]:
    """The open file descriptors, and what they are."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
    return found


def eventually(is_so: Callable[[], bool]) -> bool:
    """Whether something becomes true in good time; for what other processes do and tell nobody."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """After each test: no supervisor but in the place of one that ended, and no thread of ours that was not there before."""
    before = supervisors(), threads()
    yield
    assert eventually(lambda: len(supervisors()) <= len(before[0])), (
        f"left behind: {[_command(p) for p in supervisors() - before[0]]}"
    )
    assert eventually(lambda: threads() <= before[1]), f"left behind: {threads() - before[1]}"


@pytest.fixture
def no_descriptor_left_behind() -> Iterator[None]:
    """After the test: not one open file descriptor more than before."""
    gc.collect()
    before = descriptors()
    yield
    gc.collect()
    left = {fd: what for fd, what in descriptors().items() if fd not in before}
    assert len(descriptors()) <= len(before), f"left open: {left}"


def forget_functions(session: jlambda.Session) -> None:
    """Reset a session that tests share, but for its services: their process takes seconds to start again."""
    with patch.object(session, "_empty_services"):
        session.reset()


@pytest.fixture
def session(tmp_path: Path, no_descriptor_left_behind: None) -> Iterator[jlambda.Session]:
    """A session of its own in an empty folder, current while the test runs."""
    with jlambda.Session(tmp_path / "state") as made:
        yield made
        if made.is_open:
            made.engine.scheduler.validate()
