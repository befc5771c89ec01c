"""Counting calls: rolling windows and days. How a vendor says no is the vendor's business."""

from __future__ import annotations

from collections import deque

ENDLESS = 1_000_000_000
"""A limit that nobody reaches, for a sandbox without limits: clients go by what the headers say."""


class RollingWindow:
    """At most `limit` calls within any `interval` milliseconds."""

    def __init__(self, limit: int, interval: int) -> None:
        self.limit, self.interval = limit, interval
        self._calls: deque[int] = deque()

    def take(self, tick: int) -> bool:
        """Count a call at `tick` (real milliseconds); False when it is over the limit and not counted."""
        while self._calls and self._calls[0] <= tick - self.interval:
            self._calls.popleft()
        if len(self._calls) >= self.limit:
            return False
        self._calls.append(tick)
        return True

    @property
    def remaining(self) -> int:
        return max(0, self.limit - len(self._calls))


class DailyCount:
    """Calls since a day began, by the sandbox's clock."""

    def __init__(self, limit: int, used: int, day: str) -> None:
        self.limit, self.used, self._day = limit, used, day

    def take(self, day: str) -> bool:
        if day != self._day:
            self.used, self._day = 0, day
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)
