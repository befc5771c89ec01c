"""Salesforce's Bulk API 2.0 for queries: a job, waiting for it, its result as pages of CSV.

Belongs here: jobs and pages. Result pages are fetched side by side and given in their order. Reading CSV into
columns is `pipelines.sources`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from queue import SimpleQueue
from urllib.parse import quote

import httpx

from pipelines.clients import errors
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.threads import Pool

PAGE_ROWS = 50_000
PAGE_VALUES = 3_500_000
"""A page of a wide object has fewer rows, so that the pages in memory stay about as large."""
SMALLEST_PAGE = 2_000
AT_ONCE = 2
FIRST_POLL_SECONDS = 0.05
ROWS_A_SECOND = 250_000
"""No job is faster: before so long it is not looked at, for each look is a call of the day's."""
LONGEST_POLL_SECONDS = 5.0
PATIENCE_SECONDS = 3_600.0
_NOTHING_MORE = "null"
"""How Salesforce says that no page follows."""


@dataclass(frozen=True)
class CsvPage:
    """A page of a job's result: CSV with a header line. `position` asks for what follows; "": the last."""

    data: bytes
    rows: int
    position: str


@dataclass(frozen=True)
class _Fetched:
    response: httpx.Response
    calls: int


def page_rows(columns: int) -> int:
    """How many rows a page of a query with so many columns has: whole thousands of them."""
    fitting = PAGE_VALUES // max(1, columns)
    return max(SMALLEST_PAGE, min(PAGE_ROWS, fitting - fitting % 1_000))


class BulkQuery:
    """One query job. Iterating gives the pages after `position`, of a job begun earlier too."""

    def __init__(
        self, transport: Transport, base: str, job_id: str, position: str = "", page_rows: int = PAGE_ROWS,
        expected: int = 0,
    ) -> None:  # fmt: skip
        self._transport, self._path = transport, f"{base}/jobs/query/{job_id}"
        self.job_id, self.position, self._page_rows = job_id, position, page_rows
        self._expected = expected
        self.rows: int | None = None
        """How many rows the whole result has; known once the job is complete."""

    @classmethod
    def begin(
        cls, transport: Transport, base: str, soql: str, *, all_rows: bool, page_rows: int = PAGE_ROWS,
        expected: int = 0,
    ) -> BulkQuery:  # fmt: skip
        """`expected`: about how many rows it will have, where that is known."""
        body = {"operation": "queryAll" if all_rows else "query", "query": soql, "contentType": "CSV"}
        answer = json_of(transport.send(Call(method="POST", path=f"{base}/jobs/query", json=body)))
        return cls(transport, base, str(answer["id"]), page_rows=page_rows, expected=expected)

    def __iter__(self) -> Iterator[CsvPage]:
        self._wait()
        if self.rows or self.position:
            with Pool(AT_ONCE + 1, thread_name_prefix="bulk") as pool:
                yield from _Chain(self._transport, self._page_path, pool).pages(self.position)

    def _page_path(self, locator: str) -> str:
        at = f"&locator={quote(locator)}" if locator else ""
        return f"{self._path}/results?maxRecords={self._page_rows}{at}"

    def _wait(self) -> None:
        """Until the job is complete: more and more patient, but not for ever."""
        least = self._expected / ROWS_A_SECOND
        pause, waited = max(FIRST_POLL_SECONDS, least / 4), 0.0
        if least > FIRST_POLL_SECONDS:
            self._transport.clock.sleep(least)
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

    def _failed(self, what: str) -> errors.Unavailable:
        return errors.Unavailable(what, where=self._transport.host, remedy="run this again")


class _Chain:
    """Result pages in their order. Where one ends its head says, long before its body is here: then the next
    is asked for. A list of pages, which Salesforce has too, is a call more for each five.
    """

    def __init__(self, transport: Transport, path: Callable[[str], str], pool: Executor) -> None:
        self._transport, self._path, self._pool = transport, path, pool
        self._room = threading.Semaphore(AT_ONCE)
        self._coming: SimpleQueue[Future[_Fetched]] = SimpleQueue()
        self._stopped = False

    def pages(self, position: str) -> Iterator[CsvPage]:
        """Those from a position on; no more than AT_ONCE are under way, waiting or being worked on."""
        self._ask(position)
        try:
            while True:
                found = self._coming.get().result()
                self._transport.count.credit(found.calls)
                yield _page(found.response)
                if not _following(found.response.headers):
                    return
                self._room.release()
        finally:
            self._stopped = True
            self._room.release()

    def _ask(self, locator: str) -> None:
        self._coming.put(self._pool.submit(self._fetch, locator))

    def _fetch(self, locator: str) -> _Fetched:
        self._room.acquire()
        asked: list[str] = []

        def heard(head: httpx.Headers) -> None:
            following = _following(head)
            if following and not asked and not self._stopped:
                asked.append(following)
                self._ask(following)

        before = self._transport.count.here
        call = Call(method="GET", path=self._path(locator), headers={"Accept": "text/csv"}, heard=heard)
        if self._stopped:
            raise CancelledError
        return _Fetched(self._transport.send(call), self._transport.count.here - before)


def _following(head: httpx.Headers) -> str:
    locator = head.get("Sforce-Locator", _NOTHING_MORE)
    return "" if locator == _NOTHING_MORE else locator


def _page(response: httpx.Response) -> CsvPage:
    rows = int(response.headers.get("Sforce-NumberOfRecords") or 0)
    return CsvPage(response.content, rows, _following(response.headers))
