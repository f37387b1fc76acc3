"""`jlambda.Executor`: what the standard library promises of executors, and what Lambda adds."""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, CancelledError, Future
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.errors import EngineError, FunctionError, InvalidParameter, RequestTooLarge, ResourceConflict, ResourceNotFound
from tests.conftest import eventually


class OwnError(Exception):
    """An exception of this module, with more than a message."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code


class CannotBeMadeAgainError(Exception):
    """It pickles, but what comes of that cannot be unpickled."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(first + second)


class Point:
    """A class of this module."""

    def __init__(self, x: int) -> None:
        self.x = x


def sleep(seconds: float) -> float:
    """Wait, and say how long."""
    time.sleep(seconds)
    return seconds


def fail(error: BaseException) -> None:
    """Raise what is given."""
    raise error


def points(count: int) -> list[Point]:
    """Instances of this module's class, within something else."""
    return [Point(n) for n in range(count)]


@pytest.fixture
def executor(session: jlambda.Session) -> Iterator[jlambda.Executor]:
    """An executor of up to five calls at one time."""
    with jlambda.Executor(max_concurrency=5) as made:
        yield made
    assert session.functions() == []


# -- submit and map --------------------------------------------------------------------------------


def test_submit(executor: jlambda.Executor) -> None:
    """Functions of any kind, with arguments and options, even those that are called self and fn."""
    assert executor.submit(pow, 2, 8).result() == 256
    assert executor.submit(lambda x: x + 1, 1).result() == 2
    assert executor.submit(int, "ff", base=16).result() == 255
    assert executor.submit(dict, self=7, fn=8).result() == {"self": 7, "fn": 8}
    assert executor.submit(str.upper, "a").result() == "A"
    assert executor.submit("a-{}".format, 1).result() == "a-1"


def test_map(executor: jlambda.Executor) -> None:
    """In order, over several iterables, lazily read results, with a chunk size that changes nothing."""
    assert list(executor.map(pow, range(10), range(10))) == list(map(pow, range(10), range(10)))
    assert list(executor.map(pow, range(10), range(10), chunksize=3)) == list(map(pow, range(10), range(10)))
    assert list(executor.map(sleep, [0.2, 0.0, 0.1])) == [0.2, 0.0, 0.1]
    assert list(executor.map(str, [])) == []


def test_map_raises_when_the_failed_result_is_reached(executor: jlambda.Executor) -> None:
    """As the built-in map would."""
    results = executor.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5])
    assert [next(results), next(results)] == [(0, 1), (0, 1)]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_map_times_out(executor: jlambda.Executor) -> None:
    """The caller stops waiting."""
    results = []
    with pytest.raises(concurrent.futures.TimeoutError):
        for result in executor.map(sleep, [0, 0, 3], timeout=1.5):
            results.append(result)
    assert results == [0, 0]


def test_any_object_travels(executor: jlambda.Executor) -> None:
    """Both ways, and a class is the same class when it comes back."""
    there_and_back = executor.submit(lambda *values: values, {1, 2}, b"\xff", 1j, None, Point(3), Point).result()
    assert there_and_back[:4] == ({1, 2}, b"\xff", 1j, None)
    assert type(there_and_back[4]) is Point
    assert there_and_back[5] is Point
    assert [type(point) for point in executor.submit(points, 2).result()] == [Point, Point]


def test_module_state_is_the_environments(executor: jlambda.Executor) -> None:
    """Calls run elsewhere: in other processes than this one."""
    assert os.getpid() not in set(executor.map(lambda _: os.getpid(), range(5)))


def test_asyncio_runs_calls_on_it(executor: jlambda.Executor) -> None:
    """`loop.run_in_executor` takes it like any other."""

    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(executor, sleep, n / 100) for n in range(4)))

    assert asyncio.run(main()) == [0.0, 0.01, 0.02, 0.03]


def test_waiting_for_many(executor: jlambda.Executor) -> None:
    """`wait` and `as_completed` know its futures."""
    slow: Future[Any] = executor.submit(sleep, 1.0)
    quick: Future[Any] = executor.submit(sleep, 0)
    bad: Future[Any] = executor.submit(fail, ValueError())
    assert slow not in concurrent.futures.wait([slow, quick], return_when=FIRST_COMPLETED).done
    assert bad in concurrent.futures.wait([slow, bad], return_when=FIRST_EXCEPTION).done
    assert set(concurrent.futures.as_completed([slow, quick, bad])) == {slow, quick, bad}


