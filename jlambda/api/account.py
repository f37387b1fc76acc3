"""TEMPORARY."""

from typing import Any
from jlambda.api.operations import later


def __getattr__(name: str) -> Any:
    return later("account")
