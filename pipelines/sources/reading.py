"""What every object's fetch shares: the vendor's window, its spool, and saying what became of a table.

Belongs here: standing and bookkeeping. How an object is read is in `<vendor>/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from pipelines.clients import errors
from pipelines.rules.extract import Extract
from pipelines.run import Progress, Tell, unheard
from pipelines.sources import persons
from pipelines.sources.arrow import BadValues
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import OrgInfo, Part, Status, TableFetch
from pipelines.sources.known import LACKING, Known, KnownTable
from pipelines.sources.schema import RawTable
from pipelines.sources.screen import screen_of
from pipelines.sources.spool import Kind, Spool
from pipelines.state.suppression import NOBODY, Suppression

HOLD_BACK = timedelta(seconds=5)
"""How far behind the vendor's clock a window ends: what was written just now may not be visible yet."""
PART_ROWS = 5_000
"""Rows in a file of a first load, about: what a killed load has to read again at most."""

PART_VALUES = 1_500_000
"""Values in such a file: of a wide object it has fewer rows, so that a part in memory is about as large."""


class CameEmpty(errors.Truncated):
    """A table that had rows has none. Asked once more: an accident does not happen twice, emptiness does."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One vendor's fetch. `upper` is the vendor's clock less a hold-back: nothing newer is asked for."""

    org: OrgInfo
    known: Known
    upper: datetime
    spool_root: Path
    progress: Progress
    calls_here: Callable[[], int]
    emptied: set[str] = field(default_factory=set)
    """Tables that came back empty once."""
    suppression: Suppression = NOBODY
    rules: Extract = field(default_factory=Extract)
    sweep_now: bool = False
    """Compare all ids with the vendor's, whether or not that is due."""
    tracked_only: bool = False
    """A listener's refresh between two that read everything: what has no cursor stays as it is."""
    tell: Tell = unheard
    """Hears what the fetch will cost, before its first row is read."""

    def sweep_is_due(self, table: RawTable) -> bool:
        """Whether a table is to be compared as a whole: asked for, or long enough since the last time."""
        known = self.of(table)
        last = known.swept_at or known.first_at
        due = last is None or self.upper - last >= self.rules.sweep.every
        return known.cursor is not None and (self.sweep_now or due)

    def calculated_is_due(self, table: RawTable) -> bool:
        """Whether values that change without a trace are to be read again for all rows."""
        known = self.of(table)
        last = known.calculated_at or known.first_at
        due = last is None or self.upper - last >= self.rules.calculated.every
        return known.cursor is not None and due

    def is_erased(self, table: RawTable, identifier: str) -> bool:
        """Whether a record is of somebody who was erased: it may stand at the vendor and must not here."""
        key = persons.record_key(self.vendor, self.org.org_id, identifier, table.api_name)
        return self.suppression.has_record(key)

    @property
    def vendor(self) -> str:
        return self.org.vendor

    def of(self, table: RawTable) -> KnownTable:
        return self.known.table(self.vendor, table.name)

    def since(self, table: RawTable) -> datetime | None:
        """Up to when a table was read: at the last load, or by a first load that a killed run has left."""
        left = self.spool_root / self.vendor / table.name / "first"
        return self.of(table).cursor or Spool.began(left)

    def rows_spooled(self, table: RawTable) -> int:
        """Rows of a first load that a killed run has left: they need not be read again."""
        return Spool.rows_in(self.spool_root / self.vendor / table.name / "first", table.name)

    def window(
        self, table: RawTable, since: datetime, number: int, name: str = "changes", about: Sequence[str] = ()
    ) -> Spool:
        """The spool of what is read `since` a moment: as a killed run left it, if it was about the same."""
        columns = [f"{name} {kind}" for name, kind in table.columns.items()]
        identity = (self.org.org_id, table.name, since.isoformat(), *columns, *about)
        folder = self.spool_root / self.vendor / table.name / f"{name}-{number}"
        screen = screen_of(self.vendor, self.org.org_id, self.suppression)
        return Spool.begin(folder, identity, self.upper, keep=True, screen=screen)

    def spool(self, table: RawTable, kind: Kind, about: Sequence[str] = ()) -> Spool:
        """The object's spool; another org or list of columns, or what else it is about, begins a new one."""
        columns = [f"{name} {kind}" for name, kind in table.columns.items()]
        identity = (self.org.org_id, table.name, *columns, *about)
        return Spool.begin(
            self.spool_root / self.vendor / table.name / kind, identity, self.upper, keep=kind == "first",
            screen=screen_of(self.vendor, self.org.org_id, self.suppression),
        )  # fmt: skip

    def whole(
        self, table: RawTable, rows: Columns, notes: Iterable[str] = (), calls: int = 0, *,
        may_be_empty: bool = False,
    ) -> TableFetch:  # fmt: skip
        """A small table, read whole: replaced when it differs from what the warehouse has."""
        known = self.of(table)
        emptied = len(rows) == 0 and known.rows > 0
        if emptied and not may_be_empty and table.name not in self.emptied:
            self.emptied.add(table.name)
            raise CameEmpty(f"came back empty where {known.rows:,} rows were")
        content = rows.fingerprint()
        if known.cursor is not None and content == known.fingerprint:
            return self.outcome(table, "unchanged", notes=notes, calls=calls)
        spool, bad = self.spool(table, "changes"), BadValues()
        if emptied:
            spool.write(table.name, "scope", pa.table({table.key[0]: pa.nulls(1, pa.string())}))
            notes = [*notes, "empty now: the vendor has none left"]
        spool.write(table.name, "replace", rows.to_arrow(bad))
        spool.commit(complete=True)
        notes = [*notes, *bad.notes()]
        found = self.outcome(table, "loaded", spool.parts(table.name), len(rows), notes=notes, calls=calls)
        return replace(found, fingerprint=content)

    def outcome(
        self, table: RawTable, status: Status, parts: tuple[Part, ...] = (), rows: int = 0, *,
        notes: Iterable[str] = (), calls: int = 0, window_from: datetime | None = None,
        window_to: datetime | None = None,
    ) -> TableFetch:  # fmt: skip
        fine = ("loaded", "unchanged")
        before = self.of(table).status
        standing = "fine" if status in fine else status
        was = "fine" if before in fine else before
        return TableFetch(
            vendor=self.vendor, table=table, status=status, rows=rows, parts=parts, window_from=window_from,
            window_to=(window_to or self.upper) if status in fine else None, calls=calls,
            notes=tuple(notes), is_news=bool(parts) or standing != was,
        )  # fmt: skip

    def guarded(
        self, tables: Sequence[RawTable], read: Callable[[], list[TableFetch]], *, optional: bool = False
    ) -> list[TableFetch]:
        """Read an object; a failure marks its tables stale, an object the vendor lacks is absent."""
        before = self.calls_here()
        try:
            try:
                return read()
            except CameEmpty:
                return read()
        except errors.AuthFailed:
            raise
        except errors.MissingScope as error:
            return self._without(tables, "stale", error, before)
        except errors.NotFound as error:
            return self._without(tables, "absent", error, before)
        except errors.Forbidden as error:
            return self._without(tables, "absent" if optional else "stale", error, before)
        except errors.ClientError as error:
            return self._without(tables, "stale", error, before)

    def _without(
        self, tables: Sequence[RawTable], status: Status, error: errors.ClientError, before: int
    ) -> list[TableFetch]:
        return [
            self.outcome(table, status, notes=(str(error),), calls=self.calls_here() - before)
            for table in tables
        ]


def bad_of(spool: Spool) -> BadValues:
    """The unreadable values counted so far, a killed run's included."""
    bad = BadValues()
    bad.merge(spool.bad)
    return bad


def missing_note(promised: Iterable[str], shown: set[str]) -> list[str]:
    """A sentence naming the promised columns that the vendor does not have."""
    lacking = [name for name in promised if name.casefold() not in shown]
    return [f"{LACKING}{', '.join(lacking)}"] if lacking else []


def part_rows(table: RawTable) -> int:
    """How many rows of a table are read before they are written out."""
    return max(1, min(PART_ROWS, PART_VALUES // len(table.columns)))
