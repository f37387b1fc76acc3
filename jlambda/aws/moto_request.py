"""What a thread of the child knows of the request that it carries out: what it starts, its random names and its time."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

CURRENT = threading.local()
#: random numbers of what belongs to no request
FREE = Random()


def begin(seed: int, at: float, trace: str | None = None) -> list[dict[str, Any]]:
    """Begin a request in this thread: what it starts is added to the list.

    Its random names come from `seed` and its time is `at`, so that a replay makes what there was. `trace` is the trace
    header for messages that it leads to.
    """
    pushes: list[dict[str, Any]] = []
    CURRENT.pushes, CURRENT.at, CURRENT.trace = pushes, at or None, trace
    CURRENT.random = Random(seed) if seed else FREE
    return pushes


def push(arn: str, source: str, event: Mapping[str, Any], **more: Any) -> None:
    """Have a function started, by its ARN, once the request that is carried out is answered."""
    pushes = getattr(CURRENT, "pushes", None)
    if pushes is not None:
        pushes.append({"arn": arn, "source": source, "event": json.dumps(event), **more})


class Seeded:
    """moto's random numbers, those of a request from its own seed."""

    def random(self) -> float:
        """A number between 0 and 1."""
        return getattr(CURRENT, "random", FREE).random()

    def getrandbits(self, bits: int) -> int:
        """A number of so many bits."""
        return getattr(CURRENT, "random", FREE).getrandbits(bits)


class SeededOs:
    """The module `os`, but for random bytes, which are those of the request."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def urandom(self, size: int) -> bytes:
        """So many bytes."""
        random: Random = getattr(CURRENT, "random", FREE)
        return random.randbytes(size)


def utcnow() -> datetime:
    """moto's time: that of the request, without a time zone."""
    at = getattr(CURRENT, "at", None)
    return datetime.fromtimestamp(time.time() if at is None else at, UTC).replace(tzinfo=None)
