"""Records, requests and limits."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.model.invocation import Request
from jlambda.model.limits import check_range
from tests.samples import STREAM, a_record


def test_the_environment_is_the_end_of_its_log_stream() -> None:
    """32 hex digits; none where no environment took the invocation."""
    assert a_record().environment_id == STREAM[-32:]
    assert a_record(log_stream="").environment_id == ""


@pytest.mark.parametrize(
    ("member", "value"),
    [("qualifier", "prod"), ("client_context", "{}"), ("cognito_identity", "{}"), ("trace_id", "Root=1-2-3")],
)
def test_a_request_with_more_than_an_event_is_unusual(member: str, value: str) -> None:
    """Only what the environment must be told besides the event and the request id counts."""
    usual = Request("r", b"{}", trigger="sqs", attempt=3)
    assert not usual.is_unusual()
    assert usual._replace(**{member: value}).is_unusual()  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1, 5])
def test_a_value_in_range_is_returned(value: int) -> None:
    """Both ends are in it."""
    assert check_range("thing", value, range(1, 6), "cm") == value


@pytest.mark.parametrize("value", [0, 6, 1.0, "1", None, True])
def test_a_value_out_of_range_is_refused(value: object) -> None:
    """With its name, itself, and what is allowed."""
    with pytest.raises(InvalidParameter) as caught:
        check_range("thing", value, range(1, 6), "cm")
    assert str(caught.value) == f"thing is {value!r}; it must be a whole number from 1 to 5 cm"
