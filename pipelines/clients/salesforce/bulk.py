"""Salesforce's Bulk API 2.0 for queries: a job, waiting for it, its result as pages of CSV.

Belongs here: jobs and pages. Reading CSV into columns is `pipelines.sources`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.clients import errors
from pipelines.clients.transport import Call, Transport, json_of

PAGE_ROWS = 50_000
FIRST_POLL_SECONDS = 0.05
LONGEST_POLL_SECONDS = 5.0
PATIENCE_SECONDS = 3_600.0


@dataclass(frozen=True)
class CsvPage:
    """A page of a job's result: CSV with a header line. `locator` asks for the next; None: the last."""

    data: bytes
    rows: int
    locator: str | None


class BulkQuery:
    """One query job. Iterating gives the pages that have not been read yet."""

    def __init__(self, transport: Transport, base: str, job_id: str, locator: str | None = None) -> None:
        self._transport, self._path = transport, f"{base}/jobs/query/{job_id}"
        self.job_id, self.locator = job_id, locator
        self.rows: int | None = None
        """How many rows the whole result has; known once the job is complete."""

    @classmethod
    def begin(cls, transport: Transport, base: str, soql: str, *, all_rows: bool) -> BulkQuery:
        body = {"operation": "queryAll" if all_rows else "query", "query": soql, "contentType": "CSV"}
        answer = json_of(transport.send(Call(method="POST", path=f"{base}/jobs/query", json=body)))
        return cls(transport, base, str(answer["id"]))

    def __iter__(self) -> Iterator[CsvPage]:
        self._wait()
        while True:
            page = self._page()
            yield page
            self.locator = page.locator
            if page.locator is None:
                return

    def _wait(self) -> None:
        """Until the job is complete: more and more patient, but not for ever."""
        pause, waited = FIRST_POLL_SECONDS, 0.0
        while True:
            job = json_of(self._transport.send(Call(method="GET", path=self._path))) or {}
            state = str(job.get("state"))
            if state == "JobComplete":
                self.rows = int(job.get("numberRecordsProcessed") or 0)
                return
            if state in ("Failed", "Aborted"):
                raise self._failed(
                    f"Salesforce ended a bulk query ({state}): {job.get('errorMessage') or 'no reason'}"
                )
            if waited >= PATIENCE_SECONDS:
                raise self._failed("Salesforce did not finish a bulk query within an hour")
            self._transport.clock.sleep(pause)
            waited += pause
            pause = min(pause * 2, LONGEST_POLL_SECONDS)

    def _page(self) -> CsvPage:
        params = {"maxRecords": str(PAGE_ROWS)} | ({"locator": self.locator} if self.locator else {})
        call = Call(method="GET", path=f"{self._path}/results", params=params, headers={"Accept": "text/csv"})
        response = self._transport.send(call)
        locator = response.headers.get("Sforce-Locator")
        rows = int(response.headers.get("Sforce-NumberOfRecords") or 0)
        return CsvPage(response.content, rows, None if locator in (None, "", "null") else locator)

    def _failed(self, what: str) -> errors.Unavailable:
        return errors.Unavailable(what, where=self._transport.host, remedy="run this again")
