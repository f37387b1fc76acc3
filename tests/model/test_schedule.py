"""Schedule expressions: AWS's documented ones, and a slow evaluator that says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.schedule import At, Rate, parse_schedule

NOW = datetime(2026, 11, 27, 23, 30, tzinfo=UTC).timestamp()
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def due(expression: str, count: int = 3, now: str | float = NOW, zone: tzinfo = UTC) -> list[str]:
    """The next times, as clocks in `zone` show them."""
    schedule = parse_schedule(expression, zone, is_rule=False)
    moment = now if isinstance(now, float) else datetime.fromisoformat(now).replace(tzinfo=zone).timestamp()
    anchor, found = moment, list[str]()
    while len(found) < count and (at := schedule.next_after(moment, anchor)) is not None:
        found.append(f"{datetime.fromtimestamp(at, zone):%a %Y-%m-%d %H:%M}")
        moment = at
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 10 * * ? *)", ["Sat 2026-11-28 10:00", "Sun 2026-11-29 10:00"]),
        ("cron(15 12 * * ? *)", ["Sat 2026-11-28 12:15", "Sun 2026-11-29 12:15"]),
        ("cron(0 18 ? * MON-FRI *)", ["Mon 2026-11-30 18:00", "Tue 2026-12-01 18:00"]),
        ("cron(0 8 1 * ? *)", ["Tue 2026-12-01 08:00", "Fri 2027-01-01 08:00"]),
        ("cron(0/15 * * * ? *)", ["Fri 2026-11-27 23:45", "Sat 2026-11-28 00:00"]),
        ("cron(0/10 * ? * MON-FRI *)", ["Fri 2026-11-27 23:40", "Fri 2026-11-27 23:50"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["Mon 2026-11-30 08:00", "Mon 2026-11-30 08:05"]),
        ("cron(0 9 ? * 2#1 *)", ["Mon 2026-12-07 09:00", "Mon 2027-01-04 09:00"]),
        ("cron(0 9 ? * FRI#5 *)", ["Fri 2027-01-29 09:00", "Fri 2027-04-30 09:00"]),
        ("cron(15 10 ? * 6L 2027-2030)", ["Fri 2027-01-29 10:15", "Fri 2027-02-26 10:15"]),
        ("cron(0 0 ? * L *)", ["Sat 2026-11-28 00:00", "Sat 2026-12-05 00:00"]),
        ("cron(0 0 L * ? *)", ["Mon 2026-11-30 00:00", "Thu 2026-12-31 00:00"]),
        ("cron(0 0 LW * ? *)", ["Mon 2026-11-30 00:00", "Thu 2026-12-31 00:00"]),
        ("cron(0 0 3W * ? *)", ["Thu 2026-12-03 00:00", "Mon 2027-01-04 00:00"]),
        ("cron(0 0 1W * ? *)", ["Tue 2026-12-01 00:00", "Fri 2027-01-01 00:00"]),
        ("cron(0 0 1W 8 ? *)", ["Mon 2027-08-02 00:00", "Tue 2028-08-01 00:00"]),
        ("cron(0 0 31W 1 ? *)", ["Fri 2027-01-29 00:00", "Mon 2028-01-31 00:00"]),
        ("cron(0 0 31W 2 ? *)", []),
        ("cron(0 0 30 2 ? *)", []),
        ("cron(0 0 29 FEB ? *)", ["Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]),
        ("cron(30 6,18 ? jan,JUL sun,3 *)", ["Sun 2027-01-03 06:30", "Sun 2027-01-03 18:30"]),
        ("cron(0 22-2 ? * FRI-SUN *)", ["Sat 2026-11-28 00:00", "Sat 2026-11-28 01:00"]),
        ("cron(*/20 0 1-10/5 * ? *)", ["Tue 2026-12-01 00:00", "Tue 2026-12-01 00:20"]),
        ("cron(0 0 1 1 ? 2026/2)", ["Sat 2028-01-01 00:00", "Tue 2030-01-01 00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
        ("rate(1 minute)", ["Fri 2026-11-27 23:31", "Fri 2026-11-27 23:32"]),
        ("rate(5 minutes)", ["Fri 2026-11-27 23:35", "Fri 2026-11-27 23:40"]),
        ("rate(2 hours)", ["Sat 2026-11-28 01:30", "Sat 2026-11-28 03:30"]),
        ("rate(1 day)", ["Sat 2026-11-28 23:30", "Sun 2026-11-29 23:30"]),
        ("at(2026-12-24T18:00:00)", ["Thu 2026-12-24 18:00"]),
        ("at(2025-12-24T18:00:00)", []),
    ],
)
def test_the_next_times(expression: str, expected: list[str]) -> None:
    """AWS's own examples, and each sign of the six fields."""
    assert due(expression, 2) == expected


