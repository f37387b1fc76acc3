"""One invocation, message by message: packets and times go in, messages and an outcome come out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.engine import channel
from jlambda.engine.conversation import (
    INIT_LIMIT_S,
    KILL_LIMIT_S,
    PREPARATION_LIMIT_S,
    RESTORE_LIMIT_S,
    After,
    Conversation,
    Phase,
)
from jlambda.model import frames
from jlambda.model.invocation import Request

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
LOST = b""
BORN, READY = channel.from_environment(frames.BORN, b""), channel.from_environment(frames.READY, b"")
STARTED = channel.from_environment(frames.STARTED, b"")


def conversation(event: bytes = b'{"a": 1}', timeout_s: int = 3, **more: str) -> Conversation:
    """One that has not begun."""
    return Conversation(Request(REQUEST_ID, event, **more), timeout_s, b'{"start": 1}')  # type: ignore[arg-type]


def cold(at: float = 100.0) -> Conversation:
    """One that waits for the init phase to end."""
    begun = conversation()
    begun.begin_init(at)
    begun.outgoing.clear()
    return begun


def warm(at: float = 100.0) -> Conversation:
    """One that waits for the answer."""
    begun = conversation()
    begun.begin_invoke(at)
    begun.outgoing.clear()
    return begun


def reply(kind: bytes, body: bytes, log_end: int = 0, seconds: float = 0.25, peak_kib: int = 2048) -> bytes:
    """A message from an environment, whole."""
    return channel.from_environment(kind, body, log_end, seconds, peak_kib)


def error(kind: str = "ValueError") -> bytes:
    """An error document as the runtime makes it."""
    return json.dumps({"errorMessage": "boom", "errorType": kind, "requestId": REQUEST_ID, "stackTrace": []}).encode()


def exited(**how: int) -> bytes:
    """The end of the process: ``exit=code`` or ``signal=number``."""
    return reply(frames.EXITED, json.dumps(how).encode(), log_end=9, peak_kib=4096)


def unread(count: int) -> bytes:
    """The answer to the question how many events nobody has read."""
    return reply(frames.ASK, json.dumps({"unread": count}).encode())


def told(it: Conversation) -> tuple[str, str]:
    """Type and message of the error document."""
    document = json.loads(it.payload)
    assert document["errorType"] == it.error_type
    prefix = f"RequestId: {REQUEST_ID} Error: "
    return document["errorType"], document["errorMessage"].removeprefix(prefix)


def is_over(it: Conversation) -> bool:
    """Whether there is an outcome."""
    return it.after is not None


def whole(packets: list[bytes]) -> bytes:
    """The message that packets make up."""
    return packets[0] + b"".join(packet[1:] for packet in packets[1:])


# -- the usual course ------------------------------------------------------------------------------


def test_a_warm_invocation() -> None:
    """The event goes out with its deadline; the response is the outcome, and the process is left."""
    it = conversation()
    it.begin_invoke(100.0)
    kind, size, extra, deadline_ms, request_id = frames.TO_ENVIRONMENT.unpack_from(it.outgoing[0])
    assert (kind, size, extra, deadline_ms, request_id.decode()) == (frames.INVOKE, 8, 0, 103_000, REQUEST_ID)
    assert it.outgoing[0][frames.TO_ENVIRONMENT.size :] == b'{"a": 1}'
    assert (it.deadline, it.arrived, it.after) == (103.0, 100.0, None)
    it.received(reply(frames.RESULT, b'"fine"', log_end=7), 100.3)
    assert (it.after, it.status, it.payload, it.error_type) == (After.PROCESS, "success", b'"fine"', None)
    assert (it.seconds, it.init_s, it.log_end, it.peak_kib) == (0.25, None, 7, 2048)


def test_a_cold_invocation() -> None:
    """START first; the event goes out when the init phase is over, and its time counts from then."""
    it = conversation()
    it.begin_init(100.0)
    assert it.outgoing.pop()[:1] == frames.START
    assert it.deadline == 100.0 + INIT_LIMIT_S
    it.received(BORN, 100.1)
    assert not it.is_started
    it.received(STARTED, 100.1)
    assert it.is_started
    it.received(READY, 100.5)
    assert it.outgoing.pop()[:1] == frames.INVOKE
    assert (it.phase, it.deadline, it.arrived) == (Phase.INVOKE, 103.5, 100.0)
    it.received(reply(frames.RAW, b"\xff"), 101.0)
    assert (it.after, it.status, it.payload) == (After.PROCESS, "success", b"\xff")
    assert it.init_s == pytest.approx(0.5)


def test_what_a_request_has_besides_its_event() -> None:
    """The optional members of the Invoke API go before the event, those that were given."""
    it = conversation(qualifier="prod", trace_id="Root=1")
    it.begin_invoke(100.0)
    _, size, extra, _, _ = frames.TO_ENVIRONMENT.unpack_from(it.outgoing[0])
    body = it.outgoing[0][frames.TO_ENVIRONMENT.size :]
    assert json.loads(body[:extra]) == {"qualifier": "prod", "trace_id": "Root=1"}
    assert body[extra:] == b'{"a": 1}'
    assert size == 8


@pytest.mark.parametrize("kind", [frames.RESULT, frames.RAW, frames.ERROR])
def test_messages_of_many_packets(kind: bytes) -> None:
    """Both ways: an event is sent in packets, a reply is put together from them."""
    event = b'"' + b"x" * 200_000 + b'"'
    it = conversation(event)
    it.begin_invoke(100.0)
    assert whole(it.outgoing)[frames.TO_ENVIRONMENT.size :] == event
    body = error("E" * 150_000)
    packets = frames.packets(reply(kind, body))
    assert len(packets) > 2
    for packet in packets[:-1]:
        it.received(packet, 101.0)
        assert not is_over(it)
    it.received(packets[-1], 101.0)
    assert (it.after, it.payload) == (After.PROCESS, body)


def test_a_function_that_raises() -> None:
    """The error document is the runtime's own; the process lives on."""
    it = warm()
    it.received(reply(frames.ERROR, error()), 100.3)
    assert (it.after, it.status, it.error_type, it.payload) == (After.PROCESS, "error", "ValueError", error())


