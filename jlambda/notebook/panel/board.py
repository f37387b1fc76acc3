"""The board: what there is to see of a session, as collections of JSON documents by key.

Made of an overview, and of the cells that functions were deployed from. What has not changed since the board before is
the same object.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar

from jlambda.errors import ResourceNotFound
from jlambda.notebook.panel.messages import Board, Document
from jlambda.session import Session
from jlambda.telemetry.overview import FunctionOverview, InvocationOverview, Overview, plain

T = TypeVar("T", bound=Hashable)


class BoardMaker:
    """Makes the boards of one session, one after the other."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[str, dict[str, tuple[object, Document]]] = {}
        self._cells: dict[str, tuple[float, Document]] = {}

    def make(self) -> Board:
        """The board now."""
        overview = self._session.overview()
        self._cells = {it.name: self._cell(it) for it in overview.functions}
        return {
            "functions": self._documents("functions", overview.functions, lambda it: it.name, _document),
            "cells": {name: cell for name, (_, cell) in self._cells.items() if cell},
            "environments": self._documents("environments", overview.environments, lambda it: it.id, _document),
            "invocations": self._documents("invocations", overview.recent, invocation_key, _document),
            "session": {"": self._of_session(overview)},
        }

    def forget(self, function: str) -> None:
        """The cell of this function is another one now."""
        self._cells.pop(function, None)

    def _documents(
        self, name: str, values: tuple[T, ...], key: Callable[[T], str], make: Callable[[T], Document]
    ) -> dict[str, Document]:
        """The documents of one collection, made anew where their value is another one than before."""
        before = self._made.get(name, {})
        now: dict[str, tuple[object, Document]] = {}
        for value in values:
            found = before.get(key(value))
            now[key(value)] = found if found is not None and found[0] is value else (value, make(value))
        self._made[name] = now
        return {each: document for each, (_, document) in now.items()}

    def _cell(self, function: FunctionOverview) -> tuple[float, Document]:
        """When the function was last changed, and the cell that deployed it; an empty document where there was none."""
        known = self._cells.get(function.name)
        if known is not None and known[0] == function.last_modified:
            return known
        made: Document = {}
        cell = self._session.cells.get(function.name)
        if cell is not None:
            with suppress(ResourceNotFound):  # deleted just now
                is_current = cell.code_sha256 == self._session.control.get(function.name).code_sha256
                made = {"id": cell.id, "text": cell.text, "is_current": is_current}
        return function.last_modified, made

    def _of_session(self, overview: Overview) -> Document:
        folder = self._session.folder
        return {
            "queue": plain(overview.queue),
            "cost_today_usd": overview.cost_today_usd,
            "cost_month_usd": overview.cost_month_usd,
            "account": self._session.account.id,
            "region": self._session.account.region,
            "folder": str(folder),
        }


def invocation_key(it: InvocationOverview) -> str:
    """What tells an invocation from every other: attempts have one request id."""
    return f"{it.request_id}/{it.attempt}"


def _document(value: object) -> Document:
    made = plain(value)
    assert isinstance(made, dict)
    return made
