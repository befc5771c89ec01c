"""How often a sync is written: `real-time`, `N minutes`, `hourly` or `daily`, as `syncs.yml` says it.

Belongs here: what the words mean as a schedule and as runs a day. Making schedules of it is Dagster's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

REAL_TIME, HOURLY, DAILY = "real-time", "hourly", "daily"
PATTERN = r"^$|^real-time$|^hourly$|^daily$|^([1-9]|[1-5][0-9]) minutes$"
MINUTES_A_DAY = 1_440


@dataclass(frozen=True)
class Frequency:
    """A setting. `cron` is None for real-time, which follows each publish."""

    said: str

    @property
    def minutes(self) -> int | None:
        found = re.fullmatch(r"(\d+) minutes", self.said)
        return int(found[1]) if found else {HOURLY: 60, DAILY: MINUTES_A_DAY}.get(self.said)

    @property
    def cron(self) -> str | None:
        if self.said == DAILY:
            return "30 5 * * *"
        if self.said == HOURLY:
            return "20 * * * *"
        return None if self.minutes is None else f"*/{self.minutes} * * * *"

    def cost(self, calls: int) -> str:
        """What a plan of this many calls costs in a day, if each run has as much to write."""
        if self.minutes is None:
            return f"{self.said}: {calls:,} calls for each publish that brings as much to write"
        return f"{self.said}: {self.runs:,} runs a day, at most {self.runs * calls:,} calls"

    @property
    def runs(self) -> int:
        """Runs of a day; of real-time as many as there are minutes, more than there are publishes."""
        return MINUTES_A_DAY // (self.minutes or 1)

    @property
    def slug(self) -> str:
        return self.said.replace("-", "_").replace(" ", "_")
