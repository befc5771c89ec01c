"""What a plan is, as values: what it would do for each sync, what it holds back, and samples to read.

Belongs here: the values and their sums. Making a plan is `plan.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.reverse_sync.forecast import Forecast
from pipelines.reverse_sync.planfile import FieldChange


@dataclass(frozen=True)
class Held:
    """A record that is left out of the plan, and why."""

    sync: str
    record_id: str
    record_key: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """One planned change as people read it. `label` is the person's name, where the marts know it."""

    sync: str
    record_id: str
    label: str
    fields: dict[str, FieldChange]


@dataclass(frozen=True)
class SyncSummary:
    """What a plan does for one sync. `fields` counts changes by field, `kept` those the policy forbids."""

    vendor: str
    object: str
    desired: int
    existing: int
    records: int
    fields: dict[str, int]
    kept: dict[str, int]
    held: int
    calls: Forecast
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan that was made and written to `path`. `stopped` are the guards it exceeds."""

    plan_id: str
    publish_id: str
    path: Path
    made_at: datetime | None
    config_hash: str
    syncs: dict[str, SyncSummary]
    held: tuple[Held, ...] = ()
    samples: tuple[Sample, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    stopped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        return sum(summary.records for summary in self.syncs.values())

    @property
    def is_empty(self) -> bool:
        return self.records == 0

    @property
    def calls(self) -> int:
        """API calls the forecast comes to; each vendor that is written to is asked once who it is."""
        vendors = {summary.vendor for summary in self.syncs.values() if summary.records}
        return sum(summary.calls.total for summary in self.syncs.values()) + len(vendors)

    @property
    def counts(self) -> dict[str, int]:
        """Records to change by sync, and what is held back."""
        changes = {name: summary.records for name, summary in self.syncs.items()}
        return changes | {"held": sum(s.held for s in self.syncs.values()), "calls": self.calls}
