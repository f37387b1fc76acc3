"""Who may pass to a route: those who sign, those whose token is good, those of whom an authorizer says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jlambda.api import auth
from jlambda.api.fronts.asked import Asked
from jlambda.api.fronts.authorizers import LambdaAuthorizers, Questioned, Unauthorized, Unclear
from jlambda.api.fronts.tokens import InvalidToken, Tokens
from jlambda.model.arn import Account
from jlambda.model.http.api import Authorizer, Target
from jlambda.model.http.authorizing import identity


class Passed(NamedTuple):
    """What a request was let in with: its members in the context of an event, by kind (``lambda``, ``jwt``, ``iam``)."""

    kind: str
    members: Mapping[str, Any]
    principal: str = ""
    usage_key: str | None = None


class Forbidden(Exception):
    """It is known who asks, and they may not."""


class Gate:
    """The gate of one gateway's APIs. `verify` holds a signature to the gateway's keys."""

    def __init__(
        self,
        account: Account,
        authorizers: LambdaAuthorizers,
        tokens: Tokens,
        verify: Callable[[auth.Claim, auth.Parts, str], None],
    ) -> None:
        self._account, self._authorizers, self._tokens, self._verify = account, authorizers, tokens, verify

    async def let_in(self, target: Target, asked: Asked, questioned: Questioned, generation: int) -> Passed | None:
        """What a request passes with, None where nobody is asked. Raises `Unauthorized`, `Forbidden` and `Unclear`."""
        authorizer = target.authorizer
        if target.auth == "NONE":
            return None
        if target.auth == "AWS_IAM":
            return self._signed(asked)
        if authorizer is None:
            raise Unclear
        if target.auth == "COGNITO_USER_POOLS":
            return await self._member(target, authorizer, asked, questioned)
        if target.auth == "JWT":
            sources = authorizer.sources or ("$request.header.Authorization",)
            found = identity(asked.request, sources[:1], questioned.variables)
            if found is None:
                raise Unauthorized
            claims = await self._tokens.verify(authorizer, _bare(found[0]))
            scopes = _scopes(claims)
            if target.scopes and not scopes & set(target.scopes):
                raise Forbidden
            told = {name: _text(value) for name, value in claims.items()}
            return Passed("jwt", {"claims": told, "scopes": sorted(scopes & set(target.scopes)) or None})
        verdict = await self._authorizers.ask(authorizer, questioned, generation)
        if not verdict.allows(questioned.arn):
            raise Forbidden
        return Passed("lambda", verdict.context, verdict.principal, verdict.usage_key)

    async def _member(self, target: Target, authorizer: Authorizer, asked: Asked, questioned: Questioned) -> Passed:
        """Whoever a user pool knows: an access token with one of the route's scopes, or an identity token where it has none."""
        found = identity(asked.request, authorizer.sources or ("$request.header.Authorization",), questioned.variables)
        if found is None:
            raise Unauthorized
        claims = await self._tokens.verify_member(authorizer, _bare(found[0]))
        use = "access" if target.scopes else "id"
        if claims.get("token_use") != use or (target.scopes and not _scopes(claims) & set(target.scopes)):
            raise Unauthorized
        return Passed("jwt", {"claims": {name: _text(value) for name, value in claims.items()}})

    def _signed(self, asked: Asked) -> Passed:
        try:
            claim = auth.read_claim(asked.parts)
            if claim.service != "execute-api":
                raise Forbidden
            self._verify(claim, asked.parts, asked.body.digest)
        except auth.SignatureRefused:
            raise Forbidden from None
        account = self._account.id
        members = {
            "accessKey": claim.key_id,
            "accountId": account,
            "callerId": account,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": f"arn:aws:iam::{account}:root",
            "userId": account,
        }
        return Passed("iam", members)


def _bare(token: str) -> str:
    return token.removeprefix("Bearer ").removeprefix("bearer ").strip()


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    given = claims.get("scope", claims.get("scp"))
    return set(given.split()) if isinstance(given, str) else {str(each) for each in given or ()}


def _text(value: object) -> str:
    if isinstance(value, list):
        return f"[{' '.join(_text(each) for each in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["Forbidden", "Gate", "InvalidToken", "Passed", "Unauthorized", "Unclear"]
