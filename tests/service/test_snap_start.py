"""SnapStart as a user sees it: deployed, published, restored, logged, billed, deleted."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import jlambda
from jlambda import billing
from jlambda.errors import FunctionError, InvalidParameter, ResourceNotFound
from jlambda.notebook.options import cell_options
from tests.conftest import eventually
from tests.service.records import records

CODE = """
import os, uuid
from snapshot_restore_py import register_after_restore, register_before_snapshot
born = str(uuid.uuid4())
print("in init")
@register_after_restore
def connect():
    print("connected")
def handler(event, context):
    print("handled")
    return [born, os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"), {!r}]
"""


def test_published_versions_are_restored_and_latest_is_not(session: jlambda.Session) -> None:
    """SnapStart applies to published versions: their init ran once, when they were published."""
    f = session.deploy(CODE.format("one"), "f", snap_start=True)
    one = f.publish()
    first, latest = one.invoke(), f.invoke()
    assert first.result[1:] == ["snap-start", None, "one"]
    assert latest.result[1] == "on-demand"
    assert (first.record.init_ms, latest.record.restore_ms) == (None, None)
    assert first.record.restore_ms is not None
    assert latest.record.init_ms is not None
    assert one.invoke().record.restore_ms is None  # it is warm
    session.deploy(CODE.format("two"), "f")
    assert f.publish()()[3] == "two"  # the option keeps its value
    assert one() == first.result


def test_logs_and_report_of_a_restore(session: jlambda.Session) -> None:
    """RESTORE_START and RESTORE_REPORT around what the hooks wrote, and REPORT with two durations in place of init's."""
    invocation = session.deploy(CODE.format(""), "f", snap_start=True).publish().invoke()
    shown = [event.message for event in invocation.logs]
    begins = ["RESTORE_START Runtime Version: python:3.", "connected", "RESTORE_REPORT Restore Duration: ", "START RequestId: "]
    assert [line[: len(begin)] for line, begin in zip(shown, begins, strict=False)] == begins
    assert [line.split(" ")[0] for line in shown[4:]] == ["handled", "END", "REPORT"]
    record = invocation.record
    assert record.restore_ms is not None
    figures = rf"\tRestore Duration: {record.restore_ms:.2f} ms\tBilled Restore Duration: {record.billed_restore_ms} ms\t$"
    assert re.search(figures, shown[-1])
    assert "Init Duration" not in shown[-1]
    assert [event.timestamp_ms for event in invocation.logs] == sorted(event.timestamp_ms for event in invocation.logs)


def test_a_restore_is_billed(session: jlambda.Session) -> None:
    """What the runtime took is billed with the duration, and each GB that is restored has its price."""
    f = session.deploy(CODE.format(""), "f", snap_start=True, memory=2048).publish()
    restored, warm = f.invoke(), f.invoke()
    record = restored.record
    assert record.billed_ms == billing.billed_ms(record.duration_ms, None) + record.billed_restore_ms
    assert restored.cost.restore_usd == pytest.approx(2 * 0.0001397998)
    assert restored.cost.total_usd == pytest.approx(
        restored.cost.request_usd + restored.cost.compute_usd + restored.cost.restore_usd
    )
    assert warm.cost.restore_usd == 0
    assert session.cost()["restore_usd"].tolist() == [pytest.approx(2 * 0.0001397998)]
    assert session.invocations()["restore_ms"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("raise ValueError('no database')", "ValueError", "no database"),
        (
            "from snapshot_restore_py import *\n@register_before_snapshot\ndef hook(): raise OSError('very-secret')",
            "Runtime.BeforeSnapshotError",
            "OSError: ",
        ),
    ],
)
def test_publish_fails_with_the_functions_error(session: jlambda.Session, code: str, kind: str, text: str) -> None:
    """An init or a hook that fails is raised by `publish`, with secrets cut out, and there is no version."""
    f = session.deploy(f"{code}\ndef handler(event, context): ...", "f", snap_start=True, secrets={"TOKEN": "very-secret"})
    with pytest.raises(FunctionError) as raised:
        f.publish()
    assert raised.value.error_type == kind
    assert text in raised.value.message
    assert "very-secret" not in str(raised.value)
    assert any("lambda_function.py" in frame for frame in raised.value.stack)
    assert f.versions() == []
    with pytest.raises(ResourceNotFound):
        session.get("f:1")


