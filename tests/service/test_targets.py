"""What belongs to functions, versions and aliases is told when they are not there."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.service.targets import Targets

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.mark.parametrize(
    ("reference", "qualifier", "found"),
    [
        ("f", None, ("f", None)),
        ("f", "1", ("f", "1")),
        ("f:1", None, ("f", "1")),
        ("f:1", "1", ("f", "1")),
        (f"{ARN}f:live", None, ("f", "live")),
        ("123456789012:function:f", "$LATEST", ("f", "$LATEST")),
    ],
)
def test_a_qualifier_may_stand_in_two_places(
    targets: Targets, reference: str, qualifier: str | None, found: tuple[str, str | None]
) -> None:
    """In the name or ARN, or apart from it."""
    assert targets.parse(reference, qualifier) == found


def test_two_qualifiers_must_agree(targets: Targets) -> None:
    """AWS's words where they do not."""
    said = "The derived qualifier from the function name does not match the specified qualifier."
    with pytest.raises(InvalidParameter, match=said):
        targets.parse("f:1", "2")


def test_what_is_there(targets: Targets) -> None:
    """The function, its $LATEST, its versions and its aliases."""
    assert [targets.has("f", each) for each in (None, "$LATEST", "1", "live")] == [True] * 4
    assert [targets.has("f", each) for each in ("2", "dead")] == [False] * 2
    assert [targets.has("h", each) for each in (None, "$LATEST", "1", "live")] == [False] * 4


@pytest.mark.parametrize(
    ("name", "qualifier", "said"),
    [
        ("h", None, f"Function not found: {ARN}h"),
        ("h", "1", f"Function not found: {ARN}h"),
        ("f", "2", f"Function not found: {ARN}f:2"),
        ("f", "dead", f"Cannot find alias arn: {ARN}f:dead"),
    ],
)
def test_what_is_not_there(targets: Targets, name: str, qualifier: str | None, said: str) -> None:
    """AWS's words, with the ARN."""
    targets.check("f", "live")
    with pytest.raises(ResourceNotFound) as caught:
        targets.check(name, qualifier)
    assert str(caught.value) == said


def test_some_things_belong_to_functions_only(targets: Targets) -> None:
    """Versions and aliases are refused there."""
    assert targets.unqualified(f"{ARN}f") == "f"
    with pytest.raises(InvalidParameter, match="Aliases and versions do not support this operation"):
        targets.unqualified("f:1")
    with pytest.raises(ResourceNotFound, match="Function not found"):
        targets.unqualified("h")
