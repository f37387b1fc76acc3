"""The Python runtime for interpreters other than the notebook's: one invocation after the other over the Runtime API.

Runs as the main program of an execution environment, with the standard library of whichever Python this is, and with those
modules of the fast path that make contexts, logs and error documents: a function sees no difference. Imports as little as
can be, since each function waits for it: `_socket` for `socket`, and what is not always needed where it is needed.
"""

from __future__ import annotations

import _socket as socket
import os
import sys

from jlambda.runtimes.context import Invocation, context_maker
from jlambda.runtimes.cpython.deferred import Deferred
from jlambda.runtimes.failure import INIT_WARNING, TaskRoot, error_document, error_record, error_text, is_json_wanted
from jlambda.runtimes.handler import IMPORTED_BY_AWS, load_handler, set_module_path, standard_path
from jlambda.runtimes.output import Output, open_streams
from jlambda.runtimes.payload import is_ascii_only, read_event, response_writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jlambda.runtimes.handler import Handler

_PREFIX = "/2018-06-01/runtime"
_EXTRA = {
    "client_context": "lambda-runtime-client-context",
    "cognito_identity": "lambda-runtime-cognito-identity",
    "tenant_id": "lambda-runtime-aws-tenant-id",
}


class Api:
    """One connection to the Runtime API, kept open."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self._host = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.connect((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = open(self._socket.fileno(), "rb", 262_144, closefd=False)  # noqa: SIM115 as long as this process

    def next(self) -> tuple[dict[str, str], bytes]:
        """The headers of the next invocation, and its event."""
        return self._ask(f"GET {_PREFIX}/invocation/next HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())[1:]

    def post(self, path: str, body: bytes, error_type: str = "", content_type: str = "application/json") -> int:
        """Post a response or an error; the status of the answer."""
        head = f"POST {_PREFIX}{path} HTTP/1.1\r\nHost: {self._host}\r\n"
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        if error_type:
            head += f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        return self._ask(head.encode() + b"\r\n" + body)[0]

    def _ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        self._socket.sendall(request)
        first = self._file.readline()
        if not first:
            os._exit(0)  # the environment is being ended
        headers = {}
        while True:
            line = self._file.readline().strip()
            if not line:
                break
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(first.split(b" ")[1]), headers, self._file.read(int(headers.get("content-length", 0)))


class Runtime:
    """The parts of the runtime, made once, before any code of the function runs."""

    def __init__(self, layers_root: str) -> None:
        self._api = Api(os.environ["AWS_LAMBDA_RUNTIME_API"])
        self._root = TaskRoot(os.environ["LAMBDA_TASK_ROOT"])
        self._output, self._invocation = Output(1), Invocation()
        self._write_response = response_writer(is_ascii_only(os.environ.get("AWS_EXECUTION_ENV", "")))
        open_streams(self._output)
        self._is_json = is_json_wanted(os.environ)
        Deferred(IMPORTED_BY_AWS, standard_path(), self._set_up_logging).install()
        installed = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        set_module_path(self._root.real, layers_root, installed)
        self._make_context = context_maker("")

    def _set_up_logging(self) -> None:
        from jlambda.runtimes.logs import set_up

        set_up(self._output, os.environ, self._invocation)

    def load(self, name: str) -> Handler:
        """The handler; this process ends where there is none, and Lambda is told why."""
        try:
            return load_handler(name, self._root)
        except Exception as error:
            import logging

            logging.warning(INIT_WARNING)
            document = error_document(error, "", self._root)
            self._api.post("/init/error", self._report(document), str(document["errorType"]))
            sys.exit(1)

    def serve_one(self, handler: Handler) -> None:
        """Answer one invocation."""
        headers, body = self._api.next()
        request_id = headers["lambda-runtime-aws-request-id"]
        self._invocation.request_id = request_id
        if "lambda-runtime-trace-id" in headers:
            os.environ["_X_AMZN_TRACE_ID"] = headers["lambda-runtime-trace-id"]
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        extra = {name: headers[header] for name, header in _EXTRA.items() if header in headers}
        self._invocation.tenant_id = extra.get("tenant_id")
        path = f"/invocation/{request_id}"
        try:
            context = self._make_context(request_id, int(headers["lambda-runtime-deadline-ms"]), extra)
            context.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
            response = handler(read_event(body), context)
            if isinstance(response, bytes):
                data, kind = response, "application/unknown"
            else:
                data, kind = self._write_response(response).encode(), "application/json"
        except Exception as error:
            document = error_document(error, request_id, self._root)
            data = self._report(document)
            self._output.end()
            self._api.post(f"{path}/error", data, str(document["errorType"]))
            return
        self._output.end()
        if self._api.post(f"{path}/response", data, content_type=kind) == 413:
            self._output.log("[ERROR] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.")

    def _report(self, document: dict[str, object]) -> bytes:
        """Log an error document, and return it as it goes to the caller."""
        self._output.log(self._write_response(error_record(document)) if self._is_json else error_text(document))
        return self._write_response(document).encode()


def main() -> None:
    """The whole life of the process; ends by `sys.exit`, or by what the function raises that is no `Exception`."""
    runtime = Runtime(sys.argv[1])
    sys.argv = ["/var/runtime/bootstrap.py"]
    handler = runtime.load(os.environ["_HANDLER"])
    while True:
        runtime.serve_one(handler)


if __name__ == "__main__":
    main()
