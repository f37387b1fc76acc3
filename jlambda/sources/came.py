"""What one attempt to run a function on a batch came to. Values only."""

from __future__ import annotations

from typing import Literal, NamedTuple

How = Literal["success", "error", "nothing"]


class Came(NamedTuple):
    """The end of one attempt.

    "nothing" is a throttle, or an environment that could not be made: nothing ran. `executed_version`, `error_type` and
    `request_id` are the invocation's, for the document that tells of records that were given up.
    """

    how: How
    payload: bytes = b""
    request_id: str = ""
    executed_version: str = ""
    error_type: str | None = None
