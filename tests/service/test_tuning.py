"""Power tuning on real environments: each size has its own CPU share, and the function stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

import jlambda
from jlambda.errors import InvalidParameter

BUSY = """
import time
def handler(event, context):
    end = time.process_time() + event / 1000
    while time.process_time() < end:
        pass
    return int(context.memory_limit_in_mb)
"""


@pytest.mark.measures
def test_more_memory_takes_less_time(tmp_path: Path) -> None:
    """CPU comes with memory: an eighth of it takes longer than a whole one, and the function is not changed."""
    with jlambda.Session(tmp_path / "state"):
        function = jlambda.deploy(BUSY, name="busy", memory=256)
        found = function.tune(40, memory=[1_769, 221], invocations=4)
        small, whole = found.sizes
        assert (small.memory_mb, whole.memory_mb, small.invocations) == (221, 1_769, 4)
        assert small.duration_ms is not None and whole.duration_ms is not None
        assert small.duration_ms > 3 * whole.duration_ms
        assert found.fastest == 1_769
        assert function.configuration.memory_mb == 256
        assert function(1) == 256
        assert sorted(set(function.invocations()["memory_mb"])) == [221, 256, 1_769]


def test_a_size_that_is_too_small_is_told_apart(tmp_path: Path) -> None:
    """Out of memory at one size, in the figures and not as an exception."""
    with jlambda.Session(tmp_path / "state"):
        function = jlambda.deploy(
            "def handler(event, context): return len(bytearray(event * 2**20))", name="hungry", timeout=20
        )
        found = function.tune(200, memory=[128, 512], invocations=2)
        assert [it.failures for it in found.sizes] == [2, 0]
        assert found.sizes[0].failure == "out of memory"
        assert (found.cheapest, found.fastest) == (512, 512)


@pytest.mark.parametrize(("memory", "invocations"), [([], 5), ([64], 5), (128, 5), ([128], 0)])
def test_what_cannot_be_tried_is_refused(tmp_path: Path, memory: list[int], invocations: int) -> None:
    """Before anything runs."""
    with jlambda.Session(tmp_path / "state"):
        function = jlambda.deploy("def handler(event, context): pass", name="f")
        with pytest.raises(InvalidParameter):
            function.tune(memory=memory, invocations=invocations)
        assert function.invocations().empty
