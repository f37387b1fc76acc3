"""Tokens, and whose keys they are held to."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from jlambda.api.fronts.tokens import InvalidToken, Tokens, fits
from jlambda.model.http.api import Authorizer

POOL = "us-east-1_abc"
ISSUER = f"https://cognito-idp.us-east-1.amazonaws.com/{POOL}"


def test_a_user_pool_that_is_not_the_sessions_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is asked for its keys where it is: nobody but its issuer can sign for it."""
    asked: list[str] = []

    def unreachable(url: str, timeout: float) -> None:
        asked.append(url)
        raise OSError

    monkeypatch.setattr("jlambda.api.fronts.tokens.urlopen", unreachable)
    token = jwt.encode({"iss": ISSUER, "exp": 4_000_000_000}, "k" * 32, "HS256", {"kid": "k"})
    with ThreadPoolExecutor(1) as pool:
        tokens = Tokens(pool, lambda _: None)
        with pytest.raises(InvalidToken, match="signature verification failed"):
            asyncio.run(tokens.verify_member(Authorizer("a", "COGNITO_USER_POOLS", pools=(POOL,)), token))
        with pytest.raises(InvalidToken, match="required issuer"):
            asyncio.run(tokens.verify_member(Authorizer("a", "COGNITO_USER_POOLS", pools=("us-east-1_other",)), token))
    assert asked == [f"{ISSUER}/.well-known/openid-configuration"]


def test_validation_expressions() -> None:
    """They take all of a text or nothing; what is no expression takes nothing."""
    assert fits("a+", "aa") and not fits("a+", "aab") and not fits("(", "(")
