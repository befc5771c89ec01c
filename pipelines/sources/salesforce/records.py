"""Reads a Salesforce object: everything the first time, then what its cursor says has changed since.

Belongs here: windows, new fields, calculated fields. How a query is run is in `query`, what was asked of the
org beforehand in `view`, what is gone in `deletions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from pipelines.clients import errors
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.fetched import Mode, SweepResult, TableFetch
from pipelines.sources.known import KEPT, overlap_of
from pipelines.sources.reading import Reading, bad_of
from pipelines.sources.salesforce import deletions, rows, sweep
from pipelines.sources.salesforce.query import Query
from pipelines.sources.salesforce.shape import DERIVED, Shape
from pipelines.sources.salesforce.view import View, select, within
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool
from pipelines.sources.tables import SQL_TYPES, stored_as

NEVER_EMPTY = frozenset({"User", "Organization", "OpportunityStage", "UserRole", "CurrencyType"})
"""An org without one of these is an answer gone wrong."""
_DLT = "_dlt_"


class ObjectReader:
    """One object of one fetch."""

    def __init__(self, reading: Reading, client: SalesforceClient, shape: Shape, view: View) -> None:
        self.reading, self.client, self.shape, self.view = reading, client, shape, view
        self.table, self.known = shape.table, reading.of(shape.table)
        self.notes = list(shape.notes)
        self.new, self.kept = self._compared()
        self.mode: Mode = "keep" if self.kept else "merge"

    def read(self) -> list[TableFetch]:
        """The table, whole or by changes."""
        before = self.reading.calls_here()
        result = self._by_changes() if self.table.cursor else self._whole()
        problems = (*self.view.problems.get(self.table.api_name, ()), *self._lost())
        return [replace(result, calls=self.reading.calls_here() - before, problems=problems)]

    def _lost(self) -> tuple[str, ...]:
        """What Salesforce says of promised fields that were readable once, or that every org has."""
        if not self.shape.lost:
            return ()
        said = "it does not say why"
        try:
            next(self.client.query_pages(f"{select(self.shape.lost, self.table.api_name)} LIMIT 1"))
        except (errors.UnknownField, errors.Rejected, errors.Forbidden) as error:
            said = error.what
        never = self.known.cursor is None or self.known.lacking & {
            each.casefold() for each in self.shape.lost
        }
        how = "cannot" if never else "can no longer"
        names = ", ".join(f"{self.table.api_name}.{name}" for name in self.shape.lost)
        return (
            f"{names} {how} be read ({said}): give the integration user the right to it, "
            "or name it under `without` in config/extract.yml",
        )

    def _compared(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Fields the warehouse lacks or has in another type, and columns that are no longer shown."""
        have = self.known.columns
        if not have or not self.table.cursor or self.known.cursor is None:
            return (), ()
        if not self.known.rows:
            return (), ()  # nothing to fill, and a column is made when its first row comes
        columns = {name.casefold() for name in self.table.columns} | DERIVED.get(
            self.table.api_name, frozenset()
        )
        kept = tuple(name for name in have if name not in columns and not name.startswith(_DLT))
        new = tuple(
            name
            for name in self.shape.fields
            if have.get(name.casefold()) != stored_as(SQL_TYPES[self.table.columns[name]])
            or name.casefold() in self.known.lacking | self.known.kept
        )
        if new:
            self.notes.append(f"new or of another type, read for all rows: {', '.join(new)}")
        if kept:
            self.notes.append(f"{KEPT}{', '.join(kept)}")
        return new, kept

    # -- whole ---------------------------------------------------------------------------------------

    def _whole(self) -> TableFetch:
        soql, probe = (
            select(self.shape.fields, self.table.api_name),
            self.view.probes.get(self.table.api_name),
        )
        pages = self.client.query_pages(soql) if probe is None else self.client.pages_after(probe.get())
        records = [record for page in pages for record in page.records]
        found = rows.whole(self.table, records, self.shape.ids)
        may_be_empty = self.table.api_name not in NEVER_EMPTY
        return self.reading.whole(self.table, found, self.notes, may_be_empty=may_be_empty)

    # -- by changes ----------------------------------------------------------------------------------

    def _by_changes(self) -> TableFetch:
        """A load that was resumed is brought up to date at once."""
        cursor = self.known.cursor
        if cursor is None:
            spools = self._first_load()
        else:
            spools = self._windows(cursor) if self._has_changed() else []
        is_due, at = self._calculated_due(cursor)
        if (
            cursor is not None
        ):  # before the windows: of rows that changed since, a killed run's fill knows less
            calculated = self._filled("calculated", self.shape.calculated if is_due else ())
            spools = [*self._filled("new", self.new), *calculated, *spools]
            at = calculated[0].upper if calculated else at
        gone = deletions.gone(self.reading, self.shape, self.view, spools)
        spools += [] if gone is None else [gone]
        swept: SweepResult | None = None
        if self._sweep_is_due():
            spool, swept = sweep.sweep(self, spools)
            spools.append(spool)
        parts = tuple(part for spool in spools for part in spool.parts(self.table.name))
        found = self.reading.outcome(
            self.table, "loaded" if parts or cursor is None else "unchanged", parts,
            sum(part.rows for part in parts),
            notes=self.notes + [note for spool in spools for note in bad_of(spool).notes()],
            window_from=None if cursor is None else cursor - overlap_of("salesforce"),
        )  # fmt: skip
        return replace(found, calculated_at=at, sweep=swept, is_news=found.is_news or swept is not None)

    def _sweep_is_due(self) -> bool:
        return self.reading.sweep_is_due(self.table) or deletions.is_beyond_reach(
            self.reading, self.shape, self.view
        )

    def _first_load(self) -> list[Spool]:
        first = self.reading.spool(self.table, "first")
        query = self._query(select(self.shape.fields, self.table.api_name), "replace", {})
        replace(query, count=self.view.counts.get(self.table.api_name)).run(first)
        if first.is_resumed and first.upper < self.reading.upper:
            return [first, *self._windows(first.upper, {})]
        return [first]

    def _windows(self, since: datetime, versions: Mapping[str, int] | None = None) -> list[Spool]:
        """What changed since. A window that a killed run had begun is ended first, then follows the rest."""
        found: list[Spool] = []
        known = self.known.versions if versions is None else versions
        while True:
            spool = self.reading.window(self.table, since, len(found))
            where = within(self.table.cursor, since - overlap_of("salesforce"), spool.upper)
            self._query(select(self.shape.fields, self.table.api_name, where), self.mode, known).run(spool)
            found.append(spool)
            if not spool.is_resumed or spool.upper >= self.reading.upper:
                return found
            since, known = spool.upper, {}

    def _has_changed(self) -> bool:
        """Whether the window has a row that the warehouse lacks in that version, or was begun before."""
        probe = self.view.probes.get(self.table.api_name)
        cursor = self.known.cursor
        if probe is None or cursor is None:
            return True
        body = probe.get()
        if not body.get("done", True) or int(body.get("totalSize") or 0) != len(body.get("records") or []):
            return True
        return any(self._is_news(record["Id"], record[self.table.cursor]) for record in body["records"])

    def _is_news(self, record_id: str, changed: str) -> bool:
        moment = moment_of(changed)
        return moment is None or self.known.versions.get(rows.full_id(record_id)) != microseconds(moment)

    # -- some columns of all rows --------------------------------------------------------------------

    def _calculated_due(self, cursor: datetime | None) -> tuple[bool, datetime | None]:
        """Whether calculated fields are to be read again: they change without a trace."""
        if not self.shape.calculated or (cursor is not None and not self.known.rows):
            return False, None
        last = self.known.calculated_at
        due = (
            cursor is None or last is None or self.reading.upper - last >= self.reading.rules.calculated.every
        )
        return due, self.reading.upper if due else None

    def _filled(self, name: str, fields: tuple[str, ...]) -> list[Spool]:
        """Some columns for all rows, resumed like any other."""
        if not fields:
            return []
        table = self.shape.only(fields)
        spool = self.reading.window(table, self.known.cursor or self.reading.upper, 0, name=name)
        soql = select((table.key[0], *fields), table.api_name)
        self._query(soql, "fill", {}, table).run(spool)
        return [spool]

    def _query(
        self, soql: str, mode: Mode, versions: Mapping[str, int], table: RawTable | None = None
    ) -> Query:
        return Query(self.reading, self.client, table or self.table, self.shape.ids, soql, mode, versions)


def refused(
    reading: Reading, table: RawTable, error: errors.ClientError, essential: frozenset[str]
) -> list[TableFetch]:
    """An object that cannot be described: one the org lacks is noted, one that must be there is stale."""

    def fail() -> list[TableFetch]:
        if isinstance(error, errors.NotFound) and table.api_name in essential:
            raise errors.Forbidden(
                f"Salesforce does not show {table.api_name}: {error.what}", where=error.where,
                remedy="give the integration user the right to read it, or correct config/extract.yml",
            )  # fmt: skip
        raise error

    return reading.guarded([table], fail)
