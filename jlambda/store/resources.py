"""What belongs to functions, layers and event source mappings, one JSON document each: policies, tags, configurations.

Knows owners, kinds and keys, nothing of what a document means. An owner is the last part of an ARN
(``function:hello``), so that all that an owner has can be deleted with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar

from jlambda.store.database import Database

T = TypeVar("T")

_PUT = "insert or replace into resources values (?, ?, ?, ?)"
_SELECT = "select owner, key, document from resources where kind = ?{} order by owner, key"


class Resources(Generic[T]):
    """All documents of one kind, each a `value`: a dataclass of plain values, tuples and documents.

    Raises `StateError` where the database cannot be read or written.
    """

    def __init__(self, database: Database, kind: str, value: type[T]) -> None:
        assert is_dataclass(value)
        self._database, self._kind, self._value = database, kind, value
        self._names = tuple(field.name for field in fields(value))

    def get(self, owner: str, key: str = "") -> T | None:
        """What an owner has under a key, None if nothing."""
        statement = "select document from resources where owner = ? and kind = ? and key = ?"
        rows = self._database.execute(statement, (owner, self._kind, key))
        return self._load(rows[0][0]) if rows else None

    def values(self, owner: str | None = None) -> list[T]:
        """What one owner has, or all have, by owner and key."""
        return [value for _, _, value in self.items(owner)]

    def items(self, owner: str | None = None) -> list[tuple[str, str, T]]:
        """Owner, key and value, by owner and key."""
        if owner is None:
            rows = self._database.execute(_SELECT.format(""), (self._kind,))
        else:
            rows = self._database.execute(_SELECT.format(" and owner = ?"), (self._kind, owner))
        return [(owner, key, self._load(document)) for owner, key, document in rows]

    def put(self, value: T, owner: str, key: str = "") -> T:
        """Keep `value` in place of an earlier one, and give it back."""
        document = json.dumps({name: _plain(getattr(value, name)) for name in self._names})
        self._database.write(lambda connection: connection.execute(_PUT, (owner, self._kind, key, document)))
        return value

    def delete(self, owner: str, key: str = "") -> bool:
        """Forget one value; False if there was none."""
        statement = "delete from resources where owner = ? and kind = ? and key = ?"
        return self._database.write(lambda connection: connection.execute(statement, (owner, self._kind, key)).rowcount > 0)

    def forget(self, owner: str, key: str | None = None) -> None:
        """Forget all that an owner has, of this kind and of every other; or what it has under one key."""
        statement = "delete from resources where owner = ? and coalesce(?, key) = key"
        self._database.write(lambda connection: connection.execute(statement, (owner, key)))

    def _load(self, document: str) -> T:
        values = json.loads(document)
        return self._value(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
