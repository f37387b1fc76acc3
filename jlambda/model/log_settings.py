"""How a function logs: Lambda's LoggingConfig, and what each of its members may be.

Holds the rules alone; what they do to a log is `jlambda.runtimes.logs`'s and `jlambda.telemetry.logs`'s part.
"""

from __future__ import annotations

import re

from jlambda.errors import InvalidParameter

# https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
TEXT, JSON = "Text", "JSON"
LOG_FORMATS = (TEXT, JSON)
APPLICATION_LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
SYSTEM_LOG_LEVELS = ("DEBUG", "INFO", "WARN")
_LOG_GROUP = re.compile(r"[\.\-_/#A-Za-z0-9]{1,512}")
#: of both kinds, where the format is JSON and no other level was asked for (recorded on AWS)
_DEFAULT_LEVEL = "INFO"
# The service's own words, as a deployment through CloudFormation showed them (https://github.com/aws/aws-cdk/pull/28045).
_NO_LEVELS_FOR_TEXT = (
    'LogLevel is not supported when LogFormat is set to "Text". '
    'Remove LogLevel from your request or change the LogFormat to "Json" and try again.'
)


def default_log_group(function: str) -> str:
    """The log group of a function that names no other."""
    return f"/aws/lambda/{function}"


def log_levels(
    log_format: str, asked: tuple[str | None, str | None], before: tuple[str | None, str | None]
) -> tuple[str | None, str | None]:
    """The application and the system level of a function in this format: those asked for, else those from before.

    JSON has INFO where there was none, text has no levels. Raises `InvalidParameter` where levels are asked for all the same.
    """
    if log_format == TEXT:
        if asked != (None, None):
            raise InvalidParameter(_NO_LEVELS_FOR_TEXT)
        return None, None
    return asked[0] or before[0] or _DEFAULT_LEVEL, asked[1] or before[1] or _DEFAULT_LEVEL


def check_log_settings(log_format: str, application_level: str | None, system_level: str | None, log_group: str) -> None:
    """Hold a function's settings to the rules. Raises `InvalidParameter`."""
    check_choice("log format", log_format, LOG_FORMATS)
    if log_format == TEXT:
        if application_level is not None or system_level is not None:
            raise InvalidParameter(_NO_LEVELS_FOR_TEXT)
    else:
        check_choice("log level", application_level, APPLICATION_LOG_LEVELS)
        check_choice("system log level", system_level, SYSTEM_LOG_LEVELS)
    if not isinstance(log_group, str) or not _LOG_GROUP.fullmatch(log_group):
        raise InvalidParameter(f"log group {log_group!r}: use letters, digits and . - _ / #, at most 512 characters")


def check_choice(what: str, value: object, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of `allowed`, else an `InvalidParameter` that lists them."""
    if not isinstance(value, str) or value not in allowed:
        raise InvalidParameter(f"{what} {value!r}: use {', '.join(allowed[:-1])} or {allowed[-1]}")
    return value
