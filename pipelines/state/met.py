"""People's records that were decided about without a refresh, and in which order.

Belongs here: keeping and reading them. A refresh that began before has read these people earlier than who
decided about them did: it leaves them as they are. Order is told by a number, not by a clock: a refresh reads
one object after the other, and each CRM has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, or_, select

from pipelines.state.tables import journal, met_records
from pipelines.state.upsert import upsert

_KEPT_FOR = timedelta(days=7)
"""No refresh takes as long."""
_WRITTEN_WITHIN = timedelta(minutes=15)
"""A round writes to whom it has met within that; whoever is written to later is written to by others."""


def last(connection: Connection) -> int:
    """The number of whoever was met last; 0 when nobody was."""
    return int(connection.execute(select(func.max(met_records.c.sequence))).scalar() or 0)


def read_by(connection: Connection, reached: datetime) -> int:
    """The number of whoever was met last of those whom a reading up to then has in full. It may lack who was
    met later, by the CRM's clock, and whom we wrote to later: that moved their records out of its window."""
    c, written = met_records.c, journal.c
    since = select(written.record_key).where(written.state == "confirmed", written.settled_at >= reached)
    is_rounds = and_(c.met_at >= reached - _WRITTEN_WITHIN, c.record_key.in_(since))
    later = select(func.min(c.sequence)).where(or_(c.met_at >= reached, is_rounds))
    first = connection.execute(later).scalar()
    return last(connection) if first is None else int(first) - 1


def save(connection: Connection, people: Mapping[str, str], at: datetime) -> None:
    """Keep who was met now: record key -> person."""
    number = last(connection) + 1
    rows = [
        {"record_key": key, "person_id": person, "sequence": number, "met_at": at}
        for key, person in sorted(people.items())
    ]
    upsert(connection, met_records, rows)
    connection.execute(delete(met_records).where(met_records.c.met_at < at - _KEPT_FOR))


def after(connection: Connection, number: int) -> dict[str, str]:
    """Record key -> person, of those who were met after that one."""
    query = select(met_records.c.record_key, met_records.c.person_id)
    return dict(connection.execute(query.where(met_records.c.sequence > number)).tuples().all())
