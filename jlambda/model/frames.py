"""The layout of messages between the engine and an execution environment.

Both ends import this and nothing else of each other. A message is one or more packets of a SOCK_SEQPACKET socket:
a header, then the body; what does not fit into `PACKET` bytes follows in packets that begin with `MORE`. A packet is
never split or joined by the kernel, so the message that says an environment has died can be told from the rest of
a response that it did not finish.

To the environment:   START   what to run, JSON, once before each init phase
                      INVOKE  an event; extra holds the optional members of a `Request`, JSON
                      ASK     after EXITED: how many events has nobody read? Answered by ASK, ``{"unread": number}``
                      RESTORE to a snapshot, with the channel and the output of the environment that is to be made of it
From the environment: BORN    a process was forked for the function (sent by itself, so that its pid is known)
                      STARTED the START has been read: from here on the end of the process is the end of its init phase
                      READY   the init phase is over
                      RESULT  a response (JSON), RAW a response of bytes, ERROR an error document
                      STREAM  a response begins that is told of by parts: its content type. What ends it is a RESULT
                              without a body, or an ERROR
                      PART    the next part of it: one packet, without a header. Both come only where extra asked for them
                      FAILED  the init phase failed: an error document; the process ends
                      EXITED  the process has ended: JSON of ``{"exit": code}`` or ``{"signal": number}``; with
                              ``"unread": number`` if the environment has ended with it
                      FIRST   a restored environment has begun (sent by its first process, so that its pid is known)
"""

from __future__ import annotations

import struct

#: Never above 128 KiB: malloc would map and fault in each receive buffer anew.
PACKET = 65_536

START, INVOKE, ASK, MORE, RESTORE = b"S", b"I", b"?", b"+", b"r"
STREAM, PART = b"~", b"p"
BORN, STARTED, READY, RESULT, RAW, ERROR, FAILED, EXITED, FIRST = b"b", b"s", b"R", b"=", b"B", b"E", b"F", b"X", b"f"

#: kind, length of the body, length of the extra (before the body), deadline, request id. The deadline is in ms since the
#: epoch; below `FROM_READING_MS` it is in ms from the moment at which the message is read, for an event that is sent while
#: the environment still runs another one.
FROM_READING_MS = 10**9
TO_ENVIRONMENT = struct.Struct("!cIHQ36s")
#: kind, length of the body, bytes of output written so far, seconds taken, peak resident size in KiB
FROM_ENVIRONMENT = struct.Struct("!cIQdI")

# Output is written to one file that the engine reads. A line may begin with STAMP and 13 digits, the time of writing
# in ms since the epoch (lines without one were written past Python, by C code or a child process); CONTINUED at the
# end of a line says that the next one belongs to the same log event.
STAMP = b"\x00"
STAMP_DIGITS = 13
CONTINUED = b"\x00"
# A line of its own between what the init phase wrote and what the handler wrote; readers do without where it is missing.
INIT_END = b"\x00init"
# A line of its own where an init phase had failed by then: JSON of a `FailedInit` follows, whose members are its own.
INIT_FAILED = b"\x00failed "


def packets(message: bytes) -> list[bytes]:
    """`message` (header and body) as the packets that carry it."""
    if len(message) <= PACKET:
        return [message]
    step = PACKET - 1
    rest = range(PACKET, len(message), step)
    return [message[:PACKET], *(MORE + message[i : i + step] for i in rest)]