# -- the init phase fails --------------------------------------------------------------------------


def failing_twice(it: Conversation, *packets: bytes) -> Conversation:
    """The same failure of both inits: from 100.0 to 100.4, and 0.2 s long."""
    packets = (STARTED, *packets)
    for packet in packets:
        it.received(packet, 100.4)
    assert (it.after, it.phase, it.is_second_init) == (None, Phase.INIT, True)
    assert [packet[:1] for packet in it.outgoing] == [frames.START]
    assert it.deadline == pytest.approx(103.4), "a second init has the function's own time"
    it.outgoing.clear()
    for packet in packets:
        it.received(packet, 100.6)
    return it


def test_a_failed_init() -> None:
    """It is gone through once more; the second error is the invocation's, and the sandbox is left."""
    it = failing_twice(cold(), reply(frames.FAILED, error("Runtime.ImportModuleError")), exited(exit=1))
    assert (it.after, it.status, it.error_type) == (After.SANDBOX, "error", "Runtime.ImportModuleError")
    assert (it.payload, it.log_end, it.init_s) == (error("Runtime.ImportModuleError"), 9, None)
    assert it.seconds == pytest.approx(0.2)
    assert [each[:3] for each in it.failed_inits] == [
        ("init", "error", "Runtime.ImportModuleError"),
        ("invoke", "error", "Runtime.ImportModuleError"),
    ]
    assert [each.duration_ms for each in it.failed_inits] == pytest.approx([400, 200])
    assert [(each.ended_at, each.log_end) for each in it.failed_inits] == [(100.4, 9), (100.6, 9)]


