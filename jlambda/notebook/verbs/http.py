"""The verb that shows where a function answers HTTP."""

from __future__ import annotations

from jlambda.errors import ResourceNotFound
from jlambda.notebook.links import Link
from jlambda.notebook.verbs.verb import Desk, Verb


def _url(desk: Desk, function: str) -> Link:
    address = desk.function(function).url
    if address is None:
        raise ResourceNotFound(f"{function} has no function URL: %lambda trigger add {function} url gives it one")
    return Link(address)


VERBS = (Verb("url", "The address of a function's URL, as a link.", _url, "one", "  %lambda url hello"),)
