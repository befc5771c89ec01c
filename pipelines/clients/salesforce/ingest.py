"""Salesforce's Bulk API 2.0 for writing: a job, one CSV, waiting for it, and what became of the rows.

Belongs here: the calls. Which job carries which rows, and what is kept about it, is
`pipelines.reverse_sync.destinations.salesforce_bulk`. Jobs are begun without `assignmentRuleId`, so that no
assignment rule of the org takes an owner from us.
"""

from __future__ import annotations

import csv
import io
from contextlib import nullcontext
from typing import Any, NamedTuple

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.transport import Call, Transport, json_of

MOST_BYTES = 100_000_000
"""Salesforce takes 150 MB after base64; it asks for no more than this before."""
MOST_ROWS = 10_000
"""Salesforce works off a job in batches of so many rows side by side; rows of one batch never wait for one
another's locks."""
CLEAR = "#N/A"
ENDED = frozenset({"JobComplete", "Failed", "Aborted"})
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 10.0
PATIENCE_SECONDS = 3_600.0
_GUESSED_SECONDS_A_ROW = 0.0002


class Job(NamedTuple):
    """A job as Salesforce shows it. `message`: why all of it failed."""

    id: str
    state: str
    processed: int
    failed: int
    message: str

    @property
    def is_over(self) -> bool:
        return self.state in ENDED


class BulkIngest:
    """Jobs of one org."""

    def __init__(self, transport: Transport, base: str) -> None:
        self._transport, self._base = transport, f"{base}/jobs/ingest"
        self._seconds_a_row = _GUESSED_SECONDS_A_ROW

    @property
    def count(self) -> CallCount:
        """Calls made so far."""
        return self._transport.count

    def begin(self, sobject: str, operation: str = "update", key_field: str = "") -> str:
        """Open a job; an upsert knows its records by `key_field`. Nothing is stored before `close`."""
        body = {"object": sobject, "operation": operation, "contentType": "CSV", "lineEnding": "LF"}
        if key_field:
            body["externalIdFieldName"] = key_field
        return str(self._asked("POST", "", body)["id"])

    def upload(self, job_id: str, data: bytes) -> None:
        """Give a job its rows; it takes them once."""
        headers = {"Content-Type": "text/csv"}
        path = f"{self._base}/{job_id}/batches"
        self._transport.send(Call(method="PUT", path=path, effect="write", content=data, headers=headers))

    def close(self, job_id: str) -> None:
        """Let a job begin. When the answer is lost the job is asked whether it has."""
        try:
            self._asked("PATCH", f"/{job_id}", {"state": "UploadComplete"})
        except errors.AnswerLost:
            if self.job(job_id).state == "Open":
                raise

    def abort(self, job_id: str) -> None:
        """Stop a job; rows it has stored stay stored."""
        self._asked("PATCH", f"/{job_id}", {"state": "Aborted"})

    def job(self, job_id: str) -> Job:
        """How a job stands. Raises NotFound when Salesforce has forgotten it, seven days after its end."""
        shown = self._asked("GET", f"/{job_id}")
        done, failed = (
            int(shown.get(name) or 0) for name in ("numberRecordsProcessed", "numberRecordsFailed")
        )
        return Job(job_id, str(shown.get("state")), done, failed, str(shown.get("errorMessage") or ""))

    def wait(self, job_id: str, rows: int) -> Job:
        """Ask until a job is over: first when earlier ones of the size were, then less and less often.
        The first call is what a job takes, those after it are repair."""
        pause = min(max(rows * self._seconds_a_row, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        waited, is_late = 0.0, False
        while True:
            self._transport.clock.sleep(pause)
            waited += pause
            with self.count.repairing() if is_late else nullcontext():
                job = self.job(job_id)
            is_late = True
            if job.is_over:
                self._seconds_a_row = waited / max(rows, 1)
                return job
            if waited >= PATIENCE_SECONDS:
                raise errors.Unavailable(
                    f"Salesforce did not finish a job of {rows:,} rows within an hour",
                    where=self._transport.host,
                    remedy="the next run asks after it before anything is sent to these records again",
                )
            pause = min(max(pause / 2, waited / 2, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)

    def successful(self, job_id: str) -> list[dict[str, str]]:
        """Rows that were stored, in no order: `sf__Id`, `sf__Created` and what was uploaded."""
        return self._rows(f"{self._base}/{job_id}/successfulResults")

    def failed(self, job_id: str) -> list[dict[str, str]]:
        """Rows that were refused, in no order: `sf__Id`, `sf__Error` and what was uploaded."""
        return self._rows(f"{self._base}/{job_id}/failedResults")

    def unprocessed(self, job_id: str) -> list[dict[str, str]]:
        """Rows that were not tried, in no order: what was uploaded."""
        return self._rows(f"{self._base}/{job_id}/unprocessedrecords")

    def _rows(self, path: str) -> list[dict[str, str]]:
        response = self._transport.send(Call(method="GET", path=path, headers={"Accept": "text/csv"}))
        rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
        told = response.headers.get("Sforce-NumberOfRecords")
        if told is not None and int(told) != len(rows):
            raise errors.Truncated(
                f"Salesforce gave {len(rows):,} of {told} rows of a result", where=self._transport.host,
                remedy="run this again",
            )  # fmt: skip
        return rows

    def _asked(self, method: str, below: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        effect = "read" if method == "GET" else "write"
        call = Call(method=method, path=self._base + below, effect=effect, json=body)  # type: ignore[arg-type]
        answer = json_of(self._transport.send(call))
        if not isinstance(answer, dict):
            if effect == "write":
                raise errors.AnswerLost(
                    "Salesforce's answer about a job is not whole", where=self._transport.host
                )
            raise errors.Truncated("Salesforce's answer about a job is not whole", where=self._transport.host)
        return answer


def failure_of(told: str) -> tuple[str, str, tuple[str, ...]]:
    """(code, words, fields) of `CODE:words:field,field --`, as Salesforce puts an error into one cell."""
    first = told.split(" --")[0]
    code, _, rest = first.partition(":")
    words, _, named = rest.rpartition(":")
    fields = tuple(name.strip() for name in named.split(",") if name.strip())
    return code, words or rest, fields