# -- exceptions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ValueError("boom", 5),
        KeyError("missing"),
        OSError(2, "No such file", "name"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "why"),
        OwnError(7, "text"),
        ExceptionGroup("several", [ValueError(1), TypeError(2)]),
        pickle.PicklingError("x"),
    ],
)
def test_an_exception_keeps_its_type_and_arguments(executor: jlambda.Executor, error: Exception) -> None:
    """The same class, whoever defined it; the failed invocation is its cause, with the frames of the function."""
    caught = executor.submit(fail, error).exception()
    assert type(caught) is type(error)
    assert caught.args == error.args or isinstance(error, ExceptionGroup)
    assert {k: v for k, v in vars(caught).items() if k != "__notes__"} == vars(error)
    cause = caught.__cause__
    assert isinstance(cause, FunctionError)
    assert cause.error_type == type(error).__name__
    assert "in fail\n" in "".join(cause.__notes__)
    assert "jlambda_call" not in "".join(cause.__notes__)


def test_the_invocation_says_error_all_the_same(session: jlambda.Session) -> None:
    """Its record has the error's type, and its log the traceback; neither has the pickled exception."""
    with jlambda.Executor() as executor:
        executor.submit(fail, OwnError(7)).exception()
    assert list(session.invocations().status) == ["error"]
    assert list(session.invocations().error_type) == ["OwnError"]
    log = "\n".join(session.logs().message)
    assert "[ERROR] OwnError: (7, '')" in log
    assert base64.b64encode(pickle.dumps(OwnError))[:8].decode() not in log


def test_an_exception_that_cannot_travel(executor: jlambda.Executor) -> None:
    """Its type and message do."""
    assert type(executor.submit(lambda: fail(CannotBeMadeAgainError(1, 2))).exception()) is FunctionError

    def fails() -> None:
        held = ValueError("held")
        held.stream = (n for n in range(3))  # type: ignore[attr-defined]
        raise held

    caught = executor.submit(fails).exception()
    assert isinstance(caught, FunctionError)
    assert (caught.error_type, caught.message) == ("ValueError", "held")
    assert isinstance(executor.submit(lambda: fail(ValueError("x" * 2_000_000))).exception(), FunctionError)


def test_an_exception_raised_twice(executor: jlambda.Executor) -> None:
    """What it carried the first time does not pile up."""

    def fails(kept: list[ValueError] = []) -> None:  # noqa: B006 - kept from call to call, as a module's state is
        kept.append(ValueError("kept"))
        raise kept[0]

    sizes = {len(pickle.dumps(executor.submit(fails).exception())) for _ in range(4)}
    assert len(sizes) == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: os._exit(4), "Runtime exited with error: exit status 4"),
        (lambda: sys.exit(4), "Runtime exited with error: exit status 4"),
        (lambda: os.kill(os.getpid(), 9), "signal: killed"),
        (lambda: b"x" * 7_000_000, "Response payload size exceeded maximum allowed payload size"),
    ],
)
def test_a_call_that_lambda_ends(executor: jlambda.Executor, call: Callable[[], object], said: str) -> None:
    """The future has the invocation's error; the executor goes on."""
    caught = executor.submit(call).exception()
    assert isinstance(caught, FunctionError)
    assert said in caught.message
    assert executor.submit(pow, 2, 2).result() == 4


def test_a_call_that_is_too_large(executor: jlambda.Executor) -> None:
    """An event has 6 MB: the future says so."""
    future = executor.submit(len, b"x" * 7_000_000)
    with pytest.raises(RequestTooLarge, match=r"6291456 \(6 MB\) are allowed"):
        future.result()


def test_what_cannot_be_pickled(executor: jlambda.Executor) -> None:
    """Arguments and results alike: the future has the pickler's error, the executor goes on."""
    generator = (n for n in range(3))
    assert isinstance(executor.submit(list, generator).exception(), TypeError)
    assert isinstance(executor.submit(lambda: (n for n in range(3))).exception(), TypeError)
    assert executor.submit(pow, 2, 2).result() == 4


