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

from jlambda.engine.board import FROZEN, IDLE, INIT, OUT_OF_MEMORY, PHASE, RESTS, SLOT_BYTES, Board
from jlambda.engine.budget import PERIOD_S, CpuBudget
from jlambda.engine.proc import cpu_clock, descendants, own_bytes, resident, resident_bytes
from jlambda.model import signals

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: with extensions the Shutdown phase may take
# 2 seconds; a bridge keeps to that itself, and this is for one that does not
BRIDGE_SHUTDOWN_S = 2.2

#: at the least between two looks at an environment that uses CPU and has little of it
_CLOSE_LOOK_S = 0.002
#: between two looks at one that uses CPU, for the sake of its memory; and at an idle one
_LOOK_S = 0.005
#: how fast a process can possibly fill memory, in bytes a second; the next look at it comes before it can be out of it
_FILL_RATE = 4 << 30
#: the longest time between two looks at one that waits, for few and for many that do: what comes after a long wait is
#: seen late by as much; such looks are taken together, at multiples of _ROUND_S
_GLANCE_S, _MANY_GLANCE_S, _GLANCE_EACH_S = 0.1, 0.2, 0.000_2
_ROUND_S = 0.02
#: how long an idle environment runs on before it is frozen
_FREEZE_AFTER_S = 0.02
#: between two looks for processes that the function has started, and at how much memory they take in all
_FAMILY_S = 0.1
_WEIGH_S = 0.02
#: and by how much longer for each process that there is: no family of a thousand takes up the supervisor's time
_FAMILY_EACH_S, _WEIGH_EACH_S, _LOOK_EACH_S = 0.000_5, 0.001, 0.000_1
_MB = 1 << 20


class _Watched:
    """One environment whose function process is known."""

    __slots__ = (
        "budget",
        "clocks",
        "family_at",
        "first",
        "has_bridge",
        "idle_since",
        "is_given_up",
        "is_resting",
        "is_unweighed",
        "look_at",
        "memory_at",
        "memory_bytes",
        "pause",
        "pid",
        "slot",
        "used",
        "was_init",
        "weigh_at",
    )

    def __init__(self, first: int, pid: int, slot: int, memory_mb: int, share: float, now: float, has_bridge: bool) -> None:
        self.first, self.pid, self.slot, self.memory_bytes = first, pid, slot * SLOT_BYTES, memory_mb << 20
        self.budget = CpuBudget(share, now)
        self.clocks = {pid: cpu_clock(pid)}
        self.used = 0.0
        self.has_bridge = has_bridge
        # a bridge starts the function's own process at once
        self.look_at, self.weigh_at, self.pause = now, now, _LOOK_S
        self.family_at = now + (0.0 if has_bridge else _FAMILY_S)
        self.memory_at = now
        self.idle_since: float | None = None
        self.is_resting = self.is_unweighed = self.is_given_up = False
        self.was_init = True


