"""Lambda authorizers, asked: what they said is kept for as long as they are configured to be believed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jlambda.api.fronts.functions import ApiFunctions, NotRun, TooBusy, TookTooLong
from jlambda.api.fronts.tokens import fits
from jlambda.model.http.api import Api, Authorizer
from jlambda.model.http.authorizing import NoVerdict, Verdict, event_token, identity, read_verdict
from jlambda.model.http.integration import HTTP_TIMEOUT_S
from jlambda.model.http.message import HttpRequest, Members
from jlambda.model.http.result import compact

#: of so many answers those that are no longer good are thrown away
_KEPT = 1_000


class Unauthorized(Exception):
    """Nobody was asked, or said no, because the request does not say who it is from."""


class Unclear(Exception):
    """The authorizer failed, or said nothing that could be understood."""


@dataclass(frozen=True, slots=True)
class Questioned:
    """One request to be authorized: `arn` is its method ARN, `event` makes what a REQUEST authorizer is asked."""

    api: Api
    request: HttpRequest
    variables: Mapping[str, str]
    arn: str
    source_arn: str
    trace_id: str
    event: Callable[[list[str]], Members]


class LambdaAuthorizers:
    """The Lambda authorizers of one gateway's APIs."""

    def __init__(self, functions: ApiFunctions, now: Callable[[], float] = time.monotonic) -> None:
        self._functions, self._now = functions, now
        self._kept: dict[tuple[str, str, tuple[str, ...]], tuple[float, Verdict]] = {}
        self._as_of = -1

    async def ask(self, authorizer: Authorizer, asked: Questioned, generation: int) -> Verdict:
        """What the authorizer says of a request. `generation` is that of the configuration: another one forgets all.

        Raises `Unauthorized` and `Unclear`.
        """
        if generation != self._as_of:
            self._kept, self._as_of = {}, generation
        sources = authorizer.sources or (("$request.header.Authorization",) if authorizer.kind == "TOKEN" else ())
        found = identity(asked.request, sources, asked.variables)
        if found is None:
            raise Unauthorized
        if authorizer.kind == "TOKEN" and authorizer.pattern and not fits(authorizer.pattern, found[0]):
            raise Unauthorized
        key = (asked.api.id, authorizer.id, tuple(found))
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        event = event_token(asked.arn, found[0]) if authorizer.kind == "TOKEN" else asked.event(found)
        verdict = await self._run(authorizer, asked, event)
        if authorizer.ttl_s and found:
            self._keep(key, self._now() + authorizer.ttl_s, verdict)
        return verdict

    async def _run(self, authorizer: Authorizer, asked: Questioned, event: Members) -> Verdict:
        try:
            _, finished = await self._functions.run(
                authorizer.uri,
                asked.variables,
                compact(event).encode(),
                [asked.source_arn],
                HTTP_TIMEOUT_S,
                asked.trace_id,
                has_role=authorizer.credentials is not None,
            )
        except (NotRun, TooBusy, TookTooLong):
            raise Unclear from None
        if finished.record.error_type is not None:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html: an error
            # of this very message is a no
            if b'"errorMessage": "Unauthorized"' in finished.payload or b'"errorMessage":"Unauthorized"' in finished.payload:
                raise Unauthorized
            raise Unclear
        try:
            return read_verdict(finished.payload, is_simple=authorizer.is_simple)
        except NoVerdict:
            raise Unclear from None

    def _keep(self, key: tuple[str, str, tuple[str, ...]], until: float, verdict: Verdict) -> None:
        if len(self._kept) >= _KEPT:
            now = self._now()
            self._kept = {each: kept for each, kept in self._kept.items() if kept[0] > now}
        if len(self._kept) < _KEPT:
            self._kept[key] = (until, verdict)