def test_a_timeout(session: jlambda.Session) -> None:
    """Lambda's: the process is ended, and the future has the error."""
    with jlambda.Executor(timeout=1) as executor:
        caught = executor.submit(sleep, 30).exception()
        assert isinstance(caught, FunctionError)
        assert caught.error_type == "Sandbox.Timedout"
        assert executor.submit(sleep, 0).result() == 0


# -- cancelling and the end ------------------------------------------------------------------------


def test_calls_over_the_limit_wait_and_can_be_cancelled(session: jlambda.Session) -> None:
    """What runs cannot be; a cancelled call never runs, and whoever waits for it hears of it."""
    with jlambda.Executor(max_concurrency=2) as executor:
        futures = [executor.submit(sleep, 0.3) for _ in range(6)]
        assert [future.running() for future in futures] == [True] * 2 + [False] * 4
        assert [future.cancel() for future in futures] == [False] * 2 + [True] * 4
        after = executor.submit(sleep, 0)
        assert concurrent.futures.wait([*futures, after]).not_done == set()
        assert [future.cancelled() for future in futures] == [False] * 2 + [True] * 4
        with pytest.raises(CancelledError):
            futures[-1].result()
    assert len(session.invocations()) == 3


def test_no_more_run_than_allowed(session: jlambda.Session) -> None:
    """Thousands of calls take as many environments as were asked for, and are all done."""
    with jlambda.Executor(max_concurrency=3) as executor:
        assert list(executor.map(abs, range(-500, 500))) == [abs(n) for n in range(-500, 500)]
    assert session.invocations().environment_id.nunique() == 3
    assert set(session.invocations().status) == {"success"}


def test_after_shutdown_nothing_is_taken(session: jlambda.Session) -> None:
    """What had been taken is done first, and shutting down twice does nothing."""
    executor = jlambda.Executor(max_concurrency=1)
    futures = [executor.submit(sleep, 0.1) for _ in range(4)]
    executor.shutdown()
    assert all(future.done() for future in futures)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(pow, 2, 2)
    with pytest.raises(ResourceNotFound):
        session.get(executor.name)
    assert len(session.invocations(executor.name)) == 4


def test_shutdown_without_waiting(session: jlambda.Session) -> None:
    """It returns at once; the calls go on, those that wait too, and the function goes with the last of them."""
    executor = jlambda.Executor(max_concurrency=1)
    futures = [executor.submit(sleep, 0.3) for _ in range(3)]
    executor.shutdown(wait=False)
    assert not futures[-1].done()
    assert session.get(executor.name)
    assert [future.result(30) for future in futures] == [0.3] * 3
    assert eventually(lambda: session.functions() == [])
    assert eventually(lambda: not session.engine.scheduler.environments)


def test_shutdown_may_cancel_what_waits(session: jlambda.Session) -> None:
    """Only what runs is waited for."""
    executor = jlambda.Executor(max_concurrency=2)
    futures = [executor.submit(sleep, 0.3) for _ in range(10)]
    executor.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in futures] == [False] * 2 + [True] * 8
    assert session.functions() == []


def test_a_callback_may_submit(executor: jlambda.Executor) -> None:
    """Callbacks run outside of any lock."""
    later: Future[object] = Future()

    def again(future: Future[int]) -> None:
        executor.submit(pow, future.result(), 2).add_done_callback(lambda it: later.set_result(it.result()))

    executor.submit(pow, 2, 2).add_done_callback(again)
    assert later.result(30) == 16


