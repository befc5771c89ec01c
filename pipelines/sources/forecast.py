"""What a fetch will cost, worked out before the first row is read, and said in a sentence.

Belongs here: calls, their share of the day and the time they take at the vendor's limit. Counting rows and
knowing how many calls they take is each vendor's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipelines.clients.rate_limit import Window

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "marketing_cloud": "Marketing Cloud"}
_MINUTE, _HOUR = 60, 3_600


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Calls still to be made for one vendor, and those `made` so far, to find out. `searches`: those of all
    that a limit of their own holds back.

    `day`: calls granted in a day and how many are left, `stop_at`: the share of them that may be used.
    """

    vendor: str
    calls: int
    made: int = 0
    searches: int = 0
    day: tuple[int, int] | None = None
    stop_at: float = 1.0
    window: Window | None = None
    search_window: Window | None = None
    uncounted: tuple[str, ...] = ()
    """What the vendor gives no count of: `calls` are the least that it takes."""

    @property
    def seconds(self) -> float | None:
        """How long it takes at the limit; None where there is no limit by the second."""
        if self.window is None:
            return None
        searching = _seconds(self.searches, self.search_window)
        return max(_seconds(self.needed - self.searches, self.window), searching)

    @property
    def needed(self) -> int:
        """All calls of this load."""
        return self.made + self.calls

    def sentence(self) -> str:
        name = NAMES.get(self.vendor, self.vendor)
        if not self.calls and not self.uncounted:
            return f"{name}: nothing has changed, no more calls are needed"
        parts = [f"{name}: this load needs about {_calls(self.needed)}"]
        if self.day is not None:
            limit, left = self.day
            parts.append(f"{_share(self.needed / limit)} of today's limit")
            if self.calls > left - limit * (1 - self.stop_at):
                parts.append(
                    f"more than are left: it stops at {self.stop_at:.0%} of the limit, the next run goes on"
                )
        if self.seconds is not None:
            parts.append(f"{duration(self.seconds)} at the limit")
        if self.uncounted:
            more = "more calls" if self.calls else "calls"
            parts.append(f"and {more} for what it does not count beforehand: {', '.join(self.uncounted)}")
        return ", ".join(parts)

    def with_counted(self, calls: int) -> str:
        """The sentence once what nobody could count is read: so many calls more than were foreseen."""
        whole = replace(self, calls=self.calls + calls, uncounted=())
        told = f"{NAMES.get(self.vendor, self.vendor)}: {', '.join(self.uncounted)} are read"
        at_limit = "" if whole.seconds is None else f", {duration(whole.seconds)} at the limit"
        return f"{told}; this load needs about {_calls(whole.needed)} in all{at_limit}"


def _seconds(calls: int, window: Window | None) -> float:
    return 0.0 if window is None or window.limit <= 0 else calls / window.limit * window.seconds


def _calls(count: int) -> str:
    """About so many: three digits say it."""
    rounded = count if count < 1_000 else round(count, 3 - len(str(count)))
    return "1 call" if rounded == 1 else f"{rounded:,} calls"


def _share(share: float) -> str:
    return "less than 1%" if share < 0.01 else f"{share:.0%}"


def duration(seconds: float) -> str:
    """As people say it: `90 s`, `12 min`, `3.5 h`."""
    if seconds < 2 * _MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 2 * _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{seconds / _HOUR:.1f} h"
