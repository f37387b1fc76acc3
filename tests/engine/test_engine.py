"""The engine on real processes: one environment's life, many at once, and all the ways a process can end."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jlambda.engine.loop import Loop
from jlambda.errors import EngineError, LambdaError, Throttled
from jlambda.model.invocation import Outcome, Request
from jlambda.service.invoke import new_request_id
from tests.benchmarks.thousand import family
from tests.conftest import children, eventually, supervisors
from tests.engine.conftest import MakeRig, Rig, SourceVersion

COUNTER = """
count = 0
def handler(event, context):
    global count
    count += 1
    return count
"""

ECHO = "def handler(event, context): return event"


def document(outcome: Outcome) -> dict[str, str]:
    """The error document of a failed invocation."""
    parsed: dict[str, str] = json.loads(outcome.payload)
    return parsed


def test_cold_then_warm(rig: Rig) -> None:
    """The first invocation initialises an environment, the next one finds its module state."""
    version = rig.version(COUNTER)
    first, second = rig.run(version), rig.run(version)
    assert (first.payload, second.payload) == (b"1", b"2")
    assert first.cold_start
    assert first.init_ms is not None
    assert first.duration_ms > 0 and first.init_ms > 0
    assert not second.cold_start
    assert second.init_ms is None
    assert first.log_stream == second.log_stream


def test_what_is_watched_may_be_closed_before_its_watch_ends(rig: Rig) -> None:
    """It is watched no longer, and the engine's own thread goes on."""
    reader, writer = os.pipe()
    unwatch = rig.engine.when_readable(reader, lambda: None)
    looped = threading.Event()
    rig.engine.background().call(lambda _: os.close(reader))
    unwatch()
    rig.engine.background().call(lambda _: looped.set())
    os.close(writer)
    assert looped.wait(20)


def test_two_at_once_are_two_environments(rig: Rig) -> None:
    """An environment runs one invocation at one time; the second gets one of its own."""
    version = rig.version("import time\ndef handler(event, context): time.sleep(0.2); return context.log_stream_name")
    answers: list[object] = []
    callers = [threading.Thread(target=lambda: answers.append(rig.value(version))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(set(map(str, answers))) == 2
    assert rig.value(version) in answers


def test_two_versions_share_no_environment(rig: Rig) -> None:
    """Another deployment of the same function begins cold."""
    assert rig.value(rig.version(COUNTER)) == 1
    assert rig.value(rig.version(COUNTER)) == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("sys.exit(7)", "Runtime exited with error: exit status 7"),
        ("raise SystemExit", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
        ("os.abort()", "Runtime exited with error: signal: aborted"),
    ],
)
def test_a_process_that_ends_is_an_exit_error(rig: Rig, code: str, reason: str) -> None:
    """AWS's error type and wording for each way to end; the next invocation works, cold."""
    version = rig.version(f"import os, sys\ndef handler(event, context):\n    if event: {code}\n    return 'fine'")
    assert rig.value(version) == "fine"
    outcome = rig.run(version, {"end": True})
    assert outcome.status == "error"
    assert document(outcome)["errorType"] == outcome.error_type == "Runtime.ExitError"
    assert document(outcome)["errorMessage"].endswith(f" Error: {reason}")
    after = rig.run(version)
    assert after.payload == b'"fine"'
    assert after.cold_start


def test_what_a_killed_function_printed_is_kept(rig: Rig) -> None:
    """Output reaches the engine even if the process cannot hand it over any more."""
    version = rig.version("import os\ndef handler(event, context):\n    print('last words'); os.kill(os.getpid(), 9)")
    assert b"last words\n" in rig.run(version).log


def test_timeout(rig: Rig) -> None:
    """The process is killed at the deadline; globals are gone, /tmp and the sandbox stay."""
    source = (
        "import os, time\nn = 0\ndef handler(event, context):\n    global n; n += 1\n    open('/tmp/f', 'a').write('x')\n"
        "    if event: time.sleep(30)\n    return n, os.path.getsize('/tmp/f'), context.log_stream_name"
    )
    version = rig.version(source, timeout_s=1)
    before = rig.value(version)
    assert isinstance(before, list)
    outcome = rig.run(version, {"sleep": True})
    assert outcome.status == "timeout"
    assert outcome.duration_ms == 1000.0
    assert document(outcome)["errorType"] == "Sandbox.Timedout"
    assert document(outcome)["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")
    assert rig.value(version) == [1, 3, before[2]]


def test_a_busy_loop_that_ignores_signals_times_out(rig: Rig) -> None:
    """No handler of the function can delay the end."""
    source = (
        "import signal\ndef handler(event, context):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    while True: pass"
    )
    outcome = rig.run(rig.version(source, timeout_s=1))
    assert outcome.status == "timeout"
    assert outcome.cold_start


def test_a_process_that_ended_while_idle_is_replaced(rig: Rig) -> None:
    """An event that no process has read is given to a new one; nothing is lost."""
    version = rig.version(ECHO)
    rig.value(version)
    pid = next(iter(rig.engine.processes.environments.values())).pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())
    outcome = rig.run(version)
    assert outcome.status == "success"
    assert outcome.cold_start


