"""Resource-based policies as AWS renders them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter, PolicyLengthExceeded
from jlambda.model.policy import POLICY_BYTES, Policy, compact, permission, read_policy

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


def test_a_permission_is_a_statement() -> None:
    """Members in AWS's order, without a space, the conditions by operator."""
    conditions = {"SourceArn": "arn:aws:s3:::b", "SourceAccount": "123456789012", "Qualifier": "1"}
    assert compact(permission("s1", "lambda:InvokeFunction", "s3.amazonaws.com", ARN, conditions)) == (
        '{"Sid":"s1","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"{ARN}","Condition":{{"StringEquals":{{"AWS:SourceAccount":"123456789012"}},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}'
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("*", "*"),
        ("123456789012", {"AWS": "arn:aws:iam::123456789012:root"}),
        ("arn:aws:iam::123456789012:user/ada", {"AWS": "arn:aws:iam::123456789012:user/ada"}),
        ("events.amazonaws.com", {"Service": "events.amazonaws.com"}),
        ("alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
    ],
)
def test_principals(given: str, shown: object) -> None:
    """Everybody, an account, an identity or a service."""
    assert permission("s", "lambda:*", given, ARN, {})["Principal"] == shown


@pytest.mark.parametrize("principal", ["", "invalid.nonaws.com", "arn:aws:s3:::b", "12345", "* "])
def test_what_is_no_principal(principal: str) -> None:
    """AWS's words."""
    with pytest.raises(
        InvalidParameter, match=r"^The provided principal was invalid\. Please check the principal and try again\.$"
    ):
        permission("s", "lambda:*", principal, ARN, {})


@pytest.mark.parametrize(
    ("member", "value", "condition"),
    [
        ("FunctionUrlAuthType", "NONE", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        ("EventSourceToken", "t", {"StringEquals": {"lambda:EventSourceToken": "t"}}),
        ("PrincipalOrgID", "o-1234567890", {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        ("OrganizationId", "o-1234567890", {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}),
        ("InvokedViaFunctionUrl", True, {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
    ],
)
def test_conditions(member: str, value: object, condition: object) -> None:
    """Each member of the request has its operator and key."""
    assert permission("s", "lambda:*", "*", ARN, {member: value})["Condition"] == condition


statements = st.builds(
    permission,
    st.from_regex("[a-zA-Z0-9_-]{1,100}", fullmatch=True),
    st.sampled_from(["lambda:InvokeFunction", "lambda:*"]),
    st.sampled_from(["*", "s3.amazonaws.com", "123456789012"]),
    st.just(ARN),
    st.dictionaries(st.sampled_from(["SourceArn", "SourceAccount", "EventSourceToken"]), st.text(max_size=9), max_size=3),
)


@given(st.lists(statements, min_size=1, max_size=4))
def test_a_policy_can_be_read_back(given: list[dict[str, Any]]) -> None:
    """What a policy shows is what a policy of the same statements is read from."""
    policy = Policy(tuple(given), "r")
    assert read_policy(policy.document(), "r") == policy
    assert all(policy.has(statement["Sid"]) for statement in given)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "The policy is not JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "needs a Statement"),
        ('{"Statement": []}', "needs a Statement"),
        ('{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "*"}]}', "needs a Statement"),
        ('{"Version": "1", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}', "Version is 2012-10-17"),
        ('{"Id": 5, "Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}', "its Id is text"),
    ],
)
def test_what_is_no_policy(text: str, said: str) -> None:
    """One line that says what is wrong."""
    with pytest.raises(InvalidParameter, match=said) as caught:
        read_policy(text, "r")
    assert "\n" not in str(caught.value)


def test_a_policy_has_a_longest() -> None:
    """20,480 bytes, counted on the document that is shown."""
    room = POLICY_BYTES - len(Policy((permission("s", "lambda:*", "*", ARN, {"SourceArn": ""}),), "r").document())
    Policy((permission("s", "lambda:*", "*", ARN, {"SourceArn": "x" * room}),), "r").checked()
    with pytest.raises(PolicyLengthExceeded, match=r"The final policy size \(20481\) is bigger than the limit \(20480\)\."):
        Policy((permission("s", "lambda:*", "*", ARN, {"SourceArn": "x" * (room + 1)}),), "r").checked()


def test_one_statement_needs_no_list() -> None:
    """As in every policy of AWS; and a policy without an id has none."""
    text = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "lambda:*"}})
    assert read_policy(text, "r").document() == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"lambda:*"}]}'
    )