def test_many_threads_submit(executor: jlambda.Executor) -> None:
    """From wherever, all calls are made, once."""
    results: list[int] = []

    def submit(start: int) -> None:
        results.extend(executor.map(abs, range(start, start + 50)))

    threads = [threading.Thread(target=submit, args=(n * 50,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == list(range(300))


def test_nothing_holds_on_to_arguments_and_results(executor: jlambda.Executor) -> None:
    """They are free when the caller lets go of them."""
    argument = Point(1)
    future = executor.submit(lambda point: Point(point.x), argument)
    result = future.result()
    gone = [weakref.ref(argument), weakref.ref(result)]
    del argument, result, future
    assert eventually(lambda: gc.collect() >= 0 and [ref() for ref in gone] == [None, None])


def test_an_executor_that_is_forgotten_takes_its_function_along(session: jlambda.Session) -> None:
    """Once its calls are done."""
    executor: jlambda.Executor | None = jlambda.Executor()
    assert executor is not None
    future = executor.submit(sleep, 0.3)
    executor = None
    assert future.result(30) == 0.3
    assert eventually(lambda: gc.collect() >= 0 and session.functions() == [])


def test_closing_the_session_ends_its_executors(session: jlambda.Session) -> None:
    """Nobody is left waiting, and the function is not there when the session opens again."""
    executor = jlambda.Executor(max_concurrency=1)
    running, waiting = executor.submit(sleep, 30), executor.submit(sleep, 30)
    assert eventually(lambda: bool(session.engine.scheduler.running))
    session.close()
    assert waiting.cancelled()
    with pytest.raises((EngineError, FunctionError)):
        running.result(1)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(pow, 2, 2)
    executor.shutdown()
    assert not session.is_open
    assert session.functions() == []


SCRIPT = """
import sys, jlambda
jlambda.use(jlambda.Session(sys.argv[1]))
class Point:
    def __init__(self, x): self.x = x
class Failed(Exception): pass
def work(x): return [Point(x)]
def fail(x): raise Failed(x, "why")
executor = jlambda.Executor()
assert isinstance(executor.submit(work, 2).result()[0], Point)
caught = executor.submit(fail, 3).exception()
assert type(caught) is Failed and caught.args == (3, "why")
executor.submit(work, 1)
print("done")
"""


def test_a_script_or_notebook_uses_its_own_classes(tmp_path: Path) -> None:
    """What ``__main__`` defines is the same class when it comes back; an executor need not be shut down."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "state")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.stdout, ran.stderr) == ("done\n", "")
    with jlambda.Session(tmp_path / "state") as session:
        assert session.functions() == []


# -- what Lambda adds ------------------------------------------------------------------------------


def test_it_is_a_function_like_any_other(session: jlambda.Session) -> None:
    """With a memory size, a timeout, records and logs."""
    with jlambda.Executor(memory=256, timeout=9, name="pool") as executor:
        executor.submit(print, "hello").result()
        configuration = session.get("pool").configuration
        assert (configuration.memory_mb, configuration.timeout_s) == (256, 9)
    assert list(session.invocations("pool").memory_mb) == [256]
    assert "hello" in list(session.logs("pool").message)


def test_by_default_a_call_has_a_processor_and_time(session: jlambda.Session) -> None:
    """1,769 MB are one vCPU, 900 seconds the most there are: code that takes an executor expects no limits."""
    with jlambda.Executor() as executor:
        configuration = session.get(executor.name).configuration
        assert (configuration.memory_mb, configuration.timeout_s) == (1_769, 900)


@pytest.mark.parametrize("options", [{"memory": 127}, {"timeout": 901}, {"max_concurrency": 0}, {"name": "a b"}])
def test_bad_options(session: jlambda.Session, options: dict[str, int]) -> None:
    """One line, and no function."""
    with pytest.raises(InvalidParameter):
        jlambda.Executor(**options)  # type: ignore[arg-type]
    assert session.functions() == []


def test_it_takes_no_other_functions_name(session: jlambda.Session) -> None:
    """Its shutdown would delete what a user has deployed."""
    session.deploy("def handler(event, context): return 1\n", "mine")
    with pytest.raises(ResourceConflict, match="there is a function mine already"):
        jlambda.Executor(name="mine")
    assert session.get("mine")() == 1


def test_a_throttle_reaches_the_future(session: jlambda.Session) -> None:
    """As from any other call."""
    with jlambda.Executor() as executor:
        session.engine.scheduler.concurrency = 0
        assert isinstance(executor.submit(pow, 2, 2).exception(), jlambda.Throttled)


def test_ctrl_c_while_a_result_is_waited_for(executor: jlambda.Executor) -> None:
    """It ends the wait; the call goes on."""
    future = executor.submit(sleep, 0.8)
    timer = threading.Timer(0.2, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        future.result()
    assert future.result(30) == 0.8
