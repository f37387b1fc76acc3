"""AWS's cron: six fields, ``minutes hours day-of-month month day-of-week year``, with ``L``, ``W``, ``#`` and ``?``. Pure.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-cron-expressions
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class CronMistake(ValueError):
    """A field is not what AWS takes; the message says which and why."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field may hold: numbers from `first` to `last`, by name too."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + 1
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not self.first <= int(text) <= self.last:
            allowed = f"{self.first} to {self.last}" + (f" or {self.names[0]} to {self.names[-1]}" if self.names else "")
            raise CronMistake(f"{self.name} {text!r}: use {allowed}")
        return int(text)

    def numbers(self, text: str) -> frozenset[int]:
        """All that a list of numbers, ranges and steps stands for; a range may go over the end, as ``FRI-MON``."""
        found: set[int] = set()
        for part in text.split(","):
            span, slash, step_text = part.partition("/")
            step = int(step_text) if re.fullmatch(r"\d{1,4}", step_text, re.ASCII) else 0
            if slash and not step:
                raise CronMistake(f"{self.name} {part!r}: a step is a number, 1 or more")
            if span == "*":
                low, high = self.first, self.last
            else:
                low_text, dash, high_text = span.partition("-")
                low = self.number(low_text)
                high = self.number(high_text) if dash else (self.last if slash else low)
            if high < low and self.first == _FIRST_YEAR:
                raise CronMistake(f"{self.name} {part!r}: the end is before the beginning")
            count = self.last - self.first + 1
            found |= {
                self.first + (each - self.first) % count
                for each in range(low, (high if high >= low else high + count) + 1, step or 1)
            }
        return frozenset(found)


_MINUTE, _HOUR = _Field("minutes", 0, 59), _Field("hours", 0, 23)
_DAY_OF_MONTH, _MONTH = _Field("day-of-month", 1, 31), _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK, _YEAR = _Field("day-of-week", 1, 7, _DAYS), _Field("year", _FIRST_YEAR, _LAST_YEAR)

DaysOfMonth = Callable[[int, int], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Cron:
    """What the six fields stand for; `days` gives the days of a year's month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DaysOfMonth
    months: frozenset[int]
    years: frozenset[int]

    def days_from(self, first: date) -> Iterator[date]:
        """The days that are meant, from `first` on."""
        for year in sorted(each for each in self.years if each >= first.year):
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                for day in sorted(self.days(year, month)):
                    if (found := date(year, month, day)) >= first:
                        yield found


def parse_cron(text: str) -> Cron:
    """The fields between the brackets of ``cron(…)``. Raises `CronMistake`."""
    fields = text.split()
    if len(fields) != 6:
        raise CronMistake("write six fields, minutes hours day-of-month month day-of-week year: cron(0 12 * * ? *)")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise CronMistake("write ? in one of day-of-month and day-of-week, and in no other field")
    return Cron(
        tuple(sorted(_MINUTE.numbers(minutes))),
        tuple(sorted(_HOUR.numbers(hours))),
        _days_of_week(day_of_week) if day_of_month == "?" else _days_of_month(day_of_month),
        _MONTH.numbers(month),
        _YEAR.numbers(year),
    )


def _days_of_month(text: str) -> DaysOfMonth:
    """Numbers, ``L`` (the last), ``3W`` (the weekday nearest to the 3rd, in the same month), ``LW`` (the last weekday)."""
    upper = text.upper()
    if upper == "L":
        return lambda year, month: frozenset({_last(year, month)})
    if upper == "LW":
        return lambda year, month: frozenset({_nearest_weekday(year, month, _last(year, month))})
    if upper.endswith("W"):
        day = _DAY_OF_MONTH.number(upper[:-1])
        return lambda year, month: frozenset({_nearest_weekday(year, month, day)}) if day <= _last(year, month) else frozenset()
    wanted = _DAY_OF_MONTH.numbers(text)
    return lambda year, month: frozenset(day for day in wanted if day <= _last(year, month))


def _days_of_week(text: str) -> DaysOfMonth:
    """Numbers or names from Sunday on, ``L`` (Saturday), ``6L`` (the last Friday), ``6#3`` (the third Friday)."""
    upper = text.upper()
    if "#" in upper:
        day_text, _, count = upper.partition("#")
        if count not in ("1", "2", "3", "4", "5"):
            raise CronMistake(f"day-of-week {text!r}: write one day, # and 1 to 5, such as 6#3")
        day, index = _DAY_OF_WEEK.number(day_text), int(count) - 1
        return lambda year, month: frozenset(_weekdays(year, month, day)[index : index + 1])
    if upper != "L" and upper.endswith("L"):
        last = _DAY_OF_WEEK.number(upper[:-1])
        return lambda year, month: frozenset(_weekdays(year, month, last)[-1:])
    wanted = frozenset({7}) if upper == "L" else _DAY_OF_WEEK.numbers(text)
    return lambda year, month: frozenset(found for day in wanted for found in _weekdays(year, month, day))


def _last(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _weekdays(year: int, month: int, day: int) -> list[int]:
    """The days of a month that are this day of the week, 1 being Sunday."""
    first = date(year, month, 1).isoweekday() % 7 + 1
    return list(range(1 + (day - first) % 7, _last(year, month) + 1, 7))


def _nearest_weekday(year: int, month: int, day: int) -> int:
    found = date(year, month, day)
    if found.isoweekday() == 6:
        found += timedelta(days=-1 if day > 1 else 2)
    elif found.isoweekday() == 7:
        found += timedelta(days=1 if day < _last(year, month) else -2)
    return found.day
