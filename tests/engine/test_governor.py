"""CPU share, memory limit and freezing, measured on real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.engine.board import FROZEN, RESTS, SLOT_BYTES, Board
from jlambda.engine.budget import PERIOD_S, CpuBudget
from jlambda.engine.environment import Environment
from jlambda.engine.governor import Governor
from tests.conftest import eventually
from tests.engine.conftest import MakeRig, Rig
from tests.engine.unseen import nobody_looks

BURN = """
import time
def handler(event, context):
    end = time.process_time() + event
    while time.process_time() < end: pass
    return float(open("/proc/self/schedstat").read().split()[1]) / 1e9
"""

SLEEP = """
def handler(event, context): time.sleep(event)
"""

GREEDY = """
def handler(event, context):
    held = []
    for _ in range(event): held.append(bytes([1]) * (1 << 20))
    return open("/proc/self/status").read().split("VmHWM:")[1].split()[0]
"""


def is_frozen(environment: Environment) -> bool:
    """Whether the supervisor says so."""
    return environment.board[environment.phase_at + FROZEN] == 1


class Share(NamedTuple):
    """The part of a CPU that invocations got, and what they would have got of a machine that has nothing else to do."""

    given: float
    allowed: float

    def is_that_of(self, memory_mb: int) -> bool:
        """Whether it is memory / 1,769 MB, within 15 %."""
        part = memory_mb / 1769
        return self.given < part * 1.15 and self.allowed > part * 0.85


def share(rig: Rig, memory_mb: int, cpu_s: float, wall_s: float) -> Share:
    """What invocations of `cpu_s` each get, one after the other, for about `wall_s`."""
    version = rig.version(BURN, memory_mb=memory_mb, timeout_s=60)

    def waited_s(cpu_s: float) -> float:
        told = rig.value(version, cpu_s)
        assert isinstance(told, float)
        return told + waited_for_a_cpu_s()

    before = latest = waited_s(0)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < wall_s:
        latest = waited_s(cpu_s)
        count += 1
    took_s = time.perf_counter() - began
    delay_s = latest - before
    return Share(count * cpu_s / took_s, count * cpu_s / (took_s - delay_s))


def waited_for_a_cpu_s() -> float:
    """For how long this thread was ready to run, and another one ran."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


@pytest.mark.measures
@pytest.mark.parametrize(("memory_mb", "cpu_s"), [(128, 0.003), (128, 0.03), (256, 0.1), (512, 0.3), (1024, 0.03)])
def test_cpu_share_is_that_of_the_memory_size(rig: Rig, memory_mb: int, cpu_s: float) -> None:
    """Memory / 1,769 MB of a CPU, within 15 %, for short and long functions."""
    got = share(rig, memory_mb, cpu_s, 1.5)
    assert got.is_that_of(memory_mb), got


@pytest.mark.measures
def test_cpu_limit_holds_beside_a_busy_kernel(rig: Rig) -> None:
    """The governor is in the supervisor: a cell that holds the interpreter's lock does not disturb it."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    busy = threading.Thread(target=spin)
    busy.start()
    try:
        got = share(rig, 256, 0.1, 1.5)
        assert got.is_that_of(256), got
    finally:
        stop.set()
        busy.join()


@pytest.mark.measures
def test_two_governed_functions_have_a_share_each(rig: Rig) -> None:
    """What one uses is not taken from the other, nor given to it."""
    got: dict[int, Share] = {}

    def measure(memory_mb: int) -> None:
        got[memory_mb] = share(rig, memory_mb, 0.05, 2.0)

    threads = [threading.Thread(target=measure, args=(memory_mb,)) for memory_mb in (256, 512)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(got[memory_mb].is_that_of(memory_mb) for memory_mb in (256, 512)), got


def supervisor_cpu_s(rig: Rig) -> float:
    """CPU seconds that the rig's supervisor has used."""
    pid = rig.engine.processes.supervisor_pid
    assert pid is not None
    return time.clock_gettime((~pid << 3) | 2)


@pytest.mark.measures
def test_governing_costs_little(rig: Rig) -> None:
    """A few percent of a core for an environment that uses CPU, next to nothing for one that waits, nothing once it is frozen.

    `jlambda bench share` gives the figure, 1 to 2.5 % by machine; looks without a pause between them would be 100 %.
    """
    burning, waiting = rig.version(BURN, memory_mb=256, timeout_s=60), rig.version("import time\n" + SLEEP)
    rig.run(burning, 0)
    rig.run(waiting, 0)

    def cost() -> float:
        before, began = supervisor_cpu_s(rig), time.perf_counter()
        rig.run(burning, 0.3)
        return (supervisor_cpu_s(rig) - before) / (time.perf_counter() - began)

    assert any(cost() < 0.05 for _ in range(8)), "whatever else the machine does only adds to it"
    before = supervisor_cpu_s(rig)
    rig.run(waiting, 2)
    assert supervisor_cpu_s(rig) - before < 0.02 * 2
    assert eventually(lambda: all(map(is_frozen, rig.engine.processes.environments.values())))

    def has_slept() -> bool:
        before = supervisor_cpu_s(rig)
        time.sleep(0.5)
        return supervisor_cpu_s(rig) == before

    assert eventually(has_slept)


