"""CORS, as function URLs and HTTP APIs do it."""

from __future__ import annotations

import pytest

from jlambda.model.http.cors import Cors
from jlambda.model.http.message import HttpRequest, HttpResponse

ORIGIN = "https://app.example.com"
ASK = (("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", "x-a"))


def test_a_preflight_is_answered_for_the_function() -> None:
    """With all that the configuration says."""
    cors = Cors.of(
        {
            "AllowOrigins": [ORIGIN],
            "AllowMethods": ["GET", "PUT"],
            "AllowHeaders": ["X-A"],
            "MaxAge": 60,
            "AllowCredentials": True,
        }
    )
    assert cors.preflight(HttpRequest("OPTIONS", "/", "", ASK), 200) == HttpResponse(
        200,
        (
            ("access-control-allow-origin", ORIGIN),
            ("vary", "Origin"),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "GET,PUT"),
            ("access-control-allow-headers", "x-a"),
            ("access-control-max-age", "60"),
        ),
    )


def test_another_method_and_another_origin_get_no_leave() -> None:
    """The browser is told nothing that it could take for one."""
    cors = Cors.of({"allowOrigins": [ORIGIN], "allowMethods": ["GET"]})
    for fields in (ASK, (("Origin", "https://evil.example.com"), *ASK[1:])):
        answer = cors.preflight(HttpRequest("OPTIONS", "/", "", fields), 204)
        assert answer is not None and answer.status == 204
        assert answer.header("access-control-allow-methods") is None
    assert cors.applied(HttpRequest("GET", "/", "", (("Origin", "https://evil.example.com"),)), ()) == ()


@pytest.mark.parametrize("request_", [HttpRequest("GET", "/", "", ASK), HttpRequest("OPTIONS", "/", "", ASK[:1])])
def test_what_is_no_preflight(request_: HttpRequest) -> None:
    """It is the function's to answer."""
    assert Cors.of({"AllowOrigins": ["*"]}).preflight(request_, 200) is None


def test_the_function_s_own_headers_give_way() -> None:
    """One that is configured stands alone; others stay."""
    own = (("Access-Control-Allow-Origin", "https://other"), ("X-A", "1"))
    cors = Cors.of({"AllowOrigins": ["*"], "ExposeHeaders": ["X-A"]})
    expected = (("X-A", "1"), ("access-control-allow-origin", "*"), ("access-control-expose-headers", "x-a"))
    assert cors.applied(HttpRequest("GET", "/", "", ASK[:1]), own) == expected


@pytest.mark.parametrize(
    ("allowed", "is_allowed"),
    [("*", True), ("https://*", True), ("http://*", False), ("https://*.example.com", True), ("https://*.example.org", False)],
)
def test_patterns_of_origins(allowed: str, is_allowed: bool) -> None:
    """A star stands for anything."""
    found = Cors.of({"AllowOrigins": [allowed]}).applied(HttpRequest("GET", "/", "", ASK[:1]), ())
    assert bool(found) is is_allowed