def test_a_second_init_that_succeeds() -> None:
    """The event follows it, with what is left of the invocation's time; what init took belongs to the duration."""
    it = cold()
    it.received(STARTED, 100.0)
    it.received(reply(frames.FAILED, error("ValueError")), 100.7)
    it.received(exited(exit=1), 100.8)
    it.outgoing.clear()
    it.received(STARTED, 100.8)
    it.received(READY, 101.3)
    assert (it.after, it.phase) == (None, Phase.INVOKE)
    assert it.deadline == pytest.approx(103.8)
    assert frames.TO_ENVIRONMENT.unpack_from(it.outgoing.pop())[3] == pytest.approx(103_800, abs=1)
    it.received(reply(frames.RESULT, b"1", seconds=0.25), 101.6)
    assert (it.after, it.status, it.error_type, it.payload) == (After.PROCESS, "success", None, b"1")
    assert it.seconds == pytest.approx(0.75)
    assert (it.init_s, len(it.failed_inits)) == (None, 1)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"exit": 3}, "Runtime exited with error: exit status 3"),
        ({"exit": 0}, "Runtime exited without providing a reason"),
        ({"signal": 9}, "Runtime exited with error: signal: killed"),
        ({"signal": 31}, "Runtime exited with error: signal: signal 31"),
    ],
)
def test_a_process_that_ends_in_init(how: dict[str, int], reason: str) -> None:
    """It took no event: after the second time the invocation fails with how the process ended, in AWS's words."""
    it = failing_twice(cold(), exited(**how))
    assert (it.after, it.status, told(it)) == (After.SANDBOX, "error", ("Runtime.ExitError", reason))
    assert [each.error_type for each in it.failed_inits] == ["Runtime.ExitError"] * 2
    assert it.outgoing == []


def test_an_init_that_takes_too_long() -> None:
    """After ten seconds the process is killed; the second init has as long as the function, then it was a timeout."""
    it = cold()
    it.received(STARTED, 100.0)
    it.expired(110.0)
    assert it.is_kill_wanted
    assert (it.phase, it.deadline, it.after) == (Phase.KILLED, 110.0 + KILL_LIMIT_S, None)
    it.received(READY, 110.0)
    it.received(reply(frames.RESULT, b"1"), 110.0)
    assert not is_over(it), "too late"
    it.received(exited(signal=9), 110.1)
    assert (it.after, it.phase, it.is_kill_wanted) == (None, Phase.INIT, False)
    it.received(STARTED, 110.1)
    it.expired(113.1)
    assert it.is_kill_wanted
    it.received(exited(signal=9), 113.2)
    assert (it.after, it.status, it.error_type, it.seconds) == (After.SANDBOX, "timeout", "Sandbox.Timedout", 3.0)
    assert [each[:3] for each in it.failed_inits] == [("init", "timeout", None), ("invoke", "timeout", None)]


def test_a_process_that_had_ended_before_the_start() -> None:
    """Killed while it waited, it says nothing of init: the next process reads the START, which is not sent again."""
    it = cold()
    for _ in range(3):
        it.received(exited(signal=9), 100.1)
    assert (it.after, it.phase, it.outgoing, it.failed_inits) == (None, Phase.INIT, [], [])
    it.received(STARTED, 100.2)
    it.received(READY, 100.3)
    it.received(reply(frames.RESULT, b"1"), 100.6)
    assert (it.after, it.status) == (After.PROCESS, "success")
    assert it.init_s == pytest.approx(0.3)


def test_processes_that_never_come_to_the_start() -> None:
    """A sandbox in which none lives long enough fails the init, in the end."""
    it = cold()
    for _ in range(100):
        it.received(exited(exit=125), 100.1)
    assert told(it) == ("Runtime.ExitError", "Runtime exited with error: exit status 125")
    assert it.after is After.SANDBOX


def test_an_environment_that_is_prepared() -> None:
    """Without a request the conversation is over with init, which may take longer."""
    it = Conversation(None, 3, b"{}")
    it.begin_init(100.0)
    assert it.deadline == 100.0 + PREPARATION_LIMIT_S
    it.received(BORN, 100.0)
    it.received(READY, 120.0)
    assert (it.after, it.status, it.init_s) == (After.PROCESS, "success", 20.0)


@pytest.mark.parametrize("packets", [[exited(exit=1)], [reply(frames.FAILED, error()), exited(exit=1)]])
def test_an_environment_that_cannot_be_prepared(packets: list[bytes]) -> None:
    """Its init is not gone through again: nobody waits for it."""
    it = Conversation(None, 3, b"{}")
    it.begin_init(100.0)
    it.received(STARTED, 100.0)
    for packet in packets:
        it.received(packet, 101.0)
    assert (it.after, it.status, len(it.failed_inits)) == (After.SANDBOX, "error", 1)


def test_an_environment_that_never_starts() -> None:
    """There is no process to kill; the environment is given up."""
    it = cold()
    it.expired(110.0)
    assert (it.after, it.status, told(it)[0]) == (After.NOTHING, "error", "Sandbox.Failure")


# -- the process ends ------------------------------------------------------------------------------