@pytest.mark.measures
def test_cpu_limit_counts_what_a_function_starts(rig: Rig) -> None:
    """Child processes use their function's share, not one of their own."""
    source = """
import subprocess, sys, time
def handler(event, context):
    code = "import time; end = time.process_time() + %s\\nwhile time.process_time() < end: pass" % event
    subprocess.run([sys.executable, "-S", "-c", code], check=True)
"""
    version = rig.version(source, memory_mb=512, timeout_s=60)
    began = time.perf_counter()
    rig.run(version, 0.5)
    assert time.perf_counter() - began > 0.5 / (512 / 1769) * 0.7


@pytest.mark.measures
def test_cpu_limit_can_be_switched_off(make_rig: MakeRig) -> None:
    """Without it a small function runs as fast as the machine."""
    assert share(make_rig(cpu_limit=False), 128, 0.1, 0.5).allowed > 0.5


@given(st.floats(0.01, 3), st.lists(st.tuples(st.floats(0, 0.05), st.floats(0, 0.1)), min_size=1, max_size=50))
def test_a_budget_is_never_exceeded_for_long(part: float, history: list[tuple[float, float]]) -> None:
    """If a process rests when told to, it never has more than its share and one period's quota."""
    now = used = 0.0
    budget = CpuBudget(part, now)
    for cpu_s, idle_s in history:
        now += max(idle_s, cpu_s / max(part, 1))
        used += cpu_s
        rest_s = budget.spend(cpu_s, now)
        assert rest_s >= 0
        now += rest_s
        assert used <= part * (now + PERIOD_S) + 1e-9


@given(st.floats(0.01, 3), st.floats(0.001, 0.5))
def test_what_is_overdrawn_is_rested_off_exactly(part: float, cpu_s: float) -> None:
    """However late it is noticed, the rest makes up for it to the microsecond."""
    budget = CpuBudget(part, 0.0)
    rest_s = budget.spend(cpu_s, cpu_s)
    assert budget.spend(0.0, cpu_s + rest_s) == pytest.approx(0, abs=1e-6)


def test_out_of_memory(rig: Rig) -> None:
    """A function past its memory is killed and told so as AWS does; the next invocation works."""
    version = rig.version(GREEDY, memory_mb=128)
    for _ in range(3):
        outcome = rig.run(version, 3000)
        assert outcome.status == "out_of_memory"
        assert outcome.error_type == "Runtime.ExitError"
        assert b"Runtime exited with error: signal: killed" in outcome.payload
        assert outcome.max_memory_mb == 128
        assert rig.run(version, 1).status == "success"


BURST = """
import os, subprocess, sys, time
def burst(): len(bytearray(150 << 20))
def handler(event, context):
    print("began")
    exec(event)
"""
IN_A_CHILD = "subprocess.run([sys.executable, '-S', '-c', 'len(bytearray(150 << 20))'], check=True)"


@pytest.mark.parametrize(
    "does",
    ["burst()", "burst(); raise ValueError('late')", "burst(); os._exit(0)", IN_A_CHILD, f"{IN_A_CHILD}; os._exit(0)"],
    ids=["answers", "raises", "ends", "child", "child, ends"],
)
def test_a_burst_that_nobody_sees_ends_the_invocation(make_rig: MakeRig, does: str) -> None:
    """What the peak shows when the function comes to its end counts as what the governor sees, and is told alike."""
    rig = make_rig(freezer=False, cpu_limit=False)
    version = rig.version(BURST, memory_mb=128, timeout_s=60)
    rig.run(version, "pass")
    with nobody_looks(rig.engine):
        outcome = rig.run(version, does)
    assert (outcome.status, outcome.error_type, outcome.max_memory_mb) == ("out_of_memory", "Runtime.ExitError", 128)
    assert outcome.payload.endswith(b'Error: Runtime exited with error: signal: killed"}')
    assert b"began" in outcome.log
    after = rig.run(version, "pass")
    assert after.status == "success"
    assert after.max_memory_mb < 60


