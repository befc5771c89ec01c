"""How far each object is that is being read: rows, rate, calls and time left, a line each.

Belongs here: arithmetic and words. Where the lines are shown is `cli.screen`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SAID_EVERY_SECONDS = 10.0
"""Where lines stay (a log, a pipe) an object is spoken of so often, and not at all when it is quicker."""


@dataclass
class Reading:
    """One object: `since` when it is heard of, how many rows it had at `first`, when its line was `said`."""

    name: str
    since: float
    first: int
    done: int
    total: int | None
    calls: int
    said: float
    has_ended: bool = False

    def line(self, now: float) -> str:
        """`hubspot contacts: 45,000 of 100,000 rows, 9,800/s, 460 calls, 6 s left`."""
        of = f" of {self.total:,}" if self.total and not self.is_over else ""
        rate = (self.done - self.first) / (now - self.since) if now > self.since else 0.0
        parts = [f"{self.name}: {self.done:,}{of} rows"]
        if rate >= 1:
            parts.append(f"{rate:,.0f}/s")
        parts.append("1 call" if self.calls == 1 else f"{self.calls:,} calls")
        if rate > 0 and self.total and not self.is_over:
            parts.append(f"{_time((self.total - self.done) / rate)} left")
        return ", ".join(parts)

    @property
    def is_over(self) -> bool:
        return self.total is not None and self.done >= self.total


@dataclass
class Readings:
    """All objects of a step. `clock` gives monotonic seconds."""

    clock: Callable[[], float]
    known: dict[str, Reading] = field(default_factory=dict)

    def heard(self, name: str, done: int, total: int | None, calls: int) -> Reading:
        """Take over what was told of an object. The rate is that since it was heard of first."""
        now = self.clock()
        found = self.known.get(name)
        if found is None:
            found = self.known[name] = Reading(name, now, done, done, total, calls, now)
        found.done, found.total, found.calls = done, total, max(calls, found.calls)
        return found

    def due(self, reading: Reading) -> str | None:
        """The object's line when it is time for one: now and then, and at the end of one that took long."""
        now = self.clock()
        is_slow = now - reading.said >= SAID_EVERY_SECONDS or reading.said > reading.since
        is_news = reading.is_over or now - reading.said >= SAID_EVERY_SECONDS
        if is_slow and is_news and not reading.has_ended:
            reading.said, reading.has_ended = now, reading.is_over
            return reading.line(now)
        return None


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