def test_clocks_that_are_put_forward_skip_what_is_not() -> None:
    """What would be due in the hour that is missing is due the next day; the others keep their time of the day."""
    assert due("cron(30 2 * * ? *)", 3, "2026-03-27T12:00:00", BERLIN) == [
        "Sat 2026-03-28 02:30",
        "Mon 2026-03-30 02:30",
        "Tue 2026-03-31 02:30",
    ]
    assert due("cron(0 9 ? * * *)", 2, "2026-03-07T12:00:00", NEW_YORK) == ["Sun 2026-03-08 09:00", "Mon 2026-03-09 09:00"]


def test_clocks_that_are_put_back_are_due_once() -> None:
    """An hour that comes twice counts the first time."""
    assert due("cron(30 2 * * ? *)", 3, "2026-10-24T12:00:00", BERLIN) == [
        "Sun 2026-10-25 02:30",
        "Mon 2026-10-26 02:30",
        "Tue 2026-10-27 02:30",
    ]
    half_hours = due("cron(0/30 * * * ? *)", 4, "2026-10-25T01:30:00", BERLIN)
    assert half_hours == ["Sun 2026-10-25 02:00", "Sun 2026-10-25 02:30", "Sun 2026-10-25 03:00", "Sun 2026-10-25 03:30"]


def test_a_time_of_a_zone() -> None:
    """What is written is what clocks there show."""
    schedule = parse_schedule("at(2026-07-01T09:00:00)", NEW_YORK, is_rule=False)
    assert isinstance(schedule, At)
    assert datetime.fromtimestamp(schedule.moment, UTC) == datetime(2026, 7, 1, 13, tzinfo=UTC)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 4e9), st.floats(0, 4e9))
def test_a_rate_is_due_a_whole_number_of_periods_after_its_anchor(minutes: int, anchor: float, moment: float) -> None:
    """And it is the first such time."""
    found = Rate(minutes * 60).next_after(moment, anchor)
    assert found is not None
    assert found > moment and found > anchor
    assert found - minutes * 60 <= max(moment, anchor) + 1e-6
    assert abs((found - anchor) / (minutes * 60) - round((found - anchor) / (minutes * 60))) < 1e-6


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("rate(1 minutes)", "write rate(1 minute)"),
        ("rate(5 minute)", "write rate(5 minutes)"),
        ("rate(0 minutes)", "a rate begins at 1"),
        ("rate(5 seconds)", "use rate(5 minutes) or cron(0 12 * * ? *)"),
        ("every minute", "use rate(5 minutes) or cron(0 12 * * ? *)"),
        ("at(2027-01-01T09:00:00)", "EventBridge Scheduler takes at(…)"),
        ("cron(0 12 * * *)", "write six fields"),
        ("cron(0 12 * * * *)", "write ? in one of day-of-month and day-of-week"),
        ("cron(0 12 ? * ? *)", "write ? in one of day-of-month and day-of-week"),
        ("cron(60 12 * * ? *)", "minutes '60': use 0 to 59"),
        ("cron(? 12 * * ? *)", "minutes '?': use 0 to 59"),
        ("cron(0 24 * * ? *)", "hours '24': use 0 to 23"),
        ("cron(0 0 0 * ? *)", "day-of-month '0': use 1 to 31"),
        ("cron(0 0 * 13 ? *)", "month '13': use 1 to 12 or JAN to DEC"),
        ("cron(0 0 ? * 8 *)", "day-of-week '8': use 1 to 7 or SUN to SAT"),
        ("cron(0 0 ? * MON#6 *)", "day-of-week 'MON#6': write one day, # and 1 to 5"),
        ("cron(0/0 0 ? * MON *)", "minutes '0/0': a step is a number, 1 or more"),
        ("cron(0 0 * * ? 1969)", "year '1969': use 1970 to 2199"),
        ("cron(0 0 * * ? 2030-2020)", "the end is before the beginning"),
    ],
)
def test_what_is_no_schedule_of_a_rule(expression: str, hint: str) -> None:
    """AWS's words, and what to write instead."""
    with pytest.raises(InvalidParameter) as caught:
        parse_schedule(expression)
    assert str(caught.value).startswith("Parameter ScheduleExpression is not valid. (")
    assert hint in str(caught.value)


@pytest.mark.parametrize("expression", ["rate(x)", "cron(0 12 * * *)", "at(2027-02-30T09:00:00)", "at(tomorrow)", ""])
def test_what_is_no_schedule_of_the_scheduler(expression: str) -> None:
    """The same in the words of EventBridge Scheduler, which takes `at` and either number of a unit."""
    with pytest.raises(InvalidParameter, match="Invalid Schedule Expression"):
        parse_schedule(expression, is_rule=False)
    parse_schedule("rate(1 minutes)", is_rule=False)


# -- a slow evaluator: looks at every minute, or at every day ----------------------------------------------------------------


def holds(field: str, value: int, first: int, last: int, names: str = "") -> bool:
    """Whether a value is in a field of numbers, ranges and steps, each part looked at for itself."""
    for number, name in enumerate(names.split(), 1):
        field = field.replace(name, str(number))
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, dash, high = ("*", "-", "*") if span == "*" else span.partition("-")
        begin = first if low == "*" else int(low)
        end = last if high == "*" or (step and not dash) else int(high or low)
        members, at = [begin], begin
        while at != end:
            at = first if at == last else at + 1
            members.append(at)
        if value in members[:: int(step or 1)]:
            return True
    return False


