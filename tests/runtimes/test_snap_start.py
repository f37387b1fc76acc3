"""Hooks around a snapshot: the module that functions import, and the order in which the runtime runs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jlambda.runtimes import snap_start
from jlambda.runtimes.bundled import snapshot_restore_py as bundled
from tests.runtimes.conftest import Start


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Our module as the one that a function imports; the list is for hooks to write in."""
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", bundled)
    yield []
    bundled.get_before_snapshot().clear()
    bundled.get_after_restore().clear()


def test_order(hooks: list[object]) -> None:
    """Before the snapshot the last registered is the first to run, and runs once; after each restore they run in order."""
    for name in ("one", "two"):
        bundled.register_before_snapshot(hooks.append, f"before {name}")
        bundled.register_after_restore(hooks.append, f"after {name}")
    for _ in range(2):
        snap_start.run_before_snapshot()
        snap_start.run_after_restore()
    assert hooks == ["before two", "before one", *["after one", "after two"] * 2]


def test_decorators_give_the_function_back(hooks: list[object]) -> None:
    """Arguments are kept for the call."""

    def hook(*args: object, **kwargs: object) -> None:
        hooks.append((args, kwargs))

    assert bundled.register_before_snapshot(hook, 1, a=2) is hook
    assert bundled.register_after_restore(hook) is hook
    snap_start.run_before_snapshot()
    assert hooks == [((1,), {"a": 2})]


def test_without_the_module_there_are_no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that does not import it has nothing to run."""
    monkeypatch.delitem(sys.modules, "snapshot_restore_py", raising=False)
    snap_start.run_before_snapshot()
    snap_start.run_after_restore()


def test_functions_find_the_module_and_their_own_comes_first(start: Start, tmp_path: Path) -> None:
    """It comes with the runtime, and a package of the name that is installed takes its place."""
    source = "import snapshot_restore_py\ndef handler(event, context): return snapshot_restore_py.__file__\n"
    (tmp_path / "site").mkdir()
    own = tmp_path / "site" / "snapshot_restore_py.py"
    own.touch()
    found = []
    for packages in ((), (str(own.parent),)):
        runtime = start(source, site_packages=packages)
        reply = runtime.invoke()
        runtime.close()  # before the next fork, which would hold its channel open
        found.append(reply and reply.value)
    assert found == [bundled.__file__, str(own)]


def test_a_failure_is_told_under_lambdas_name() -> None:
    """The exception's own name goes into the message."""
    document = {"errorType": "ValueError", "errorMessage": "no", "requestId": "", "stackTrace": []}
    told = snap_start.hook_failure(snap_start.AFTER_RESTORE_ERROR, document)
    assert told == {**document, "errorType": "Runtime.AfterRestoreError", "errorMessage": "ValueError: no"}
    assert snap_start.hook_failure("K", {**document, "errorMessage": ""})["errorMessage"] == "ValueError"
