"""Invocations: what goes in, what comes back, and the record that each leaves."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.errors import EngineError, FunctionError, InvalidRequestContent, RequestTooLarge, Throttled
from jlambda.service.invoke import encode_event, fulfil, new_request_id
from tests.conftest import eventually
from tests.service.records import records

ECHO = "def handler(event, context): return event\n"
SLEEP = "import time\ndef handler(event, context): time.sleep(event); return event\n"
SIX_MB = 6_291_456
#: as much as there is room for in a response beyond the documented 6 MB
RESPONSE_LIMIT = 6_291_556

# -- events ----------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_an_event_is_sent_as_its_json(event: object) -> None:
    """In UTF-8, so that 6 MB of any language are 6 MB."""
    assert json.loads(encode_event(event)) == event
    assert len(encode_event("é" * 100)) == 202


def test_half_a_surrogate_pair_is_sent_as_json_can_tell_it() -> None:
    """UTF-8 cannot hold it, an escape can."""
    assert encode_event("\ud800") == b'"\\ud800"'


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    "event", [{1, 2}, object(), b"bytes", {"a": {"b": lambda: 1}}, float("nan"), float("inf"), {(1, 2): 3}, LOOP, 1j, Future()]
)
def test_an_event_that_json_cannot_carry(session: jlambda.Session, event: object) -> None:
    """One line that says what can be sent, however it was sent; nothing runs."""
    function = session.deploy(ECHO, "f")
    for call in (function, function.invoke, function.submit, lambda e: function.map([e])):
        with pytest.raises(
            InvalidRequestContent, match=r"the event is not JSON: .*; use dicts, lists, text, numbers"
        ) as caught:
            call(event)
        assert "\n" not in str(caught.value)
    assert records(session) == []


def test_an_event_that_is_too_deep(session: jlambda.Session) -> None:
    """Python's own limit is no traceback of ours."""
    event: list[object] = []
    for _ in range(100_000):
        event = [event]
    with pytest.raises(InvalidRequestContent, match="recursion"):
        session.deploy(ECHO, "f")(event)


def test_six_megabytes_either_way(session: jlambda.Session) -> None:
    """Exactly the limit passes in both directions; one byte more is an error with the limit in it."""
    function = session.deploy(
        "def handler(event, context): return event if len(event) > 9 else 'x' * int(event)\n", "f", timeout=30
    )
    whole = "x" * (SIX_MB - 2)
    assert function(whole) == whole
    with pytest.raises(
        RequestTooLarge, match=rf"the event has {SIX_MB + 1} bytes of JSON; {SIX_MB} \(6 MB\) are allowed"
    ) as caught:
        function(whole + "x")
    assert "\n" not in str(caught.value)
    assert len(function(str(RESPONSE_LIMIT - 2))) == RESPONSE_LIMIT - 2
    refused = function.invoke(str(RESPONSE_LIMIT - 1))
    assert refused.error is not None
    assert refused.error.error_type == "Function.ResponseSizeTooLarge"
    assert f"({RESPONSE_LIMIT} bytes)" in refused.error.message
    assert [record.status for record in records(session)] == ["success", "success", "error"]


def test_no_event_is_an_empty_one_and_none_is_null(session: jlambda.Session) -> None:
    """Without a payload Lambda's event is ``{}``; None is an event like any other."""
    function = session.deploy(ECHO, "f")
    assert [function(), function.invoke().result, function.submit().result(30), session.invoke("f").result] == [{}] * 4
    assert [function(None), function.map([None])] == [None, [None]]


# -- results and errors ----------------------------------------------------------------------------


def test_a_record_tells_everything(session: jlambda.Session) -> None:
    """Cold then warm: sizes, times, memory and who ran it are all real."""
    function = session.deploy("def handler(event, context): return 'x' * 98\n", "f", memory=256, ephemeral_storage=1024)
    before = time.time()
    function({"a": 1})
    function({"a": 1})
    cold, warm = records(session)
    assert (cold.cold_start, warm.cold_start) == (True, False)
    assert cold.init_ms is not None
    assert warm.init_ms is None
    assert cold.billed_ms >= cold.init_ms + cold.duration_ms - 0.01
    assert warm.billed_ms == 1
    assert (cold.request_bytes, cold.response_bytes) == (8, 100)
    assert (cold.memory_mb, cold.ephemeral_storage_mb, cold.architecture) == (256, 1024, "x86_64")
    assert 5 < warm.max_memory_mb < 128
    assert before <= cold.started_at <= warm.started_at <= time.time()
    assert (cold.status, cold.error_type, cold.trigger, cold.attempt, cold.version) == ("success", None, "direct", 1, "$LATEST")
    assert cold.log_stream == warm.log_stream
    assert re.fullmatch(r"[0-9a-f]{32}", cold.environment_id)
    assert cold.request_id != warm.request_id