def test_a_process_that_ends_in_the_middle_of_an_event() -> None:
    """Asked, the environment says that the event had been read: it is lost with the process."""
    it = warm()
    it.received(exited(exit=3), 100.5)
    assert (it.after, it.phase) == (None, Phase.EXITED)
    assert it.outgoing.pop()[:1] == frames.ASK
    it.received(unread(0), 100.6)
    assert (it.after, told(it)) == (After.SANDBOX, ("Runtime.ExitError", "Runtime exited with error: exit status 3"))
    assert (it.peak_kib, it.init_s) == (4096, None)
    assert it.seconds == pytest.approx(0.5)


def test_a_process_that_had_ended_for_want_of_memory() -> None:
    """However it says that it has ended: it had gone on for longer than it would have."""
    it = warm()
    it.is_out_of_memory = True
    it.received(exited(exit=0), 100.5)
    it.received(unread(0), 100.6)
    assert (it.after, it.status) == (After.SANDBOX, "out_of_memory")
    assert told(it) == ("Runtime.ExitError", "Runtime exited with error: signal: killed")


def test_a_process_that_had_ended_before() -> None:
    """Nobody had read the event: a new process is initialised and gets it, and nothing is lost."""
    it = warm()
    it.received(exited(exit=0), 100.0)
    it.outgoing.clear()
    it.received(unread(1), 100.1)
    assert it.outgoing.pop()[:1] == frames.START
    assert it.has_restarted
    assert (it.after, it.phase, it.arrived) == (None, Phase.INIT, 100.0)
    it.received(READY, 100.4)
    assert it.outgoing.pop()[:1] == frames.INVOKE
    it.received(reply(frames.RESULT, b"1"), 100.5)
    assert (it.after, it.status) == (After.PROCESS, "success")
    assert it.init_s == pytest.approx(0.3)


@pytest.mark.parametrize(("behind", "count", "lost"), [(0, 0, True), (0, 1, False), (1, 1, True), (1, 2, False)])
def test_events_that_were_sent_ahead(behind: int, count: int, lost: bool) -> None:
    """As many unread events as were sent after this one are not this one."""
    it = warm()
    it.behind = behind
    it.received(exited(exit=0), 100.0)
    it.received(unread(count), 100.1)
    assert (it.after is After.SANDBOX) is lost
    assert it.has_restarted is not lost


def test_a_reply_that_is_cut_by_the_end_of_its_process() -> None:
    """Half a response is none: the packet that says the process has ended is told from the rest of it."""
    it = warm()
    first, second, *_ = frames.packets(reply(frames.RESULT, b"x" * 300_000))
    it.received(first, 100.1)
    it.received(second, 100.1)
    it.received(exited(signal=11), 100.2)
    it.received(unread(0), 100.2)
    assert (it.after, told(it)[1]) == (After.SANDBOX, "Runtime exited with error: signal: segmentation fault")


# -- time ------------------------------------------------------------------------------------------


def test_a_timeout() -> None:
    """The process is killed; what it says after that does not count, and the duration is the timeout."""
    it = warm()
    it.outgoing += [b"rest of the event"]
    it.expired(103.0)
    assert it.is_kill_wanted
    assert it.outgoing == []
    it.received(reply(frames.RESULT, b'"late"'), 103.0)
    assert not is_over(it)
    it.received(exited(signal=9), 103.1)
    assert (it.after, it.status, it.seconds) == (After.SANDBOX, "timeout", 3.0)
    assert told(it) == ("Sandbox.Timedout", "Task timed out after 3.00 seconds")
    assert it.log_end == 9


def test_a_process_that_cannot_be_killed() -> None:
    """After five more seconds the whole environment is given up."""
    it = warm()
    it.expired(103.0)
    it.is_kill_wanted = False
    it.expired(103.0 + KILL_LIMIT_S)
    assert (it.after, it.status) == (After.NOTHING, "timeout")
    assert not it.is_kill_wanted


def test_an_environment_that_does_not_say_what_it_read() -> None:
    """The invocation fails as the process ended, and the environment is given up."""
    it = warm()
    it.received(exited(exit=3), 100.5)
    it.expired(100.5 + KILL_LIMIT_S)
    assert (it.after, told(it)[0]) == (After.NOTHING, "Runtime.ExitError")


