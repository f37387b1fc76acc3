"""Which route a request takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.http.routes import Route, has_path, match

KEYS = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default", "GET /", "ANY /pets/dog"]


def routes(*keys: str) -> list[Route[str]]:
    """Routes that lead to their own keys."""
    split = [key.partition(" ") for key in keys]
    return [Route(method, path, key) for key, (method, _, path) in zip(keys, split, strict=True)]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/test/5", "ANY /{proxy+}", {"proxy": "test/5"}),
        ("GET", "/pets/dog/a%2Fb", "GET /pets/dog/{id}", {"id": "a/b"}),
        ("POST", "/pets/dog", "ANY /pets/dog", {}),
        ("GET", "/", "GET /", {}),
        ("POST", "/", "$default", {}),
    ],
)
def test_the_one_that_says_most(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    """As AWS's page on routes has it, whatever their order."""
    for order in (KEYS, KEYS[::-1]):
        found = match(routes(*order), method, path)
        assert found is not None
        assert (found.route.key, found.parameters) == (key, parameters)


def test_a_method_of_its_own_comes_before_any() -> None:
    """On the same path."""
    found = match(routes("ANY /a", "GET /a"), "GET", "/a")
    assert found is not None and found.route.key == "GET /a"


def test_no_route() -> None:
    """Another method, a path that is too short or too long, an empty parameter."""
    some = routes("GET /a/{id}", "GET /b/{rest+}")
    for method, path in (("POST", "/a/1"), ("GET", "/a"), ("GET", "/a/1/2"), ("GET", "/b"), ("GET", "/b/"), ("GET", "/")):
        assert match(some, method, path) is None
    assert has_path(some, "/a/1") and not has_path(some, "/c")


@given(st.sampled_from(KEYS), st.text("abc/%2F{}+", max_size=12))
def test_any_path(key: str, path: str) -> None:
    """Whatever comes, there is a match or none."""
    found = match(routes(key), "GET", f"/{path}")
    assert found is None or found.route.key == key
