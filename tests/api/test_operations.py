"""The table of operations, held to botocore's model of the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from jlambda.api import shapes
from jlambda.api.operations import Routes, UnknownOperation
from jlambda.api.table import OPERATIONS

RECORDED = Path(__file__).with_name("operations.txt").read_text().split()
ROUTES = Routes(OPERATIONS)


def test_no_operation_is_missing() -> None:
    """All 91 that were recorded, and all that the installed botocore knows, are in the table."""
    assert len(RECORDED) == 91
    assert sorted(OPERATIONS) == RECORDED
    assert set(shapes.service_model().operation_names) <= set(OPERATIONS)


#: statuses that were recorded on AWS, and that the model has otherwise
RECORDED_STATUS = {"DeleteFunction": 204}


@pytest.mark.parametrize("name", RECORDED)
def test_method_path_and_status_are_those_of_the_model(name: str) -> None:
    """Nothing in the table is made up; what AWS does wins over what its model says."""
    operation, http = OPERATIONS[name], shapes.service_model().operation_model(name).http
    assert (operation.method, operation.uri) == (http["method"], http["requestUri"])
    assert operation.status == RECORDED_STATUS.get(name, http["responseCode"])


@pytest.mark.parametrize("name", RECORDED)
def test_every_operation_is_found(name: str) -> None:
    """By its method and path, with whatever is in the path percent-encoded."""
    operation = OPERATIONS[name]
    path = operation.uri.partition("?")[0]
    members = [part[1:].partition("}")[0] for part in path.split("/") if part.startswith("{")]
    for member in members:
        path = path.replace(f"{{{member}}}", f"arn%3Aaws%2F{member}")
    match = ROUTES.find(operation.method, path, shapes.required_query(operation.uri))
    assert match.operation is operation
    assert match.labels == {member: f"arn:aws/{member}" for member in members}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", ""),
        ("GET", "//"),
        ("PATCH", "/2015-03-31/functions"),
        ("GET", "/2015-03-31/nothing"),
        ("GET", "/2015-03-31/functions/f/nothing"),
        ("GET", "/2015-03-31/functions//configuration"),
        ("GET", "/2019-01-01/functions"),
    ],
)
def test_what_is_no_operation(method: str, path: str) -> None:
    """AWS does not say that there is none: it says that it cannot tell whether it is allowed."""
    with pytest.raises(UnknownOperation, match=r"^Unable to determine service/operation name to be authorized$"):
        ROUTES.find(method, path, {})


@pytest.mark.parametrize("name", RECORDED)
def test_all_patterns_of_the_model_can_be_used(name: str) -> None:
    """Every operation's request can be read."""
    form = shapes.form(name)
    assert form is not None
    assert form.operation == name
