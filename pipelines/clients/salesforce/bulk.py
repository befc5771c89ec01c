"""Salesforce's Bulk API 2.0 for queries: a job, waiting for it, its result as pages of CSV.

Belongs here: jobs and pages. Result pages are fetched side by side and given in their order. Reading CSV into
columns is `pipelines.sources`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from pipelines.clients import errors
from pipelines.clients.transport import Call, Transport, json_of

PAGE_ROWS = 50_000
PAGE_VALUES = 2_500_000
"""A page of a wide object has fewer rows, so that the pages in memory stay about as large."""
SMALLEST_PAGE = 2_000
AT_ONCE = 3
FIRST_POLL_SECONDS = 0.05
ROWS_A_SECOND = 300_000
"""No job is faster: before so long it is not looked at."""
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
    """How many rows a page of an object with so many columns has."""
    return max(SMALLEST_PAGE, min(PAGE_ROWS, PAGE_VALUES // max(1, columns)))


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
        if not self.position and 0 < (self.rows or 0) <= self._page_rows:
            only = self._fetch(f"{self._path}/results?maxRecords={self._page_rows}").response
            if only.headers.get("Sforce-Locator", _NOTHING_MORE) == _NOTHING_MORE:
                yield _page(only, "")
                return
        skip, _, group = self.position.partition(" ")
        following: str | None = group or f"{self._path}/resultPages?maxRecords={self._page_rows}"
        passed = int(skip or 0)
        while following:
            here = following
            urls, following = self._group(here)
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="bulk") as pool:
                for number, found in enumerate(self._side_by_side(pool, urls[passed:]), start=passed + 1):
                    is_last = number == len(urls)
                    position = f"{number} {here}" if not is_last else f"0 {following}" if following else ""
                    yield _page(found, position)
            passed = 0

    def _group(self, path: str) -> tuple[list[str], str | None]:
        """The next few result pages, and where those after them are listed. Needs API version 58."""
        answer = json_of(self._transport.send(Call(method="GET", path=path))) or {}
        pages = answer.get("resultPages")
        if not isinstance(pages, list):
            raise errors.Truncated(
                "Salesforce's list of result pages is not whole", where=self._transport.host,
                remedy="run this again",
            )  # fmt: skip
        following = None if answer.get("done") else answer.get("nextRecordUrl")
        return [str(page["resultUrl"]) for page in pages], None if following is None else str(following)

    def _side_by_side(self, pool: ThreadPoolExecutor, urls: list[str]) -> Iterator[httpx.Response]:
        """Answers in the order of the addresses; no more than AT_ONCE are under way or waiting."""
        waiting: deque[Future[_Fetched]] = deque()
        rest = deque(urls)
        while rest or waiting:
            while rest and len(waiting) < AT_ONCE:
                waiting.append(pool.submit(self._fetch, rest.popleft()))
            found = waiting.popleft().result()
            self._transport.count_here(found.calls)
            yield found.response

    def _fetch(self, path: str) -> _Fetched:
        before = self._transport.calls_here
        response = self._transport.send(Call(method="GET", path=path, headers={"Accept": "text/csv"}))
        return _Fetched(response, self._transport.calls_here - before)

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


def _page(response: httpx.Response, position: str) -> CsvPage:
    return CsvPage(response.content, int(response.headers.get("Sforce-NumberOfRecords") or 0), position)
