"""What policies allow and deny."""

from __future__ import annotations

from typing import Any

import pytest

from jlambda.model.access import ANYONE, Question, verdict
from jlambda.model.policy import permission

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
USER = "arn:aws:iam::123456789012:user/ada"
ROUTE = "arn:aws:execute-api:us-east-1:123456789012:api1/prod/GET/items"


def allow(**members: Any) -> dict[str, Any]:
    """A statement that allows everyone to invoke the function, changed by `members`."""
    return {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": ARN, **members}


ASKED = Question(USER, "lambda:InvokeFunction", ARN)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (allow(), True),
        (allow(Action="lambda:*"), True),
        (allow(Action=["lambda:GetFunction", "LAMBDA:invokefunction"]), True),
        (allow(Action="lambda:GetFunction"), None),
        (allow(Resource=ARN + ":*"), None),
        (allow(Resource="arn:aws:lambda:*:*:function:?"), True),
        (allow(Principal={"AWS": "*"}), True),
        (allow(Principal={"AWS": "123456789012"}), True),
        (allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}), True),
        (allow(Principal={"AWS": USER}), True),
        (allow(Principal={"AWS": "arn:aws:iam::999999999999:root"}), None),
        (allow(Principal={"Service": "s3.amazonaws.com"}), None),
        (allow(Effect="Deny"), False),
        (allow(Condition={"StringEquals": {"aws:x": "1"}}), None),
        (allow(Condition={"Mystery": {"AWS:SourceAccount": "1"}}), None),
        (allow(Effect="Deny", Condition={"StringNotEquals": {"AWS:SourceAccount": "1"}}), False),
    ],
)
def test_one_statement(statement: dict[str, Any], expected: bool | None) -> None:
    """Principal, action, resource and conditions must all agree."""
    assert verdict([statement], ASKED) is expected


def test_a_denial_wins() -> None:
    """Whatever else allows it, and wherever it stands."""
    denial = allow(Effect="Deny", Principal={"AWS": USER})
    assert verdict([allow(), denial], ASKED) is verdict([denial, allow()], ASKED) is False
    assert verdict([], ASKED) is None


def test_a_stranger_is_everybody_and_nobody() -> None:
    """Only what is for everyone is for someone who does not say who they are."""
    stranger = Question(ANYONE, "lambda:InvokeFunction", ARN)
    assert verdict([allow()], stranger) is True
    assert verdict([allow(Principal={"AWS": "123456789012"})], stranger) is None
    assert verdict([allow(Principal={"Service": "*"})], stranger) is None


def test_what_add_permission_makes() -> None:
    """The conditions of its members are those that are asked about."""
    service = "apigateway.amazonaws.com"
    pattern = "arn:aws:execute-api:us-east-1:123456789012:api1/*/GET/items"
    made = permission("s", "lambda:InvokeFunction", service, ARN, {"SourceArn": pattern, "SourceAccount": "123456789012"})
    keys = {"aws:sourcearn": ROUTE, "aws:sourceaccount": "123456789012"}
    assert verdict([made], Question(service, "lambda:InvokeFunction", ARN, keys)) is True
    assert verdict([made], Question(service, "lambda:InvokeFunction", ARN, {**keys, "aws:sourcearn": "arn:x"})) is None
    public = permission("p", "lambda:InvokeFunctionUrl", "*", ARN, {"FunctionUrlAuthType": "NONE"})
    asked = Question(ANYONE, "lambda:InvokeFunctionUrl", ARN, {"lambda:functionurlauthtype": "NONE"})
    assert verdict([public], asked) is True
    via = permission("v", "lambda:InvokeFunction", "*", ARN, {"InvokedViaFunctionUrl": True})
    asked = Question(ANYONE, "lambda:InvokeFunction", ARN, {"lambda:invokedviafunctionurl": "true"})
    assert verdict([via], asked) is True
    assert verdict([via], Question(ANYONE, "lambda:InvokeFunction", ARN)) is None
