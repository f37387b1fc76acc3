"""Hold environments to their CPU share and memory limit, and freeze them between invocations.

Part of the supervisor, so that a busy notebook cannot disturb it, and the only one that stops and continues
processes. It looks at an environment often while that uses CPU, rarely while it waits, not at all once it is frozen.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import time
from collections.abc import Iterator

from jlambda.engine.board import FROZEN, IDLE, INIT, OUT_OF_MEMORY, PHASE, SLOT_BYTES, Board
from jlambda.engine.budget import CpuBudget

#: between two looks at an environment that uses CPU and has less than a whole one
_CLOSE_LOOK_S = 0.002
#: between two looks at one that uses CPU, for the sake of its memory; and at an idle one
_LOOK_S = 0.005
#: the longest time between two looks at one that waits; such looks are taken together, at multiples of _ROUND_S
_GLANCE_S = 0.2
_ROUND_S = 0.02
#: how long an idle environment runs on before it is frozen
_FREEZE_AFTER_S = 0.02
#: between two looks for processes that the function has started
_FAMILY_S = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


class _Watched:
    """One environment whose function process is known."""

    __slots__ = (
        "budget",
        "clocks",
        "family_at",
        "first",
        "has_bridge",
        "idle_since",
        "is_resting",
        "look_at",
        "memory_bytes",
        "pause",
        "pid",
        "slot",
        "used",
        "was_init",
    )

    def __init__(self, first: int, pid: int, slot: int, memory_mb: int, share: float, now: float, has_bridge: bool) -> None:
        self.first, self.pid, self.slot, self.memory_bytes = first, pid, slot * SLOT_BYTES, memory_mb << 20
        self.budget = CpuBudget(share, now)
        self.clocks = {pid: _cpu_clock(pid)}
        self.used = 0.0
        self.has_bridge = has_bridge
        # a bridge starts the function's own process at once
        self.look_at, self.family_at, self.pause = now, now + (0.0 if has_bridge else _FAMILY_S), _LOOK_S
        self.idle_since: float | None = None
        self.is_resting = False
        self.was_init = True


class Governor:
    """Watches environments by id. `look` carries out what is due, and says when to come back."""

    def __init__(self, board: Board, *, has_cpu_limit: bool, has_freezer: bool) -> None:
        self._board = board.bytes
        self._has_cpu_limit, self._has_freezer = has_cpu_limit, has_freezer
        self._watched: dict[int, _Watched] = {}
        self._awake: dict[int, _Watched] = {}

    def watch(
        self,
        environment_id: int,
        first: int,
        pid: int,
        slot: int,
        memory_mb: int,
        share: float,
        now: float,
        has_bridge: bool = False,
    ) -> None:
        """Begin to watch the process `pid` of an environment; `share` is in CPUs.

        One with a bridge is ours, and only the processes that it starts count towards the function's memory and CPU.
        """
        it = _Watched(first, pid, slot, memory_mb, share, now, has_bridge)
        self._watched[environment_id] = self._awake[environment_id] = it
        self._board[it.slot + FROZEN] = 0

    def forget(self, environment_id: int) -> None:
        """An environment is gone."""
        self._watched.pop(environment_id, None)
        self._awake.pop(environment_id, None)

    def thaw(self, environment_id: int, now: float) -> None:
        """Let a frozen environment go on."""
        it = self._watched.get(environment_id)
        if it is not None and self._board[it.slot + FROZEN]:
            self._board[it.slot + FROZEN] = 0
            self._signal(it, signal.SIGCONT)
            it.idle_since, it.pause, it.look_at = None, _LOOK_S, now + _CLOSE_LOOK_S
            it.is_resting = False
            self._awake[environment_id] = it

    def end(self, environment_id: int) -> int:
        """Ask an environment's function to end (SIGTERM), frozen or not; returns its pid, 0 if there is none."""
        it = self._watched.pop(environment_id, None)
        self._awake.pop(environment_id, None)
        if it is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(it.pid, signal.SIGTERM)
        self._signal(it, signal.SIGCONT)
        return it.pid

    def has_bridge(self, environment_id: int) -> bool:
        """Whether a watched environment's process is a bridge."""
        it = self._watched.get(environment_id)
        return it is not None and it.has_bridge

    def next_look(self) -> float | None:
        """When `look` has something to do, at the earliest; None for never."""
        return min((it.look_at for it in self._awake.values()), default=None)

    def look(self, now: float) -> None:
        """Look at the environments that are due."""
        for environment_id, it in list(self._awake.items()):
            if now >= it.look_at:
                try:
                    self._look_at(environment_id, it, now)
                except OSError:  # its process has just ended
                    self._awake.pop(environment_id, None)

    def _look_at(self, environment_id: int, it: _Watched, now: float) -> None:
        phase = self._board[it.slot + PHASE]
        if it.is_resting:
            it.is_resting = False
            self._signal(it, signal.SIGCONT)
        if now >= it.family_at:
            self._meet_family(it)
            is_waited_for = it.has_bridge and len(it.clocks) == 1
            it.family_at = now + (0.0 if is_waited_for else _FAMILY_S)
        cpu_s = self._cpu_used(it)
        if phase == IDLE:
            it.idle_since = it.idle_since or now
            it.look_at = now + _LOOK_S
            if self._has_freezer and now - it.idle_since >= _FREEZE_AFTER_S:
                self._freeze(environment_id, it)
            elif not self._has_freezer:
                it.budget.spend(cpu_s, now)
                it.look_at = self._next_look_at(it, cpu_s, now)
            return
        it.idle_since = None
        if cpu_s and self._is_out_of_memory(it):
            self._board[it.slot + OUT_OF_MEMORY] = 1
            os.kill(it.pid, signal.SIGKILL)
            return
        # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: init has the CPU to itself
        # and what was used up to the first look after it was init's.
        is_free, it.was_init = phase == INIT or it.was_init, phase == INIT
        rest_s = it.budget.spend(0.0 if is_free else cpu_s, now)
        if rest_s and self._has_cpu_limit:
            it.is_resting = True
            self._signal(it, signal.SIGSTOP)
            it.look_at = now + rest_s
            return
        it.look_at = self._next_look_at(it, cpu_s, now)

    def _next_look_at(self, it: _Watched, cpu_s: float, now: float) -> float:
        """Soon after CPU was used, else later each time."""
        shortest = _CLOSE_LOOK_S if self._has_cpu_limit and it.budget.share < 1 else _LOOK_S
        it.pause = shortest if cpu_s else min(it.pause * 2, _GLANCE_S)
        at = now + it.pause
        return at if it.pause < _ROUND_S else math.ceil(at / _ROUND_S) * _ROUND_S

    def _cpu_used(self, it: _Watched) -> float:
        """CPU seconds that the environment has used since it was looked at before."""
        total = 0.0
        for pid, clock in list(it.clocks.items()):
            try:
                seconds = time.clock_gettime(clock)
                total += 0.0 if it.has_bridge and pid == it.pid else seconds
            except OSError:
                if pid == it.pid:
                    raise
                del it.clocks[pid]
        used, it.used = total - it.used, total
        return max(0.0, used)

    def _meet_family(self, it: _Watched) -> None:
        """Count the processes that the function has started from now on."""
        for pid in _family(it.first):
            if pid not in it.clocks:
                with contextlib.suppress(OSError):
                    clock = _cpu_clock(pid)
                    it.used += time.clock_gettime(clock)
                    it.clocks[pid] = clock

    def _is_out_of_memory(self, it: _Watched) -> bool:
        counted = [pid for pid in it.clocks if not (it.has_bridge and pid == it.pid)]
        pages = sum(_first_numbers(f"/proc/{pid}/statm")[1] for pid in counted)
        if pages * _PAGE <= it.memory_bytes:
            return False
        # What processes of one family share was counted for each of them: take the exact way, which is the slow one.
        return len(counted) == 1 or sum(_proportional_bytes(pid) for pid in counted) > it.memory_bytes

    def _freeze(self, environment_id: int, it: _Watched) -> None:
        """Stop all processes, unless an invocation comes at this very moment."""
        self._meet_family(it)
        self._board[it.slot + FROZEN] = 1
        self._signal(it, signal.SIGSTOP)
        if self._board[it.slot + PHASE] != IDLE:
            self._board[it.slot + FROZEN] = 0
            self._signal(it, signal.SIGCONT)
            it.idle_since = None
        else:
            del self._awake[environment_id]

    @staticmethod
    def _signal(it: _Watched, number: int) -> None:
        for pid in it.clocks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def _cpu_clock(pid: int) -> int:
    """The clock of all CPU time of a process, as clock_getcpuclockid(3) names it."""
    return (~pid << 3) | 2


def _first_numbers(path: str) -> list[int]:
    """The numbers of a one-line file of the kernel's."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return [int(number) for number in os.read(fd, 200).split()]
    finally:
        os.close(fd)


def _proportional_bytes(pid: int) -> int:
    """Resident memory of a process, with its part of what it shares."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


def _family(pid: int) -> Iterator[int]:
    """All descendants of a process."""
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found = [int(child) for child in file.read().split()]
        except OSError:
            continue
        for child in found:
            yield child
            yield from _family(child)
