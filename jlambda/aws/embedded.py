"""``python -m jlambda.aws.embedded CONTROL``: moto, run for one session, and gone with it.

`CONTROL` is a socket on which the session hands over connections. Its end, however the session ended, is the end of this
process. A connection carries one request at a time, as frames; a thread of its own answers them.
"""

from __future__ import annotations

import array
import io
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from jlambda.aws import hooks, moto_queues, moto_request
from jlambda.aws.frames import FAULT, FORGET, LENGTHS, PIECE, head_of

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
#: larger bodies are kept on the disk until moto reads them
_IN_MEMORY = 1 << 23


def main() -> None:
    """Take connections until the session is gone."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    control = socket.socket(fileno=int(sys.argv[1]))
    with control.makefile("rb", buffering=0) as lines:
        gateway = json.loads(lines.readline() or "{}")
    try:
        application = _make_application(gateway)
    except Exception as error:  # whatever is wrong with what is installed: the session says it
        control.sendall(f"{type(error).__name__}: {error}".encode())
        sys.exit(1)
    threading.Thread(target=_take_connections, args=(control, application), daemon=True).start()
    # the control socket is looked at by a thread, so that this one is free for what Python gives the main thread alone
    threading.Event().wait()


def _take_connections(control: socket.socket, application: Application) -> None:
    try:
        while True:
            data, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(4))
            if not data:
                break
            for level, kind, handed in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    (fd,) = array.array("i", handed[:4])
                    connection = socket.socket(fileno=fd)
                    threading.Thread(target=_serve, args=(connection, application), daemon=True).start()
    finally:
        os._exit(0)


def _make_application(gateway: dict[str, Any]) -> Application:
    hooks.prepare(gateway)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    moto_queues.quicken()
    moto_queues.keep_system_attributes()
    moto_queues.follow_traces()
    application: Application = DomainDispatcherApplication(create_backend_app)
    return application


def _serve(connection: socket.socket, application: Application) -> None:
    """Answer the requests of one connection, until its other end is closed."""
    with connection, connection.makefile("rb") as stream:
        while lengths := stream.read(LENGTHS.size):
            head_length, body_length = LENGTHS.unpack(lengths)
            head = json.loads(stream.read(head_length))
            with SpooledTemporaryFile(_IN_MEMORY) as body:
                _copy(stream, body, body_length)
                body.seek(0)
                if head["method"] == FORGET:
                    hooks.forget_messages(json.load(body))
                    connection.sendall(head_of({"status": 200, "headers": [], "pushes": []}, 0))
                    continue
                pushes = moto_request.begin(head["seed"], head["at"], _trace(head))
                status, headers, answer = _answer(application, head, body, body_length)
            length = sum(map(len, answer))
            reply = head_of({"status": status, "headers": headers, "pushes": pushes}, length)
            connection.sendall(reply + (answer[0] if answer else b""))
            for piece in answer[1:]:
                connection.sendall(piece)


def _trace(head: dict[str, Any]) -> str | None:
    """The trace header of a request; messages that are sent as such have theirs in themselves."""
    return (
        next((value for name, value in head["headers"] if name == "x-amzn-trace-id"), None)
        if head["service"] != "sqs"
        else None
    )


def _copy(stream: io.BufferedIOBase, body: IO[bytes], length: int) -> None:
    while length:
        piece = stream.read(min(length, PIECE))
        if not piece:
            raise EOFError("the session went away in the middle of a request")
        body.write(piece)
        length -= len(piece)


def _answer(
    application: Application, head: dict[str, Any], body: IO[bytes], length: int
) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], None]:
        started[:] = [int(status.split(" ", 1)[0]), headers]
        return early.append

    early: list[bytes] = []
    try:
        hooks.prepare_service(head["service"])
        answer = application(_environ(head, body, length), start)
        try:
            pieces = [*early, *answer]
        finally:
            close = getattr(answer, "close", None)
            if close:
                close()
    except Exception:  # moto's own mistakes are told to whoever asked, and what is not installed
        return FAULT, [], [traceback.format_exc().encode()]
    return started[0], started[1], [piece for piece in pieces if piece]


def _environ(head: dict[str, Any], body: IO[bytes], length: int) -> dict[str, Any]:
    """The request as WSGI has it, and as moto's own server would give it."""
    from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header

    query, path = head["query"], head["path"]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": f"{path}?{query}" if query else path,
        "RAW_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": head["port"],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    underscored: dict[str, str] = {}
    for name, value in head["headers"]:
        key = environ_key_for_header(name)
        environ[key] = f"{environ[key]},{value}" if key in environ else value
        if "_" in name:  # metadata of S3 objects, whose names moto gives back as they came
            underscored[key] = name
    environ["CONTENT_LENGTH"] = str(length)
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = underscored
    return environ


if __name__ == "__main__":
    main()
