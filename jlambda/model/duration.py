"""Spans of time as people write and read them: "2 minutes", "1h30m", 90. Pure."""

from __future__ import annotations

import math
import re
from datetime import timedelta

from jlambda.errors import InvalidParameter

_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
#: how a unit may be written, besides with an s at its end
_UNITS = {**_SECONDS, "w": 604_800, "d": 86_400, "h": 3_600, "hr": 3_600, "m": 60, "min": 60, "s": 1, "sec": 1}
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)(?:\s+and\b|,)?")
_HOW = 'use seconds, a timedelta, or words such as "2 minutes", "1h30m" or "+2m"'


def seconds_of(span: float | str | timedelta) -> float:
    """A span of time in seconds; a bare number is one already. Raises `InvalidParameter`."""
    if isinstance(span, timedelta):
        seconds = span.total_seconds()
    elif isinstance(span, str):
        seconds = _parsed(span)
    elif isinstance(span, (int, float)) and not isinstance(span, bool):
        seconds = float(span)
    else:
        raise InvalidParameter(f"a span of time is {span!r}: {_HOW}")
    if not math.isfinite(seconds):
        raise InvalidParameter(f"a span of time is {span!r}: {_HOW}")
    return seconds


def _parsed(text: str) -> float:
    rest = text.strip().lower()
    sign = -1.0 if rest.startswith("-") else 1.0
    rest = rest[1:] if rest[:1] in ("+", "-") else rest
    seconds, units = 0.0, []
    while rest.strip():
        part = _PART.match(rest)
        unit = part and (part[2] if part[2] in _UNITS else part[2].removesuffix("s"))
        if part is None or (unit and unit not in _UNITS) or unit in units:
            raise InvalidParameter(f"a span of time is {text!r}: {_HOW}")
        units.append(unit)
        seconds += float(part[1]) * (_UNITS[unit] if unit else 1)
        rest = rest[part.end() :]
    if not units or ("" in units and len(units) > 1):  # "2 minutes 30" may mean either
        raise InvalidParameter(f"a span of time is {text!r}: {_HOW}")
    return sign * seconds


def span_text(seconds: float) -> str:
    """A span in words, its two largest units: ``1 hour 30 minutes``, ``2 minutes``, ``0.4 seconds``."""
    left = abs(seconds)
    if left < 10 and round(left, 1) != round(left):
        return f"{left:.1f} seconds"
    left = round(left)
    parts: list[str] = []
    for name, size in _SECONDS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 seconds"
