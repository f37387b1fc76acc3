"""An open database, and proof that nothing of it is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jlambda.store.database import Database

Child = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; afterwards no thread writes to it and no descriptor is open in it."""
    yield tmp_path
    assert [thread.name for thread in threading.enumerate() if thread.name == "jlambda-store"] == []
    held = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    assert [path for path in held if path.startswith(str(tmp_path))] == []


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    """A database in an empty folder."""
    database = Database(folder)
    yield database
    database.close()


@pytest.fixture
def child() -> Iterator[Child]:
    """Starts `python -c CODE ARGUMENTS...` with pipes; what still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        running.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
