"""Load balancers: one for each function whose policy lets Elastic Load Balancing invoke it, with that as its only target.

A target group that boto3 made for the function says how: for which of its aliases, and whether headers come in lists.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

from __future__ import annotations

import json

from jlambda.api.calls import Calls
from jlambda.api.fronts.asked import Asked, Refused
from jlambda.api.fronts.target_groups import TargetGroup, TargetGroups
from jlambda.errors import LambdaError, ResourceNotFound
from jlambda.model.http import target_group
from jlambda.model.http.message import HttpResponse, MalformedResult
from jlambda.model.invocation import Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.invoke import new_request_id

_PRINCIPAL = "elasticloadbalancing.amazonaws.com"
_TITLES = {403: "403 Forbidden", 413: "413 Request Entity Too Large", 502: "502 Bad Gateway"}


class BalancerFront:
    """The load balancers of one gateway; each is named for its function."""

    body_bytes = target_group.BODY_BYTES
    id_header = "x-amzn-RequestId"

    def __init__(self, calls: Calls) -> None:
        self._calls, self._groups = calls, TargetGroups(calls.session, calls.pool)

    async def answer(self, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        session, name = self._calls.session, self._function(asked.front.id)
        account = session.account
        group = f"arn:aws:elasticloadbalancing:{account.region}:{account.id}:targetgroup/{name[:32]}/{_digits(name)}"
        found = await self._groups.find(name) or TargetGroup(group, None, False)
        if not session.service.permissions.lets_service(_PRINCIPAL, name, found.qualifier, found.arn):
            raise _refused(403)
        if not asked.body.is_whole:
            raise _refused(413)
        told = target_group.event(asked.request, found.arn, has_multi_values=found.has_multi_values)
        event = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if len(event) > PAYLOAD_BYTES:
            raise _refused(413)
        try:
            version, qualifier = session.control.resolve(name, found.qualifier)
            request = Request(new_request_id(), event, "elb", qualifier=qualifier, trace_id=asked.trace_id)
            finished = await self._calls.run(version, request)
        except ResourceNotFound:
            raise _refused(403) from None
        except LambdaError:
            raise _refused(502) from None
        asked.note(event, finished)
        try:
            if finished.record.error_type is not None:
                raise MalformedResult
            return target_group.response(finished.payload, has_multi_values=found.has_multi_values)
        except MalformedResult:
            raise _refused(502) from None

    def _function(self, name: str) -> str:
        """The function of this name, or the one whose name is this but for the case: browsers write host names small."""
        control = self._calls.session.control
        try:
            control.resolve(name)
        except LambdaError:
            named = (each.name for each in control.list() if each.name.lower() == name.lower())
            return next(named, name)
        return name


def _digits(name: str) -> str:
    """The last part of a target group's ARN, the same for a name each time."""
    return name.encode().hex()[:16].ljust(16, "0")


def _refused(status: int) -> Refused:
    title = _TITLES[status]
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return Refused(HttpResponse(status, (("content-type", "text/html"),), page.encode()))
