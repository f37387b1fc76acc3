"""An HTTP endpoint for integrations to lead to, which answers with what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: lets go those who asked for /wait
    go_on: threading.Event

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith("/wait"):
            self.go_on.wait(30)
        status = 404 if self.path.startswith("/missing") else 200
        told = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": content.decode("latin-1"),
        }
        body = b"\x89PNG" if self.path.startswith("/png") else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "image/png" if self.path.startswith("/png") else "application/json")
        self.send_header("X-Endpoint", "echo")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names by which it is called

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echo() -> Iterator[str]:
    """The address of an endpoint; it ends with the block, and with it whoever waits."""

    class Echo(_Echo):
        go_on = threading.Event()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Echo.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
