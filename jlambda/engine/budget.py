"""How much CPU a process may use and when: a token bucket. Pure: CPU time and the time of day come in as numbers.

Lambda gives CPU in proportion to memory, one vCPU at 1,769 MB, through the kernel's bandwidth control, which hands out
a quota each 20 ms (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). Here the quota flows in
continuously, up to one period's worth; what was used beyond it is a debt that must be rested off, so that the mean
share is exact however late an overdraft is noticed.
"""

from __future__ import annotations

#: of Lambda's bandwidth control
PERIOD_S = 0.020


class CpuBudget:
    """The budget of one environment with a `share` of a CPU (0.072 at 128 MB, 1.7 at 3,008 MB)."""

    __slots__ = ("_at", "_level", "_most", "share")

    def __init__(self, share: float, now: float) -> None:
        self.share = share
        self._most = self._level = share * PERIOD_S
        self._at = now

    def spend(self, cpu_s: float, now: float) -> float:
        """Take `cpu_s` seconds of CPU from the budget; returns how many seconds the process has to rest now, or 0."""
        self._level = min(self._most, self._level + (now - self._at) * self.share) - cpu_s
        self._at = now
        return -self._level / self.share if self._level < 0 else 0.0