def test_a_process_that_is_killed_before_its_start_is_replaced(make_rig: MakeRig) -> None:
    """The next one reads the START, once: what waits behind it is the event, and no init has failed."""
    rig = make_rig(blanks=0)
    version = rig.version("import os\ndef handler(event, context):\n    if event == 'exit': os._exit(3)\n    return event")
    assert rig.run(version, "exit").error_type == "Runtime.ExitError"
    (supervisor,) = supervisors()
    first = family(supervisor)[0]
    assert eventually(lambda: len(family(first)) == 1)
    (waiting,) = family(first)
    os.kill(waiting, signal.SIGKILL)
    assert eventually(lambda: family(first) not in ([], [waiting]))
    outcome = rig.run(version, "after")
    assert (outcome.status, outcome.payload, outcome.failed_inits) == ("success", b'"after"', ())
    assert rig.value(version, "again") == "again"


def test_children_of_a_function_end_with_its_process(rig: Rig) -> None:
    """A child process that a function leaves behind does not outlive it."""
    version = rig.version(
        "import os, subprocess\ndef handler(event, context):\n"
        "    subprocess.Popen(['sleep', '77777'], start_new_session=True); os._exit(1)"
    )
    assert rig.run(version).error_type == "Runtime.ExitError"
    found = subprocess.run(["pgrep", "-f", "sleep 77777"], capture_output=True, text=True)
    assert found.stdout == ""


@pytest.mark.parametrize("size", [60_000, 70_000, 1_000_000, 6_291_400])
def test_large_payloads_both_ways(rig: Rig, size: int) -> None:
    """What takes many packets arrives whole."""
    version = rig.version(ECHO)
    text = "x" * (size - 2)
    assert rig.value(version, text) == text
    assert rig.value(version, text) == text


def test_a_response_over_the_limit_leaves_the_environment_usable(rig: Rig) -> None:
    """AWS's error for it, twice from the same process."""
    version = rig.version("def handler(event, context): return 'x' * event")
    for _ in range(2):
        outcome = rig.run(version, 6_291_556)
        assert outcome.error_type == "Function.ResponseSizeTooLarge"
    assert rig.value(version, 3) == "xxx"


def test_a_flood_of_output_is_kept_in_order_and_given_back(rig: Rig) -> None:
    """Megabytes of output are all there, and the memory they took is free again."""
    version = rig.version("def handler(event, context):\n    for i in range(20000): print(i, 'x' * 200)")
    for _ in range(3):
        lines = rig.run(version).log.split(b"\n")
        assert [line.partition(b" ")[0][14:] for line in lines[:20000]] == [b"%d" % i for i in range(20000)]
    environment = next(iter(rig.engine.processes.environments.values()))
    held = os.fstat(environment.output).st_blocks * 512
    assert held < 2 << 20
    assert environment.log_read > 12 << 20


def test_throttled_over_the_account_limit(make_rig: MakeRig) -> None:
    """No concurrency free: `Throttled` with AWS's reason, and nothing starts."""
    rig = make_rig(concurrency=0)
    with pytest.raises(Throttled) as caught:
        rig.run(rig.version(ECHO))
    assert caught.value.reason == "ConcurrentInvocationLimitExceeded"
    assert not supervisors()


