"""The socket that a gateway listens on: of 127.0.0.1 and nothing else. It costs next to nothing before there is a gateway."""

from __future__ import annotations

import socket

from jlambda.errors import StateError


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on a port of 127.0.0.1, 0 for a free one. Raises `StateError`."""
    # Named with its protocol: asyncio switches Nagle's algorithm off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StateError(f"the gateway cannot listen on 127.0.0.1:{port} ({error.strerror}): choose another port") from None
    return listener
