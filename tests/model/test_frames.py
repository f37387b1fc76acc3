"""The wire layout: messages in packets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jlambda.model import frames


@given(st.integers(0, 4 * frames.PACKET), st.integers(0, 2**32))
def test_packets_make_up_the_message(size: int, seed: int) -> None:
    """Every packet fits, all but the first are marked, and together they are the message."""
    message = bytes((seed + i) % 251 for i in range(1_000)) * (size // 1_000 + 1)
    message = message[:size]
    first, *rest = frames.packets(message)
    assert all(len(packet) <= frames.PACKET for packet in (first, *rest))
    assert all(packet[:1] == frames.MORE and len(packet) > 1 for packet in rest)
    assert first + b"".join(packet[1:] for packet in rest) == message


def test_a_message_of_one_packet_is_sent_as_it_is() -> None:
    """The usual invocation is not copied."""
    message = b"x" * frames.PACKET
    assert frames.packets(message) == [message]


def test_no_two_kinds_of_message_look_alike() -> None:
    """A packet's first byte says what it is; a request id fits where it belongs."""
    kinds = ["START", "INVOKE", "ASK", "MORE", "BORN", "READY", "RESULT", "RAW", "ERROR", "FAILED", "EXITED"]
    assert len({getattr(frames, kind) for kind in kinds}) == len(kinds)
    request_id = b"8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    packed = frames.TO_ENVIRONMENT.pack(frames.INVOKE, 1, 2, 2**63, request_id)
    assert frames.TO_ENVIRONMENT.unpack(packed) == (frames.INVOKE, 1, 2, 2**63, request_id)
