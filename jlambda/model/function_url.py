"""Function URLs: what makes a function, or one of its aliases, answer to HTTP. Knows no HTTP itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """The URL of a function, or of one of its aliases (`qualifier`).

    `id` is the first part of the host name; `cors` is AWS's Cors, None where none was given; times are in seconds since
    the epoch.
    """

    id: str
    function: str
    qualifier: str | None
    auth_type: str
    cors: Mapping[str, Any] | None
    invoke_mode: str
    created_at: float
    last_modified: float
