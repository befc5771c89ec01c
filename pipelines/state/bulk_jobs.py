"""Jobs at a CRM that may still store rows after the process that began them has died.

Belongs here: the table `bulk_jobs`. What a job is and how it ends is its destination's business.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from pipelines.state.engine import State
from pipelines.state.tables import bulk_jobs


class Kept(NamedTuple):
    """A job whose end is not known yet."""

    job_id: str
    object: str
    rows: int


class BulkJobs:
    """The jobs of one vendor, in the state."""

    def __init__(self, state: State, vendor: str, run_id: str) -> None:
        self._state, self._vendor, self._run_id = state, vendor, run_id

    def begun(self, job_id: str, object_name: str, rows: int, at: datetime) -> None:
        """Called before the job is given its rows."""
        with self._state.writing() as connection:
            connection.execute(
                bulk_jobs.insert().values(
                    job_id=job_id, vendor=self._vendor, object=object_name, rows=rows, run_id=self._run_id,
                    begun_at=at, state="Open", ended_at=None,
                )
            )  # fmt: skip

    def ended(self, job_id: str, state: str, at: datetime) -> None:
        """The job stores nothing any more."""
        with self._state.writing() as connection:
            mine = bulk_jobs.c.job_id == job_id
            connection.execute(update(bulk_jobs).where(mine).values(state=state, ended_at=at))

    def open(self) -> list[Kept]:
        """Jobs whose end nobody has seen, in the order in which they were begun."""
        c = bulk_jobs.c
        query = select(c.job_id, c.object, c.rows).where(c.vendor == self._vendor, c.ended_at.is_(None))
        with self._state.reading() as connection:
            return [Kept(*row) for row in connection.execute(query.order_by(c.begun_at, c.job_id))]
