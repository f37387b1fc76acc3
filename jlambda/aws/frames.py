"""What passes between the gateway and the embedded services' process: a head of JSON, then a body of any size.

Both ends use it. The sockets are pairs that the gateway makes and hands over: nothing listens, so nobody else can connect.
"""

from __future__ import annotations

import json
import struct
from typing import Any

#: the lengths of head and body that a frame begins with
LENGTHS = struct.Struct(">IQ")
#: the status of a reply whose body is a traceback: moto could not carry the request out
FAULT = 0
#: the method of a request of ours, whose body is a list of ids: messages of queues that are to be gone
FORGET = "FORGET-MESSAGES"
#: bodies are read and sent in pieces of so much
PIECE = 1 << 18


def head_of(head: dict[str, Any], body_length: int) -> bytes:
    """The beginning of a frame, after which its body follows."""
    encoded = json.dumps(head).encode()
    return LENGTHS.pack(len(encoded), body_length) + encoded
