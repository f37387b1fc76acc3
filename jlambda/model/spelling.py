"""The nearest word that exists, for a word that does not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, among: Iterable[str]) -> str:
    """``"; did you mean --memory?"`` for a word close to one of `among`, else an empty string."""
    match = get_close_matches(word, list(among), n=1, cutoff=0.7)
    return f"; did you mean {match[0]}?" if match else ""
