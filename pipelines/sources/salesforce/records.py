"""Reads a Salesforce object: everything the first time, then what SystemModstamp says has changed since.

Belongs here: windows, REST or Bulk 2.0, deletions (queryAll shows them). Shapes are in `rows`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.salesforce.bulk import BulkQuery
from pipelines.clients.salesforce.client import QueryPage, SalesforceClient
from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.fetched import Mode, TableFetch
from pipelines.sources.known import OVERLAP
from pipelines.sources.reading import Reading, bad_of, missing_note
from pipelines.sources.salesforce import rows
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

Answer = TypeVar("Answer")
BULK_FROM_ROWS = 10_000
"""Five pages by REST; a bulk job has its own cost in calls and waiting."""


class ObjectReader:
    """One object of one fetch."""

    def __init__(self, reading: Reading, client: SalesforceClient, table: RawTable) -> None:
        self.reading, self.client, self.table = reading, client, table
        self.known = reading.of(table)
        self.fields = rows.field_names(table)
        self.notes: list[str] = []

    def read(self) -> list[TableFetch]:
        """The table, whole or by changes."""
        before = self.reading.calls_here()
        if self.known.cursor is None:
            self._look()
        result = self._whole() if self.table.is_whole else self._by_changes()
        return [replace(result, calls=self.reading.calls_here() - before)]

    def _whole(self) -> TableFetch:
        records = self._seeing_fields(
            lambda: [each for page in self.client.query_pages(self._soql()) for each in page.records]
        )
        return self.reading.whole(self.table, rows.whole(self.table, records), self.notes)

    def _by_changes(self) -> TableFetch:
        """A first load that was resumed is brought up to date at once."""
        cursor = self.known.cursor
        if cursor is not None:
            spools = [self._seeing_fields(lambda: self._changes(cursor, self.known.versions))]
        else:
            spools = [first := self._first_load()]
            if first.is_resumed and first.upper < self.reading.upper:
                spools.append(self._changes(first.upper, {}))
        parts = tuple(part for spool in spools for part in spool.parts(self.table.name))
        return self.reading.outcome(
            self.table, "loaded" if parts or cursor is None else "unchanged", parts,
            sum(part.rows for part in parts),
            notes=self.notes + [note for spool in spools for note in bad_of(spool).notes()],
            window_from=None if cursor is None else cursor - OVERLAP,
        )  # fmt: skip

    # -- which fields there are ----------------------------------------------------------------------

    def _look(self) -> None:
        """Ask which of the promised fields this user can see; the others will be null."""
        shown = {
            str(field["name"]).casefold() for field in self.client.describe(self.table.api_name)["fields"]
        }
        promised = rows.field_names(self.table)
        self.fields = [name for name in promised if name.casefold() in shown]
        self.notes = missing_note(promised, shown)

    def _seeing_fields(self, ask: Callable[[], Answer]) -> Answer:
        """Ask for all promised fields; only when one of them is not there, find out which."""
        try:
            return ask()
        except errors.UnknownField:
            self._look()
            return ask()

    def _soql(self, where: str = "") -> str:
        return f"SELECT {', '.join(self.fields)} FROM {self.table.api_name}{where}"

    # -- everything ----------------------------------------------------------------------------------

    def _first_load(self) -> Spool:
        spool = self.reading.spool(self.table, "first")
        if spool.is_complete:
            return spool
        if spool.position:
            job_id, _, locator = spool.position.partition(" ")
            try:
                self._bulk(spool, self.client.bulk_resume(job_id, locator or None), "replace", {})
                return spool
            except errors.NotFound:  # results are kept for a week
                spool.start_over()
        self._query(spool, self._soql(), "replace", {})
        spool.commit(complete=True)
        return spool

    # -- what changed --------------------------------------------------------------------------------

    def _changes(self, cursor: datetime, versions: Mapping[str, int]) -> Spool:
        spool = self.reading.spool(self.table, "changes")
        column = self.table.cursor
        window = (
            f" WHERE {column} >= {_literal(cursor - OVERLAP)} AND {column} < {_literal(self.reading.upper)}"
        )
        self._query(spool, self._soql(window), "merge", versions)
        if spool.has_news:
            spool.commit(complete=True)
        return spool

    # -- both ----------------------------------------------------------------------------------------

    def _query(self, spool: Spool, soql: str, mode: Mode, versions: Mapping[str, int]) -> None:
        """By REST; by a bulk job when the first page says that there are many."""
        pages = self.client.query_pages(soql, all_rows=True)
        page = next(pages)
        if page.total > BULK_FROM_ROWS:
            try:
                job = self.client.bulk_query(soql, all_rows=True)
            except (errors.Rejected, errors.NotFound):
                pass  # some objects have no bulk queries
            else:
                return self._bulk(spool, job, mode, versions)
        return self._rest(spool, page, pages, mode, versions)

    def _rest(
        self,
        spool: Spool,
        page: QueryPage,
        following: Iterator[QueryPage],
        mode: Mode,
        versions: Mapping[str, int],
    ) -> None:
        bad, done = bad_of(spool), 0
        for each in itertools.chain([page], following):
            done += len(each.records)
            fresh = [record for record in each.records if not self._is_known(record, versions)]
            if fresh:
                spool.write(self.table.name, mode, rows.from_json(self.table, fresh, bad))
            self.reading.progress(f"salesforce {self.table.api_name}", done, each.total)
        spool.bad = dict(bad.found)

    def _is_known(self, record: Mapping[str, Any], versions: Mapping[str, int]) -> bool:
        """A row of the overlap that the warehouse has in the same version."""
        version = versions.get(str(record[self.table.key[0]]))
        moment = moment_of(record[self.table.cursor])
        return moment is not None and version == microseconds(moment)

    def _bulk(self, spool: Spool, job: BulkQuery, mode: Mode, versions: Mapping[str, int]) -> None:
        """Page by page; each page that is in counts, a killed load asks for the next one."""
        bad, done = bad_of(spool), sum(part.rows for part in spool.parts(self.table.name))
        for page in job:
            table = rows.from_csv(self.table, page.data, bad)
            done += table.num_rows
            is_last = page.locator is None
            if table.num_rows != page.rows or (is_last and done < (job.rows or 0)):
                spool.start_over()
                raise self._truncated(done, job.rows or 0)
            spool.write(self.table.name, mode, self._fresh(table, versions))
            spool.bad = dict(bad.found)
            if mode == "replace":
                spool.commit(f"{job.job_id} {page.locator or ''}", complete=is_last)
                crashpoint("extract.part_written")
            self.reading.progress(f"salesforce {self.table.api_name}", done, job.rows)

    def _fresh(self, table: pa.Table, versions: Mapping[str, int]) -> pa.Table:
        """The same for a page of a bulk job."""
        if not versions:
            return table
        keys = table.column(self.table.key[0]).to_pylist()
        stamps = table.column(self.table.cursor).cast(pa.int64()).to_pylist()
        fresh = [versions.get(key) != stamp for key, stamp in zip(keys, stamps, strict=True)]
        return table.filter(pa.array(fresh, pa.bool_()))

    def _truncated(self, read: int, total: int) -> errors.Truncated:
        return errors.Truncated(
            f"Salesforce gave {read:,} of {total:,} rows of {self.table.api_name}",
            where=self.reading.org.url_host, remedy="run this again",
        )  # fmt: skip


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
