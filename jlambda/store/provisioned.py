"""Provisioned concurrency as it was asked for, by function and qualifier."""

from __future__ import annotations

import builtins
from typing import NamedTuple

from jlambda.store.database import Database


class Row(NamedTuple):
    """One configuration: how many environments, and when that was said (seconds since the epoch)."""

    function: str
    qualifier: str
    concurrency: int
    changed_at: float


class ProvisionedTable:
    """The table in a `Database`. Raises `StateError` where that cannot be read or written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> builtins.list[Row]:
        """All of them, by function and qualifier."""
        return [Row(*row) for row in self._database.execute("select * from provisioned order by function, qualifier")]

    def put(self, row: Row) -> None:
        """Keep one in place of an earlier one of the same function and qualifier."""
        self._database.write(
            lambda connection: connection.execute("insert or replace into provisioned values (?, ?, ?, ?)", row)
        )

    def delete(self, function: str, qualifier: str | None = None) -> None:
        """Forget one, or all of a function."""
        statement, row = (
            "delete from provisioned where function = ? and qualifier = ifnull(?, qualifier)",
            (function, qualifier),
        )
        self._database.write(lambda connection: connection.execute(statement, row))
