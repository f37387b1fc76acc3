"""Schedule expressions of EventBridge and EventBridge Scheduler: what they mean, and when they are due next. Pure.

``rate(5 minutes)``, ``cron(0 12 ? * MON-FRI *)``, ``at(2027-01-01T09:00:00)``; times are seconds since the epoch (UTC).
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import floor

from jlambda.errors import InvalidParameter
from jlambda.model.cron import Cron, CronMistake, parse_cron

_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)(s?)\s*\)", re.ASCII)
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", re.ASCII)
_CRON = re.compile(r"cron\((.*)\)", re.DOTALL)
_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}
# a night shift of clocks, with room
_FOLD = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, from an anchor on."""

    period_s: int

    def next_after(self, moment: float, anchor: float) -> float | None:
        """The first time later than `moment` that is one or more periods later than `anchor`."""
        periods = max(floor((moment - anchor) / self.period_s) + 1, 1)
        due = anchor + periods * self.period_s
        return due if due > moment else due + self.period_s


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    local: datetime
    zone: tzinfo

    @property
    def moment(self) -> float:
        """When; in seconds since the epoch."""
        return self.local.replace(tzinfo=self.zone).timestamp()

    def next_after(self, moment: float, anchor: float) -> float | None:  # noqa: ARG002  # as the others
        """That time, as long as it is to come."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """At times of the day on days of the calendar, in a time zone.

    A time that clocks skip in spring is skipped, one that they show twice in autumn is due the first time only.
    """

    cron: Cron
    zone: tzinfo

    def next_after(self, moment: float, anchor: float) -> float | None:  # noqa: ARG002  # as the others
        """The first such time later than `moment`; None if there is none up to the year 2199."""
        start = datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None) - _FOLD
        for local in self._times(start):
            due = local.replace(tzinfo=self.zone).timestamp()
            is_skipped = datetime.fromtimestamp(due, self.zone).replace(tzinfo=None) != local
            if due > moment and not is_skipped:
                return due
        return None

    def _times(self, start: datetime) -> Iterator[datetime]:
        for day in self.cron.days_from(start.date()):
            for hour in self.cron.hours:
                for minute in self.cron.minutes:
                    local = datetime(day.year, day.month, day.day, hour, minute)
                    if local >= start:
                        yield local


Schedule = Rate | Calendar | At


def parse_schedule(text: str, zone: tzinfo = UTC, *, is_rule: bool = True) -> Schedule:
    """What an expression stands for. Raises `InvalidParameter` in AWS's words, with what to write instead.

    Rules of EventBridge know no ``at`` and no time zone but UTC, and hold 1 to the singular (``rate(1 minute)``).
    """
    if match := _RATE.fullmatch(text):
        count = int(match[1])
        if not count:
            raise _mistake(text, is_rule, "a rate begins at 1")
        if is_rule and (count == 1) == bool(match[3]):
            raise _mistake(text, is_rule, f"write rate({count} {match[2]}{'' if count == 1 else 's'})")
        return Rate(count * _UNITS[match[2]])
    if match := _CRON.fullmatch(text):
        try:
            return Calendar(parse_cron(match[1]), zone)
        except CronMistake as mistake:
            raise _mistake(text, is_rule, str(mistake)) from None
    if (match := _AT.fullmatch(text)) and not is_rule:
        try:
            return At(datetime.fromisoformat(match[1]), zone)
        except ValueError as error:
            raise _mistake(text, is_rule, str(error)) from None
    if match:
        raise _mistake(text, is_rule, "a rule is due again and again; EventBridge Scheduler takes at(…)")
    known = "rate(5 minutes) or cron(0 12 * * ? *)"
    raise _mistake(text, is_rule, f"use {known}" if is_rule else f"use {known} or at(2027-01-01T09:00:00)")


def _mistake(text: str, is_rule: bool, hint: str) -> InvalidParameter:
    said = "Parameter ScheduleExpression is not valid." if is_rule else f"Invalid Schedule Expression {text}."
    return InvalidParameter(said, hint)
