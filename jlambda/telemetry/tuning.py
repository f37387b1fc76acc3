"""What memory does to a function's time and price: figures by memory size, and which size to take.

Works on records of runs that were made for it; who makes them is `jlambda.service.tuning`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from jlambda.billing import cost
from jlambda.model.invocation import InvocationRecord
from jlambda.model.limits import MB_PER_VCPU

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: the part of the runs, at either end of their durations, that means leave out, as AWS Lambda Power Tuning does
_TRIMMED = 0.2


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """What was measured at one memory size.

    `duration_ms` and `cost_usd` are of one warm call: means without the fastest and the slowest fifth; `init_ms` is the median
    of the cold starts; `failure` says in a word why the first call that did failed. Where every call failed, duration and
    cost are None.
    """

    memory_mb: int
    vcpu: float
    invocations: int
    failures: int
    failure: str | None
    duration_ms: float | None
    init_ms: float | None
    max_memory_mb: int
    cost_usd: float | None


def figures(memory_mb: int, records: Sequence[InvocationRecord]) -> SizeFigures:
    """The figures of one memory size, from the records of all calls that were made at it."""
    failed = [record for record in records if record.status != "success"]
    good = [record for record in records if record.status == "success"]
    warm = sorted((record for record in good if not record.cold_start), key=lambda record: record.duration_ms)
    kept = _trimmed(warm or good)
    inits = [record.init_ms for record in records if record.init_ms is not None]
    return SizeFigures(
        memory_mb,
        memory_mb / MB_PER_VCPU,
        len(records),
        len(failed),
        _why(failed[0]) if failed else None,
        fmean(record.duration_ms for record in kept) if kept else None,
        median(inits) if inits else None,
        max((record.max_memory_mb for record in records), default=0),
        fmean(cost(record).total_usd for record in kept) if kept else None,
    )


def _why(record: InvocationRecord) -> str:
    return record.error_type or "error" if record.status == "error" else record.status.replace("_", " ")


def _trimmed(records: Sequence[InvocationRecord]) -> Sequence[InvocationRecord]:
    cut = int(len(records) * _TRIMMED)
    return records[cut : len(records) - cut]


class Tuning:
    """What tuning a function found: `sizes`, smallest first, and the sizes to choose from, in MB.

    `cheapest`, `fastest` and `balanced` only choose among sizes at which no call failed; None if there is none. Balanced is
    where time and price, each as a part of its greatest value, are least together.
    """

    def __init__(self, function: str, measured: Mapping[int, Sequence[InvocationRecord]], has_cpu_limit: bool = True) -> None:
        self.function, self._has_cpu_limit = function, has_cpu_limit
        self.sizes = tuple(figures(memory, records) for memory, records in sorted(measured.items()))
        points = [
            (size.memory_mb, size.duration_ms, size.cost_usd)
            for size in self.sizes
            if size.duration_ms is not None and size.cost_usd is not None and not size.failures
        ]
        longest, dearest = (max((point[i] for point in points), default=0.0) or 1.0 for i in (1, 2))
        self.cheapest = min(points, key=lambda it: (it[2], it[1]))[0] if points else None
        self.fastest = min(points, key=lambda it: (it[1], it[2]))[0] if points else None
        self.balanced = min(points, key=lambda it: it[1] / longest + it[2] / dearest)[0] if points else None

    @property
    def note(self) -> str:
        """What the figures are good for, in one line."""
        if not self._has_cpu_limit:
            return "The CPU share is off in this session, so memory hardly changes durations: switch cpu_limit on, tune again."
        return "Ratios carry over to AWS, milliseconds do not: this machine is not Amazon's."

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each memory size, with the columns of `SizeFigures` and the price of a million warm calls."""
        import pandas as pd

        frame = pd.DataFrame([asdict(size) for size in self.sizes])
        frame = frame.astype({"duration_ms": "float64", "init_ms": "float64", "cost_usd": "float64", "failure": "string"})
        frame["usd_per_million"] = frame["cost_usd"] * 1_000_000
        frame.attrs["note"] = self.note
        return frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Duration and price by memory size, on two axes, drawn on `ax` if it is given; returns the Axes of the durations."""
        from jlambda.telemetry import plots

        return plots.tuning(self, ax)

    def picture(self) -> bytes:
        """The same as a PNG, which nothing shows by itself."""
        from jlambda.telemetry import plots

        return plots.png(self.plot)

    def choices(self, memory_mb: int) -> list[str]:
        """What speaks for a size: "cheapest", "fastest", "balanced"."""
        return [name for name in ("cheapest", "fastest", "balanced") if getattr(self, name) == memory_mb]

    def __repr__(self) -> str:
        return f"<Tuning of {self.function}: cheapest {self.cheapest}, fastest {self.fastest}, balanced {self.balanced} MB>"
