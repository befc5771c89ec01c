"""The people who take leads, as the fold sees them: when they work, what they carry, what they may still be
given.

Belongs here: one person's state as time goes on. Whose turn it is is `rounds`; who gets a lead is
`assignment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.decisions.hours import ALWAYS, FOREVER, Schedule

Why = Literal["", "inactive", "away", "asleep", "full"]


@dataclass
class Worker:
    """One person. `load` is what they carry; a `cap` of None means any number."""

    email: str
    schedule: Schedule = ALWAYS
    active: bool = True
    backup: str | None = None
    cap: int | None = None
    per_day: int | None = None
    per_week: int | None = None
    skills: frozenset[str] = frozenset()
    load: float = 0.0
    turn: int = 0
    """When they were last given a lead, in the order of all leads."""
    given: dict[str, tuple[float, int]] = field(default_factory=dict)
    """day, week -> (when the period ends, leads given in it)."""
    changes_at: float = -FOREVER
    is_open: bool = True
    is_away: bool = False

    def look(self, at: float) -> bool:
        """Bring the person to a moment. True when being open, away or limited may have changed."""
        if at < self.changes_at:
            return False
        self.is_away = self.schedule.is_away(at)
        self.is_open = self.schedule.is_open(at)
        for period in [period for period, (ends, _) in self.given.items() if ends <= at]:
            del self.given[period]
        ends = [ends for ends, _ in self.given.values()]
        self.changes_at = min([self.schedule.next_change(at), *ends])
        return True

    def why_not(self, *, mind_hours: bool, mind_absence: bool = True) -> Why:
        """Why they cannot be given a lead now; empty when they can."""
        if not self.active:
            return "inactive"
        if mind_absence and self.is_away:
            return "away"
        if mind_hours and not self.is_open:
            return "asleep"
        return "full" if self.is_full else ""

    @property
    def is_full(self) -> bool:
        if self.cap is not None and self.load >= self.cap:
            return True
        return self._reached("day", self.per_day) or self._reached("week", self.per_week)

    def room_at(self, at: float) -> float:
        """From when on they are not full: FOREVER while what they carry fills them."""
        if self.cap is not None and self.load >= self.cap:
            return FOREVER
        limits = (("day", self.per_day), ("week", self.per_week))
        return max([at, *(self.given[p][0] for p, limit in limits if self._reached(p, limit))])

    @property
    def share_of_cap(self) -> float:
        """How full they are, for capacity: with no cap, each lead weighs little but not nothing."""
        return self.load / self.cap if self.cap else self.load / 1_000_000

    def give(self, at: float, turn: int) -> bool:
        """They are given a lead. True when that made them full."""
        was_full = self.is_full
        self.load += 1
        self.turn = turn
        for period, limit in (("day", self.per_day), ("week", self.per_week)):
            if limit is None:
                continue
            known = self.given.get(period)
            if known is None:
                ends = self.schedule.day_ends(at) if period == "day" else self.schedule.week_ends(at)
                known = (ends, 0)
                self.changes_at = min(self.changes_at, ends)
            self.given[period] = (known[0], known[1] + 1)
        return self.is_full and not was_full

    def kept(self) -> Mapping[str, object]:
        return {"turn": self.turn, "given": {p: [ends, n] for p, (ends, n) in sorted(self.given.items())}}

    def _reached(self, period: str, limit: int | None) -> bool:
        known = self.given.get(period)
        return limit is not None and known is not None and known[1] >= limit
