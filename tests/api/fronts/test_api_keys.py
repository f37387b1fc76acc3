"""API keys, usage plans and user pools, made through boto3."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import jlambda
from tests.api.conftest import Functions
from tests.api.fronts.rest import Rest


class Plans:
    """Keys and plans of the API of a test."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def key(self, **plan: Any) -> str:
        """The value of a new key, in a plan of its own for stage ``dev``."""
        client = self._rest.client
        made = client.create_api_key(name="k", enabled=True)
        stages = [{"apiId": self._rest.id, "stage": "dev"}]
        plan_id = client.create_usage_plan(name="p", apiStages=stages, **plan)["id"]
        client.create_usage_plan_key(usagePlanId=plan_id, keyId=made["id"], keyType="API_KEY")
        self.id: str = made["id"]
        self.plan: str = plan_id
        return str(made["value"])


@pytest.fixture
def plans(rest: Rest) -> Plans:
    """A method that needs a key, deployed."""
    rest.permit("f")
    rest.method("x", "GET", apiKeyRequired=True)
    rest.deploy()
    return Plans(rest)


def test_a_method_may_need_a_key(rest: Rest, plans: Plans) -> None:
    """The function is told which it was; without one, or with one that is disabled or of no plan, nothing runs."""
    value = plans.key()
    identity = rest.ask("/x", **{"x-api-key": value}).json()["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == (value, plans.id)
    other = rest.client.create_api_key(name="other", enabled=True)["value"]
    for headers in ({}, {"x-api-key": "wrong"}, {"x-api-key": other}):
        seen = rest.ask("/x", **headers)
        assert (seen.status, seen.json(), seen.headers["x-amzn-errortype"]) == (
            403,
            {"message": "Forbidden"},
            "ForbiddenException",
        )
    off = [{"op": "replace", "path": "/enabled", "value": "false"}]
    rest.client.update_api_key(apiKey=plans.id, patchOperations=off)
    assert rest.ask("/x", **{"x-api-key": value}).status == 403


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"throttle": {"rateLimit": 0.001, "burstLimit": 2}}, ("Too Many Requests", "TooManyRequestsException")),
        ({"quota": {"limit": 2, "period": "MONTH"}}, ("Limit Exceeded", "LimitExceededException")),
    ],
)
def test_a_plan_says_how_often(rest: Rest, plans: Plans, plan: Any, said: tuple[str, str]) -> None:
    """Each key has its own; who has had it all is told so."""
    value = plans.key(**plan)
    assert [rest.ask("/x", **{"x-api-key": value}).status for _ in range(2)] == [200, 200]
    seen = rest.ask("/x", **{"x-api-key": value})
    assert (seen.status, seen.json()["message"], seen.headers["x-amzn-errortype"]) == (429, *said)
    assert rest.ask("/x", **{"x-api-key": plans.key(**plan)}).status == 200


def test_a_quota_is_there_again(rest: Rest, plans: Plans, shared: jlambda.Session) -> None:
    """With the next period, by the session's clock."""
    value = plans.key(quota={"limit": 1, "period": "DAY"})
    assert [rest.ask("/x", **{"x-api-key": value}).status for _ in range(2)] == [200, 429]
    shared.clock.advance("1 day")
    assert rest.ask("/x", **{"x-api-key": value}).status == 200