def test_deleting_a_version_ends_its_snapshot(session: jlambda.Session) -> None:
    """With the version go its environments and the snapshot; the function and its other versions run on."""
    f = session.deploy(CODE.format(""), "f", snap_start=True)
    one = f.publish()
    one()
    version = session.control.version("f", "1")
    one.delete()
    assert not session.engine.snapshots.is_ready(version)
    assert eventually(lambda: not session.engine.processes.stopping and not session.engine.processes.environments)
    assert f()[1] == "on-demand"


def test_a_session_that_reopens_makes_the_snapshot_again(tmp_path: Path) -> None:
    """Processes do not outlive the session: the first cold start makes a snapshot first, and its time is not the restore's."""
    with jlambda.Session(tmp_path / "state") as session:
        slow = CODE.format("").replace("in init", "slow") + "import time; time.sleep(2)\n"
        born = session.deploy(slow, "f", snap_start=True).publish()()[0]
    with jlambda.Session(tmp_path / "state") as session:
        answer = session.get("f:1").submit().result()
        assert answer[0] != born
        (record,) = records(session)[1:]
        assert record.restore_ms is not None
        assert record.restore_ms < 2_000
        assert [each[0] for each in session.get("f:1").map([{}] * 4, max_concurrency=2)] == [answer[0]] * 4


def test_snap_start_goes_without_provisioned_concurrency(session: jlambda.Session) -> None:
    """As on AWS."""
    session.deploy(CODE.format(""), "f", snap_start=True).publish()
    with pytest.raises(InvalidParameter, match="SnapStart"):
        session.provisioned.put("f", "1", 1)


def test_snap_start_is_an_option_of_a_cell(session: jlambda.Session) -> None:
    """It is switched on and off again, kept where nothing is said, and is either true or false."""
    assert [cell_options(line).snap_start for line in ("f --snap-start", "f --no-snap-start", "f")] == [True, False, None]
    f = session.deploy(CODE.format(""), "f", snap_start=True)
    assert session.deploy(CODE.format("new"), "f").configuration.snap_start
    assert not session.deploy(CODE.format("new"), "f", snap_start=False).configuration.snap_start
    assert f.publish().invoke().record.restore_ms is None
    with pytest.raises(InvalidParameter, match="SnapStart is there for python"):
        replace(f.configuration, snap_start=True, runtime="nodejs22.x").checked()
    with pytest.raises(InvalidParameter, match="snap_start"):
        session.deploy(CODE.format(""), "f", snap_start="yes")  # type: ignore[arg-type]


def test_a_restore_in_json(session: jlambda.Session) -> None:
    """restoreStart and restoreReport in place of init's events, restoreRuntimeDone for who asks for DEBUG."""
    f = session.deploy(CODE.format(""), "f", snap_start=True, log_format="JSON", system_log_level="DEBUG")
    events = [json.loads(event.message) for event in f.publish().invoke().logs if event.message.startswith('{"time":')]
    kinds = ["restoreStart", "restoreRuntimeDone", "restoreReport", "start", "runtimeDone", "report"]
    assert [event["type"] for event in events] == [f"platform.{kind}" for kind in kinds]
    assert events[2]["record"]["status"] == "success"
    assert events[2]["record"]["metrics"]["durationMs"] == events[5]["record"]["metrics"]["restoreDurationMs"] > 0
    assert "initDurationMs" not in events[5]["record"]["metrics"]
    bad = "from snapshot_restore_py import *\n@register_after_restore\ndef hook(): 1 / 0\n"
    f = session.deploy(bad + CODE.format(""), "f", system_log_level="WARN")
    events = [json.loads(event.message) for event in f.publish().invoke().logs if event.message.startswith('{"time":')]
    assert events[1]["type"] == "platform.restoreReport"
    assert (events[1]["record"]["status"], events[1]["record"]["errorType"]) == ("error", "Runtime.AfterRestoreError")
