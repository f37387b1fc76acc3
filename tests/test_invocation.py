"""Invocations that are over: found again by their request id, and run again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.store.payloads import PAYLOAD_BYTES

HALF = "def handler(event, context): return 10 / event['by']"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[jlambda.Session]:
    """A session of its own."""
    with jlambda.Session(tmp_path / "state") as session:
        yield session


def test_an_invocation_is_found_again_after_a_restart(session: jlambda.Session) -> None:
    """With its event, its response, its output and its record, by the beginning of its request id."""
    function = jlambda.deploy(
        "def handler(event, context):\n    print('by', event['by'])\n    return 10 / event['by']", name="half"
    )
    call = function.invoke({"by": 4})
    function({"by": 5})
    session.close()
    found = session.invocation(call.record.request_id[:13])
    assert (found.event, found.result, found.record) == ({"by": 4}, 2.5, call.record)
    assert [event.message.strip() for event in found.logs] == [event.message.strip() for event in call.logs]
    assert found.is_whole


def test_a_replay_runs_what_is_deployed_now(session: jlambda.Session) -> None:
    """The same event, after the mistake was mended; both are told."""
    function = jlambda.deploy(HALF, name="half")
    failed = function.invoke({"by": 0})
    assert failed.error is not None
    jlambda.deploy("def handler(event, context): return event['by'] and 10 / event['by']", name="half")
    replay = failed.replay()
    assert replay.before is failed
    assert (replay.after.result, replay.after.event) == (0, {"by": 0})
    assert replay.after.record.request_id != failed.record.request_id
    assert session.invocation(failed.record.request_id).error is not None


def test_a_version_is_replayed_on_itself(session: jlambda.Session) -> None:
    """What was published does not change, so neither does the answer."""
    function = jlambda.deploy("def handler(event, context): return 'first'", name="f")
    call = function.publish().invoke()
    jlambda.deploy("def handler(event, context): return 'second'", name="f")
    assert call.replay().after.result == "first"


def test_what_is_too_large_is_not_kept_and_says_so(session: jlambda.Session) -> None:
    """Neither an event nor a response fills the disk."""
    function = jlambda.deploy("def handler(event, context): return event", name="echo")
    call = function.invoke("x" * PAYLOAD_BYTES)
    with pytest.raises(InvalidParameter, match=f"was not kept: it has {PAYLOAD_BYTES + 2} bytes"):
        call.replay()
    found = session.invocation(call.record.request_id)
    assert not found.is_whole
    assert call.is_whole


def test_secrets_are_not_kept(session: jlambda.Session, tmp_path: Path) -> None:
    """Not in an event either, should one have got there."""
    function = jlambda.deploy(
        "import os\ndef handler(event, context): return os.environ['KEY'] == event", name="f", secrets={"KEY": "correct horse"}
    )
    call = function.invoke("correct horse")
    assert call.result is True
    assert call.event == "***"
    session.close()
    assert not [path for path in (tmp_path / "state").rglob("state.db*") if b"correct horse" in path.read_bytes()]


def test_an_id_that_is_unknown_or_unclear_is_refused(session: jlambda.Session) -> None:
    """One line that says what to give instead."""
    function = jlambda.deploy("def handler(event, context): return event", name="echo")
    function.map(range(200))
    with pytest.raises(InvalidParameter, match="several invocations"):
        session.invocation(function.invocations()["request_id"][0][:1])
    for unknown in ("no such id", ""):
        with pytest.raises(ResourceNotFound, match="there is no invocation"):
            session.invocation(unknown)
