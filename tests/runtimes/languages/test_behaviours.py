"""Every language is held to the same behaviours, on a real engine: what they are is told in `behaviours`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import jlambda
from jlambda.engine.board import FROZEN
from jlambda.handle import Function
from jlambda.invocation import Invocation
from jlambda.runtimes.languages import Choice
from tests.conftest import eventually, need
from tests.runtimes.languages.behaviours import NAMES, Sources, sources, what_is_missing

_LARGE = 6_000_000
#: tests of one language follow each other, on one session and one deployed function
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=NAMES)
def language(request: pytest.FixtureRequest) -> Iterator[Sources]:
    """Each language in turn."""
    found = sources(request.param)
    missing = what_is_missing(found.runtime)
    need(not missing, missing)
    with pytest.MonkeyPatch.context() as patch:
        # Debian has one version of Python: nothing but the fast path tells it from another
        patch.setattr(Choice, "is_own_python", property(lambda _: False))
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """One session for all languages: what is tested is deployed once."""
    with jlambda.Session(tmp_path_factory.mktemp("state")) as made:
        yield made
        made.engine.scheduler.validate()


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """The session lives longer than a test; `test_nothing_is_left` looks after it."""
    yield


def deployed(session: jlambda.Session, language: Sources, name: str, source: str, **options: object) -> Function:
    """A function with this source."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # another version may stand in
        return session.deploy(source, name, runtime=language.runtime, **{"memory": 1769, "timeout": 20, **options})  # type: ignore[arg-type]


@pytest.fixture
def function(shared: jlambda.Session, language: Sources) -> Function:
    """The language's function, deployed as it is: another test may have used it."""
    return deployed(shared, language, "f", language.handler)


def succeeded(invocation: Invocation) -> object:
    """What came back."""
    assert invocation.error is None, invocation.error
    return invocation.result


def text_of(invocation: Invocation) -> str:
    """All that was logged."""
    return "\n".join(event.message for event in invocation.logs)