# -- the channel closes ----------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [cold, warm])
def test_an_environment_that_is_ended_from_outside(begun: object) -> None:
    """Its channel closes without a word: nothing of it is left."""
    assert callable(begun)
    it = begun()
    it.received(LOST, 100.5)
    assert (it.after, it.status) == (After.NOTHING, "error")
    assert told(it) == ("Sandbox.Failure", "The execution environment was ended from outside")


def test_a_channel_that_closes_after_the_end_of_the_process() -> None:
    """What is known of the end is told."""
    it = warm()
    it.received(exited(exit=3), 100.5)
    it.received(LOST, 100.6)
    assert (it.after, told(it)[0]) == (After.NOTHING, "Runtime.ExitError")
    it = warm()
    it.expired(103.0)
    it.received(LOST, 103.1)
    assert (it.after, it.status) == (After.NOTHING, "timeout")
    it = cold()
    it.received(reply(frames.FAILED, error("Runtime.HandlerNotFound")), 100.2)
    it.received(LOST, 100.3)
    assert (it.after, it.error_type) == (After.NOTHING, "Runtime.HandlerNotFound")


# -- anything at any time --------------------------------------------------------------------------


def _cut(message: bytes) -> list[bytes]:
    return frames.packets(message)


PACKETS = st.one_of(
    st.sampled_from([BORN, STARTED, READY, exited(exit=0), exited(exit=1), exited(signal=9), unread(0), unread(1), unread(2)]),
    st.builds(reply, st.sampled_from([frames.RESULT, frames.RAW, frames.ERROR, frames.FAILED]), st.just(error())),
    st.sampled_from([*_cut(reply(frames.RESULT, b"x" * 150_000)), *_cut(reply(frames.ERROR, error("E" * 70_000)))]),
    st.binary(max_size=3).map(lambda rest: frames.MORE + rest),
)


@given(st.booleans(), st.integers(0, 2), st.lists(st.tuples(st.one_of(st.none(), PACKETS), st.floats(0, 4)), max_size=25))
def test_any_history_ends_with_one_outcome(is_cold: bool, behind: int, history: list[tuple[bytes | None, float]]) -> None:
    """Whatever an environment says and however long it takes: nothing is raised, and there is one whole outcome.

    A driver waits until the deadline, asks what has come, and in the end finds the channel closed.
    """
    at = 100.0
    it = cold(at) if is_cold else warm(at)
    it.behind = behind
    kills = 0
    for packet, later in [*history, *[(None, 20.0)] * 4, (LOST, 0.0)]:
        if is_over(it):
            break
        at += later
        if packet is not None:
            it.received(packet, at)
        if not is_over(it) and at >= it.deadline:
            it.expired(at)
        kills += it.is_kill_wanted
        it.is_kill_wanted = False
        it.outgoing.clear()
    assert is_over(it)
    assert kills <= 1 + it.has_restarted
    assert (it.error_type is None) == (it.status == "success")
    assert it.status in ("success", "error", "timeout")
    if it.error_type is not None:
        assert json.loads(it.payload)["errorType"] == it.error_type
    if it.status == "timeout":
        assert it.seconds == it.timeout_s
    if it.after is After.PROCESS:
        assert it.status == "success" or it.payload == error() or len(it.payload) > 70_000
    assert it.seconds >= 0
    assert it.init_s is None or it.init_s >= 0
    assert it.arrived == 100.0


def restoring(at: float = 100.0) -> Conversation:
    """One that waits for an environment to be restored from a snapshot."""
    begun = Conversation(Request(REQUEST_ID, b"{}"), 3, b"")
    begun.begin_init(at)
    assert begun.outgoing == []  # the snapshot has been asked
    return begun


def test_a_restore() -> None:
    """It takes the place of init, and the runtime says how much of it was its own."""
    it = restoring()
    assert it.deadline == 100 + RESTORE_LIMIT_S
    it.received(BORN, 100.001)
    it.received(channel.from_environment(frames.READY, b"", seconds=0.002), 100.005)
    assert (it.init_s, it.restore_runtime_s) == (None, 0.002)
    assert it.restore_s == pytest.approx(0.005)
    assert [packet[:1] for packet in it.outgoing] == [frames.INVOKE]
    it.received(reply(frames.RESULT, b"1"), 100.3)
    assert (it.status, it.after) == ("success", After.PROCESS)


