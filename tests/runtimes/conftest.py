"""Functions written in a test, run by the real runtime in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtimes.running import RunningRuntime

Start = Callable[..., RunningRuntime]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the runtime on a module; every process that a test has started is gone after it."""
    started: list[RunningRuntime] = []

    def start_source(source: str, handler: str = "lambda_function.handler", **members: object) -> RunningRuntime:
        folder = tmp_path / "task"
        folder.mkdir(exist_ok=True)
        (folder / "lambda_function.py").write_text(source)
        started.append(RunningRuntime(folder, handler, **members))  # type: ignore[arg-type]
        return started[-1]

    yield start_source
    for runtime in started:
        runtime.forget()