def test_request_ids_are_random_uuids() -> None:
    """As the standard library makes them, none twice."""
    made = {new_request_id() for _ in range(5_000)}
    assert len(made) == 5_000
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", each) for each in made)


def test_the_context_names_the_qualifier_that_was_given(session: jlambda.Session) -> None:
    """As on AWS, the invoked ARN is unqualified unless the caller qualified it."""
    function = session.deploy("def handler(event, context): return context.invoked_function_arn\n", "f")
    assert session.invoke("f").result == function.arn
    assert session.invoke("f:$LATEST").result == f"{function.arn}:$LATEST"
    assert session.invoke(f"{function.arn}:$LATEST").result == f"{function.arn}:$LATEST"


@pytest.mark.parametrize(
    ("code", "error_type", "message"),
    [
        ("raise ValueError('boom')", "ValueError", "boom"),
        ("return {1, 2}", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("return open", "Runtime.MarshalError", "is not JSON serializable"),
        ("import os; os._exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("import sys; sys.exit()", "Runtime.ExitError", "Runtime exited without providing a reason"),
    ],
)
def test_a_function_that_fails(session: jlambda.Session, code: str, error_type: str, message: str) -> None:
    """The error is a value of the invocation; only a call for the bare result raises it. The record has its type."""
    function = session.deploy(f"def handler(event, context):\n    {code}\n", "f")
    invocation = function.invoke()
    assert invocation.error is not None
    assert invocation.result is None
    assert (invocation.error.error_type, invocation.record.error_type) == (error_type, error_type)
    assert message in invocation.error.message
    assert invocation.error.request_id == invocation.record.request_id
    with pytest.raises(FunctionError, match=re.escape(message)):
        function()
    with pytest.raises(FunctionError, match=re.escape(message)):
        function.submit().result(30)
    with pytest.raises(FunctionError, match=re.escape(message)):
        function.map([1])
    assert {record.status for record in records(session)} == {"error"}
    assert len(records(session)) == 4


def test_lambda_itself_logs_the_end_of_a_process(session: jlambda.Session) -> None:
    """There is no process that could: the error document is the last thing before END."""
    invocation = session.deploy("import os\ndef handler(event, context): print('last'); os._exit(1)\n", "f").invoke()
    messages = [event.message for event in invocation.logs]
    assert messages[2] == "last"
    assert "Runtime exited with error: exit status 1" in messages[3]
    assert "Runtime.ExitError" in messages[3]


def test_a_timeout(session: jlambda.Session) -> None:
    """It is billed for the timeout, says so as AWS does, and the next one works."""
    function = session.deploy(SLEEP, "f", timeout=1)
    invocation = function.invoke(30)
    assert (invocation.record.status, invocation.record.duration_ms) == ("timeout", 1_000.0)
    assert invocation.error is not None
    assert invocation.error.error_type == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in invocation.error.message
    assert function(0) == 0


# -- throttles -------------------------------------------------------------------------------------


def test_a_throttle_is_recorded_and_costs_nothing(session: jlambda.Session) -> None:
    """However it was asked for: no concurrency, no result, no cost, and a record of it."""
    function = session.deploy(ECHO, "f")
    session.engine.scheduler.concurrency = 0
    asked: list[Callable[[], object]] = [
        lambda: function(1),
        lambda: function.invoke(1),
        lambda: function.submit(1).result(30),
        lambda: function.map([1, 2, 3]),
        lambda: function.map([1, 2, 3], return_errors=True),
    ]
    for ask in asked:
        with pytest.raises(Throttled) as caught:
            ask()
        assert str(caught.value) == "Rate Exceeded: f (ConcurrentInvocationLimitExceeded)"
    kept = records(session)
    assert [(r.status, r.error_type, r.billed_ms, r.log_stream) for r in kept] == [
        ("throttled", "TooManyRequestsException", 0, "")
    ] * 5
    assert session.invocations().cost_usd.sum() == 0
    assert session.cost().total_usd.sum() == 0
    assert list(session.metrics().throttles) == [5]
    assert session.logs().empty


def test_a_map_waits_for_concurrency_that_others_use(session: jlambda.Session) -> None:
    """It throttles nothing as long as it has an invocation of its own under way."""
    function = session.deploy(SLEEP, "f")
    session.engine.scheduler.concurrency = 2
    other = function.submit(0.3)
    assert eventually(lambda: session.engine.scheduler.running == {"f": 1})
    assert function.map([0.01] * 20, max_concurrency=8) == [0.01] * 20
    assert other.result(30) == 0.3
    assert {record.status for record in records(session)} == {"success"}


# -- submit ----------------------------------------------------------------------------------------


def test_submitted_invocations_run_at_the_same_time(session: jlambda.Session) -> None:
    """Each gets an environment; a future is running from the start, so it cannot be cancelled."""
    function = session.deploy(SLEEP, "f")
    futures = [function.submit(0.5) for _ in range(6)]
    assert not any(future.cancel() for future in futures)
    assert all(future.running() or future.done() for future in futures)
    assert [future.result(20) for future in futures] == [0.5] * 6
    assert session.invocations("f")["environment_id"].nunique() == 6


def test_what_a_callback_of_a_future_does_is_its_own_business(session: jlambda.Session) -> None:
    """It may invoke again, even wait for that, and may fail; later invocations are not disturbed."""
    function = session.deploy(ECHO, "f")
    answers: list[object] = []
    arrived = threading.Event()

    def again(future: Future[Any]) -> None:
        answers.append(function(future.result() + 1))
        arrived.set()
        raise RuntimeError("on purpose")

    function.submit(1).add_done_callback(again)
    assert arrived.wait(30)
    assert answers == [2]
    assert function.submit(3).result(30) == 3


def test_a_result_that_cannot_be_made_fails_its_future_only() -> None:
    """Whatever is raised, the thread that delivers it lives on."""
    future: Future[Any] = Future()

    def fail(_: object) -> object:
        raise SystemExit(1)

    fulfil(future, None, fail)  # type: ignore[arg-type]
    assert isinstance(future.exception(), SystemExit)


def test_nothing_begins_in_a_session_that_is_closed(session: jlambda.Session) -> None:
    """One line, and nobody waits for it."""
    session.deploy(ECHO, "f")
    invoker, version = session.invoker, session.control.version("f")
    session.close()
    with pytest.raises(EngineError, match="closed"):
        invoker.submit(version, 1, lambda it: it)
    invoker.close()


def test_closing_the_session_ends_the_waiting(session: jlambda.Session) -> None:
    """A future whose invocation was given up with its session has an error; it never leaves anyone waiting."""
    function = session.deploy(SLEEP, "f", timeout=60)
    futures = [function.submit(30) for _ in range(3)]
    assert eventually(lambda: session.engine.scheduler.running == {"f": 3})
    session.close()
    for future in futures:
        with pytest.raises((EngineError, FunctionError)):
            future.result(1)


FAILS_ONCE = """
import os
print("init")
if not os.path.exists("/tmp/again"):
    open("/tmp/again", "w").close()
    {failure}
def handler(event, context):
    print("handler")
    return 1
"""


@pytest.mark.parametrize(
    ("failure", "kind"), [("raise ValueError('boom')", "ValueError"), ("os._exit(3)", "Runtime.ExitError")]
)
def test_a_failed_init_is_gone_through_again(session: jlambda.Session, failure: str, kind: str) -> None:
    """As part of the invocation: INIT_REPORT tells of the first, REPORT knows no init, and both are billed."""
    call = session.deploy(FAILS_ONCE.format(failure=failure), "f").invoke()
    record, messages = call.record, [event.message for event in call.logs]
    assert (call.result, record.status, record.cold_start, record.init_ms) == (1, "success", True, None)
    reported = [message for message in messages if message.startswith("INIT_REPORT")]
    assert len(reported) == 1
    found = re.fullmatch(
        rf"INIT_REPORT Init Duration: (\d+\.\d\d) ms\tPhase: init\tStatus: error\tError Type: {kind}", reported[0]
    )
    assert found
    assert record.billed_ms == pytest.approx(float(found[1]) + record.duration_ms, abs=1.01)
    names = [word for message in messages for word in [message.split(" ")[0].split("\n")[0]]]
    order = ["INIT_START", "init", "INIT_REPORT", "init", "START", "handler", "END", "REPORT"]
    assert [name for name in names if name in order] == order
    assert "Init Duration" not in call.report
    stamps = [event.timestamp_ms for event in call.logs]
    assert stamps == sorted(stamps)


def test_an_init_that_fails_twice_fails_the_invocation(session: jlambda.Session) -> None:
    """Both are told of, before START; the error is the second one's."""
    call = session.deploy("print('init')\nimport nosuch\ndef handler(event, context): return 1\n", "f").invoke()
    messages = [event.message for event in call.logs]
    phases = [message.split("\t")[1:] for message in messages if message.startswith("INIT_REPORT")]
    told = ["Status: error", "Error Type: Runtime.ImportModuleError"]
    assert phases == [["Phase: init", *told], ["Phase: invoke", *told]]
    assert [message for message in messages if message == "init"] == ["init"] * 2
    assert [message.split(" ")[0] for message in messages[-3:]] == ["START", "END", "REPORT"]
    assert call.error is not None
    assert call.error.error_type == "Runtime.ImportModuleError"
    assert call.report.endswith("Status: error\tError Type: Runtime.ImportModuleError")
