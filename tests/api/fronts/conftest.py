"""The session of a module's tests, and a client of its fronts."""

from __future__ import annotations

import pytest

import jlambda
from tests.api.conftest import Functions, client, create, shared
from tests.api.fronts.browser import Browser
from tests.api.fronts.rest import SOURCE, Rest

__all__ = ["browser", "client", "create", "shared", "with_services"]


@pytest.fixture(scope="module")
def with_services(shared: jlambda.Session) -> jlambda.Session:
    """The module's session, the embedded services started: they are not any one test's."""
    shared.client("apigateway").get_rest_apis()
    return shared


@pytest.fixture(scope="module")
def browser(shared: jlambda.Session) -> Browser:
    """Plain HTTP to the fronts of the module's session."""
    return Browser(shared)


@pytest.fixture
def rest(with_services: jlambda.Session, browser: Browser, create: Functions) -> Rest:
    """A REST API, and a function ``f``."""
    create("f", SOURCE, Timeout=5)
    return Rest(with_services, browser)