class Governor:
    """Watches environments by id. `look` carries out what is due, and says when to come back."""

    def __init__(self, board: Board, *, has_cpu_limit: bool, has_freezer: bool) -> None:
        self._slots, self._board = board, board.bytes
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
        self._board[it.slot + FROZEN] = self._board[it.slot + OUT_OF_MEMORY] = 0
        self._slots.set_family_peak(it.slot, 0)

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

    def look(self, now: float) -> float:
        """Look at the environments that are due; returns when it has something to do again, infinity for never."""
        soonest = math.inf
        for environment_id, it in tuple(self._awake.items()):
            if now >= it.look_at:
                try:
                    self._look_at(environment_id, it, now)
                except OSError:  # its process has just ended
                    self._awake.pop(environment_id, None)
                if environment_id not in self._awake:
                    continue
            if it.look_at < soonest:
                soonest = it.look_at
        return soonest

    def time_out(self, environment_id: int, now: float) -> bool:
        """Have a bridge end all that it has started, in the time that AWS gives to that; False if this is none."""
        it = self._watched.get(environment_id)
        if it is None or not it.has_bridge:
            return False
        if not it.is_given_up:
            self._give_up(it, signals.TIMED_OUT, now)
            self._awake[environment_id] = it
        return True

    def _give_up(self, it: _Watched, why: signal.Signals, now: float) -> None:
        """End a function's process that has gone past a limit: a bridge by its own means, with nothing to hold it up."""
        if not it.has_bridge:
            os.kill(it.pid, signal.SIGKILL)
            return
        # before the bridge acts: it ends the runtime, and what is left then is an extension, which is to be told
        largest = max(it.clocks.keys() - {it.pid}, key=resident_bytes, default=it.pid)
        os.kill(it.pid, why)
        if why == signals.OUT_OF_MEMORY:  # at once, whoever it is
            with contextlib.suppress(ProcessLookupError):
                os.kill(largest, signal.SIGKILL)
        self._signal(it, signal.SIGCONT)
        it.is_given_up, it.look_at = True, now + BRIDGE_SHUTDOWN_S

    def _look_at(self, environment_id: int, it: _Watched, now: float) -> None:
        if it.is_given_up:
            os.kill(it.pid, signal.SIGKILL)
            self._awake.pop(environment_id, None)
            return
        if it.is_resting:
            it.is_resting = False
            self._signal(it, signal.SIGCONT)
            if now < it.family_at:  # it has used no CPU since it was looked at before: there is nothing else to see
                it.look_at = self._close_look_at(it, now)
                return
        phase = self._board[it.slot + PHASE]
        has_grown = False
        if now >= it.family_at:
            has_grown = self._meet_family(it)
            is_waited_for = it.has_bridge and len(it.clocks) == 1
            it.family_at = now + (0.0 if is_waited_for else max(_FAMILY_S, len(it.clocks) * _FAMILY_EACH_S))
        cpu_s = self._cpu_used(it)
        it.is_unweighed = it.is_unweighed or has_grown or cpu_s > 0
        may_have_allocated = it.is_unweighed and (has_grown or now >= it.memory_at)
        if phase == IDLE:
            if it.idle_since is None or not self._board[it.slot + RESTS]:  # it was at work between two looks
                self._board[it.slot + RESTS], it.idle_since = 1, now
            it.look_at = now + _LOOK_S
            if self._has_freezer and now - it.idle_since >= _FREEZE_AFTER_S:
                self._freeze(environment_id, it)
            elif not self._has_freezer:
                if may_have_allocated and self._is_out_of_memory(it, now):
                    self._give_up(it, signals.OUT_OF_MEMORY, now)
                    return
                it.budget.spend(cpu_s, now)
                it.look_at = self._next_look_at(it, cpu_s, now)
            return
        it.idle_since = None
        if may_have_allocated and self._is_out_of_memory(it, now):
            self._board[it.slot + OUT_OF_MEMORY] = 1
            self._give_up(it, signals.OUT_OF_MEMORY, now)
            return
        # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: init has the CPU to itself
        # and what was used up to the first look after it was init's.
        is_free, it.was_init = phase == INIT or it.was_init, phase == INIT
        rest_s = it.budget.spend(0.0 if is_free else cpu_s, now)
        if rest_s and self._has_cpu_limit:
            it.is_resting = True
            self._signal(it, signal.SIGSTOP)
            it.look_at = now + rest_s
            it.memory_at += rest_s  # what is stopped fills no memory
            return
        it.look_at = self._next_look_at(it, cpu_s, now)

    def _next_look_at(self, it: _Watched, cpu_s: float, now: float) -> float:
        """Soon after CPU was used, else later each time."""
        if cpu_s:
            return self._close_look_at(it, now)
        longest = min(_MANY_GLANCE_S, max(_GLANCE_S, len(self._awake) * _GLANCE_EACH_S))
        it.pause = min(it.pause * 2, longest)
        at = now + it.pause
        return at if it.pause < _ROUND_S else math.ceil(at / _ROUND_S) * _ROUND_S

    def _close_look_at(self, it: _Watched, now: float) -> float:
        """When one period's quota may be used up; whatever is used beyond it is rested off."""
        quota_s = min(it.budget.share if self._has_cpu_limit else 1, 1) * PERIOD_S
        it.pause = max(min(quota_s, it.memory_at - now), _CLOSE_LOOK_S, len(it.clocks) * _LOOK_EACH_S)
        return now + it.pause

    def _cpu_used(self, it: _Watched) -> float:
        """CPU seconds that the environment has used since it was looked at before."""
        total = 0.0
        for pid, clock in tuple(it.clocks.items()):
            try:
                seconds = time.clock_gettime(clock)
                total += 0.0 if it.has_bridge and pid == it.pid else seconds
            except OSError:
                if pid == it.pid:
                    raise
                del it.clocks[pid]
        used, it.used = total - it.used, total
        return max(0.0, used)

    def _meet_family(self, it: _Watched) -> bool:
        """Count the processes that the function has started from now on; whether there are new ones."""
        before = len(it.clocks)
        for pid in descendants(it.first):
            if pid not in it.clocks:
                with contextlib.suppress(OSError):
                    clock = cpu_clock(pid)
                    it.used += time.clock_gettime(clock)
                    it.clocks[pid] = clock
        return len(it.clocks) > before

    def _is_out_of_memory(self, it: _Watched, now: float) -> bool:
        counted = [pid for pid in it.clocks if not it.has_bridge or pid != it.pid]
        if not counted:
            return False
        used, others = resident(counted[0]), counted[1:]
        if others:
            at_most = used + sum(map(resident_bytes, others))
            if at_most > it.memory_bytes or now >= it.weigh_at:
                # What processes of one family share was counted for each of them: take the exact way, which is the slow one.
                it.weigh_at = now + max(_WEIGH_S, len(it.clocks) * _WEIGH_EACH_S)
                used += sum(map(own_bytes, others))
                peak_mb = min(used, it.memory_bytes) + _MB - 1 >> 20
                self._slots.set_family_peak(it.slot, max(peak_mb, self._slots.family_peak_mb(it.slot)))
                it.is_unweighed = False
            else:
                used = at_most
        else:
            it.is_unweighed = False
        it.memory_at = now + (it.memory_bytes - used) / _FILL_RATE
        return used > it.memory_bytes

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
            try:  # noqa: SIM105 a context manager costs more than the call
                os.kill(pid, number)
            except ProcessLookupError:
                pass
