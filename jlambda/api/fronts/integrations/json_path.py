"""JSONPath, as API Gateway asks it: one value where a path can name only one, a list where it may name several."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

#: what a path has that may name more than one value
_SEVERAL = re.compile(r"\*|\.\.|\?|\[[^\]'\"]*[,:]")


class BadPath(ValueError):
    """Something that is no JSONPath."""


def found(document: Any, path: str) -> Any:
    """What a path names in a document; None where that is not there. Raises `BadPath`."""
    if path in ("$", "$."):
        return document
    values = [each.value for each in _parsed(path).find(document)]
    if _SEVERAL.search(path):
        return values
    return values[0] if values else None


@lru_cache(maxsize=512)
def _parsed(path: str) -> Any:
    try:
        return parse(path)
    except (JSONPathError, ValueError, IndexError, AttributeError) as error:
        raise BadPath(f"{path!r} is no JSONPath: {error}") from None
