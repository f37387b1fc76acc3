"""The functions of one account and region, as they were last deployed.

Keeps configurations; code, secrets and records have stores of their own.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields

from jlambda.model.arn import LATEST
from jlambda.model.function import FunctionConfiguration
from jlambda.store.database import Database

_FIELDS = tuple(field.name for field in fields(FunctionConfiguration))


class Functions:
    """The table of functions in a `Database`. Raises `StateError` where that cannot be read or written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, configuration: FunctionConfiguration) -> None:
        """Keep `configuration` in place of an earlier one of the same name and version."""
        row = (configuration.name, configuration.version, dump(configuration))
        self._database.write(lambda connection: connection.execute("insert or replace into functions values (?, ?, ?)", row))

    def get(self, name: str) -> FunctionConfiguration | None:
        """The configuration of a function's $LATEST, None if there is no such function."""
        rows = self._database.execute("select configuration from functions where name = ? and version = ?", (name, LATEST))
        return load(rows[0][0]) if rows else None

    def list(self) -> list[FunctionConfiguration]:
        """The $LATEST of all functions, by name."""
        rows = self._database.execute("select configuration from functions where version = ? order by name", (LATEST,))
        return [load(text) for (text,) in rows]

    def delete(self, name: str) -> bool:
        """Forget a function with all its versions; False if there was none."""

        def change(connection: sqlite3.Connection) -> bool:
            connection.execute("delete from concurrency where function = ?", (name,))
            return connection.execute("delete from functions where name = ?", (name,)).rowcount > 0

        return self._database.write(change)

    def reserve(self, name: str, concurrency: int | None) -> None:
        """Keep a function's reserved concurrency; None for none."""
        if concurrency is None:
            statement, row = "delete from concurrency where function = ?", (name,)
        else:
            statement, row = "insert or replace into concurrency values (?, ?)", (name, concurrency)  # type: ignore[assignment]
        self._database.write(lambda connection: connection.execute(statement, row))

    def reserved(self) -> dict[str, int]:
        """The reserved concurrency of every function that has one."""
        return dict(self._database.execute("select function, reserved from concurrency"))


def dump(configuration: FunctionConfiguration) -> str:
    """A configuration as the text that is stored: JSON, one member a field."""
    values = {name: getattr(configuration, name) for name in _FIELDS}
    return json.dumps(values | {"environment": dict(configuration.environment)})


def load(text: str) -> FunctionConfiguration:
    """The configuration that `dump` made `text` of; fields that came later have their defaults."""
    values = json.loads(text)
    return FunctionConfiguration(**values | {"secrets": tuple(values["secrets"])})
