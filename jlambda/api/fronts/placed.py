"""A request that has found its place in an API of either kind: stage, route, and the ARNs that policies know them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from jlambda.api.fronts.api_configurations import Configurations
from jlambda.api.fronts.asked import Asked
from jlambda.api.fronts.authorizers import Questioned
from jlambda.api.fronts.functions import ApiFunctions
from jlambda.api.fronts.gate import Gate
from jlambda.model.arn import Account
from jlambda.model.http.api import Api, Stage, Target
from jlambda.model.http.message import HttpRequest, Members
from jlambda.model.http.routes import Matched
from jlambda.model.http.throttle import TokenBuckets

#: makes what a REQUEST authorizer is asked, of the ARN of the request and the identity that it shows
Question = Callable[[str, list[str]], Members]


class Behind(NamedTuple):
    """What both kinds of APIs are answered with."""

    account: Account
    functions: ApiFunctions
    gate: Gate
    configurations: Configurations
    buckets: TokenBuckets

    def may_pass(self, api: Api, stage: Stage, key: str) -> bool:
        """Whether a route of a stage may be asked once more now."""
        limits = stage.limits_of(key)
        return limits is None or self.buckets.take((api.id, stage.name, key if key in stage.limits else "*"), limits)


class Placed:
    """One request; `path` is that below the stage, percent-encoded."""

    def __init__(self, api: Api, asked: Asked, stage: Stage, path: str, matched: Matched[Target], account: Account) -> None:
        self.api, self.asked, self.stage, self.path, self.matched = api, asked, stage, path, matched
        self.target, self.account = matched.route.to, account

    def arn(self, method: str, path: str) -> str:
        """The ARN of a method and a path (without its first slash) of the stage."""
        account = self.account
        return f"arn:aws:execute-api:{account.region}:{account.id}:{self.api.id}/{self.stage.name}/{method}/{path}"

    @property
    def request_arn(self) -> str:
        """The ARN of the request itself."""
        return self.arn(self.asked.request.method, unquote(self.path).removeprefix("/"))

    def source_arns(self) -> list[str]:
        """What a permission may name as its source: the route, or the request itself."""
        route = self.matched.route
        if not route.path:
            return [self.arn("$default", "$default"), self.arn("$default", ""), self.arn("*", "$default")]
        return [self.arn(self.asked.request.method, route.path.removeprefix("/")), self.request_arn]

    def questioned(self, request: HttpRequest, question: Question) -> Questioned:
        """The request, as an authorizer is asked about it."""
        account, authorizer, arn = self.account, self.target.authorizer, self.request_arn
        source = f"arn:aws:execute-api:{account.region}:{account.id}:{self.api.id}/authorizers/"
        source += "" if authorizer is None else authorizer.id

        def event(identity: list[str]) -> Members:
            return question(arn, identity)

        return Questioned(self.api, request, self.stage.variables, arn, source, self.asked.trace_id, event)
