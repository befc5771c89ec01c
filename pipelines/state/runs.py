"""Runs, and the probes that tell whether a connection answered.

Belongs here: one row per run and kind (refresh, activation, build), one row per probe.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, RowMapping, func, select, update

from pipelines.state.tables import journal, probes, runs
from pipelines.state.upsert import upsert

RunStatus = Literal["running", "done", "partial", "failed"]


class Probe(NamedTuple):
    """Whether a connection answered, and how fast."""

    vendor: str
    run_id: str
    probed_at: datetime
    ok: bool
    milliseconds: int | None
    message: str
    org: str | None = None
    day_limit: int | None = None
    """Calls that the vendor allows in a day, and those left, where it tells."""
    day_left: int | None = None


def start(connection: Connection, run_id: str, kind: str, started_at: datetime) -> None:
    """A run began. A run that never ends keeps the status `running`: it was killed, or still is."""
    row = {"run_id": run_id, "kind": kind, "started_at": started_at, "ended_at": None, "status": "running"}
    upsert(connection, runs, [row])


def finish(connection: Connection, run_id: str, kind: str, ended_at: datetime, status: RunStatus) -> None:
    """A run ended."""
    connection.execute(
        update(runs)
        .where(runs.c.run_id == run_id, runs.c.kind == kind)
        .values(ended_at=ended_at, status=status)
    )


def latest(connection: Connection, limit: int = 10) -> list[RowMapping]:
    """The latest runs, newest first."""
    query = select(runs).order_by(runs.c.run_id.desc(), runs.c.kind).limit(limit)
    return list(connection.execute(query).mappings())


def durations(
    connection: Connection, run_id: str, kind: str, asked: int = 10
) -> tuple[float | None, list[float]]:
    """Seconds that a run of this kind took (None: it has not ended), and those of the latest before it."""
    c = runs.c
    query = (
        select(c.run_id, c.started_at, c.ended_at)
        .where(c.kind == kind, c.ended_at.is_not(None), c.run_id <= run_id)
        .order_by(c.run_id.desc())
        .limit(asked + 1)
    )
    took = {row.run_id: (row.ended_at - row.started_at).total_seconds() for row in connection.execute(query)}
    mine = took.pop(run_id, None)
    return mine, list(took.values())[:asked]


def going_on(connection: Connection, but: str) -> list[tuple[str, str, datetime]]:
    """(run id, kind, began) of runs that have not ended, save one of ours: the latest of each kind, where
    none of its kind has ended since. One that was killed looks the same."""
    c = runs.c
    ended = select(c.kind, func.max(c.run_id)).where(c.ended_at.is_not(None)).group_by(c.kind)
    last = dict(connection.execute(ended).tuples().all())
    query = select(c.run_id, c.kind, c.started_at).where(c.ended_at.is_(None), c.run_id != but)
    rows = connection.execute(query.order_by(c.run_id)).tuples().all()
    found = {kind: (run_id, kind, began) for run_id, kind, began in rows if run_id > last.get(kind, "")}
    return list(found.values())


def day_limits(connection: Connection) -> dict[str, int]:
    """Calls that a vendor allows in a day, by the latest probe that was told."""
    asked = select(probes.c.vendor, probes.c.day_limit).where(probes.c.day_limit.is_not(None))
    return {vendor: int(limit) for vendor, limit in connection.execute(asked.order_by(probes.c.probed_at))}


def last_write(connection: Connection, sync: str) -> datetime | None:
    """When the last run began that wrote something of a sync, by this machine's clock."""
    asked = select(func.max(runs.c.started_at)).join(journal, journal.c.run_id == runs.c.run_id)
    found: datetime | None = connection.execute(asked.where(journal.c.sync == sync)).scalar()
    return found


def last_written_at(connection: Connection, vendor: str) -> datetime | None:
    """When something of a vendor's was written last, by its clock: as it was settled, else as it began."""
    at = func.max(func.coalesce(journal.c.settled_at, journal.c.intended_at, type_=journal.c.settled_at.type))
    found: datetime | None = connection.execute(select(at).where(journal.c.vendor == vendor)).scalar()
    return found


def save_probe(connection: Connection, probe: Probe) -> None:
    """Remember what a probe found."""
    upsert(connection, probes, [probe._asdict()])