def test_a_burst_in_the_init_phase_ends_it(make_rig: MakeRig) -> None:
    """Both times: no event is run by a function that needs more memory than it has to begin with."""
    rig = make_rig(freezer=False, cpu_limit=False)
    rig.run(rig.version(BURST), "pass")
    with nobody_looks(rig.engine):
        outcome = rig.run(rig.version(f"{BURST}burst()", memory_mb=128, timeout_s=60), "pass")
    assert (outcome.status, outcome.error_type) == ("out_of_memory", "Runtime.ExitError")
    assert [each.error_type for each in outcome.failed_inits] == ["Runtime.ExitError"] * 2
    assert b"began" not in outcome.log


def test_peak_memory_is_the_process_own(rig: Rig) -> None:
    """Max memory used is the peak of this environment, within 2 MB of what the kernel says."""
    version = rig.version(GREEDY, memory_mb=512)
    small = rig.run(version, 0)
    large = rig.run(version, 200)
    assert small.max_memory_mb < 30
    assert abs(large.max_memory_mb - int(large.payload.strip(b'"')) / 1024) <= 2
    assert rig.run(version, 0).max_memory_mb == large.max_memory_mb
    assert rig.run(rig.version(GREEDY, memory_mb=512), 0).max_memory_mb < 30


FAMILY = """
import os, subprocess, sys, time
CHILD = "held = bytes([1]) * (%d << 20); import time; time.sleep(0.3)"
def handler(event, context):
    if event["how"] == "fork":
        if os.fork() == 0:
            exec(CHILD % event["mb"])
            os._exit(0)
        os.wait()
    else:
        subprocess.run([sys.executable, "-S", "-c", CHILD % event["mb"]], check=True)
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024
"""


@pytest.mark.parametrize("how", ["fork", "exec"])
def test_peak_memory_counts_child_processes(rig: Rig, how: str) -> None:
    """What a function and its children take together, what they share counted once."""
    outcome = rig.run(rig.version(FAMILY, memory_mb=512), {"how": how, "mb": 100})
    assert outcome.status == "success"
    own = int(outcome.payload)
    bare_interpreter_mb = 12 if how == "exec" else 3
    assert own + 98 <= outcome.max_memory_mb <= own + 102 + bare_interpreter_mb


@pytest.mark.parametrize("how", ["fork", "exec"])
def test_child_processes_can_run_out_of_memory(rig: Rig, how: str) -> None:
    """The limit is that of the environment, not that of one process; the next invocation works."""
    version = rig.version(FAMILY, memory_mb=128)
    outcome = rig.run(version, {"how": how, "mb": 300})
    assert (outcome.status, outcome.error_type, outcome.max_memory_mb) == ("out_of_memory", "Runtime.ExitError", 128)
    assert rig.run(version, {"how": how, "mb": 1}).status == "success"


def test_a_child_that_ends_leaves_its_function_watched(rig: Rig) -> None:
    """However many processes come and go, the limit still holds afterwards."""
    source = """
import os, subprocess
def handler(event, context):
    for _ in range(40):
        subprocess.run(["true"], check=True)
    held = []
    for _ in range(event): held.append(bytes([1]) * (1 << 20))
"""
    version = rig.version(source, memory_mb=1769, timeout_s=20)
    assert rig.run(version, 1).status == "success"
    assert rig.run(version, 3000).status == "out_of_memory"


def test_memory_is_limited_while_idle_and_not_frozen(make_rig: MakeRig) -> None:
    """With the freezer off, a thread that allocates between invocations ends its process; the next one has a new one."""
    source = """
import threading, time
held = []
def grow(megabytes):
    for _ in range(megabytes): held.append(bytes([1]) * (1 << 20))
def handler(event, context):
    if event: threading.Timer(0.05, grow, (event,)).start()
    return len(held)
"""
    rig = make_rig(freezer=False)
    version = rig.version(source)
    version.memory_mb = 128
    assert rig.value(version, 3000) == 0
    (environment,) = rig.engine.processes.environments.values()
    first = environment.pid
    assert eventually(lambda: not Path(f"/proc/{first}").exists())
    again = rig.run(version, 0)
    assert (again.status, again.payload) == ("success", b"0")
    assert again.max_memory_mb < 60


@pytest.mark.measures
def test_a_burst_after_a_long_wait_is_noticed_soon(make_rig: MakeRig) -> None:
    """Memory that is allocated at once, after seconds in which nothing was, does not go far past the limit."""
    source = """
import time
def handler(event, context):
    time.sleep(1)
    held = []
    began = time.monotonic()
    while time.monotonic() - began < 2: held.append(bytes([1]) * (1 << 20))
"""
    rig = make_rig(cpu_limit=False)
    outcome = rig.run(rig.version(source, memory_mb=128, timeout_s=10))
    assert outcome.status == "out_of_memory"
    assert outcome.duration_ms < 1_800


