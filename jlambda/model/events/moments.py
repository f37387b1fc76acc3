"""Times as events write them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_ms(at: float) -> str:
    """``2026-01-31T12:00:00.123Z`` for seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_s(at: float) -> str:
    """``2026-01-31T12:00:00Z`` for seconds since the epoch."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds(moment: datetime | float) -> float:
    """Seconds since the epoch, for a time that boto3 has made a datetime or not; one without a zone is UTC."""
    if not isinstance(moment, datetime):
        return moment
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
