"""A Salesforce org in memory that takes collections and Bulk 2.0 jobs, and a destination of small ones."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipelines.clients.counting import CallCount
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import QueryPage
from pipelines.clients.salesforce.ingest import Job
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination

FIELD = "Score__c"
KEY = "Key__c"
POLLS = 2
"""A job stores its rows only when it has been asked after so often: it works beside whoever waits for it."""


class Org:
    """Salesforce in memory: collections at once, jobs later. `writes` is the truth about what was stored."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.records: dict[str, dict[str, Any]] = {i: {FIELD: None} for i in ids}
        self.writes: list[tuple[str, Any]] = []
        self.refused: dict[str, str] = {}
        self.untried: set[str] = set()
        self.broken = ""
        self.count = CallCount()
        self.server_time, self.day = datetime(2026, 6, 30, 12, tzinfo=UTC), None
        self.people: dict[str, dict[str, Any]] = {}
        self.created: list[str] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.ingest = self
        self.together: threading.Barrier | None = None
        """A query waits for as many others."""

    @property
    def calls(self) -> int:
        return self.count.calls

    def _store(self, record_id: str, value: Any) -> None:
        self.records[record_id][FIELD] = value
        self.writes.append((record_id, value))

    def update_collection(self, sobject: str, records: Sequence[dict[str, Any]]) -> Outcomes:
        self.count.one()
        rows = []
        for each in records:
            if each["Id"] in self.refused:
                rows.append(RowResult(False, each["Id"], code=self.refused[each["Id"]]))
            else:
                self._store(each["Id"], each[FIELD])
                rows.append(RowResult(True, each["Id"]))
        return Outcomes(rows, request_id=f"write-{self.calls}")

    def read_collection(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> list[Any]:
        self.count.one()
        return [self.records.get(i) for i in ids]

    # -- jobs ----------------------------------------------------------------------------------------

    def begin(self, sobject: str, operation: str = "update", key_field: str = "") -> str:
        self.count.one()
        name = key_field or "Id"
        self.jobs[f"750{len(self.jobs)}"] = {"state": "Open", "rows": [], "polls": 0, "key": name}
        return f"750{len(self.jobs) - 1}"

    def upload(self, job_id: str, data: bytes) -> None:
        self.count.one()
        self.jobs[job_id]["rows"] = list(csv.DictReader(io.StringIO(data.decode(), newline="")))

    def close(self, job_id: str) -> None:
        self.count.one()
        self.jobs[job_id]["state"] = "InProgress"

    def abort(self, job_id: str) -> None:
        self.count.one()
        self.jobs[job_id]["state"] = "Aborted"

    def job(self, job_id: str) -> Job:
        self.count.one()
        job = self.jobs[job_id]
        job["polls"] += 1
        if job["state"] == "InProgress" and job["polls"] >= POLLS:
            self._work(job)
        failed = sum(row[job["key"]] in self.refused for row in job.get("done", []))
        return Job(job_id, job["state"], len(job.get("done", [])), failed, self.broken)

    def _work(self, job: dict[str, Any]) -> None:
        job["state"] = "Failed" if self.broken else "JobComplete"
        job["done"] = [] if self.broken else [r for r in job["rows"] if r[job["key"]] not in self.untried]
        for row in job["done"]:
            if row[job["key"]] in self.refused:
                continue
            if job["key"] == "Id":
                self._store(row["Id"], None if row[FIELD] == "#N/A" else row[FIELD])
            else:
                self._create(row)
        self.untried = set()

    def wait(self, job_id: str, rows: int) -> Job:
        job = self.job(job_id)
        with self.count.repairing():
            while not job.is_over:
                job = self.job(job_id)
        return job

    def failed(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        key = self.jobs[job_id]["key"]
        done = [row for row in self.jobs[job_id]["done"] if row[key] in self.refused]
        return [{"sf__Id": "", "sf__Error": f"{self.refused[r[key]]}:no: a word:{FIELD} --", **r}
                for r in reversed(done)]  # fmt: skip

    def unprocessed(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        key = self.jobs[job_id]["key"]
        done = {row[key] for row in self.jobs[job_id]["done"]}
        return [row for row in reversed(self.jobs[job_id]["rows"]) if row[key] not in done]

    # -- creations, known by an external id ----------------------------------------------------------

    def _create(self, row: Mapping[str, Any]) -> str:
        self.created.append(row[KEY])
        self.people.setdefault(row[KEY], {"Id": f"00Q{row[KEY]}", **row})
        return f"00Q{row[KEY]}"

    def upsert_collection(self, kind: str, name: str, records: Sequence[Mapping[str, Any]]) -> Outcomes:
        self.count.one()
        rows = [RowResult(False, code=self.refused[r[KEY]]) if r[KEY] in self.refused
                else RowResult(True, self._create(r)) for r in records]  # fmt: skip
        return Outcomes(rows, request_id=f"write-{self.calls}")

    def successful(self, job_id: str) -> list[dict[str, str]]:
        self.count.one()
        done = [row for row in self.jobs[job_id]["done"] if row[KEY] not in self.refused]
        return [{"sf__Id": f"00Q{r[KEY]}", "sf__Created": "true", **r} for r in reversed(done)]

    def query_pages(self, soql: str) -> Iterator[QueryPage]:
        self.count.one()
        if self.together is not None:
            self.together.wait()
        by = KEY if f"WHERE {KEY}" in soql else "Email"
        rows = [row for row in self.people.values() if f"'{row.get(by)}'" in soql and " Lead " in soql]
        yield QueryPage(rows, len(rows))


class Small(SalesforceDestination):
    """Collections of two, jobs for more than three."""

    batch_size = 2
    bulk_above = 3
