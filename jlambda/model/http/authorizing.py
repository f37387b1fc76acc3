"""What a Lambda authorizer is asked, and what its answer means. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jlambda.model.access import ANYONE, Question, verdict
from jlambda.model.http.message import HttpRequest, Members


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an authorizer said: a simple yes or no, or a policy that covers this and other requests; and an API key, maybe."""

    context: Mapping[str, Any] = field(default_factory=dict)
    principal: str = ""
    is_authorized: bool | None = None
    policy: tuple[Mapping[str, Any], ...] = ()
    usage_key: str | None = None

    def allows(self, arn: str) -> bool:
        """Whether a request for this method ARN may pass."""
        if self.is_authorized is not None:
            return self.is_authorized
        statements = [{**each, "Principal": "*"} for each in self.policy]
        return verdict(statements, Question(ANYONE, "execute-api:Invoke", arn)) is True


class NoVerdict(ValueError):
    """An authorizer's answer means nothing."""


def identity(request: HttpRequest, sources: tuple[str, ...], variables: Mapping[str, str]) -> list[str] | None:
    """What an authorizer goes by, in the order of its sources; None where one of them is missing."""
    found: list[str] = []
    for source in sources:
        value = _source(request, source, variables)
        if not value:
            return None
        found.append(value)
    return found


def _source(request: HttpRequest, source: str, variables: Mapping[str, str]) -> str | None:
    kind, _, name = source.removeprefix("$").removeprefix("request.").partition(".")
    if kind == "header":
        return request.header(name.lower())
    if kind == "querystring":
        return next((value for key, value in request.pairs() if key == name), None)
    if kind in ("stageVariables", "stagevariables"):
        return variables.get(name)
    if kind == "context":
        return {"httpMethod": request.method, "path": request.path, "identity.sourceIp": request.source_ip}.get(name, name)
    return None


def event_2(event: Members, arn: str, identity: list[str]) -> Members:
    """What an authorizer of format 2.0 is asked, of the event that the integration would get."""
    kept = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded")}
    return {**kept, "type": "REQUEST", "routeArn": arn, "identitySource": identity}


def event_1(event: Members, arn: str, identity: list[str]) -> Members:
    """What an authorizer of format 1.0 is asked, and the REQUEST authorizer of a REST API."""
    kept = {name: value for name, value in event.items() if name not in ("body", "isBase64Encoded", "version")}
    more: Members = {"version": "1.0", "identitySource": ",".join(identity)} if "version" in event else {}
    return {**more, "type": "REQUEST", "methodArn": arn, **kept}


def event_token(arn: str, token: str) -> Members:
    """What the TOKEN authorizer of a REST API is asked."""
    return {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}


def read_verdict(payload: bytes, *, is_simple: bool) -> Verdict:
    """What an authorizer's answer means. Raises `NoVerdict`."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        raise NoVerdict("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise NoVerdict("the answer must be an object")
    context = answer.get("context") or {}
    if not isinstance(context, dict):
        raise NoVerdict("context must be an object")
    if is_simple:
        if not isinstance(answer.get("isAuthorized"), bool):
            raise NoVerdict("isAuthorized must be true or false")
        return Verdict(context, is_authorized=answer["isAuthorized"])
    document = answer.get("policyDocument")
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise NoVerdict("policyDocument needs a Statement")
    usage_key = answer.get("usageIdentifierKey")
    return Verdict(context, str(answer.get("principalId", "")), None, tuple(statements), usage_key and str(usage_key))
