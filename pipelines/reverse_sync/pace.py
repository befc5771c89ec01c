"""How often a sync of `syncFrequency` may be written, so that a vendor's stay within their share of its day.

Belongs here: that arithmetic, and which syncs of a plan wait for their next time. The share of a day that any
writing may take is the destinations' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection

from pipelines.reverse_sync.planned import Plan, SyncSummary
from pipelines.rules.frequency import MINUTES_A_DAY, Frequency
from pipelines.rules.syncs import Sync, Syncs
from pipelines.state import runs

_SLACK = timedelta(seconds=30)
"""A schedule's run begins a little sooner or later than the one before."""


@dataclass(frozen=True)
class Pace:
    """Minutes between two runs of a sync: as config says, or as many as its calls leave room for."""

    frequency: Frequency
    calls: int
    allowed: int | None
    """Calls of a day that the sync may take; None where nobody says."""
    reading: int = 0
    """Those of `calls` that a run takes before it writes."""

    @property
    def minutes(self) -> int:
        asked = self.frequency.minutes or 0
        if not self.allowed or not self.calls:
            return asked
        return max(asked, ceil(MINUTES_A_DAY * self.calls / self.allowed))

    @property
    def is_slowed(self) -> bool:
        """Whether the calls leave room for less than config asks for; real-time asks for every publish."""
        return self.minutes > (self.frequency.minutes or 0)

    def __str__(self) -> str:
        if not self.calls:
            return self._said
        reading = f", {self.reading:,} calls of each to read first" if self.reading else ""
        return f"{self._said}{reading} (calls a day by setting: {Frequency.by_setting(self.calls)})"

    @property
    def _said(self) -> str:
        said = self.frequency.cost(self.calls)
        if self.allowed is None or not self.calls:
            return said
        if not self.is_slowed:
            return f"{said} of {self.allowed:,} it may take"
        if self.frequency.minutes is None:
            return (
                f"{said}; {self.allowed:,} a day are allowed: written each {self.minutes:,} minutes at most"
            )
        return f"{said}, more than the {self.allowed:,} it may take: written each {self.minutes:,} minutes"


def paces(
    syncs: Mapping[str, Sync], summaries: Mapping[str, SyncSummary], limits: Mapping[str, int], rules: Syncs
) -> dict[str, Pace]:
    """Of each sync that has a frequency. `limits`: calls of a day by vendor, as the latest probes tell."""
    timed = {name: sync for name, sync in syncs.items() if sync.syncFrequency and name in summaries}
    wish: dict[str, int] = {}
    for name, sync in timed.items():
        wish[name] = summaries[name].calls.of_a_run * Frequency(sync.syncFrequency).runs
    found = {}
    for name, sync in timed.items():
        of_vendor = rules.pace.calls_a_day.get(sync.vendor)
        if of_vendor is None and sync.vendor in limits:
            of_vendor = int(limits[sync.vendor] * rules.pace.daily_share)
        total = sum(calls for other, calls in wish.items() if timed[other].vendor == sync.vendor)
        mine = of_vendor if of_vendor is None or not total else max(1, of_vendor * wish[name] // total)
        calls = summaries[name].calls
        found[name] = Pace(Frequency(sync.syncFrequency), calls.of_a_run, mine, calls.reading)
    return found


def limits(connection: Connection) -> dict[str, int]:
    """Calls of a day by vendor, as the latest probe that was told them."""
    return runs.day_limits(connection)


def waiting(
    connection: Connection, plan: Plan, syncs: Syncs, now: datetime, *, by_schedule: bool = True
) -> dict[str, str]:
    """Syncs of a plan whose next time has not come, each with a sentence that says when it does.

    `by_schedule`: a schedule asks, which keeps the time that config says; only what is slowed has to wait.
    """
    found = {}
    for name, pace in paces(syncs.syncs, plan.syncs, limits(connection), syncs).items():
        waits = pace.is_slowed or (not by_schedule and pace.minutes)
        last = runs.last_write(connection, name) if waits else None
        if last is None:
            continue
        due = last + timedelta(minutes=pace.minutes)
        if now < due - _SLACK:
            found[name] = f"{name} waits until {due:%H:%M} UTC: {pace}"
    return found