def test_interrupting_the_wait_leaves_the_invocation_running(rig: Rig) -> None:
    """Ctrl-C ends the wait at once; the invocation goes on and its outcome is delivered."""
    version = rig.version("import time\ndef handler(event, context): time.sleep(event); return 'done'")
    rig.value(version, 0)
    for repeat in range(2):  # once warm, once cold
        late: list[Outcome] = []
        arrived = threading.Event()

        def deliver(outcome: Outcome, late: list[Outcome] = late, arrived: threading.Event = arrived) -> None:
            late.append(outcome)
            arrived.set()

        request = Request(new_request_id(), b"1.2")
        if repeat:
            version = rig.version(version.source)
        interrupt = threading.Timer(0.2, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            rig.engine.invoke(version, request, deliver)
        assert not arrived.is_set()
        assert arrived.wait(20)
        assert late[0].payload == b'"done"'
        interrupt.join()
    assert rig.value(version, 0) == "done"


def test_idle_environments_expire(make_rig: MakeRig) -> None:
    """After the keep-alive time an environment and its processes are gone, with nobody asking."""
    rig = make_rig(keep_alive_s=0.2, blanks=0)
    rig.value(rig.version(ECHO))
    assert eventually(lambda: not rig.engine.scheduler.environments)
    assert eventually(lambda: not rig.engine.processes.environments)


def test_retiring_a_version_ends_its_environments(rig: Rig) -> None:
    """A redeployment stops the idle environments of the old version."""
    version = rig.version("import os\ndef handler(event, context): return os.getpid()")
    rig.value(version)
    pid = next(iter(rig.engine.processes.environments.values())).pid
    rig.engine.retire(version.key)
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())
    assert not rig.engine.processes.environments


def test_an_environment_killed_from_outside(rig: Rig) -> None:
    """An invocation whose environment is killed is an error; one that comes later gets another environment."""
    version = rig.version("import time\ndef handler(event, context): time.sleep(event); return 1")
    rig.value(version, 0)
    environment = next(iter(rig.engine.processes.environments.values()))
    first = int(Path(f"/proc/{environment.pid}/stat").read_text().rpartition(")")[2].split()[1])
    threading.Timer(0.1, os.kill, (first, signal.SIGKILL)).start()
    outcome = rig.run(version, 5)
    assert outcome.status == "error"
    assert outcome.error_type == "Sandbox.Failure"
    assert rig.value(version, 0) == 1


def test_a_lost_supervisor_is_replaced(rig: Rig) -> None:
    """When the supervisor is killed all its environments end; the next invocation starts a new one."""
    version = rig.version(COUNTER)
    assert rig.value(version) == 1
    (pid,) = supervisors()
    environment = next(iter(rig.engine.processes.environments.values())).pid
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{environment}").exists())
    assert eventually(lambda: not rig.engine.scheduler.environments)
    assert rig.value(version) == 1
    assert supervisors() != {pid}


def test_closing_ends_everything_at_once(make_rig: MakeRig) -> None:
    """No process and no descriptor outlives the engine, busy environments included; it refuses more work."""
    rig = make_rig()
    version = rig.version("import time\ndef handler(event, context): time.sleep(event); return 1")
    before = children()
    done: list[Outcome | Exception] = []
    for _ in range(3):
        rig.engine.submit(version, Request(new_request_id(), b"60"), done.append)
    assert eventually(lambda: len(rig.engine.scheduler.environments) == 3)
    began = time.monotonic()
    rig.engine.close()
    assert time.monotonic() - began < 30
    assert children() <= before
    with pytest.raises(EngineError, match="closed"):
        rig.engine.start()


def test_a_loop_drives_many_from_one_thread(rig: Rig) -> None:
    """Fifty sleeping invocations of one thread overlap: each has an environment of its own."""
    version = rig.version("import time\ndef handler(event, context): time.sleep(0.5); return event")
    loop, answers = Loop(rig.engine), []
    for number in range(50):
        loop.start(version, Request(new_request_id(), b"%d" % number), lambda outcome: answers.append(int(outcome.payload)))
    while len(loop):
        loop.run_once()
    loop.close()
    assert sorted(answers) == list(range(50))
    assert len(rig.engine.scheduler.environments) == 50


