"""Power tuning: run a function at several memory sizes, without changing it, and keep what each run came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat

from jlambda.engine.engine import Engine
from jlambda.errors import InvalidParameter
from jlambda.model.invocation import InvocationRecord
from jlambda.model.limits import MEMORY_MB, check_range
from jlambda.service.invoke import Finished, Invoker
from jlambda.service.version import DeployedVersion

#: the sizes that are tried unless others are named; 1,769 MB is one whole CPU
SIZES_MB = (128, 256, 512, 1_024, 1_769, 3_008)
#: calls at each size; the first of them is a cold start
INVOCATIONS = 50


def checked_sizes(sizes: Sequence[int], invocations: int) -> list[int]:
    """The sizes, each once, smallest first. Raises `InvalidParameter`."""
    if isinstance(sizes, int) or not sizes:
        raise InvalidParameter(f"memory is {sizes!r}: give the sizes to try, such as [128, 512, 1769]")
    check_range("invocations", invocations, range(1, 10_001), "calls at each size")
    return sorted({check_range("memory", size, MEMORY_MB, "MB") for size in sizes})


def measure(
    invoker: Invoker,
    engine: Engine,
    version: DeployedVersion,
    sizes: Sequence[int],
    event: object,
    invocations: int,
    finished: Callable[[], None],
    waiting: Callable[[], None],
    qualifier: str | None = None,
) -> dict[int, list[InvocationRecord]]:
    """The records of `invocations` calls at each size in MB, one after the other; `finished` is called after each.

    What it runs in are environments of their own, gone when it returns. All calls are recorded as the function's.
    """
    __tracebackhide__ = True
    measured: dict[int, list[InvocationRecord]] = {}
    for memory_mb in sizes:
        sized = version.sized(memory_mb)
        records = measured[memory_mb] = []

        def keep(_: int, it: Finished, records: list[InvocationRecord] = records) -> None:
            records.append(it.record)
            finished()

        try:
            invoker.map(sized, repeat(event, invocations), 1, keep, waiting, qualifier)
        finally:
            engine.retire(sized.key)
    return measured
