"""How often a sync of `syncFrequency` may be written, so that a vendor's stay within their share of its day.

Belongs here: that arithmetic, and which syncs of a plan wait for their next time. The share of a day that any
writing may take is the destinations' own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import Connection

from pipelines.reverse_sync.forecast import NOTHING_READ, Listening
from pipelines.reverse_sync.planned import ActionSummary, Plan, SyncSummary
from pipelines.rules.frequency import DAILY, HOURLY, MINUTES_A_DAY, REAL_TIME, Frequency
from pipelines.rules.syncs import Sync, Syncs
from pipelines.state import runs

_SLACK = timedelta(seconds=30)
"""A schedule's run begins a little sooner or later than the one before."""

_SETTINGS = (REAL_TIME, "15 minutes", HOURLY, DAILY)


NO_ACTIONS: Mapping[str, ActionSummary] = {}


@dataclass(frozen=True)
class Pace:
    """Minutes between two runs of a sync: as config says, or as many as its calls leave room for."""

    frequency: Frequency
    calls: int
    """Of a run that has as much to write."""
    allowed: int | None
    """Calls of a day that the sync may take; None where nobody says."""
    reading: Listening = NOTHING_READ
    budget: int | None = None
    """Calls of a day for all that is done there."""

    def day(self, runs: int) -> int:
        """Calls of so many runs: their own, and what is read besides because something was written."""
        if not self.calls:
            return 0
        return runs * self.calls + self.reading.calls(runs) - self.reading.calls()

    @property
    def minutes(self) -> int:
        asked = self.frequency.minutes or 0
        if not self.allowed or not self.calls:
            return asked
        found = max(asked, ceil(MINUTES_A_DAY * self.calls / self.allowed))
        # Written more seldom than everything is read anyway, nothing more is read for it.
        while found * self.reading.wholes < MINUTES_A_DAY and self.day(MINUTES_A_DAY // found) > self.allowed:
            found += 1
        return found

    @property
    def is_slowed(self) -> bool:
        """Whether the calls leave room for less than config asks for; real-time asks for every publish."""
        return self.minutes > (self.frequency.minutes or 0)

    def __str__(self) -> str:
        told = [self._said, *self._settings, *self._reading]
        return "; ".join(told)

    @property
    def _settings(self) -> list[str]:
        if not self.calls:
            return []
        each = (f"{said} {self.day(Frequency(said).runs):,}" for said in _SETTINGS)
        return [f"calls a day by setting at most: {', '.join(each)}"]

    @property
    def _reading(self) -> list[str]:
        """Which is read whether or not something is to be written."""
        if not self.reading.whole:
            return []
        takes = self.reading.calls()
        said = f"reading takes {takes:,} a day besides while crm listen runs: {self.reading}"
        if self.budget is None or takes < self.budget:
            return [said]
        return [f"{said}; which leaves nothing of {self.budget:,}: raise whole_every_minutes in extract.yml"]

    @property
    def _said(self) -> str:
        if not self.calls:
            return self.frequency.cost(0)
        day = self.day(self.frequency.runs)
        if self.frequency.minutes is None:
            said = self.frequency.cost(self.calls)
        else:
            said = f"{self.frequency.said}: {self.frequency.runs:,} runs a day, at most {day:,} calls"
        if self.allowed is None:
            return said
        if not self.is_slowed:
            return f"{said} of {self.allowed:,} it may take"
        if self.frequency.minutes is None:
            return (
                f"{said}; {self.allowed:,} a day are allowed: written each {self.minutes:,} minutes at most"
            )
        return f"{said}, more than the {self.allowed:,} it may take: written each {self.minutes:,} minutes"


def paces(
    syncs: Mapping[str, Sync],
    summaries: Mapping[str, SyncSummary],
    limits: Mapping[str, int],
    rules: Syncs,
    actions: Mapping[str, ActionSummary] = NO_ACTIONS,
) -> dict[str, Pace]:
    """Of each sync that has a frequency. `limits`: calls of a day by vendor, as the latest probes tell. What
    reading takes is no sync's, and taken off first; and what its plan's actions take (journey entries, a
    call each), of those that are done without a person: each is done once."""
    timed = {name: sync for name, sync in syncs.items() if sync.syncFrequency and name in summaries}
    alone = {
        name: Pace(
            Frequency(sync.syncFrequency), summaries[name].calls.total, None, summaries[name].calls.reading
        )
        for name, sync in timed.items()
    }
    wish = {name: each.day(each.frequency.runs) for name, each in alone.items()}
    found = {}
    for name, sync in timed.items():
        of_vendor = rules.pace.calls_a_day.get(sync.vendor)
        if of_vendor is None and sync.vendor in limits:
            of_vendor = int(limits[sync.vendor] * rules.pace.daily_share)
        budget = of_vendor
        if of_vendor is not None:
            of_vendor -= alone[name].reading.calls() + _acting(sync.vendor, actions, rules.auto_actions)
            of_vendor = max(1, of_vendor)
        total = sum(calls for other, calls in wish.items() if timed[other].vendor == sync.vendor)
        mine = of_vendor if of_vendor is None or not total else max(1, of_vendor * wish[name] // total)
        found[name] = replace(alone[name], allowed=mine, budget=budget)
    return found


def _acting(vendor: str, actions: Mapping[str, ActionSummary], named: Sequence[str]) -> int:
    """Calls that actions of a plan take there without a person."""
    return sum(
        each.calls
        for name, each in actions.items()
        if name in named and any(kind.split()[0] == vendor for kind in each.kinds)
    )


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
    for name, pace in paces(syncs.syncs, plan.syncs, limits(connection), syncs, plan.actions).items():
        waits = pace.is_slowed or (not by_schedule and pace.minutes)
        last = runs.last_write(connection, name) if waits else None
        if last is None:
            continue
        due = last + timedelta(minutes=pace.minutes)
        if now < due - _SLACK:
            found[name] = f"{name} waits until {due:%H:%M} UTC: {pace}"
    return found
