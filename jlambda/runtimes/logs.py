"""Python's `logging` as AWS sets it up: one handler on the root logger, in AWS's text or JSON format.

`AWS_LAMBDA_LOG_FORMAT` and `AWS_LAMBDA_LOG_LEVEL` choose. Class and attribute names are AWS's, since libraries look
for them. https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Mapping

from jlambda.runtimes.context import Invocation
from jlambda.runtimes.failure import JSON_TIME, is_json_wanted
from jlambda.runtimes.output import Output

_TEXT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
# members of a record that are the record's own; all others were given by the caller as `extra`
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id", "tenant_id"}


class LambdaLoggerFilter(logging.Filter):
    """Gives each record the request id that the formatters show."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__()
        self._invocation = invocation

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self._invocation.request_id
        record.tenant_id = self._invocation.tenant_id
        return True


class LambdaLoggerHandler(logging.Handler):
    """Writes each record as one event. A record that cannot be formatted raises in the caller, as on AWS."""

    def __init__(self, log_sink: Output) -> None:
        super().__init__()
        self.log_sink = log_sink

    def emit(self, record: logging.LogRecord) -> None:
        self.log_sink.log(self.format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a record."""

    def __init__(self) -> None:
        super().__init__(datefmt=JSON_TIME)

    def format(self, record: logging.LogRecord) -> str:
        record.levelno = min(50, max(0, record.levelno)) // 10 * 10
        record.levelname = logging.getLevelName(record.levelno)
        kind, error, trace = record.exc_info or (None, None, None)
        members: dict[str, object] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if record.exc_info else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if record.exc_info else None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if record.exc_info else None,
            "tenantId": getattr(record, "tenant_id", None),
        }
        members.update((key, value) for key, value in vars(record).items() if key not in _OWN and key not in members)
        present = {key: value for key, value in members.items() if value is not None}
        return json.dumps(present, ensure_ascii=False, default=str) + "\n"


def set_up(output: Output, environment: Mapping[str, str], invocation: Invocation) -> bool:
    """Give the root logger AWS's one handler, and tell whether the format is JSON."""
    is_json = is_json_wanted(environment)
    level = environment.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
    handler = LambdaLoggerHandler(output)
    handler.setFormatter(JsonFormatter() if is_json else logging.Formatter(_TEXT, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(LambdaLoggerFilter(invocation))
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    root.handlers[:] = [handler]
    number = logging.getLevelName(level)
    root.setLevel(number if isinstance(number, int) else logging.WARNING)
    return is_json
