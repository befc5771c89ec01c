"""Incidents: something is wrong from the first run that sees it to the first that does not.

Belongs here: the table `incidents`. What counts as wrong, and who is told, is `pipelines.alerts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.exc import IntegrityError

from pipelines.state.tables import incidents

_OPEN = incidents.c.closed_at.is_(None)


class Seen(NamedTuple):
    """Something wrong. `incident` names it: the same for as long as the same is wrong."""

    incident: str
    kind: str
    sentence: str


def see(connection: Connection, seen: Seen, run_id: str, at: datetime) -> None:
    """Open an incident, or note that it goes on."""
    c = incidents.c
    going_on = connection.execute(
        update(incidents)
        .where(c.incident == seen.incident, _OPEN)
        .values(last_seen_at=at, seen=c.seen + 1, run_id=run_id, sentence=seen.sentence)
    ).rowcount
    if going_on:
        return
    key = hashlib.sha256(f"{seen.incident}\0{at.isoformat()}\0{run_id}".encode()).hexdigest()[:24]
    try:
        with connection.begin_nested():
            connection.execute(
                incidents.insert().values(
                    incident_id=key, **seen._asdict(), run_id=run_id, opened_at=at, last_seen_at=at, seen=1,
                    told="", closed_at=None,
                )
            )  # fmt: skip
    except IntegrityError:
        return  # another run opened it in this moment


def close(connection: Connection, names: Collection[str], at: datetime) -> None:
    """These are not wrong any more."""
    mine = incidents.c.incident.in_(sorted(names))
    connection.execute(update(incidents).where(mine, _OPEN).values(closed_at=at))


def going_on(connection: Connection) -> list[RowMapping]:
    """What is wrong now, the oldest first."""
    c = incidents.c
    return list(
        connection.execute(select(incidents).where(_OPEN).order_by(c.opened_at, c.incident)).mappings()
    )


def told(connection: Connection, incident_id: str, places: Collection[str]) -> None:
    """Who has been told of it by now."""
    mine = incidents.c.incident_id == incident_id
    connection.execute(update(incidents).where(mine).values(told="\n".join(sorted(places))))
