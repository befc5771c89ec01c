"""Many rows to Salesforce: Bulk API 2.0 jobs, each kept in the state before it is given its rows.

Belongs here: rows as CSV, results as outcomes in the rows' order, and seeing a job to its end whoever began
it. A job goes on when the process that began it has died, so nothing is read back, and nothing is sent again,
while one is open: `settle` ends those that can be ended and waits for the rest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pipelines.clients import errors
from pipelines.clients.results import MISSING_FROM_ANSWER, UNPROCESSED, Outcomes, RowResult
from pipelines.clients.salesforce.ingest import CLEAR, MOST_BYTES, MOST_ROWS, BulkIngest, Job, failure_of
from pipelines.crashpoints import crashpoint
from pipelines.reverse_sync.destinations.base import RecordWrite
from pipelines.state.bulk_jobs import Kept

CRASHPOINTS = ("job_begun", "job_kept", "job_uploaded", "job_closed", "job_over", "job_ended")
"""Every place in this module where a process may die, in the order in which they are reached."""
MOST_CHARACTERS = 32_000
__all__ = ["CRASHPOINTS", "MOST_ROWS", "Bulk", "Jobs"]


class Jobs(Protocol):
    """Where jobs are kept."""

    def begun(self, job_id: str, object_name: str, rows: int, at: datetime) -> None: ...

    def ended(self, job_id: str, state: str, at: datetime) -> None: ...

    def open(self) -> Sequence[Kept]: ...


class Bulk:
    """Jobs of one org."""

    def __init__(self, ingest: BulkIngest, jobs: Jobs, now: Callable[[], datetime]) -> None:
        self._ingest, self._jobs, self._now = ingest, jobs, now

    def update(self, object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        """One job, and what became of each row. AnswerLost: nobody knows; Rejected: none was stored."""
        return self._done("update", object_name, "Id", as_csv(writes), [w.record_id for w in writes])

    def upsert(self, object_name: str, key_field: str, records: Sequence[Mapping[str, str]]) -> Outcomes:
        """The same for records that are known by an external id; the results name what was made."""
        keys = [record[key_field] for record in records]
        return self._done("upsert", object_name, key_field, records_csv(key_field, records), keys)

    def _done(
        self, operation: str, object_name: str, name: str, data: bytes, keys: Sequence[str]
    ) -> Outcomes:
        """See a job through whose rows are told apart by the column `name`."""
        job_id = self._ingest.begin(object_name, operation, name if operation == "upsert" else "")
        crashpoint("job_begun")
        self._jobs.begun(job_id, object_name, len(keys), self._now())
        crashpoint("job_kept")
        self._ingest.upload(job_id, data)
        crashpoint("job_uploaded")
        self._ingest.close(job_id)
        crashpoint("job_closed")
        job = self._ingest.wait(job_id, len(keys))
        crashpoint("job_over")
        if job.state == "Failed" and job.processed == 0:
            self._end(job)
            raise errors.Rejected(
                job.message or "Salesforce failed a job as a whole", code=_code(job.message)
            )
        left = job.processed < len(keys) or job.state != "JobComplete"
        stored = {r[name]: r["sf__Id"] for r in self._ingest.successful(job_id)} if name != "Id" else None
        with self._ingest.count.repairing():
            failed = self._ingest.failed(job_id) if job.failed else []
            untried = {row[name] for row in self._ingest.unprocessed(job_id)} if left else set()
        refused = {row[name]: row["sf__Error"] for row in failed}
        self._end(job)
        return Outcomes([_outcome(key, refused, untried, stored) for key in keys], request_id=job_id)

    def settle(self) -> None:
        """See every open job to its end, also those of runs that died. Raises when Salesforce does not
        say: the jobs then stay open, and whatever leans on their end has to wait."""
        for kept in self._jobs.open():
            self._settle(kept)

    def _settle(self, kept: Kept) -> None:
        try:
            job = self._ingest.job(kept.job_id)
            if job.state == "Open":  # it was never closed, and stores nothing once it cannot be
                self._ingest.abort(kept.job_id)
                job = job._replace(state="Aborted")
            elif not job.is_over:
                job = self._ingest.wait(kept.job_id, kept.rows)
        except errors.NotFound:  # forgotten, days after its end
            job = Job(kept.job_id, "Forgotten", 0, 0, "")
        self._end(job)

    def _end(self, job: Job) -> None:
        self._jobs.ended(job.id, job.state, self._now())
        crashpoint("job_ended")


def is_fit(write: RecordWrite) -> bool:
    """Whether a row can travel as CSV: a text that means `empty` there, or a very long one, cannot."""
    return all(cell.value is None or is_fit_text(cell.value) for cell in write.cells)


def is_fit_text(value: str) -> bool:
    return value != CLEAR and len(value) <= MOST_CHARACTERS


def as_csv(writes: Sequence[RecordWrite]) -> bytes:
    """The rows, their key first. An empty cell leaves a field as it is, #N/A empties it."""
    held = (
        {"Id": w.record_id, **{c.field: CLEAR if c.value is None else c.value for c in w.cells}}
        for w in writes
    )
    return records_csv("Id", list(held))


def records_csv(key: str, records: Sequence[Mapping[str, str]]) -> bytes:
    """The same of records as they are called there."""
    fields = [key, *(name for name in dict.fromkeys(n for record in records for n in record) if name != key)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([record.get(field, "") for field in fields] for record in records)
    data = text.getvalue().encode()
    if len(data) > MOST_BYTES:
        raise errors.Rejected(
            f"{len(data):,} bytes are more than Salesforce takes in a job", code="TOO_LARGE"
        )
    return data


def _outcome(
    key: str, refused: Mapping[str, str], untried: set[str], stored: Mapping[str, str] | None
) -> RowResult:
    """Of the row that has this key. `stored`: the ids of those that were, where the key is not the id."""
    record_id = key if stored is None else stored.get(key)
    if key in refused:
        code, words, fields = failure_of(refused[key])
        return RowResult(False, record_id, code=code, message=words, fields=fields)
    if key in untried:
        return RowResult(False, record_id, code=UNPROCESSED, message="the job ended before this row's turn")
    if record_id is None:
        return RowResult(False, code=MISSING_FROM_ANSWER, message="no result of the job mentions it")
    return RowResult(True, record_id)


def _code(message: str) -> str:
    """`InvalidBatch` of `InvalidBatch : Field name not found : X`."""
    return message.partition(" : ")[0].strip() or "JOB_FAILED"
