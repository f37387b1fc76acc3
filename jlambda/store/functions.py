"""The functions of one account and region: what was deployed last, the versions published of it, and their aliases.

Keeps configurations; code, secrets and records have stores of their own.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from jlambda.model.alias import Alias
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

    def get(self, name: str, version: str = LATEST) -> FunctionConfiguration | None:
        """The configuration of a function's $LATEST or another version, None if there is no such."""
        rows = self._database.execute("select configuration from functions where name = ? and version = ?", (name, version))
        return load(rows[0][0]) if rows else None

    def list(self) -> list[FunctionConfiguration]:
        """The $LATEST of all functions, by name."""
        rows = self._database.execute("select configuration from functions where version = ? order by name", (LATEST,))
        return [load(text) for (text,) in rows]

    def versions(self, name: str) -> builtins.list[FunctionConfiguration]:
        """The published versions of a function, oldest first."""
        rows = self._database.execute("select configuration from functions where name = ? and version <> ?", (name, LATEST))
        return sorted((load(text) for (text,) in rows), key=lambda each: int(each.version))

    def everything(self) -> builtins.list[FunctionConfiguration]:
        """All functions and all their versions."""
        return [load(text) for (text,) in self._database.execute("select configuration from functions")]

    def publish(self, latest: FunctionConfiguration) -> FunctionConfiguration:
        """Keep `latest` as the function's next version; a number is never given twice while the function lives."""

        def change(connection: sqlite3.Connection) -> FunctionConfiguration:
            row = connection.execute("select last from version_numbers where function = ?", (latest.name,)).fetchone()
            number = (row[0] if row else 0) + 1
            published = replace(latest, version=str(number))
            connection.execute("insert or replace into version_numbers values (?, ?)", (latest.name, number))
            connection.execute("insert into functions values (?, ?, ?)", (published.name, published.version, dump(published)))
            return published

        return self._database.write(change)

    def delete_version(self, name: str, version: str) -> bool:
        """Forget one published version, with what belongs to it; False if there was none."""
        return self._delete("delete from functions where name = ? and version = ?", name, version)

    def put_alias(self, alias: Alias) -> None:
        """Keep `alias` in place of an earlier one of the same function and name."""
        values = {"version": alias.version, "description": alias.description, "weights": dict(alias.weights)}
        row = (alias.function, alias.name, json.dumps(values | {"revision_id": alias.revision_id}))
        self._database.write(lambda connection: connection.execute("insert or replace into aliases values (?, ?, ?)", row))

    def aliases(self, function: str) -> dict[str, Alias]:
        """The aliases of a function by name, in the order of the names."""
        statement = "select name, alias from aliases where function = ? order by name"
        rows = self._database.execute(statement, (function,))
        return {name: Alias(name, function, **json.loads(text)) for name, text in rows}

    def delete_alias(self, function: str, name: str) -> bool:
        """Forget one alias, with what belongs to it; False if there was none."""
        return self._delete("delete from aliases where function = ? and name = ?", function, name)

    def _delete(self, statement: str, function: str, qualifier: str) -> bool:
        def change(connection: sqlite3.Connection) -> bool:
            row = (f"function:{function}", qualifier)
            connection.execute("delete from resources where owner = ? and key = ?", row)
            return connection.execute(statement, (function, qualifier)).rowcount > 0

        return self._database.write(change)

    def delete(self, name: str) -> bool:
        """Forget a function with all its versions and aliases; False if there was none."""

        def change(connection: sqlite3.Connection) -> bool:
            for table in ("concurrency", "aliases", "version_numbers"):
                connection.execute(f"delete from {table} where function = ?", (name,))
            connection.execute("delete from resources where owner = ?", (f"function:{name}",))
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
    return json.dumps({name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()})


def load(text: str) -> FunctionConfiguration:
    """The configuration that `dump` made `text` of; fields that came later have their defaults."""
    values: dict[str, Any] = json.loads(text)
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return FunctionConfiguration(**values)
