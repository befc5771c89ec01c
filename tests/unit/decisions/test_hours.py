"""Working hours: split shifts, holidays, absences, and days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.decisions.hours import FOREVER, Schedule
from pipelines.rules.hours import DAYS, week

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
OFFICE = week({"mon-fri": ["09:00-12:30", "13:30-17:30"]})
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 500 * 24 * 60).map(lambda m: (START + timedelta(minutes=m)).timestamp())
clock = st.integers(0, 95).map(lambda q: f"{q // 4:02d}:{q % 4 * 15:02d}")


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    days = {}
    for day in draw(st.sets(st.sampled_from(DAYS), min_size=1)):
        times = sorted(draw(st.sets(clock, min_size=2, max_size=4)))
        times = times[: len(times) // 2 * 2]
        days[day] = [f"{a}-{b}" for a, b in zip(times[::2], times[1::2], strict=True)]
    away = [(start, start + hours * 3600) for start, hours in draw(
        st.lists(st.tuples(moments, st.integers(1, 400)), max_size=3))]  # fmt: skip
    holidays = draw(st.sets(st.dates(date(2026, 1, 1), date(2027, 5, 1)), max_size=4))
    return Schedule(week(days), draw(st.sampled_from(ZONES)), holidays, away)


@given(schedule=schedules(), at=moments)
def test_open_is_what_the_wall_clock_of_the_zone_says(schedule: Schedule, at: float) -> None:
    local = datetime.fromtimestamp(at, schedule.zone)
    assert schedule.week is not None
    minute = local.hour * 60 + local.minute
    on_the_wall = any(a <= minute < b for a, b in schedule.week[local.weekday()])
    away = any(start <= at < end for start, end in schedule.away)
    twice = local.fold or local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset()
    if not twice:  # an hour that comes twice is open from its first beginning to its first end
        assert schedule.is_open(at) == (on_the_wall and local.date() not in schedule.holidays and not away)


@settings(max_examples=60)
@given(schedule=schedules(), at=moments, steps=st.integers(1, 40))
def test_between_two_changes_nothing_changes(schedule: Schedule, at: float, steps: int) -> None:
    for _ in range(steps):
        until = schedule.next_change(at)
        assert until > at
        if until == FOREVER:
            return
        for part in (0.0, 0.37, 0.999):
            moment = at + (until - at) * part
            assert schedule.is_open(moment) == schedule.is_open(at)
            assert schedule.is_away(moment) == schedule.is_away(at)
        at = until


@settings(max_examples=60)
@given(schedule=schedules(), at=moments)
def test_the_next_opening_is_the_first_open_moment(schedule: Schedule, at: float) -> None:
    opens = schedule.next_open(at)
    if opens == FOREVER:
        return
    assert schedule.is_open(opens)
    assert opens == at or not schedule.is_open(opens - 1)
    assert not any(schedule.is_open(at + (opens - at) * part / 50) for part in range(50)) or opens == at


@settings(max_examples=60)
@given(schedule=schedules(), at=moments, hours=st.integers(1, 40))
def test_business_time_added_is_business_time_counted(schedule: Schedule, at: float, hours: int) -> None:
    due = schedule.after(at, hours * 3600)
    if due < FOREVER:
        assert schedule.business_seconds(at, due) == pytest.approx(hours * 3600)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Europe/Berlin", date(2026, 6, 1), 24), ("America/New_York", date(2026, 3, 8), 23),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)  # fmt: skip
def test_a_day_on_which_clocks_change_has_the_hours_it_has(zone: str, day: date, hours: float) -> None:
    schedule = Schedule(week("always"), zone)
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=ZoneInfo(zone))
    assert schedule.business_seconds(start.timestamp(), end.timestamp()) == hours * 3600


def test_four_hours_from_friday_afternoon_end_on_monday_after_the_break() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = Schedule(OFFICE, "Europe/Berlin")
    friday = datetime(2026, 3, 27, 16, 30, tzinfo=berlin)  # clocks change on the Sunday between
    due = datetime.fromtimestamp(schedule.after(friday.timestamp(), 4 * 3600), berlin)
    assert due == datetime(2026, 3, 30, 12, 0, tzinfo=berlin)


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ({"mon": ["9-5"]}, "9-5 is no block of hours"),
        ({"mon": ["09:00-12:00", "11:00-13:00"]}, "two blocks of a day overlap"),
        ({"mond": ["09:00-12:00"]}, "mond is no day"),
        ({"fri-mon": ["09:00-12:00"]}, "fri-mon runs backwards"),
        ({"mon-fri": ["09:00-12:00"], "wed": ["13:00-14:00"]}, "wed is named twice"),
        ({}, "write hours as"),
    ],
)
def test_hours_that_cannot_be_are_one_sentence(hours: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        week(hours)
