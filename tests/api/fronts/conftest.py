"""The session of a module's tests, and a client of its fronts."""

from __future__ import annotations

import pytest

import jlambda
from tests.api.conftest import client, create, shared
from tests.api.fronts.browser import Browser

__all__ = ["browser", "client", "create", "shared"]


@pytest.fixture(scope="module")
def browser(shared: jlambda.Session) -> Browser:
    """Plain HTTP to the fronts of the module's session."""
    return Browser(shared)
