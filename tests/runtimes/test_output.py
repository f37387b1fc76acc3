"""Streams and events in the one file of output."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator

import pytest

from jlambda.model.frames import CONTINUED, INIT_END
from jlambda.runtimes.output import Output

_STAMP = re.compile(rb"\x00\d{13}")


class File:
    """A file of output, its descriptor standing in for fd 1, and another one for the same file for fd 2."""

    def __init__(self) -> None:
        self.fd = os.memfd_create("output")
        self.out, self.err = (os.open(f"/proc/self/fd/{self.fd}", os.O_RDWR | os.O_APPEND) for _ in range(2))

    def text(self) -> bytes:
        """What was written, stamps shown as @."""
        return _STAMP.sub(b"@", os.pread(self.fd, 1 << 20, 0))


@pytest.fixture
def file() -> Iterator[File]:
    made = File()
    yield made
    for descriptor in (made.fd, made.out, made.err):
        os.close(descriptor)


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        ([b"a\n"], b"@a\n"),
        ([b"a", b"\n"], b"@a\n"),
        ([b"a", b"b\n", b"c\n"], b"@ab\n@c\n"),
        ([b"a\nb\nc"], b"@a\n@b\n@c"),
        ([b"a", b"b\nc\n"], b"@ab\n@c\n"),
        ([b"a\n\nb\n"], b"@a\n@\n@b\n"),
        ([b"\n", b"\n"], b"@\n@\n"),
        ([b"a\r", b"b\n"], b"@a\rb\n"),
    ],
)
def test_each_line_is_stamped_once(file: File, writes: list[bytes], expected: bytes) -> None:
    """A stamp stands where a line begins and nowhere else, however the line was written."""
    output = Output(file.out)
    for data in writes:
        output.write(data, file.out)
    assert file.text() == expected


def test_another_stream_begins_a_line(file: File) -> None:
    """A stream does not write into the line that the other one has left open."""
    output = Output(file.out)
    output.write(b"out ", file.out)
    output.write(b"err ", file.err)
    output.write(b"err\n", file.err)
    output.write(b"out\n", file.out)
    assert file.text() == b"@out \n@err err\n@out\n"


def test_event_has_one_stamp(file: File) -> None:
    """The lines of one event are joined, and it does not continue a line that was left open."""
    output = Output(file.out)
    output.write(b"open", file.out)
    output.log("one\n\ntwo\n")
    output.log("")
    assert file.text() == b"@open\n@one" + CONTINUED + b"\n" + CONTINUED + b"\ntwo\n@\n"


def test_end_closes_an_open_line(file: File) -> None:
    """At the end of an invocation no line is open, and the size is that of all output."""
    output = Output(file.out)
    assert output.end() == 0
    output.write(b"open", file.err)
    assert output.end() == os.fstat(file.fd).st_size
    assert output.end() == os.fstat(file.fd).st_size
    assert file.text() == b"@open\n"


def test_threads_do_not_mix_within_a_write(file: File) -> None:
    """Each write of a thread arrives in one piece, with its stamp at the beginning of a line."""
    output = Output(file.out)

    def work(name: bytes) -> None:
        for _ in range(500):
            output.write(name * 10 + b"\n", file.out)
            output.log((name * 3).decode() + "\n" + name.decode())

    threads = [threading.Thread(target=work, args=(name,)) for name in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = file.text().removesuffix(b"\n").split(b"\n@")
    assert len(lines) == 3_000
    allowed = {name * 10 for name in (b"a", b"b", b"c")} | {name * 3 + CONTINUED + b"\n" + name for name in (b"a", b"b", b"c")}
    assert {line.removeprefix(b"@") for line in lines} == allowed


def test_what_cannot_be_encoded_is_logged_all_the_same(file: File) -> None:
    """A lone surrogate in an event is escaped."""
    Output(file.out).log("\udc80☃")
    assert file.text() == "@\\udc80☃\n".encode()


def test_end_of_init_is_marked(file: File) -> None:
    """A line of its own stands behind what the init phase wrote, and only if it wrote something since it began."""
    Output(file.out).end_init()
    assert file.text() == b""
    os.write(file.out, b"of a process before\n")
    output = Output(file.out)
    output.end_init()
    output.write(b"open", file.out)
    output.end_init()
    output.write(b"handler\n", file.out)
    assert file.text() == b"of a process before\n@open\n" + INIT_END + b"\n@handler\n"
