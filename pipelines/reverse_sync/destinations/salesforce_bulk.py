"""Many rows to Salesforce: Bulk API 2.0 jobs, each kept in the state before it is given its rows.

Belongs here: rows as CSV, results as outcomes in the rows' order, and seeing a job to its end whoever began
it. A job goes on when the process that began it has died, so nothing is read back, and nothing is sent again,
while one is open: `settle` ends those that can be ended and waits for the rest.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from pipelines.clients import errors
from pipelines.clients.results import UNPROCESSED, Outcomes, RowResult
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
        data = as_csv(writes)
        job_id = self._ingest.begin(object_name)
        crashpoint("job_begun")
        self._jobs.begun(job_id, object_name, len(writes), self._now())
        crashpoint("job_kept")
        self._ingest.upload(job_id, data)
        crashpoint("job_uploaded")
        self._ingest.close(job_id)
        crashpoint("job_closed")
        job = self._ingest.wait(job_id, len(writes))
        crashpoint("job_over")
        if job.state == "Failed" and job.processed == 0:
            self._end(job)
            raise errors.Rejected(
                job.message or "Salesforce failed a job as a whole", code=_code(job.message)
            )
        left = job.processed < len(writes) or job.state != "JobComplete"
        with self._ingest.count.repairing():
            failed = self._ingest.failed(job_id) if job.failed else []
            untried = {row["Id"] for row in self._ingest.unprocessed(job_id)} if left else set()
        refused = {row["Id"]: row["sf__Error"] for row in failed}
        self._end(job)
        rows = [_outcome(write.record_id, refused, untried) for write in writes]
        return Outcomes(rows, request_id=job_id)

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
    return all(
        cell.value is None or (cell.value != CLEAR and len(cell.value) <= MOST_CHARACTERS)
        for cell in write.cells
    )


def as_csv(writes: Sequence[RecordWrite]) -> bytes:
    """The rows, their key first. An empty cell leaves a field as it is, #N/A empties it."""
    fields = list(dict.fromkeys(cell.field for write in writes for cell in write.cells))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Id", *fields])
    for write in writes:
        held = {cell.field: CLEAR if cell.value is None else cell.value for cell in write.cells}
        writer.writerow([write.record_id, *(held.get(field, "") for field in fields)])
    data = text.getvalue().encode()
    if len(data) > MOST_BYTES:
        raise errors.Rejected(
            f"{len(data):,} bytes are more than Salesforce takes in a job", code="TOO_LARGE"
        )
    return data


def _outcome(record_id: str, refused: dict[str, str], untried: set[str]) -> RowResult:
    if record_id in refused:
        code, words, fields = failure_of(refused[record_id])
        return RowResult(False, record_id, code=code, message=words, fields=fields)
    if record_id in untried:
        return RowResult(False, record_id, code=UNPROCESSED, message="the job ended before this row's turn")
    return RowResult(True, record_id)


def _code(message: str) -> str:
    """`InvalidBatch` of `InvalidBatch : Field name not found : X`."""
    return message.partition(" : ")[0].strip() or "JOB_FAILED"
