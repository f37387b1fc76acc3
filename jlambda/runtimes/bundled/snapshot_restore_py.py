"""Hooks around a SnapStart snapshot, under the name and with the functions that Lambda's Python runtimes have.

Functions import this where AWS's own package of the name is not installed. What is registered here is run by
`jlambda.runtimes.snap_start`; https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["register_after_restore", "register_before_snapshot"]

Hook = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_before_snapshot: list[Hook] = []
_after_restore: list[Hook] = []


def register_before_snapshot(func: _Function, *args: Any, **kwargs: Any) -> _Function:
    """Have `func` called before the snapshot is taken, the one registered last first; a decorator, too."""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func: _Function, *args: Any, **kwargs: Any) -> _Function:
    """Have `func` called in each environment that is restored, in the order of registration; a decorator, too."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot() -> list[Hook]:
    """What the runtime calls before the snapshot."""
    return _before_snapshot


def get_after_restore() -> list[Hook]:
    """What the runtime calls after a restore."""
    return _after_restore
