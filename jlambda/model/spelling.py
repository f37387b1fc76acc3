"""The nearest word that exists, for a word that does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, among: Iterable[str]) -> str | None:
    """The one of `among` that `word` was meant to be, if it is close enough to one."""
    return next(iter(get_close_matches(word, list(among), n=1, cutoff=0.7)), None)


def nearest(word: str, among: Iterable[str]) -> str:
    """``"; did you mean --memory?"`` for a word close to one of `among`, else an empty string."""
    match = closest(word, among)
    return f"; did you mean {match}?" if match else ""
