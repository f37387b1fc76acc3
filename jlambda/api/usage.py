"""GetUsage and UpdateUsage of API Gateway: what API keys have used of their plans is known here, not to the service behind.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetUsage.html
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from jlambda.errors import LambdaError
from jlambda.model.exchange import Reply, ServiceRequest
from jlambda.model.http.usage_plan import UsagePlan, day_of, usage_plan
from jlambda.service.invoke import new_request_id

if TYPE_CHECKING:
    from jlambda.session import Session

_GET = re.compile(r"/usageplans/([^/]+)/usage/?")
_UPDATE = re.compile(r"/usageplans/([^/]+)/keys/([^/]+)/usage/?")
#: how many days may be asked for at once
_MOST_DAYS = 366
_MOST_KEYS = 500


class NotFound(LambdaError):
    """There is no such plan or key."""

    code, status = "NotFoundException", 404


class BadRequest(LambdaError):
    """A parameter is missing, or says nothing."""

    code, status = "BadRequestException", 400


def is_asked(request: ServiceRequest) -> bool:
    """Whether a request is for one of the two operations."""
    if request.service != "apigateway":
        return False
    return _path(request) is not None


def _path(request: ServiceRequest) -> re.Match[str] | None:
    pattern = {"GET": _GET, "PATCH": _UPDATE}.get(request.method)
    return None if pattern is None else pattern.fullmatch(request.path)


def answer(session: Session, request: ServiceRequest) -> Reply:
    """The reply to a request for one of them."""
    found = _path(request)
    assert found is not None
    ids = [unquote(each) for each in found.groups()]
    try:
        if request.method == "GET":
            return _reply(200, _get(session, ids[0], dict(parse_qsl(request.query))))
        return _reply(200, _update(session, ids[0], ids[1], request.whole_body()))
    except LambdaError as error:
        return _reply(error.status, {"message": error.aws_message}, ("x-amzn-errortype", error.code))


def _get(session: Session, plan_id: str, query: dict[str, str]) -> dict[str, Any]:
    plan, keys = _plan(session, plan_id)
    try:
        begin, end = date.fromisoformat(query["startDate"]), date.fromisoformat(query["endDate"])
    except (KeyError, ValueError):
        raise BadRequest("startDate and endDate must be days, as 2027-01-31") from None
    if not 0 <= (end - begin).days < _MOST_DAYS:
        raise BadRequest(f"endDate must not be before startDate, nor more than {_MOST_DAYS} days after")
    if "keyId" in query:
        keys = [each for each in keys if each == query["keyId"]]
    days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    values = {key: [_of_day(session, plan, key, day) for day in days] for key in keys}
    return {"usagePlanId": plan_id, "startDate": str(begin), "endDate": str(end), "values": values}


def _update(session: Session, plan_id: str, key: str, body: bytes) -> dict[str, Any]:
    plan, keys = _plan(session, plan_id)
    if key not in keys or plan.quota is None:
        raise NotFound("Invalid API Key identifier specified" if key not in keys else "the usage plan has no quota")
    today = day_of(session.clock.now())
    try:
        operations = json.loads(body)["patchOperations"]
        wanted = [int(each["value"]) for each in operations if (each["op"], each["path"]) == ("replace", "/remaining")]
    except (ValueError, LookupError, TypeError):
        wanted = []
    if not wanted:
        raise BadRequest("patchOperations must replace /remaining with a number")
    more = wanted[-1] - _of_day(session, plan, key, today)[1]
    session.service.api_usage.grant(plan_id, key, str(today), more)
    session.service.api_usage.save()
    values = {key: [_of_day(session, plan, key, today)]}
    return {"usagePlanId": plan_id, "startDate": str(today), "endDate": str(today), "values": values}


def _plan(session: Session, plan_id: str) -> tuple[UsagePlan, list[str]]:
    """A plan, and the ids of its keys."""
    client: Any = session.client("apigateway")
    try:
        plan = usage_plan(client.get_usage_plan(usagePlanId=plan_id))
    except client.exceptions.NotFoundException:
        raise NotFound("Invalid Usage Plan ID specified") from None
    return plan, [each["id"] for each in client.get_usage_plan_keys(usagePlanId=plan_id, limit=_MOST_KEYS)["items"]]


def _of_day(session: Session, plan: UsagePlan, key: str, day: date) -> list[int]:
    """Requests of a day, and what was left of the quota after it; 0 where there is no quota."""
    usage = session.service.api_usage
    used = usage.of_key(plan.id, key)
    requests = used[str(day)].requests if str(day) in used else 0
    if plan.quota is None:
        return [requests, 0]
    first = date.fromisoformat(usage.first_day(plan.id) or str(day))
    counted = {each: of.requests - of.granted for each, of in used.items()}
    return [requests, max(0, plan.quota.left(day, counted, first))]


def _reply(status: int, members: dict[str, Any], *headers: tuple[str, str]) -> Reply:
    body = json.dumps(members).encode()
    head = [("content-type", "application/json"), ("content-length", str(len(body))), ("x-amzn-requestid", new_request_id())]
    return Reply(status, [*head, *headers], len(body), body)