class Queue:
    """A source of a fixed list of events; notes what became of each."""

    def __init__(self, events: list[object]) -> None:
        self.left = [Request(new_request_id(), json.dumps(event).encode()) for event in events]
        self.order = [request.request_id for request in self.left]
        self.outcomes: dict[str, Outcome] = {}
        self.taken = 0
        self.returned: list[Request] = []

    def give_back(self, requests: list[Request]) -> None:
        """To be taken once more."""
        self.returned += requests

    def take(self) -> Request | None:
        """The next one."""
        if self.returned:
            return self.returned.pop(0)
        if self.taken == len(self.left):
            return None
        self.taken += 1
        return self.left[self.taken - 1]

    def ended(self, request: Request, outcome: Outcome) -> None:
        """Once for each."""
        assert request.request_id not in self.outcomes
        self.outcomes[request.request_id] = outcome

    def refused(self, request: Request, error: LambdaError) -> None:
        """Never, here."""
        raise error

    def in_order(self) -> list[Outcome]:
        """The outcomes in the order of the events."""
        return [self.outcomes[request_id] for request_id in self.order]


def serve(rig: Rig, version: SourceVersion, queue: Queue, concurrency: int) -> list[Outcome]:
    """Run a queue on so many environments."""
    loop = Loop(rig.engine)
    for _ in range(concurrency):
        if (request := queue.take()) is not None:
            loop.serve(version, request, queue)
    while len(loop):
        loop.run_once()
    loop.close()
    rig.engine.scheduler.validate()
    return queue.in_order()


def test_one_environment_serves_a_queue(rig: Rig) -> None:
    """One environment answers a thousand events one after the other, each once and in order."""
    version = rig.version("seen = []\ndef handler(event, context): seen.append(event); return [event, len(seen)]")
    outcomes = serve(rig, version, Queue(list(range(1000))), 1)
    assert [json.loads(outcome.payload) for outcome in outcomes] == [[n, n + 1] for n in range(1000)]
    assert [outcome.cold_start for outcome in outcomes] == [True] + [False] * 999
    assert all(a.started_at <= b.started_at for a, b in itertools.pairwise(outcomes))


def test_an_event_sent_ahead_has_all_of_its_time(rig: Rig) -> None:
    """The deadline of an event that waits within its environment counts from when it is read."""
    source = (
        "import time\ndef handler(event, context):\n    left = context.get_remaining_time_in_millis()\n"
        "    time.sleep(event)\n    return left"
    )
    version = rig.version(source, timeout_s=1)
    outcomes = serve(rig, version, Queue([0, 0, 0, 0.6, 0.6, 0, 0.6]), 1)
    assert [outcome.status for outcome in outcomes] == ["success"] * 7
    assert all(990 <= int(outcome.payload) <= 1000 for outcome in outcomes)


def test_a_queue_survives_whatever_its_events_do(make_rig: MakeRig) -> None:
    """Exits, timeouts, errors, bursts of memory and large events in mid-queue: each event runs once and has its own outcome."""
    source = """
import os, time
seen = open("/tmp/seen", "a")
def handler(event, context):
    os.write(seen.fileno(), b"x")
    if event == "exit": os._exit(3)
    if event == "sleep": time.sleep(9)
    if event == "raise": raise ValueError
    if event == "burst": len(bytearray(150 << 20))
    if event == "count": return os.path.getsize("/tmp/seen")
    return event
"""
    rig = make_rig(cpu_limit=False)
    version = rig.version(source, timeout_s=2, memory_mb=128)
    events: list[object] = []
    for special in ("exit", "raise", "sleep", "burst", "y" * 200_000, "exit", "exit", "raise"):
        events += ["x"] * 5 + [special]
    events += ["x", "count"]
    outcomes = serve(rig, version, Queue(events), 1)
    expected = {"exit": "Runtime.ExitError", "raise": "ValueError", "sleep": "Sandbox.Timedout", "burst": "Runtime.ExitError"}
    for event, outcome in zip(events[:-1], outcomes, strict=False):
        assert outcome.error_type == expected.get(str(event)), event
        assert outcome.error_type or json.loads(outcome.payload) == event
    assert int(outcomes[-1].payload) == len(events)


def test_an_abandoned_queue_loses_nothing_that_was_begun(rig: Rig) -> None:
    """What a loop had under way, events sent ahead included, goes on in the background; nothing new begins."""
    version = rig.version("import time\ndef handler(event, context): time.sleep(event); return event")
    queue = Queue([0, 0, 0, 0.3, 0, 0, 0])
    loop = Loop(rig.engine)
    loop.serve(version, queue.left[0], queue)
    queue.taken = 1
    while len(queue.outcomes) < 3:
        loop.run_once()
    begun = queue.taken
    queue.taken = len(queue.left)
    rig.engine.leave_to_background(loop)
    assert eventually(lambda: len(queue.outcomes) == begun)
    assert all(outcome.status == "success" for outcome in queue.outcomes.values())
    assert eventually(lambda: not rig.engine.scheduler.running)


