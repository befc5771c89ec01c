"""Journey entries that events asked for and that no round has seen to yet.

Belongs here: keeping, reading and settling them. No refresh finds them again, for an event tells of a moment;
what they are made into is an action under the event's key, so one that is seen to twice happens once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from pipelines.state.tables import waiting_entries
from pipelines.state.upsert import upsert


class WaitingEntry(NamedTuple):
    """A person's record (`object`: the API's own name) that an event brings into a journey."""

    event_key: str
    journey: str
    vendor: str
    object: str
    record_id: str
    event_kind: str
    asked_at: datetime


def load(connection: Connection) -> tuple[WaitingEntry, ...]:
    """All that wait, whoever waits longest first."""
    c = waiting_entries.c
    query = select(*c[*WaitingEntry._fields]).order_by(c.asked_at, c.event_key, c.journey)
    return tuple(WaitingEntry(*row) for row in connection.execute(query))


def save(connection: Connection, rows: Iterable[WaitingEntry]) -> None:
    """Keep these; one that waits already goes on waiting."""
    upsert(connection, waiting_entries, [row._asdict() for row in rows])


def settle(connection: Connection, entries: Iterable[tuple[str, str]]) -> None:
    """Forget these, (event key, journey): they are decided, or nobody is to enter by them."""
    c = waiting_entries.c
    for key, journey in entries:
        connection.execute(delete(waiting_entries).where(c.event_key == key, c.journey == journey))
