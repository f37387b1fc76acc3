"""Policies of functions and layer versions."""

from __future__ import annotations

import io
import threading
import zipfile
from typing import Any

import pytest

from jlambda.errors import InvalidParameter, LambdaError, PreconditionFailed, ResourceConflict, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.service.layers import Layers
from jlambda.service.permissions import Permissions
from jlambda.service.revision import Revisions
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.functions import Functions

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:tools"
EXISTS = "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement."
STALE = "The Revision Id provided does not match the latest Revision Id. Call the {} API to retrieve the latest Revision Id"


def request(statement_id: str = "s1", **members: Any) -> dict[str, Any]:
    """What AddPermission is asked."""
    return {"StatementId": statement_id, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **members}


def read(statement_id: str = "s1", **members: Any) -> dict[str, Any]:
    """What AddLayerVersionPermission is asked."""
    return {"StatementId": statement_id, "Action": "lambda:GetLayerVersion", "Principal": "*", **members}


@pytest.fixture
def permissions(database: Database, targets: Targets, layers: Layers) -> Permissions:
    """No policy yet; a layer ``tools`` with version 1."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", "1")
    layers.publish("tools", buffer.getvalue())
    return Permissions(database, targets, layers, Account(), threading.RLock(), Revisions(Functions(database), lambda _: None))


def test_each_qualifier_has_its_own_policy(permissions: Permissions) -> None:
    """The statement names the ARN that it was added to; every change is another revision; the last one out ends the policy."""
    assert permissions.add("f", None, request())["Resource"] == ARN
    assert permissions.add("f", "live", request())["Resource"] == f"{ARN}:live"
    assert permissions.add(f"{ARN}:1", None, request())["Resource"] == f"{ARN}:1"
    first = permissions.get("f")
    permissions.add("f", None, request("s2"))
    second = permissions.get("f", None)
    assert [statement["Sid"] for statement in second.statements] == ["s1", "s2"]
    assert first.revision_id != second.revision_id
    permissions.remove("f", None, "s1")
    assert [statement["Sid"] for statement in permissions.get("f").statements] == ["s2"]
    permissions.remove("f", None, "s2")
    with pytest.raises(ResourceNotFound, match=r"^The resource you requested does not exist\.$"):
        permissions.get("f")
    assert len(permissions.get("f", "live").statements) == 1


@pytest.mark.parametrize(
    ("act", "error", "said"),
    [
        (
            lambda p: p.add("f", None, request()),
            ResourceConflict,
            EXISTS,
        ),
        (
            lambda p: p.add("f", "$LATEST", request()),
            InvalidParameter,
            "We currently do not support adding policies for $LATEST.",
        ),
        (lambda p: p.add("h", None, request()), ResourceNotFound, f"Function not found: {ARN[:-1]}h"),
        (lambda p: p.add("f", "9", request()), ResourceNotFound, f"Function not found: {ARN}:9"),
        (lambda p: p.add("f", "dead", request()), ResourceNotFound, f"Cannot find alias arn: {ARN}:dead"),
        (
            lambda p: p.add("f", None, request("s2", Principal="invalid.nonaws.com")),
            InvalidParameter,
            "The provided principal was invalid. Please check the principal and try again.",
        ),
        (lambda p: p.get("h"), ResourceNotFound, "The resource you requested does not exist."),
        (lambda p: p.remove("h", None, "s1"), ResourceNotFound, f"No policy found for: {ARN[:-1]}h"),
        (lambda p: p.remove("f", None, "s9"), ResourceNotFound, "Statement s9 is not found in resource policy."),
        (lambda p: p.remove("f", "1", "s1"), ResourceNotFound, "Statement s1 is not found in resource policy."),
        (
            lambda p: p.add("f", None, request("s2", RevisionId="old")),
            PreconditionFailed,
            STALE.format("GetPolicy"),
        ),
        (
            lambda p: p.remove("f", None, "s1", "old"),
            PreconditionFailed,
            STALE.format("GetPolicy"),
        ),
        (
            lambda p: p.add_to_layer("tools", 1, read("s2", RevisionId="old")),
            PreconditionFailed,
            STALE.format("GetLayerPolicy"),
        ),
        (
            lambda p: p.add_to_layer("tools", 1, read()),
            ResourceConflict,
            EXISTS,
        ),
        (lambda p: p.add_to_layer("tools", 2, read()), ResourceNotFound, f"Layer version {LAYER}:2 does not exist."),
        (lambda p: p.get_of_layer("none", 1), ResourceNotFound, f"Layer version {LAYER[:-5]}none:1 does not exist."),
        (lambda p: p.remove_from_layer("tools", 1, "s9"), ResourceNotFound, "Statement s9 is not found in resource policy."),
        (lambda p: p.policy(f"{ARN}:1"), ResourceNotFound, "The resource you requested does not exist."),
        (
            lambda p: p.put_policy(f"{ARN}:$LATEST", "{}"),
            InvalidParameter,
            "We currently do not support adding policies for $LATEST.",
        ),
    ],
)
def test_what_is_refused_changes_nothing(permissions: Permissions, act: Any, error: type[LambdaError], said: str) -> None:
    """AWS's words, and the policies are as they were."""
    permissions.add("f", None, request())
    permissions.add_to_layer("tools", 1, read())
    before = permissions.get("f"), permissions.get_of_layer("tools", 1)
    with pytest.raises(error) as caught:
        act(permissions)
    assert caught.value.aws_message == said
    assert (permissions.get("f"), permissions.get_of_layer("tools", 1)) == before


def test_a_revision_that_is_the_latest_is_taken(permissions: Permissions) -> None:
    """Adding, removing, replacing and deleting with the present revision."""
    permissions.add("f", None, request())
    permissions.add("f", None, request("s2", RevisionId=permissions.get("f").revision_id))
    permissions.remove("f", None, "s1", permissions.get("f").revision_id)
    replaced = permissions.put_policy(ARN, permissions.get("f").document(), permissions.get("f").revision_id)
    permissions.delete_policy(ARN, replaced.revision_id)
    with pytest.raises(PreconditionFailed):  # there is none any more
        permissions.put_policy(ARN, replaced.document(), replaced.revision_id)


def test_layer_versions_have_policies(permissions: Permissions) -> None:
    """Added by the layer's name or ARN; the last statement out ends the policy."""
    statement, revision = permissions.add_to_layer(LAYER, 1, read(OrganizationId="o-1234567890"))
    assert statement["Resource"] == f"{LAYER}:1"
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
    assert permissions.get_of_layer("tools", 1).revision_id == revision
    permissions.remove_from_layer("tools", 1, "s1", revision)
    with pytest.raises(ResourceNotFound, match=r"^No policy is associated with the given resource\.$"):
        permissions.get_of_layer("tools", 1)


def test_whole_policies_and_statements_are_the_same_policy(permissions: Permissions) -> None:
    """What AddPermission made can be read and replaced as a whole, and the other way round."""
    permissions.add("f", None, request())
    policy = permissions.policy(ARN)
    assert policy == permissions.get("f")
    permissions.put_policy(f"{LAYER}:1", policy.document())
    assert permissions.get_of_layer("tools", 1).statements == policy.statements
    permissions.delete_policy(ARN)
    with pytest.raises(ResourceNotFound):
        permissions.get("f")