def test_usage_is_told_and_kept(rest: Rest, plans: Plans, shared: jlambda.Session) -> None:
    """By day, of each key, with what was left; more may be granted."""
    value = plans.key(quota={"limit": 5, "period": "MONTH", "offset": 1})
    today = datetime.fromtimestamp(shared.clock.now(), UTC).date()
    for _ in range(3):
        rest.ask("/x", **{"x-api-key": value})
    days = {"startDate": str(today - timedelta(days=1)), "endDate": str(today)}
    told = rest.client.get_usage(usagePlanId=plans.plan, **days)
    assert (told["items"], told["endDate"]) == ({plans.id: [[0, 5 if today.day == 1 else 4], [3, 1]]}, str(today))
    assert [rest.ask("/x", **{"x-api-key": value}).status for _ in range(2)] == [200, 429]
    more = [{"op": "replace", "path": "/remaining", "value": "1"}]
    granted = rest.client.update_usage(usagePlanId=plans.plan, keyId=plans.id, patchOperations=more)
    assert granted["items"] == {plans.id: [[4, 1]]}
    assert [rest.ask("/x", **{"x-api-key": value}).status for _ in range(2)] == [200, 429]
    assert rest.client.get_usage(usagePlanId=plans.plan, keyId="other", **days)["items"] == {}
    with pytest.raises(rest.client.exceptions.NotFoundException):
        rest.client.get_usage(usagePlanId="none", **days)
    with pytest.raises(rest.client.exceptions.BadRequestException):
        rest.client.get_usage(usagePlanId=plans.plan, startDate=str(today), endDate="yesterday")


def test_an_authorizer_may_know_the_key(rest: Rest, plans: Plans, create: Functions) -> None:
    """Where the API says so."""
    value = plans.key()
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
    answer = {"principalId": "ada", "policyDocument": {"Statement": [statement]}, "usageIdentifierKey": value}
    create("auth", f"def handler(event, context): return {answer!r}\n")
    rest.permit("auth", "authorizers/*")
    made = rest.client.create_authorizer(restApiId=rest.id, name="a", type="TOKEN", authorizerUri=rest.uri("auth"))
    source = [{"op": "replace", "path": "/apiKeySource", "value": "AUTHORIZER"}]
    rest.client.update_rest_api(restApiId=rest.id, patchOperations=source)
    rest.method("y", "GET", apiKeyRequired=True, authorizationType="CUSTOM", authorizerId=made["id"])
    rest.deploy()
    identity = rest.ask("/y", authorization="anything").json()["requestContext"]["identity"]
    assert identity["apiKeyId"] == plans.id
    assert rest.ask("/x", **{"x-api-key": value}).status == 403  # nobody asked an authorizer


def test_a_user_pool(rest: Rest, shared: jlambda.Session) -> None:
    """Its members' identity tokens open a method, and their claims are told; with scopes it takes an access token."""
    cognito = shared.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="app", ExplicitAuthFlows=flows)["UserPoolClient"]
    cognito.admin_create_user(UserPoolId=pool["Id"], Username="ada")
    cognito.admin_set_user_password(UserPoolId=pool["Id"], Username="ada", Password="Passw0rd!", Permanent=True)
    tokens = cognito.admin_initiate_auth(
        UserPoolId=pool["Id"],
        ClientId=app["ClientId"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Passw0rd!"},
    )["AuthenticationResult"]
    source = "method.request.header.Authorization"
    made = rest.client.create_authorizer(
        restApiId=rest.id, name="p", type="COGNITO_USER_POOLS", providerARNs=[pool["Arn"]], identitySource=source
    )
    rest.permit("f")
    members = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": made["id"]}
    rest.method("me", "GET", **members)
    rest.method("scoped", "GET", authorizationScopes=["aws.cognito.signin.user.admin"], **members)
    rest.deploy()
    claims = rest.ask("/me", authorization=f"Bearer {tokens['IdToken']}").json()["requestContext"]["authorizer"]["claims"]
    assert (claims["cognito:username"], claims["token_use"], claims["aud"]) == ("ada", "id", app["ClientId"])
    for token in ("", "none", tokens["AccessToken"], tokens["IdToken"][:-4] + "AAAA"):
        seen = rest.ask("/me", **({"authorization": token} if token else {}))
        assert (seen.status, seen.json()) == (401, {"message": "Unauthorized"})
    assert rest.ask("/scoped", authorization=tokens["IdToken"]).status == 401
