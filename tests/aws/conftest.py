"""A session whose services are embedded, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import jlambda
from tests.api.conftest import start_all
from tests.conftest import forget_functions


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """One session for the tests of a module, its gateway and its embedded services on."""
    with jlambda.Session(tmp_path_factory.mktemp("shared") / "state") as made:
        start_all(made)
        made.client("sts").get_caller_identity()
        yield made


@pytest.fixture
def emptied(shared: jlambda.Session) -> Iterator[jlambda.Session]:
    """The module's session, current; after the test its functions are gone. What services hold stays: name it for the test."""
    yield shared
    forget_functions(shared)
