"""Error documents and their log lines."""

from __future__ import annotations

import traceback

from jlambda.runtimes import failure
from jlambda.runtimes.failure import TaskRoot, error_document, error_record, error_text, hide_runtime
from jlambda.runtimes.payload import ReportedError, read_event


def caught(function: object, *arguments: object) -> Exception:
    """What `function` raises."""
    try:
        function(*arguments)  # type: ignore[operator]
    except Exception as error:
        return error
    raise AssertionError("it raised nothing")


def test_code_folder_is_shown_as_var_task() -> None:
    """Where the sandbox could not mount the code at /var/task, documents name it so all the same."""
    root = TaskRoot("/home/me/code/abc/task")
    assert root.show("/home/me/code/abc/task/pkg/mod.py") == "/var/task/pkg/mod.py"
    assert root.show("/home/me/code/abc/task2/mod.py") == "/home/me/code/abc/task2/mod.py"
    assert TaskRoot("/var/task").show("/var/task/mod.py") == "/var/task/mod.py"


def test_frames_of_the_runtime_are_left_out() -> None:
    """A stack trace holds the function's frames only, wherever ours stand between them."""
    error = caught(read_event, b"{")
    assert isinstance(error, ReportedError)
    assert error_document(caught(compile, "x = =", "made.py", "exec"), "id", TaskRoot("/x"))["errorType"] == "SyntaxError"
    frames = error_document(caught(TaskRoot("/x").show, 7), "id", TaskRoot("/x"))["stackTrace"]
    assert isinstance(frames, list) and len(frames) == 1
    assert "tests/runtimes/test_failure.py" in frames[0]


def test_runtime_is_hidden_from_chains() -> None:
    """Nor do tracebacks that are printed when the process ends show them, down to the first cause."""

    def chain() -> None:
        try:
            TaskRoot("/x").show(7)  # type: ignore[arg-type]
        except AttributeError as error:
            raise RuntimeError from error

    error = caught(chain)
    error.__cause__.__context__ = error  # type: ignore[union-attr]
    hide_runtime(error)
    assert failure.__file__ not in "".join(traceback.format_tb(error.__traceback__))
    inner = error.__cause__.__traceback__  # type: ignore[union-attr]
    assert inner is not None and inner.tb_frame.f_code.co_name == "chain"


def test_text_of_an_error() -> None:
    """One line for type and message, one for the traceback, frames indented with no-break spaces."""
    document = {
        "errorMessage": "boom",
        "errorType": "E",
        "requestId": "id",
        "stackTrace": ['  File "f", line 1, in g\n    x\n'],
    }
    assert error_text(document) == (
        '[ERROR] E: boom\nTraceback (most recent call last):\n\u00a0\u00a0File "f", line 1, in g\n\u00a0\u00a0\u00a0\u00a0x'
    )
    assert error_text({**document, "errorMessage": "", "stackTrace": []}) == "[ERROR] E\nTraceback (most recent call last):"


def test_record_of_an_error() -> None:
    """In JSON the document follows time and level."""
    record = error_record({"errorMessage": "boom", "errorType": "E", "requestId": "id", "stackTrace": []})
    assert list(record) == ["timestamp", "level", "errorMessage", "errorType", "requestId", "stackTrace"]
    assert record["level"] == "ERROR"
