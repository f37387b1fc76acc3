"""JSON Web Tokens, held to their issuer's keys. Keys are fetched when they are first needed, and again when they change.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any
from urllib.request import urlopen

from jlambda.model.http.api import Authorizer

# What API Gateway takes: RSA alone
_ALGORITHMS = ["RS256", "RS384", "RS512"]
_PATIENCE_S = 5.0


class InvalidToken(Exception):
    """A token is not good; the message says why."""


class Tokens:
    """The keys of the issuers that one gateway's APIs trust; `pool` is for fetching them."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._clients: dict[str, Any] = {}

    async def verify(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        """The claims of a token. Raises `InvalidToken`."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, authorizer, token)

    def _verify(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        import jwt

        try:
            key = self._keys(authorizer.issuer).get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=_ALGORITHMS,
                issuer=authorizer.issuer,
                options={"verify_aud": False, "require": ["exp"]},
            )
        except jwt.ExpiredSignatureError:
            raise InvalidToken("the token has expired") from None
        except jwt.InvalidIssuerError:
            raise InvalidToken("the token does not have the required issuer") from None
        except (jwt.PyJWTError, OSError, ValueError, KeyError):
            raise InvalidToken("signature verification failed") from None
        if authorizer.audience and not _audiences(claims) & set(authorizer.audience):
            raise InvalidToken("the token does not have a valid audience")
        return claims

    def _keys(self, issuer: str) -> Any:
        import jwt

        if issuer not in self._clients:
            if not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
                raise ValueError("an issuer has an https address")
            with urlopen(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_PATIENCE_S) as answer:
                found = json.load(answer)
            self._clients[issuer] = jwt.PyJWKClient(found["jwks_uri"], timeout=int(_PATIENCE_S))
        return self._clients[issuer]


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    given = claims.get("aud", claims.get("client_id"))
    return {str(each) for each in given} if isinstance(given, list) else {str(given)}
