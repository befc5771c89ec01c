"""Arithmetic in working hours: is somebody open, until when, when next, and how much business time has
passed.

Belongs here: pure functions over weeks, zones, holidays and absences. Moments are seconds since 1970 (UTC);
local hours become moments day by day, so a day on which clocks change has the hours its people have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipelines.rules.hours import Week

Span = tuple[float, float]
FOREVER = float("inf")
_MARGIN = 60 * 86400.0
_HORIZON_DAYS = 400
"""Somebody who is not open within so many days is taken to be gone."""
_UTC = ZoneInfo("UTC")


class Schedule:
    """When a person works: hours in a zone without holidays, and when they are away.

    Without hours a person is always open, except while away.
    """

    def __init__(
        self, week: Week | None, zone: str = "UTC", holidays: Iterable[date] = (), away: Iterable[Span] = ()
    ) -> None:
        self.week, self.zone = week, ZoneInfo(zone)
        self.holidays = frozenset(holidays)
        self.away = _united(away)
        self._starts = [start for start, _ in self.away]
        self._calendar = None if week is None else _calendar(week, zone, self.holidays)

    def is_away(self, at: float) -> bool:
        """Absent, whatever the hours."""
        place = bisect_right(self._starts, at) - 1
        return place >= 0 and at < self.away[place][1]

    def is_open(self, at: float) -> bool:
        """At work: within hours, no holiday, not absent."""
        return not self.is_away(at) and self._in_hours(at)

    def back_at(self, at: float) -> float:
        """The first moment from `at` on at which the person is not absent, whatever the hours."""
        place = bisect_right(self._starts, at) - 1
        return self.away[place][1] if place >= 0 and at < self.away[place][1] else at

    def next_change(self, at: float) -> float:
        """The first moment after `at` at which being open or away may change."""
        place = bisect_right(self._starts, at) - 1
        until = self.away[place][1] if place >= 0 and at < self.away[place][1] else FOREVER
        later = self._starts[place + 1] if place + 1 < len(self.away) else FOREVER
        edge = min(until, later)
        return edge if self._calendar is None else min(edge, self._calendar.next_edge(at))

    def next_open(self, at: float) -> float:
        """The first moment from `at` on at which the person is open; FOREVER when there is none."""
        moment = at
        for _ in range(10 * _HORIZON_DAYS):
            if self.is_open(moment):
                return moment
            moment = self.next_change(moment)
            if moment == FOREVER or moment > at + _HORIZON_DAYS * 86400:
                return FOREVER
        return FOREVER

    def business_seconds(self, start: float, end: float) -> float:
        """Business time between two moments. Absence does not stop the clock: the lead waits all the same."""
        if end <= start:
            return 0.0
        if self._calendar is None:
            return end - start
        spans = self._calendar.between(start, end)
        return sum(max(0.0, min(closes, end) - max(opens, start)) for opens, closes in spans)

    def after(self, start: float, seconds: float) -> float:
        """The moment at which so much business time will have passed since `start`."""
        if self._calendar is None:
            return start + seconds
        left = seconds
        for opens, closes in self._calendar.between(start, start + _HORIZON_DAYS * 86400):
            begins = max(opens, start)
            if closes - begins >= left:
                return begins + left
            left -= max(0.0, closes - begins)
        return FOREVER

    def day_ends(self, at: float) -> float:
        """When the person's own day ends."""
        day = datetime.fromtimestamp(at, self.zone).date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()

    def week_ends(self, at: float) -> float:
        """When the person's own week ends, on Sunday at midnight."""
        day = datetime.fromtimestamp(at, self.zone).date()
        day += timedelta(days=8 - day.isoweekday())
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()

    def _in_hours(self, at: float) -> bool:
        return self._calendar is None or self._calendar.is_open(at)


class _Calendar:
    """A week in a zone without holidays as one sorted list of spans, made as far as it is asked for."""

    def __init__(self, week: Week, zone: ZoneInfo, holidays: frozenset[date]) -> None:
        self.week, self.zone, self.holidays = week, zone, holidays
        self.spans: list[Span] = []
        self.starts: list[float] = []
        self.first = self.last = 0.0
        """The moments between which the list is whole."""

    def is_open(self, at: float) -> bool:
        self._reach(at)
        place = bisect_right(self.starts, at) - 1
        return place >= 0 and at < self.spans[place][1]

    def next_edge(self, at: float) -> float:
        """The next opening or closing after `at`."""
        self._reach(at)
        place = bisect_right(self.starts, at)
        if place > 0 and at < self.spans[place - 1][1]:
            return self.spans[place - 1][1]
        if place == len(self.spans):
            self._make(self.first, self.last + _HORIZON_DAYS * 86400)
            place = bisect_right(self.starts, at)
        return self.spans[place][0] if place < len(self.spans) else FOREVER

    def between(self, start: float, end: float) -> Iterator[Span]:
        """Spans that end after `start` and begin before `end`."""
        self._reach(start)
        self._reach(end)
        for span in self.spans[max(0, bisect_right(self.starts, start) - 1) :]:
            if span[0] >= end:
                return
            if span[1] > start:
                yield span

    def _reach(self, at: float) -> None:
        if not self.spans and not self.last:
            self._make(at - _MARGIN, at + _MARGIN)
        elif at < self.first:
            self._make(at - _MARGIN, self.last)
        elif at > self.last:
            self._make(self.first, at + _MARGIN)

    def _make(self, first: float, last: float) -> None:
        day, end = (datetime.fromtimestamp(at, self.zone).date() for at in (first, last))
        day -= timedelta(days=2)
        found: list[Span] = []
        while day <= end + timedelta(days=2):
            if day not in self.holidays:
                found += _spans(self.week, self.zone, day)
            day += timedelta(days=1)
        self.spans = _united(found)
        self.starts = [start for start, _ in self.spans]
        self.first, self.last = first, last


@lru_cache(maxsize=4_096)
def _calendar(week: Week, zone: str, holidays: frozenset[date]) -> _Calendar:
    """People of one zone and one week share one."""
    return _Calendar(week, ZoneInfo(zone), holidays)


@lru_cache(maxsize=50_000)
def _spans(week: Week, zone: ZoneInfo, day: date) -> tuple[Span, ...]:
    """A day's blocks as moments; where the clock skips an hour, what lies in it is not there."""
    found = []
    for opens, closes in week[day.weekday()]:
        start, end = _moment(day, opens, zone), _moment(day, closes, zone)
        if end > start:
            found.append((start, end))
    return tuple(found)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> float:
    """Local time as a moment. A time that a change of clocks skips is the moment of the change."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minutes)
    after, before = local.timestamp(), local.replace(fold=1).timestamp()
    if before >= after:
        return after  # an hour that comes twice counts from its first time
    return _change_between(before, after, zone)


def _change_between(before: float, after: float, zone: ZoneInfo) -> float:
    """The second at which the clock changes."""
    low, high = int(before), int(after)
    offset = datetime.fromtimestamp(low, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return float(high)


def _united(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


ALWAYS = Schedule(None)
