"""What an apply did, for people and for the steps above.

Belongs here: values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.clients.counting import CallCount
from pipelines.reverse_sync.planfile import FieldChange
from pipelines.reverse_sync.recovery import Recovered
from pipelines.state.journal import Tally


@dataclass(frozen=True)
class Written:
    """A record that was written and confirmed, for people to look at."""

    sync: str
    vendor: str
    object: str
    record_id: str
    fields: dict[str, FieldChange]


@dataclass
class SyncResult:
    """What became of one sync, in fields and actions (and `records`: those with a confirmed one)."""

    vendor: str
    object: str
    records: int = 0
    confirmed: int = 0
    rejected: int = 0
    unknown: int = 0
    unsent: int = 0
    already: int = 0
    held: dict[str, int] = field(default_factory=dict)
    """Reason -> fields and actions that were left out for it."""
    stopped: str = ""
    calls: int = 0
    repair: int = 0
    """Calls among them that only trouble made necessary."""

    @property
    def sent(self) -> int:
        """Fields and actions of this run that had their turn, however they ended."""
        return self.confirmed + self.rejected + self.unknown + self.unsent

    def with_actions(self, acted: SyncResult) -> SyncResult:
        """This sync's fields and its actions together."""
        for reason, number in acted.held.items():
            self.held[reason] = self.held.get(reason, 0) + number
        self.calls += acted.calls
        self.repair += acted.repair
        self.stopped = self.stopped or acted.stopped
        return self

    def count(self, tally: Tally) -> None:
        """Take what the journal says of one state of this sync."""
        match tally.state:
            case "confirmed":
                self.confirmed, self.records = tally.fields, tally.records
            case "rejected":
                self.rejected = tally.fields
            case "unknown":
                self.unknown = tally.fields
            case _:
                self.unsent += tally.fields


class Calls(NamedTuple):
    """Calls of an apply."""

    made: int
    repair: int

    @classmethod
    def of(cls, counts: Iterable[CallCount]) -> Calls:
        every = list(counts)
        return cls(sum(each.calls for each in every), sum(each.repair for each in every))


@dataclass(frozen=True, kw_only=True)
class ApplyResult:
    """What an apply did. Counts are fields."""

    plan_id: str
    syncs: dict[str, SyncResult]
    recovered: Recovered
    calls: int
    repair: int = 0
    """Calls among them that only trouble made necessary: the others are those that the plan told of."""
    samples: tuple[Written, ...]
    notes: tuple[str, ...]

    def _sum(self, name: str) -> int:
        return sum(int(getattr(sync, name)) for sync in self.syncs.values())

    @property
    def confirmed(self) -> int:
        return self._sum("confirmed")

    @property
    def rejected(self) -> int:
        return self._sum("rejected")

    @property
    def unknown(self) -> int:
        return self._sum("unknown")

    @property
    def held(self) -> int:
        return sum(sum(sync.held.values()) for sync in self.syncs.values())

    @property
    def is_partial(self) -> bool:
        """Whether something that was to be written is not."""
        stopped = any(sync.stopped for sync in self.syncs.values())
        return bool(stopped or self.rejected or self.unknown or self.held)

    @property
    def counts(self) -> dict[str, int]:
        """Records written by sync, then fields by outcome, then calls."""
        records = {name: sync.records for name, sync in self.syncs.items()}
        outcomes = {name: self._sum(name) for name in ("confirmed", "rejected", "unknown")}
        repair = {"repair calls": self.repair} if self.repair else {}
        return records | outcomes | {"held": self.held, "calls": self.calls} | repair
