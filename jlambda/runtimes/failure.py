"""How a failure reads: the error document that the caller gets, and the lines that go to the log.

Both are AWS's, character by character. Frames of the runtime itself are left out of every stack trace.
"""

from __future__ import annotations

import os
import time

from jlambda.runtimes.payload import ReportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

# where this file was when it was compiled, which is what frames say of the others too
_HERE = (lambda: None).__code__.co_filename.rpartition(os.sep)[0] + os.sep
_NO_BREAK_SPACE = "\u00a0"

#: the time in JSON log lines, in UTC
JSON_TIME = "%Y-%m-%dT%H:%M:%SZ"

#: The warning that AWS's runtime logs before an error of the init phase.
INIT_WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in rare "
    "cases, a Lambda runtime update can cause unexpected function behavior. For functions using managed runtimes, "
    "runtime updates can be triggered by a function change, or can be applied automatically. To determine if the "
    "runtime has been updated, check the runtime version in the INIT_START log entry. If this error correlates with a "
    "change in the runtime version, you may be able to mitigate this error by temporarily rolling back to the previous "
    "runtime version. For more information, see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)


def is_json_wanted(environment: Mapping[str, str]) -> bool:
    """Whether the function's log format is JSON."""
    return environment.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


class TaskRoot:
    """Where the code really is, and where it says it is: ``/var/task``, also where the sandbox could not put it there."""

    __slots__ = ("real", "shown")

    def __init__(self, real: str, shown: str = "/var/task") -> None:
        self.real, self.shown = real, shown

    def show(self, path: str) -> str:
        """`path` as documents name it."""
        inside = path.startswith(self.real + os.sep)
        return self.shown + path[len(self.real) :] if inside else path


def error_document(error: Exception, request_id: str, root: TaskRoot) -> dict[str, object]:
    """The error document of an exception that left the handler or its module, or of a fault of the runtime.

    An exception may carry more members for its caller, as a dict in an attribute ``error_document_members``; AWS's
    documents have none. `jlambda.runtimes.call` sends the exception itself in this way.
    """
    if isinstance(error, ReportedError):
        kind, message, stack = error.error_type, error.message, list(error.stack)
    else:
        kind, message, stack = type(error).__name__, str(error), _frames(error.__traceback__, root)
    document: dict[str, object] = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack}
    return {**document, **getattr(error, "error_document_members", {})}


def error_text(document: Mapping[str, object]) -> str:
    """The error as the text format logs it; indentation becomes no-break spaces."""
    lines = [f"[ERROR] {document['errorType']}" + (f": {document['errorMessage']}" if document["errorMessage"] else "")]
    lines.append("Traceback (most recent call last):")
    stack = document["stackTrace"]
    assert isinstance(stack, list)
    for frame in stack:
        for line in frame.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append(_NO_BREAK_SPACE * (len(line) - len(text)) + text)
    return "\n".join(lines)


def error_record(document: Mapping[str, object]) -> dict[str, object]:
    """The error as the JSON format logs it."""
    return {"timestamp": time.strftime(JSON_TIME, time.gmtime()), "level": "ERROR", **document}


def hide_runtime(error: BaseException) -> None:
    """Cut the runtime's own frames off the tracebacks of `error` and of those that led to it."""
    todo = [error]
    done: set[int] = set()
    while todo:
        found = todo.pop()
        done.add(id(found))
        trace = found.__traceback__
        while trace and trace.tb_frame.f_code.co_filename.startswith(_HERE):
            trace = trace.tb_next
        found.__traceback__ = trace
        todo += [other for other in (found.__cause__, found.__context__) if other and id(other) not in done]


def _frames(trace: TracebackType | None, root: TaskRoot) -> list[str]:
    import traceback  # with `re` and more: not everybody fails

    return traceback.format_list(
        [
            (root.show(frame.filename), frame.lineno or 0, frame.name, frame.line)
            for frame in traceback.extract_tb(trace)
            if not frame.filename.startswith(_HERE)
        ]
    )
