"""JSON Web Tokens, held to their issuer's keys. Keys are fetched when they are first needed, and again when they change.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any
from urllib.request import urlopen

from jlambda.model.http.api import Authorizer

# What API Gateway takes: RSA alone
_ALGORITHMS = ["RS256", "RS384", "RS512"]
_PATIENCE_S = 5.0
_USER_POOL = re.compile(r"https://cognito-idp\.[a-z0-9-]+\.amazonaws\.com/([A-Za-z0-9_-]+)")


class InvalidToken(Exception):
    """A token is not good; the message says why."""


class Tokens:
    """The keys of the issuers that one gateway's APIs trust; `pool` is for fetching them.

    `pool_keys` asks the session's own Cognito for the keys of a user pool, by id; any other pool is asked over the network.
    """

    def __init__(self, pool: Executor, pool_keys: Callable[[str], bytes | None]) -> None:
        self._pool, self._pool_keys = pool, pool_keys
        self._keys: dict[str, Any] = {}

    async def verify(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        """The claims of a token of a JWT authorizer's issuer. Raises `InvalidToken`."""
        verified = partial(self._verify, authorizer.issuer, token)
        claims = await asyncio.get_running_loop().run_in_executor(self._pool, verified)
        if authorizer.audience and not _audiences(claims) & set(authorizer.audience):
            raise InvalidToken("the token does not have a valid audience")
        return claims

    async def verify_member(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        """The claims of a token of one of a Cognito authorizer's user pools. Raises `InvalidToken`."""
        verified = partial(self._verify_member, authorizer, token)
        return await asyncio.get_running_loop().run_in_executor(self._pool, verified)

    def _verify_member(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        import jwt

        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            raise InvalidToken("the token is none") from None
        if issuer not in {f"https://cognito-idp.{pool.partition('_')[0]}.amazonaws.com/{pool}" for pool in authorizer.pools}:
            raise InvalidToken("the token does not have the required issuer")
        claims = self._verify(str(issuer), token)
        if authorizer.pattern and not any(fits(authorizer.pattern, each) for each in _audiences(claims)):
            raise InvalidToken("the token does not have a valid audience")
        return claims

    def _verify(self, issuer: str, token: str) -> Mapping[str, Any]:
        import jwt

        try:
            key = self._key(issuer, token)
            claims: dict[str, Any] = jwt.decode(
                token, key.key, algorithms=_ALGORITHMS, issuer=issuer, options={"verify_aud": False, "require": ["exp"]}
            )
        except jwt.ExpiredSignatureError:
            raise InvalidToken("the token has expired") from None
        except jwt.InvalidIssuerError:
            raise InvalidToken("the token does not have the required issuer") from None
        except (jwt.PyJWTError, OSError, ValueError, KeyError):
            raise InvalidToken("signature verification failed") from None
        return claims

    def _key(self, issuer: str, token: str) -> Any:
        """The key that a token says it is signed with."""
        import jwt

        keys = self._keys.get(issuer)
        if keys is None:
            keys = self._keys[issuer] = self._own(issuer) or self._of_others(issuer)
        if isinstance(keys, jwt.PyJWKSet):
            return keys[jwt.get_unverified_header(token)["kid"]]
        return keys.get_signing_key_from_jwt(token)

    def _own(self, issuer: str) -> Any:
        """The keys of one of the session's own user pools, None for any other issuer."""
        import jwt

        user_pool = _USER_POOL.fullmatch(issuer)
        keys = self._pool_keys(user_pool[1]) if user_pool else None
        return None if keys is None else jwt.PyJWKSet.from_json(keys.decode())

    def _of_others(self, issuer: str) -> Any:
        """Where an issuer publishes its keys."""
        import jwt

        if not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("an issuer has an https address")
        with urlopen(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_PATIENCE_S) as answer:
            found = json.load(answer)
        return jwt.PyJWKClient(found["jwks_uri"], timeout=int(_PATIENCE_S))


def fits(pattern: str, text: str) -> bool:
    """Whether a validation expression takes all of a text; one that is no expression takes none."""
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def _audiences(claims: Mapping[str, Any]) -> set[str]:
    given = claims.get("aud", claims.get("client_id"))
    return {str(each) for each in given} if isinstance(given, list) else {str(given)}
