"""A store with a function in it, for the parts of the service that run nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jlambda.model.alias import Alias
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.runtimes.code import CodeStore
from jlambda.service.layers import Layers
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.functions import Functions


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database in an empty folder."""
    database = Database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def functions(database: Database) -> Functions:
    """Function ``f`` with version 1 and the alias ``live``, and function ``g``."""
    functions = Functions(database)
    for name in ("f", "g"):
        functions.put(FunctionConfiguration(name))
    functions.publish(FunctionConfiguration("f"))
    functions.put_alias(Alias("live", "f", "1"))
    return functions


@pytest.fixture
def targets(functions: Functions) -> Targets:
    """What there is of functions."""
    return Targets(functions, Account())


@pytest.fixture
def code(tmp_path: Path) -> CodeStore:
    """An empty code store."""
    return CodeStore(tmp_path / "code")


@pytest.fixture
def layers(database: Database, code: CodeStore) -> Layers:
    """The layers of an account that has none, on a clock that stands."""
    return Layers(database, code, Account(), threading.RLock(), lambda: 1_700_000_000.0)
