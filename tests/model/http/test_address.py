"""Which front a request is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.http.address import API, BALANCER, URL, Front, Fronts

FRONTS = Fronts("eu-west-1", 9001)


@pytest.mark.parametrize("kind", [URL, API, BALANCER])
def test_by_host_and_by_path(kind: str) -> None:
    """Both forms name the same front, and the path within it."""
    host = FRONTS.domain_name(kind, "abc123")
    assert FRONTS.find(host, "/a%2Fb") == Front(kind, "abc123", "/a%2Fb")
    assert FRONTS.find("127.0.0.1:9001", f"/_{kind}/abc123/a%2Fb") == Front(kind, "abc123", "/a%2Fb", f"/_{kind}/abc123")
    assert FRONTS.find("localhost:9001", f"/_{kind}/abc123") == Front(kind, "abc123", "/", f"/_{kind}/abc123")


def test_the_case_of_a_host_name_does_not_matter() -> None:
    """But for a function's name, which is left as it came."""
    for kind in (URL, API):
        assert FRONTS.find(FRONTS.domain_name(kind, "abc123").upper(), "/") == Front(kind, "abc123", "/")
    assert FRONTS.find("My_Function.ELB.eu-west-1.localhost:9001", "/") == Front(BALANCER, "My_Function", "/")
    assert FRONTS.find("LOCALHOST:9001", f"/_{URL}/abc123/") is not None


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:9001", "/2015-03-31/functions"),
        ("127.0.0.1:9001", "/lambda-url/abc/"),
        ("127.0.0.1:9001", "/_lambda-url/"),
        ("127.0.0.1:9002", "/_lambda-url/abc/"),
        ("evil.example.com", "/_lambda-url/abc/"),
        ("abc.lambda-url.eu-west-1.localhost", "/"),
        ("abc.lambda-url.eu-west-1.localhost:9002", "/"),
        ("abc.lambda-url.us-east-1.localhost:9001", "/"),
        ("abc.lambda-url.eu-west-1.localhost.evil.com:9001", "/"),
        ("evil.com/abc.lambda-url.eu-west-1.localhost:9001", "/"),
        ("x.abc.lambda-url.eu-west-1.localhost:9001", "/"),
        ("abc.lambda-url.eu-west-1.localhost:9001\n", "/"),
    ],
)
def test_what_is_none(host: str, path: str) -> None:
    """Other names, other ports, other regions: a web page cannot have its own name taken for a front's."""
    assert FRONTS.find(host, path) is None


@given(st.text(), st.text())
def test_any_host_and_path(host: str, path: str) -> None:
    """Whatever comes, a front is found only under a name that ends in localhost or is the gateway's own."""
    found = FRONTS.find(host, path)
    assert found is None or host in FRONTS.own_hosts or host.lower().endswith(".localhost:9001")