MONTH_NAMES, DAY_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", "SUN MON TUE WED THU FRI SAT"


def is_day(fields: list[str], day: date) -> bool:
    _, _, of_month, month, of_week, year = fields
    tomorrow = day + timedelta(days=1)
    weekday = day.isoweekday() % 7 + 1
    if not (holds(month, day.month, 1, 12, MONTH_NAMES) and holds(year, day.year, 1970, 2199)):
        return False
    if of_week == "?":
        if of_month == "L":
            return tomorrow.month != day.month
        if of_month.endswith("W"):
            target = int(of_month[:-1])
            if weekday in (1, 7):
                return False
            days = [day.replace(day=each) for each in range(1, 32) if each <= _length(day)]
            if target > len(days):
                return False
            open_days = [each for each in days if each.isoweekday() < 6]
            return min(open_days, key=lambda each: abs(each.day - target)) == day
        return holds(of_month, day.day, 1, 31)
    if of_week == "L":
        return weekday == 7
    if "#" in of_week:
        wanted, count = of_week.split("#")
        return weekday == int(wanted) and (day.day - 1) // 7 + 1 == int(count)
    if of_week.endswith("L"):
        return weekday == int(of_week[:-1]) and (day + timedelta(days=7)).month != day.month
    return holds(of_week, weekday, 1, 7, DAY_NAMES)


def _length(day: date) -> int:
    return next(each for each in (28, 29, 30, 31) if (day.replace(day=1) + timedelta(days=each)).day == 1)


def part(first: int, last: int) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    span = st.builds("{}-{}".format, number, number)
    step = st.builds("{}/{}".format, st.just("*") | number.map(str) | span, st.integers(1, 7))
    return number.map(str) | span | step


def field(first: int, last: int, *others: str) -> st.SearchStrategy[str]:
    return st.just("*") | st.lists(part(first, last), min_size=1, max_size=2).map(",".join) | st.sampled_from(["*", *others])


days_of_month = field(1, 31, "L", "1W", "15W", "30W", "31W").map(lambda each: (each, "?"))
days_of_week = field(1, 7, "L", "2L", "7L", "1#1", "4#5", "MON-FRI", "SAT,SUN").map(lambda each: ("?", each))
days = st.tuples(
    days_of_month | days_of_week, field(1, 12, "JAN", "APR-JUN"), st.sampled_from(["*", "*", "2026-2028", "2027/2"])
)


@settings(deadline=None)
@given(days, st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_days_are_those_of_the_slow_evaluator(which: tuple[tuple[str, str], str, str], start: date) -> None:
    """The next two days of any expression within two years."""
    (of_month, of_week), month, year = which
    fields = ["0", "0", of_month, month, of_week, year]
    schedule = parse_schedule(f"cron({' '.join(fields)})")
    midnight = datetime(start.year, start.month, start.day, tzinfo=UTC)
    expected = [each for each in (start + timedelta(days=number) for number in range(1, 731)) if is_day(fields, each)][:2]
    moment = midnight.timestamp()
    for day in expected:
        found = schedule.next_after(moment, 0.0)
        assert found is not None and datetime.fromtimestamp(found, UTC).date() == day
        moment = found
    if not expected:
        found = schedule.next_after(moment, 0.0)
        assert found is None or found > (midnight + timedelta(days=730)).timestamp()


zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
#: around the nights when clocks are put forward and back
nights = st.sampled_from(
    [
        datetime(2026, 3, 28, 20),
        datetime(2026, 3, 8),
        datetime(2026, 10, 24, 20),
        datetime(2026, 11, 1),
        datetime(2026, 4, 4, 8),
    ]
)


@settings(deadline=None)
@given(field(0, 59), field(0, 23), zones, nights, st.integers(0, 600))
def test_times_are_those_of_the_slow_evaluator(minute: str, hour: str, zone_name: str, night: datetime, later: int) -> None:
    """Each minute of thirty hours around a change of clocks is looked at; a minute that comes again does not count."""
    zone = ZoneInfo(zone_name)
    schedule = parse_schedule(f"cron({minute} {hour} * * ? *)", zone)
    start = night.replace(tzinfo=UTC) + timedelta(minutes=later)
    expected = []
    for number in range(1, 1_800):
        local = (start + timedelta(minutes=number)).astimezone(zone)
        if local.fold == 0 and holds(minute, local.minute, 0, 59) and holds(hour, local.hour, 0, 23):
            expected.append(local.timestamp())
    moment, found = start.timestamp(), []
    while (at := schedule.next_after(moment, 0.0)) is not None and at < start.timestamp() + 1_800 * 60:
        found.append(at)
        moment = at
        if len(found) > 40:
            break
    assert found == expected[: len(found)] and (len(found) > 40 or len(found) == len(expected))
    assert all(first < second for first, second in pairwise(found))