def test_a_restore_that_fails_is_not_gone_through_again() -> None:
    """A hook's error document is the answer, and the environment is gone."""
    it = restoring()
    it.received(reply(frames.FAILED, error("Runtime.AfterRestoreError"), seconds=0.1), 100.2)
    it.received(exited(exit=1, unread=0), 100.3)
    assert (it.status, it.error_type, it.after) == ("error", "Runtime.AfterRestoreError", After.NOTHING)
    assert (it.seconds, it.failed_inits) == (0.0, [])
    assert it.restore_s == pytest.approx(0.2)


@pytest.mark.parametrize("last", [exited(signal=9, unread=0), LOST])
def test_a_restore_that_takes_too_long(last: bytes) -> None:
    """Its process is killed; the invocation has timed out, and has run for no time at all."""
    it = restoring()
    it.received(BORN, 100.001)
    it.expired(it.deadline)
    assert it.is_kill_wanted
    it.received(last, 110.1)
    assert told(it) == ("Sandbox.Timedout", "Restore timed out after 10.00 seconds")
    assert (it.status, it.seconds, it.after) == ("timeout", 0.0, After.NOTHING)
    assert it.restore_s == pytest.approx(10.0)


@pytest.mark.parametrize(("unread", "kind"), [(0, "Runtime.ExitError"), (1, "Sandbox.Failure")])
def test_a_restored_environment_ends_with_its_process(unread: int, kind: str) -> None:
    """Nobody is asked for what was read: the exit tells. An event that nobody has read had no part in it."""
    it = Conversation(Request(REQUEST_ID, b"{}"), 3, b"")
    it.begin_invoke(100.0)
    it.received(exited(exit=3, unread=unread), 100.5)
    assert (it.error_type, it.after) == (kind, After.NOTHING)
    assert it.seconds == pytest.approx(0.5)


# -- streamed responses


def streamed(at: float = 100.0) -> Conversation:
    """One whose caller takes the response while it comes."""
    begun = Conversation(Request(REQUEST_ID, b"{}", is_streamed=True), 3, b'{"start": 1}')
    begun.begin_invoke(at)
    begun.outgoing.clear()
    return begun


def test_parts_are_there_before_the_end() -> None:
    """Then comes a response without a body; how much was sent is counted."""
    it = streamed()
    it.received(frames.STREAM + b"text/plain", 100.1)
    it.received(frames.PART + b"first", 100.2)
    assert (it.content_type, it.parts, it.after) == ("text/plain", [b"first"], None)
    it.parts.clear()
    it.received(frames.PART + b"last", 100.3)
    it.received(reply(frames.RESULT, b""), 100.4)
    assert (it.parts, it.after, it.status, it.streamed_bytes) == ([b"last"], After.PROCESS, "success", 9)


def test_a_stream_may_end_as_an_error() -> None:
    """The document is the outcome's; an exit and too much time end it as they end any other."""
    for last, status in ((reply(frames.ERROR, error()), "error"), (LOST, "error")):
        it = streamed()
        it.received(frames.STREAM + b"text/plain", 100.1)
        it.received(frames.PART + b"first", 100.2)
        it.received(last, 100.3)
        assert (it.status, it.parts, bool(it.payload)) == (status, [b"first"], True)


def test_nobody_is_sent_what_nobody_asked_for() -> None:
    """A function that writes parts to its channel of its own accord has written nonsense."""
    for packet in (frames.STREAM + b"text/plain", frames.PART + b"x"):
        with pytest.raises(ValueError, match="stream"):
            warm().received(packet, 100.1)
    with pytest.raises(ValueError, match="not begun"):
        streamed().received(frames.PART + b"x", 100.1)


def test_a_full_caller_is_given_time_but_not_more_than_the_function_has() -> None:
    """There is room for some parts; after the deadline what is left is read and dropped."""
    it = streamed()
    it.received(frames.STREAM + b"text/plain", 100.1)
    while it.has_room:
        it.received(frames.PART + b"x", 100.2)
    it.parts.clear()
    it.is_held = True
    assert not it.has_room
    it.expired(103.0)
    assert it.has_room and it.is_kill_wanted
    it.received(frames.PART + b"late", 103.1)
    it.received(exited(signal=9), 103.2)
    assert (it.parts, it.status, it.after) == ([], "timeout", After.SANDBOX)
