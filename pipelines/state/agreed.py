"""The last value of a field that a CRM confirmed to us, and when by the CRM's own clock.

A confirmed write is what exists even while the next extract has not brought it back; once an extract reached
past `agreed_at`, the extract is what exists, so a later change by others wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from pipelines.state.tables import agreed
from pipelines.state.upsert import upsert

_BATCH = 500  # below SQLite's limit of bound variables


class Agreed(NamedTuple):
    """A value both sides agreed on; None is an empty field."""

    record_key: str
    field: str
    value: str | None
    agreed_at: datetime
    run_id: str


def save(connection: Connection, rows: Iterable[Agreed]) -> None:
    """Remember confirmed values; the latest stands."""
    upsert(connection, agreed, [row._asdict() for row in rows])


def since(connection: Connection, moment: datetime | None) -> list[Agreed]:
    """Values agreed on after `moment` (all of them without one), by record and field."""
    query = select(*agreed.c[*Agreed._fields])
    if moment is not None:
        query = query.where(agreed.c.agreed_at > moment)
    return [Agreed(*row) for row in connection.execute(query.order_by(agreed.c.record_key, agreed.c.field))]


def first(connection: Connection) -> datetime | None:
    """When the oldest value that still stands was agreed on; None: nothing was ever written."""
    return connection.execute(select(func.min(agreed.c.agreed_at))).scalar()


def records(connection: Connection, vendor: str, object_name: str, fields: Sequence[str]) -> int:
    """Of how many records of an object we know what was agreed on any of these fields."""
    c = agreed.c
    prefix = f"{vendor}:%:{object_name}:%"
    query = select(func.count(c.record_key.distinct())).where(c.record_key.like(prefix), c.field.in_(fields))
    return int(connection.execute(query).scalar() or 0)


def of_records(connection: Connection, record_keys: Sequence[str]) -> dict[tuple[str, str], Agreed]:
    """(record key, field) -> agreed value, for these records."""
    found: dict[tuple[str, str], Agreed] = {}
    for start in range(0, len(record_keys), _BATCH):
        keys = record_keys[start : start + _BATCH]
        query = select(*agreed.c[*Agreed._fields]).where(agreed.c.record_key.in_(keys))
        for row in connection.execute(query):
            found[row.record_key, row.field] = Agreed(*row)
    return found
