"""What a fetch brought: per table its files, window, standing and what to say about it.

Belongs here: values that pass from `fetch` to `load`. They are read by the steps too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pipelines.sources.schema import RawTable

Status = Literal["loaded", "unchanged", "absent", "stale"]
NAMES_SHOWN = 4
"""Tables that a sentence names when it is about many."""
Mode = Literal["replace", "merge", "append", "scope", "mark", "fill", "keep"]
"""How a part goes in: replace the table, merge on its key, append; or, by SQL: `scope` names what is read
anew and is deleted first, `mark` names rows that are deleted at the vendor, `fill` brings some columns of
rows that are there, `keep` merges and leaves the columns it does not bring as they were."""


@dataclass(frozen=True)
class Part:
    """A Parquet file in the spool."""

    path: Path
    mode: Mode
    rows: int


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """All ids of an object at the vendor against ours, before mending. `extra`: here and not there."""

    counted_at_vendor: int
    counted_here: int
    missing: int
    extra: int
    mended: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TableFetch:
    """What became of one table in one fetch. `is_news`: it brought rows, or its standing changed."""

    vendor: str
    table: RawTable
    status: Status
    rows: int = 0
    parts: tuple[Part, ...] = ()
    window_from: datetime | None = None
    window_to: datetime | None = None
    calls: int = 0
    notes: tuple[str, ...] = ()
    is_news: bool = False
    fingerprint: str = ""
    """Of a small table's content, to be known again by; of a history the properties it is of."""
    erased: tuple[str, ...] = ()
    """Record keys of people whom the vendor says it deleted for privacy: they are to leave here too."""
    problems: tuple[str, ...] = ()
    """Sentences about what config asks for and the vendor does not have; the rest was read."""
    sweep: SweepResult | None = None
    calculated_at: datetime | None = None
    """When calculated fields, which change without a trace, were read for all rows."""

    @property
    def name(self) -> str:
        return f"{self.vendor} {self.table.name}"


@dataclass(frozen=True, kw_only=True)
class OrgInfo:
    """Which portal or org a connection turned out to be."""

    vendor: str
    org_id: str
    org_name: str
    currency: str
    time_zone: str
    url_host: str
    environment: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The outcome of a fetch. Nothing is in the warehouse yet."""

    tables: tuple[TableFetch, ...]
    connections: tuple[OrgInfo, ...]
    as_of: datetime
    calls: int
    seconds: float = 0.0

    def reached(self, vendor: str) -> datetime | None:
        """Up to when a vendor was read, by its clock; None where it was not, or did not let us in."""
        return max((t.window_to for t in self.tables if t.vendor == vendor and t.window_to), default=None)

    @property
    def whole_until(self) -> datetime:
        """The earliest moment that a CRM was read up to (their clocks differ): it lacks nothing older."""
        crms = (each.vendor for each in self.connections if each.vendor != "marketing_cloud")
        return min(filter(None, map(self.reached, crms)), default=self.as_of)

    @property
    def has_changes(self) -> bool:
        return any(table.is_news for table in self.tables)

    @property
    def erased(self) -> tuple[str, ...]:
        """Record keys of people who were deleted for privacy at their vendor."""
        return tuple(dict.fromkeys(key for table in self.tables for key in table.erased))

    @property
    def stale(self) -> tuple[str, ...]:
        """Tables that could not be read; they keep their old rows."""
        return tuple(table.name for table in self.tables if table.status == "stale")

    @property
    def problems(self) -> tuple[str, ...]:
        """What was asked for and is not there, as sentences; the extract is partial then."""
        return tuple(dict.fromkeys(each for table in self.tables for each in table.problems))

    @property
    def rows(self) -> dict[str, int]:
        """Rows brought, by `vendor table`; what brought nothing is left out."""
        return {table.name: table.rows for table in self.tables if table.rows}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for people, of what is new or wrong: first what could not be read, each cause once."""
        causes: dict[str, list[str]] = {}
        for table in self.tables:
            for note in table.notes if table.status == "stale" else ():
                causes.setdefault(note, []).append(table.name)
        news = [table for table in self.tables if table.is_news and table.status != "stale"]
        return (
            *(f"{_listed(names)}: {note}" for note, names in causes.items()),
            *(f"{table.name}: {note}" for table in news for note in table.notes),
        )


def joined(first: TableFetch, second: TableFetch) -> TableFetch:
    """One table fed by two objects: stale if either is, loaded if either brought rows."""
    for status in ("stale", "loaded", "unchanged", "absent"):
        if status in (first.status, second.status):
            break
    return replace(
        first, status=status, rows=first.rows + second.rows, parts=first.parts + second.parts,
        window_from=_earliest(first.window_from, second.window_from),
        window_to=_earliest(first.window_to, second.window_to), calls=first.calls + second.calls,
        notes=first.notes + tuple(note for note in second.notes if note not in first.notes),
        is_news=first.is_news or second.is_news, erased=first.erased + second.erased,
        problems=first.problems + second.problems,
    )  # fmt: skip


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    return None if first is None or second is None else min(first, second)
