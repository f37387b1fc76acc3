"""What a user holds: a function, and a call that is over."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

import jlambda
from jlambda.errors import CodeError, FunctionError, InvalidParameter
from jlambda.invocation import decode_payload, function_error
from jlambda.progress import Progress
from tests.samples import a_record

ECHO = "def handler(event, context): return event\n"
FAIL = "\ndef handler(event, context):\n    return 1 / 0\n"


def test_calling_a_function_gives_its_result(session: jlambda.Session) -> None:
    """Any JSON comes back as the Python value that it tells."""
    function = session.deploy(ECHO, "f")
    values: list[object] = [None, True, 0, 1.5, "é😀☃\0", [], {"a": [1, {"b": None}]}, 10**30]
    assert [function(value) for value in values] == values
    assert function({"n": float("1e300"), 5: "keys are text"}) == {"n": 1e300, "5": "keys are text"}


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        ("None", None),
        ("(1, 2)", [1, 2]),
        ("{1: 2}", {"1": 2}),
        ("b'\\xff\\x00'", b"\xff\x00"),
        ("b'{\"a\": 1}'", {"a": 1}),
        ("b'[' * 100000", b"[" * 100_000),
        ("__import__('decimal').Decimal('1.10')", 1.1),
    ],
)
def test_what_a_handler_may_return(session: jlambda.Session, returned: str, value: object) -> None:
    """Bytes that are no JSON stay bytes; everything else is what its JSON tells."""
    assert session.deploy(f"def handler(event, context): return {returned}\n", "f")() == value


def test_an_invocation_is_the_whole_story(session: jlambda.Session) -> None:
    """Result, payload, log events, REPORT line, record and cost belong together."""
    source = "def handler(event, context):\n    print('working'); return {'got': event}\n"
    invocation = session.deploy(source, "f", memory=1024).invoke(7)
    record = invocation.record
    assert invocation.function == "f"
    assert invocation.result == {"got": 7}
    assert json.loads(invocation.payload) == {"got": 7}
    assert invocation.error is None
    messages = [event.message for event in invocation.logs]
    assert messages[0].startswith("INIT_START Runtime Version: python:3.")
    assert messages[1:4] == [
        f"START RequestId: {record.request_id} Version: $LATEST",
        "working",
        f"END RequestId: {record.request_id}",
    ]
    assert messages[4] == invocation.report
    assert f"Billed Duration: {record.billed_ms} ms\tMemory Size: 1024 MB\t" in invocation.report
    assert invocation.cost.gb_seconds == record.billed_ms / 1_000
    assert repr(invocation) == f"<Invocation f success: {record.billed_ms} ms billed, cold start, {record.request_id}>"


def test_an_error_shows_the_cells_lines(session: jlambda.Session) -> None:
    """The traceback that a notebook prints names the cell and its line, and no frame of ours."""
    function = session.deploy(FAIL, "f", origin="Cell In[3]")
    with pytest.raises(FunctionError) as caught:
        function()
    lines = "\n".join(caught.value._render_traceback_()).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1:3] == ["  Cell In[3], line 3, in handler", "    return 1 / 0"]
    assert lines[-1] == "FunctionError: f failed: ZeroDivisionError: division by zero"
    assert not [line for line in lines if "jlambda" in line]
    assert caught.value.request_id == function.invocations().request_id[0]


def test_errors_pickle(session: jlambda.Session) -> None:
    """As an executor of processes, or a cache, would have it."""
    error = session.deploy(FAIL, "f", origin="Cell In[3]").invoke().error
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again._render_traceback_()) == (str(error), error._render_traceback_() if error else None)


def test_views_of_one_function(session: jlambda.Session) -> None:
    """`fn.logs()` and its like are the session's, of this function only."""
    f, g = session.deploy(ECHO, "f"), session.deploy(ECHO, "g")
    f(1)
    f(2)
    g(3)
    assert len(f.invocations()) == 2
    assert set(f.logs().function) == {"f"}
    assert list(f.cost().invocations) == [2]
    assert list(f.metrics().invocations) == [2]
    assert (f.name, f.__name__, repr(f)) == ("f", "f", "<Function f>")


