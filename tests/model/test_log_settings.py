"""LoggingConfig: formats, levels and groups that Lambda takes, and what becomes of levels when the format changes."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.model.function import FunctionConfiguration
from jlambda.model.log_settings import log_levels


@pytest.mark.parametrize(
    ("log_format", "asked", "before", "levels"),
    [
        ("Text", (None, None), (None, None), (None, None)),
        ("JSON", (None, None), (None, None), ("INFO", "INFO")),
        ("JSON", ("DEBUG", None), (None, None), ("DEBUG", "INFO")),
        ("JSON", (None, "WARN"), ("DEBUG", "INFO"), ("DEBUG", "WARN")),
        ("Text", (None, None), ("DEBUG", "WARN"), (None, None)),
    ],
)
def test_levels_follow_the_format(
    log_format: str,
    asked: tuple[str | None, str | None],
    before: tuple[str | None, str | None],
    levels: tuple[str | None, str | None],
) -> None:
    """JSON fills in INFO and keeps what was set; text has none (recorded on AWS)."""
    assert log_levels(log_format, asked, before) == levels


def test_text_has_no_levels() -> None:
    """Asked for all the same, they are refused in AWS's words."""
    said = 'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change'
    with pytest.raises(InvalidParameter, match=said):
        log_levels("Text", ("DEBUG", None), (None, None))
    with pytest.raises(InvalidParameter, match=said):
        FunctionConfiguration("f", system_log_level="INFO").checked()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"log_format": "json"}, "log format 'json': use Text or JSON"),
        ({"application_log_level": "LOUD"}, "log level 'LOUD': use TRACE, DEBUG, INFO, WARN, ERROR or FATAL"),
        ({"system_log_level": "ERROR"}, "system log level 'ERROR': use DEBUG, INFO or WARN"),
        ({"log_group": "my group"}, "log group 'my group': use letters, digits and . - _ / #, at most 512 characters"),
        ({"log_group": "x" * 513}, "at most 512 characters"),
    ],
)
def test_what_is_no_setting_is_refused(changes: dict[str, str], message: str) -> None:
    """In one line that says what is allowed."""
    given = {"log_format": "JSON", "application_log_level": "INFO", "system_log_level": "INFO", **changes}
    with pytest.raises(InvalidParameter) as refused:
        FunctionConfiguration("f", **given).checked()  # type: ignore[arg-type]
    assert message in str(refused.value)


def test_a_function_has_a_log_group_of_its_own() -> None:
    """Named after it, unless it names another."""
    assert FunctionConfiguration("f").log_group == "/aws/lambda/f"
    assert FunctionConfiguration("f", log_group="shared").checked().log_group == "shared"
