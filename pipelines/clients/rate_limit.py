"""How many calls may be sent now: sliding windows, shared by all who call one connection in this process.

Belongs here: counting and waiting. Which windows a vendor has is said in its client. Limits are learned from
the vendor's headers; what others spend of the same quota is seen there too.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from pipelines.clients.errors import DailyLimitReached

_ON_THE_WAY = 0.01
"""A vendor counts calls as they arrive: those sent a window apart may arrive in less. This share is added."""
_BELIEVED = 2.0
"""Seconds after which an answer that tells of fewer calls by others is believed."""


class Clock(Protocol):
    """Monotonic time and waiting; tests give their own, so that nothing sleeps."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class Window:
    """At most `limit` calls in any `seconds`, those of others among them."""

    limit: int
    seconds: float
    sent: deque[float] = field(default_factory=deque)
    closed_until: float = 0.0
    others: int = 0
    """Calls the vendor counts that are not ours, as its answers tell; forgotten at `others_until`."""
    others_until: float = 0.0
    others_since: float = 0.0

    def take(self, now: float) -> float:
        """Count a call and return 0, or return how long to wait before asking again."""
        self._forget(now)
        if now < self.closed_until:
            return self.closed_until - now
        if len(self.sent) + self.others >= self.limit:
            ends = [self.sent[0] + self.seconds] if self.sent else []
            return min([*ends, self.others_until] if self.others else ends) - now
        self.sent.append(now)
        return 0.0

    def told(self, counted: int, now: float) -> None:
        """The vendor says how many calls it counts. Ours that have not reached it yet make others look fewer
        than they are, so that fewer are believed only after a while."""
        self._forget(now)
        others = max(0, counted - len(self.sent))
        if others >= self.others or now >= self.others_since + _BELIEVED:
            self.others, self.others_since, self.others_until = others, now, now + self.seconds

    def _forget(self, now: float) -> None:
        while self.sent and self.sent[0] + self.seconds <= now:
            self.sent.popleft()
        if self.others_until <= now:
            self.others = 0


class RateBudget:
    """The windows of one connection, by name. A name without a window is unlimited."""

    def __init__(self, windows: dict[str, Window], clock: Clock | None = None) -> None:
        self.windows, self.clock = windows, clock or RealClock()
        self._lock = threading.Lock()
        self.admitting = threading.RLock()
        """Held while one call is let through, and while one that has ended is taken off those under way."""
        self.under_way = 0
        """Calls let through whose answers have not been learned from."""
        self.day: tuple[int, int] | None = None
        """Calls the vendor grants in a day and how many are left, as it said last."""

    def learn_day(self, *, limit: int, remaining: int) -> None:
        self.day = (limit, remaining) if limit > 0 else None

    def keep_within(self, share: float, vendor: str, host: str, file: str = "extract.yml") -> None:
        """Raises DailyLimitReached once `share` of the day's calls is used, whoever made them, or will be by
        calls under way. `file`: where the share is set."""
        if self.day is None or share >= 1:
            return
        limit, remaining = self.day
        if limit - remaining + self.under_way >= limit * share:
            going = f", and {self.under_way:,} are under way" if self.under_way else ""
            raise DailyLimitReached(
                f"{limit - remaining:,} of {vendor}'s {limit:,} calls of this day are used{going}",
                where=host,
                remedy=f"the next run goes on; budget.daily_share in config/{file} sets the share",
            )  # fmt: skip

    def wait(self, name: str) -> None:
        """Return when a call may be sent."""
        window = self.windows.get(name)
        while window is not None:
            with self._lock:
                delay = window.take(self.clock.monotonic())
            if delay <= 0:
                return
            self.clock.sleep(delay)

    def learn(self, name: str, *, limit: int, seconds: float, remaining: int | None) -> None:
        """Take over what the vendor says. Calls it has counted and we have not are someone else's."""
        window = self.windows.get(name)
        if window is None or limit <= 0 or seconds <= 0:
            return
        with self._lock:
            window.limit, window.seconds = limit, seconds * (1 + _ON_THE_WAY)
            if remaining is not None:
                window.told(limit - max(remaining, 0), self.clock.monotonic())

    def close(self, name: str, seconds: float) -> None:
        """Nobody sends for a while: the vendor said too many."""
        window = self.windows.get(name)
        if window is not None:
            with self._lock:
                window.closed_until = max(window.closed_until, self.clock.monotonic() + seconds)


_shared: dict[str, RateBudget] = {}
_shared_lock = threading.Lock()


def shared(key: str, windows: dict[str, Window]) -> RateBudget:
    """The budget of a connection; the first caller's windows stand. `key` tells quotas apart."""
    with _shared_lock:
        return _shared.setdefault(key, RateBudget(windows))