def test_a_loop_keeps_deadlines(rig: Rig) -> None:
    """Timeouts, exits and large payloads come out of a loop as they do out of a call."""
    version = rig.version(
        "import os, time\ndef handler(event, context):\n    if event == 'sleep': time.sleep(60)\n"
        "    if event == 'exit': os._exit(1)\n    return event",
        timeout_s=1,
    )
    loop, seen = Loop(rig.engine), []
    for _ in range(2):  # cold, then warm
        for event in ("sleep", "exit", "x" * 500_000, "plain"):
            request = Request(new_request_id(), json.dumps(event).encode())
            loop.start(version, request, lambda it: seen.append((it.status, it.error_type, len(it.payload))))
        while len(loop):
            loop.run_once()
    loop.close()
    assert {(status, kind) for status, kind, _ in seen} == {
        ("timeout", "Sandbox.Timedout"),
        ("error", "Runtime.ExitError"),
        ("success", None),
    }
    assert sorted(size for status, _, size in seen if status == "success") == [7, 7, 500_002, 500_002]


@pytest.mark.measures
def test_idle_engine_sleeps(rig: Rig) -> None:
    """With nothing to do, neither our threads nor the supervisor nor an environment wake up."""
    rig.value(rig.version(ECHO))
    environment = next(iter(rig.engine.processes.environments.values()))
    (supervisor,) = supervisors()
    ours = [thread.native_id for thread in threading.enumerate() if thread.name.startswith("jlambda")]

    def switches() -> list[str]:
        paths = [f"/proc/self/task/{thread}" for thread in ours] + [f"/proc/{pid}" for pid in (supervisor, environment.pid)]
        return [line for path in paths for line in Path(path, "status").read_text().splitlines() if "ctxt_switches" in line]

    assert eventually(lambda: len(rig.engine.processes.blank) == 1)
    time.sleep(0.5)  # what follows the start of an environment
    before = switches()
    time.sleep(5)
    assert switches() == before, "somebody polls"


ORPHAN = """
import os, signal, sys, threading
import jlambda
session = jlambda.use(jlambda.Session(sys.argv[1]))
f = jlambda.deploy("import time\\ndef handler(event, context):\\n    print('x'); time.sleep(event); return 1", "f", timeout=60)
f(0)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
f.map([30] * 3)
"""


def test_nothing_survives_a_killed_kernel(tmp_path: Path) -> None:
    """kill -9 of the notebook's process: soon no process of ours is left, though three had half a minute to go."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "MARK_OF_THIS_TEST": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", ORPHAN, str(tmp_path / "state")], env=environment, timeout=60)
    assert killed.returncode == -signal.SIGKILL

    def left() -> list[str]:
        found = subprocess.run(["pgrep", "-f", str(tmp_path / "state")], capture_output=True, text=True)
        return found.stdout.split()

    assert eventually(lambda: not left())


@pytest.mark.parametrize("is_warm", [True, False])
def test_an_environment_that_ends_as_its_answer_comes(rig: Rig, is_warm: bool) -> None:
    """The supervisor may tell of the end first: the answer counts all the same, and the engine's thread goes on."""
    version = rig.version("import time\ndef handler(event, context): print('said'); time.sleep(event); return event")
    if is_warm:
        rig.run(version, 0)
    ended, answers = threading.Event(), list[Outcome | Exception]()

    def done(outcome: Outcome | Exception) -> None:
        answers.append(outcome)
        ended.set()

    rig.engine.submit(version, Request(new_request_id(), b"0.3"), done)
    assert eventually(lambda: rig.engine.scheduler.running.get("f") == 1 and len(rig.engine.processes.environments) == 1)
    (environment,) = rig.engine.processes.environments.values()
    rig.engine.processes.ended(environment.supervised)
    assert ended.wait(30)
    (outcome,) = answers
    assert isinstance(outcome, Outcome)
    assert (outcome.payload, outcome.status) == (b"0.3", "success")
    assert b"said\n" in outcome.log
    assert not rig.engine.processes.environments
    rig.engine.submit(version, Request(new_request_id(), b"0"), answers.append)
    assert eventually(lambda: len(answers) == 2)