@pytest.mark.measures
def test_frozen_between_invocations(rig: Rig) -> None:
    """A background thread makes no progress while its environment is idle, and goes on at the next invocation."""
    source = """
import threading, time
ticks = 0
def tick():
    global ticks
    while True: ticks += 1; time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    time.sleep(event)
    return ticks
"""
    version = rig.version(source)
    rig.value(version, 0)
    environment = next(iter(rig.engine.processes.environments.values()))
    state = Path(f"/proc/{environment.pid}/stat")
    assert eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
    frozen_at = rig.value(version, 0)
    assert eventually(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
    time.sleep(1)
    resumed = rig.run(version, 0)
    ticks = int(resumed.payload)
    assert isinstance(frozen_at, int)
    assert frozen_at <= ticks < frozen_at + 200
    assert resumed.duration_ms < 100
    later = rig.value(version, 0.3)
    assert isinstance(later, int)
    assert later > ticks + 100


def test_the_freezer_can_be_switched_off(make_rig: MakeRig) -> None:
    """Without it an idle environment runs on."""
    rig = make_rig(freezer=False)
    version = rig.version("def handler(event, context): pass")
    rig.run(version)
    environment = next(iter(rig.engine.processes.environments.values()))
    time.sleep(0.2)
    assert Path(f"/proc/{environment.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_a_frozen_environment_times_out_exits_and_ends(rig: Rig) -> None:
    """What can happen to an environment can happen to one that was frozen."""
    version = rig.version(
        "import os, time\ndef handler(event, context):\n"
        "    if event == 'sleep': time.sleep(9)\n    if event == 'exit': os._exit(1)",
        timeout_s=1,
    )
    for event, status in (("", "success"), ("sleep", "timeout"), ("", "success"), ("exit", "error"), ("", "success")):
        assert rig.run(version, event).status == status
        (environment,) = rig.engine.processes.environments.values()
        if status == "success":
            assert eventually(partial(is_frozen, environment))
    rig.engine.retire(version.key)
    assert eventually(lambda: not rig.engine.processes.stopping)


@pytest.mark.measures
def test_shutdown_phase(rig: Rig) -> None:
    """An environment that ends gets SIGTERM first, frozen or not, and half a second to act on it."""
    source = """
import signal, sys, time
def bye(*_):
    print("bye", flush=True); time.sleep(60 if slow else 0); sys.exit(0)
signal.signal(signal.SIGTERM, bye)
slow = False
def handler(event, context):
    global slow
    slow = event
"""
    for slow in (False, True):
        version = rig.version(source)
        rig.run(version, slow)
        (environment,) = rig.engine.processes.environments.values()
        output = os.dup(environment.output)
        began = time.monotonic()
        rig.engine.retire(version.key)
        assert eventually(lambda: not rig.engine.processes.stopping)
        took = time.monotonic() - began
        assert b"bye" in os.pread(output, 1000, 0)
        os.close(output)
        assert 0.45 < took < 30 if slow else took < 0.45


@pytest.mark.measures
def test_init_has_the_cpu_to_itself(rig: Rig) -> None:
    """CPU that the init phase used is neither limited nor a debt of the first invocation."""
    source = (
        "import time\nend = time.process_time() + 0.1\nwhile time.process_time() < end: pass\n"
        "def handler(event, context): return context.get_remaining_time_in_millis()"
    )
    outcome = rig.run(rig.version(source, memory_mb=128))
    assert outcome.init_ms is not None
    assert 100 < outcome.init_ms < 500
    assert int(outcome.payload) > 2950


def test_what_is_used_again_and_again_is_not_frozen() -> None:
    """Even where no look comes while it is at work; it is once it has rested for a while, whatever it does meanwhile."""
    board, child = Board.create(), subprocess.Popen(["sleep", "60"])
    governor, slot = Governor(board, has_cpu_limit=True, has_freezer=True), 3 * SLOT_BYTES
    try:
        governor.watch(1, os.getpid(), child.pid, 3, 128, 1.0, 0.0)
        for tick in range(100):
            board.bytes[slot + RESTS] = 0  # the engine had an invocation begin, and it is over
            governor.look(tick * 0.01)
            assert not board.bytes[slot + FROZEN]
        governor.look(1.0)
        assert not board.bytes[slot + FROZEN]
        governor.look(1.1)
        assert board.bytes[slot + FROZEN]
        governor.end(1)
        assert child.wait() == -signal.SIGTERM
    finally:
        child.kill()
        child.wait()
        board.close()
