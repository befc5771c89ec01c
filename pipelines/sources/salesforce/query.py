"""Runs one query into a spool: by REST when small, by Bulk 2.0 when large, resumed when it was cut short.

Belongs here: pages, checkpoints and counting them. Which queries are run, and why, is in `records`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.salesforce.bulk import BulkQuery, CsvPage
from pipelines.clients.salesforce.client import QueryPage, SalesforceClient
from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import BadValues, microseconds, moment_of
from pipelines.sources.fetched import Mode
from pipelines.sources.reading import Reading, bad_of
from pipelines.sources.salesforce import rows
from pipelines.sources.salesforce.view import LONGEST_SOQL
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

BULK_FROM_ROWS = 10_000
"""Five pages by REST; a bulk job has its own cost in calls and waiting."""


@dataclass
class Query:
    """A query of an object and where its rows go. `table`: its columns. `versions`: what is there already."""

    reading: Reading
    client: SalesforceClient
    table: RawTable
    ids: frozenset[str]
    soql: str
    mode: Mode
    versions: Mapping[str, int] = field(default_factory=dict)
    count: int | None = None
    """How many rows it will bring, if that was asked."""

    def run(self, spool: Spool) -> None:
        """Bring the query's rows into the spool, from where a killed run left it. Complete when it returns.

        Raises Truncated, and forgets what it has, when fewer rows came than there are.
        """
        if spool.is_complete:
            return
        try:
            if not (spool.position and self._resume(spool)):
                self._begin(spool)
        except errors.Truncated:
            spool.start_over()
            raise
        if spool.has_news or self.mode == "replace" or spool.is_resumed or spool.position:
            spool.commit(complete=True)

    def _resume(self, spool: Spool) -> bool:
        """Go on with the vendor's own cursor; False when it is gone (REST keeps two days, bulk seven)."""
        at: dict[str, Any] = orjson.loads(spool.position)
        try:
            if "job" in at:
                job = self.client.bulk_resume(at["job"], at["at"], columns=self._columns)
                self._bulk(spool, job, int(at["done"]))
            else:
                pages = self.client.pages_from(at["following"], int(at["done"]))
                self._rest(spool, pages, int(at["done"]))
        except (errors.NotFound, errors.Rejected):
            spool.start_over()
            return False
        return True

    def _begin(self, spool: Spool) -> None:
        """By bulk what is long to ask or long to read; where nobody has counted, the first page says it."""
        if len(self.soql) > LONGEST_SOQL:
            return self._bulk(spool, self._job(), 0)
        if (self.count or 0) > BULK_FROM_ROWS and (job := self._job_if_it_can()):
            return self._bulk(spool, job, 0)
        pages = self.client.query_pages(self.soql, all_rows=True)
        page = next(pages)
        if self.count is None and page.total > BULK_FROM_ROWS and (job := self._job_if_it_can()):
            return self._bulk(spool, job, 0)
        return self._rest(spool, itertools.chain([page], pages), 0)

    def _job_if_it_can(self) -> BulkQuery | None:
        """None: some objects have no bulk queries."""
        try:
            return self._job()
        except (errors.Rejected, errors.NotFound):
            return None

    def _job(self) -> BulkQuery:
        return self.client.bulk_query(
            self.soql, all_rows=True, columns=self._columns, expected=self.count or 0
        )

    @property
    def _columns(self) -> int:
        """Those that come: the table has promised ones too that the org lacks."""
        return self.soql.partition(" FROM ")[0].count(",") + 1

    def _rest(self, spool: Spool, pages: Iterator[QueryPage], done: int) -> None:
        bad, before = bad_of(spool), self.reading.calls_here() - 1
        for page in pages:
            done += len(page.records)
            fresh = [record for record in page.records if not self._is_known(record)]
            if fresh:
                spool.write(self.table.name, self.mode, rows.from_json(self.table, fresh, bad, self.ids))
            spool.bad = dict(bad.found)
            if page.following:
                self._commit(spool, {"following": page.following, "done": done})
            self.reading.progress(f"salesforce {self.table.api_name}", done, page.total, self._calls(before))

    def _bulk(self, spool: Spool, job: BulkQuery, done: int) -> None:
        bad, before = bad_of(spool), self.reading.calls_here() - 1
        for page in job:
            read = self._spooled(spool, page, bad)
            done += read
            if read != page.rows:
                raise self._truncated(done, job.rows or 0)
            spool.bad = dict(bad.found)
            if page.position:
                self._commit(spool, {"job": job.job_id, "at": page.position, "done": done})
            self.reading.progress(f"salesforce {self.table.api_name}", done, job.rows, self._calls(before))
        if done != job.rows:
            raise self._truncated(done, job.rows or 0)

    def _spooled(self, spool: Spool, page: CsvPage, bad: BadValues) -> int:
        """How many rows a page had, those that are known already too."""
        count = 0

        def fresh() -> Iterator[pa.Table]:
            nonlocal count
            for block in rows.from_csv(self.table, page.data, bad, self.ids):
                count += block.num_rows
                yield rows.without(block, self.table, self.versions)

        spool.write(self.table.name, self.mode, fresh())
        return count

    def _calls(self, before: int) -> int:
        """Since `before`, which is one less than there were: the call that began the query is behind us."""
        return self.reading.calls_here() - before

    def _commit(self, spool: Spool, position: dict[str, Any]) -> None:
        """What is in counts; a killed load asks for what follows."""
        spool.commit(orjson.dumps(position).decode())
        crashpoint("extract.part_written")

    def _is_known(self, record: Mapping[str, Any]) -> bool:
        """A row of the overlap that the warehouse has in the same version."""
        if not self.versions:
            return False
        moment = moment_of(record[self.table.cursor])
        return moment is not None and self.versions.get(rows.full_id(str(record["Id"]))) == microseconds(
            moment
        )

    def _truncated(self, read: int, total: int) -> errors.Truncated:
        return errors.Truncated(
            f"Salesforce gave {read:,} of {total:,} rows of {self.table.api_name}",
            where=self.reading.org.url_host, remedy="run this again",
        )  # fmt: skip