def test_a_function_can_be_called_as_it_was_written(session: jlambda.Session) -> None:
    """With a context, which Lambda makes anew."""
    function = session.deploy("def handler(event, context): return event, context.function_name\n", "f")
    assert function(1, None) == [1, "f"]


def test_a_deployed_function_cannot_be_shipped(session: jlambda.Session) -> None:
    """It lives in its session: an error that says so, not one about locks."""
    function = session.deploy(ECHO, "f")
    with pytest.raises(TypeError, match="lives in its session"):
        pickle.dumps(function)
    with pytest.raises(TypeError, match="lives in its session"):
        copy.copy(function)
    with pytest.raises(CodeError, match=r"other cannot be shipped \(Function: a deployed function lives in its session"):
        session.deploy("def handler(event, context): return other(event)\n", "g", use={"other": function})


@pytest.mark.parametrize("payload", [b'{"***', b"[1]", b"{}", b'{"errorType": null, "stackTrace": "x"}'])
def test_an_error_document_that_was_cut(payload: bytes) -> None:
    """Redaction may leave anything of it; what the record knows is told."""
    error = function_error(a_record(error_type="ValueError"), payload, "")
    assert error.function == "hello"
    assert error.error_type in ("ValueError", "None")
    assert error.stack == ()


def test_a_payload_that_is_not_text() -> None:
    """It is given as it is."""
    assert decode_payload(b"\xff") == b"\xff"
    assert decode_payload(b"NaN") != decode_payload(b"NaN")


def test_a_progress_bar_comes_after_two_seconds(session: jlambda.Session, capsys: pytest.CaptureFixture[str]) -> None:
    """Even if nothing has ended by then; what is quick shows none."""
    function = session.deploy("import time\ndef handler(event, context): time.sleep(event)\n", "slow", timeout=9)
    function.map([0] * 20)
    assert "slow" not in capsys.readouterr().err
    function.map([2.5], max_concurrency=1)
    shown = capsys.readouterr().err
    assert "slow:   0%" in shown
    assert "1/1" in shown


def test_a_progress_bar_without_a_total(capsys: pytest.CaptureFixture[str]) -> None:
    """Events that cannot be counted are counted as they end."""
    progress = Progress("f", None)
    progress._show_at = 0.0
    progress.done = 3
    progress.show()
    progress.done = 5
    progress.close()
    assert "5event" in capsys.readouterr().err


def test_settings_change_without_the_code(session: jlambda.Session) -> None:
    """In deploy's words; what is not given stays, and watchers are told."""
    source = "import os\ndef handler(event, context): return os.environ['KEY'], context.memory_limit_in_mb"
    function = jlambda.deploy(source, name="f")
    told: list[str] = []
    end = session.watch(told.append)
    changed = function.update(memory=256, env={"KEY": "1"})
    assert changed.changes == {"memory_mb": (128, 256), "environment": ({}, {"KEY": "1"})}
    assert function() == ["1", "256"]
    assert (function.configuration.timeout_s, told) == (3, ["f"])
    assert function.update(memory=256).changes == {}
    end()
    function.update(timeout=5)
    assert told == ["f"]


def test_a_wrong_setting_changes_nothing(session: jlambda.Session) -> None:
    """Not even those that are right; and what is published never changes."""
    function = jlambda.deploy("def handler(event, context): pass", name="f")
    with pytest.raises(InvalidParameter, match="timeout"):
        function.update(memory=256, timeout=1_000)
    assert function.configuration.memory_mb == 128
    with pytest.raises(InvalidParameter, match="f:1 does not change"):
        function.publish().update(memory=256)