def test_echo_of_unicode_and_of_six_megabytes(function: Function) -> None:
    """What JSON holds goes there and back, in every script, up to the limit of 6 MB."""
    values: tuple[object, ...] = ("héllo ☃ 𝄞 \\n", [1, 2.5, None, True, {"a": []}], "")
    for value in values:
        assert function({"do": "echo", "value": value}) == value
    large = "é" * (_LARGE // 2)
    assert function({"do": "echo", "value": large}) == large


@pytest.mark.parametrize("do", ["error", "async_error"])
def test_an_error_is_the_language_s_own(function: Function, language: Sources, do: str) -> None:
    """Its type and message reach the caller and the log, and the process goes on."""
    before = function({"do": "count"})
    failed = function.invoke({"do": do})
    assert failed.error is not None
    assert (failed.error.error_type, failed.error.message) == (language.error_type, language.error_message)
    assert failed.record.status == "error"
    assert "boom" in text_of(failed)
    assert function({"do": "count"}) == before + 1


def test_what_a_process_keeps_is_there_the_next_time(function: Function) -> None:
    """A warm start finds the variables of the invocation before."""
    first = function({"do": "count"})
    assert [function({"do": "count"}) for _ in range(3)] == [first + 1, first + 2, first + 3]
    assert not function.invoke({"do": "count"}).record.cold_start


def test_the_time_is_up(function: Function, shared: jlambda.Session, language: Sources) -> None:
    """The process is killed and replaced, and what is in /tmp stays."""
    quick = deployed(shared, language, "quick", language.handler, timeout=1)
    quick({"do": "tmp", "value": "still here"})
    late = quick.invoke({"do": "sleep", "seconds": 30})
    assert late.record.status == "timeout"
    assert late.error is not None
    assert late.error.message.endswith("Task timed out after 1.00 seconds")
    assert quick({"do": "tmp", "value": ""}) == "still here"
    assert quick({"do": "count"}) == 1


def test_memory_runs_out(shared: jlambda.Session, language: Sources) -> None:
    """The process is killed at its limit, or gives up by itself just below it; the next invocation has a new one."""
    small = deployed(shared, language, "small", language.handler, memory=256)
    full = small.invoke({"do": "eat"})
    assert full.record.status in ("out_of_memory", "error"), full
    if full.record.status == "out_of_memory":
        assert full.error is not None
        assert full.error.message.endswith("Runtime exited with error: signal: killed")
        assert full.record.max_memory_mb == 256
    assert small({"do": "echo", "value": 1}) == 1


def test_the_process_ends(function: Function) -> None:
    """An exit is an error that tells the status, and the next invocation has a new process in the same sandbox."""
    function({"do": "tmp", "value": "kept"})
    gone = function.invoke({"do": "exit"})
    assert gone.error is not None
    assert (gone.error.error_type, gone.record.status) == ("Runtime.ExitError", "error")
    assert gone.error.message.endswith("Runtime exited with error: exit status 3")
    again = function.invoke({"do": "tmp", "value": ""})
    assert (succeeded(again), again.record.cold_start) == ("kept", True)


def test_an_init_phase_that_fails(shared: jlambda.Session, language: Sources) -> None:
    """The caller gets the error of the init phase."""
    broken = deployed(shared, language, "broken", language.broken)
    failed = broken.invoke({})
    assert failed.error is not None
    assert failed.error.error_type == language.init_error_type
    assert language.init_error_message in failed.error.message
    assert failed.record.cold_start


def test_both_streams_reach_the_log(function: Function) -> None:
    """Each line is an event of the invocation that wrote it."""
    told = [event.message for event in function.invoke({"do": "print"}).logs]
    assert {"to stdout é", "to stderr"} <= {line.rpartition("\t")[2] for line in told}
    assert not any("to stdout" in event.message for event in function.invoke({"do": "count"}).logs)


def test_the_environment_is_the_function_s(shared: jlambda.Session, language: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its own variables and Lambda's, and none of the user's."""
    monkeypatch.setenv("NOT_FOR_FUNCTIONS", "x")
    own = deployed(shared, language, "own", language.handler, env={"STAGE": "dev é"}, secrets={"TOKEN": "t0ken-value"})
    expected: dict[str, str | None] = {
        "STAGE": "dev é",
        "TOKEN": "***",
        "AWS_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "own",
    }
    expected |= {"NOT_FOR_FUNCTIONS": None, "HOME": None, "TZ": ":UTC", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769"}
    assert {name: own({"do": "environment", "name": name}) for name in expected} == expected
    execution = own({"do": "environment", "name": "AWS_EXECUTION_ENV"})
    runtime = own.configuration.runtime
    assert execution == (None if runtime.startswith("provided") else f"AWS_Lambda_{runtime}")


def test_the_context_is_that_of_the_invocation(function: Function) -> None:
    """Every member is what the record and the configuration say."""
    invocation = function.invoke({"do": "context"})
    found = succeeded(invocation)
    assert isinstance(found, dict)
    assert 0 < found.pop("remaining_ms") <= 20_000
    assert found == {
        "request_id": invocation.record.request_id,
        "function": "f",
        "version": "$LATEST",
        "memory": type(found["memory"])(1769),
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "log_group": "/aws/lambda/f",
        "log_stream": invocation.record.log_stream,
    }


def _state(pid: object) -> str:
    """R, S, T … as the kernel has it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_an_idle_environment_is_frozen_and_goes_on(function: Function, shared: jlambda.Session) -> None:
    """All processes stop between invocations, the runtime's own among them, and the next invocation finds them as before."""
    invocation = function.invoke({"do": "count"})
    before = invocation.result
    stream = invocation.record.log_stream
    (environment,) = (each for each in shared.engine.processes.environments.values() if each.log_stream == stream)
    assert eventually(lambda: bool(environment.board[environment.phase_at + FROZEN]))
    family = Path(f"/proc/{environment.pid}/task/{environment.pid}/children").read_text().split()
    assert family
    assert eventually(lambda: {_state(pid) for pid in (environment.pid, *family)} == {"T"})
    assert function({"do": "count"}) == before + 1


def test_fifty_environments_at_once(shared: jlambda.Session, language: Sources) -> None:
    """Invocations that overlap run in environments of their own; none disturbs another."""
    name = f"many-{language.runtime.replace('.', '-')}"
    many = deployed(shared, language, name, language.handler, timeout=120)
    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(many, {"do": "sleep", "seconds": 1.5}) for _ in range(50)]
        assert [each.result() for each in waiting] == [None] * 50
    frame = shared.invocations(name)
    assert len(frame) == 50
    assert frame["environment_id"].nunique() >= 20
    shared.delete(name)


@pytest.mark.measures
def test_a_second_deployment_of_the_same_source_is_quick(shared: jlambda.Session, language: Sources) -> None:
    """It is found in the cache of builds: under 50 ms, and nothing has changed."""
    import time

    first = deployed(shared, language, "f", language.handler)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert deployed(shared, language, "f", language.handler).changes == {}
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05, (first, took)


def test_memory_is_that_of_the_function_s_process(function: Function) -> None:
    """The bridge does not count: what is reported is the peak of the process that runs the function."""
    invocation = function.invoke({"do": "echo", "value": "x"})
    assert 1 <= invocation.record.max_memory_mb <= 256
    assert json.loads(invocation.payload) == "x"
