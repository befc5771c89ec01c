"""What a plan is, as values: what it would do for each sync, what it holds back, and samples to read.

Belongs here: the values and their sums. Making a plan is `plan.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.reverse_sync.forecast import BATCH, Forecast
from pipelines.reverse_sync.planfile import FieldChange

CRMS = frozenset(BATCH)
"""Vendors that know who they are, and are asked before anything is written."""


@dataclass(frozen=True)
class Held:
    """A record (or action: `record_id` is its key) that is left out of the plan, and why."""

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


@dataclass(frozen=True)
class ActionSummary:
    """What a plan does once under keys of their own, for one sync. `kinds` counts by vendor and kind; `held`
    cannot be done, `waiting` are not due yet, `done` were done before."""

    kinds: dict[str, int]
    reversibility: dict[str, int]
    held: int
    waiting: int
    done: int
    calls: int

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan that was made and written to `path`. `stopped` are the guards it exceeds."""

    plan_id: str
    publish_id: str
    path: Path
    made_at: datetime | None
    config_hash: str
    syncs: dict[str, SyncSummary]
    actions: dict[str, ActionSummary] = field(default_factory=dict)
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
    def to_do(self) -> int:
        """Actions."""
        return sum(summary.total for summary in self.actions.values())

    @property
    def is_empty(self) -> bool:
        return self.records == 0 and self.to_do == 0

    @property
    def calls(self) -> int:
        """API calls the forecast comes to; each CRM that is written to is asked once who it is."""
        vendors = {summary.vendor for summary in self.syncs.values() if summary.records}
        vendors |= {kind.split()[0] for summary in self.actions.values() for kind in summary.kinds} & CRMS
        fields = sum(summary.calls.total for summary in self.syncs.values())
        return fields + sum(summary.calls for summary in self.actions.values()) + len(vendors)

    @property
    def counts(self) -> dict[str, int]:
        """Records to change by sync, and what is held back."""
        changes = {name: summary.records for name, summary in self.syncs.items()}
        acts = {name: summary.total for name, summary in self.actions.items() if summary.total}
        held = sum(s.held for s in self.syncs.values()) + sum(a.held for a in self.actions.values())
        return changes | acts | {"held": held, "calls": self.calls}
