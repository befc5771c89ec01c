"""Receipts of erasures: when, by which request, how many rows in which place. Nothing about the person.

Belongs here: keeping and reading them. Erasing is `pipelines.erasure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select, update

from pipelines.state.tables import erased_rows, erasures
from pipelines.state.upsert import upsert


def begin(connection: Connection, erasure_id: str, *, reason: str, people: int, at: datetime) -> None:
    """An erasure begins. One that was killed keeps its row, without `completed_at`, until it is completed."""
    if connection.execute(select(erasures).where(erasures.c.erasure_id == erasure_id)).first() is None:
        row = {"erasure_id": erasure_id, "reason": reason, "people": people, "requested_at": at}
        upsert(connection, erasures, [{**row, "completed_at": None}])


def count(connection: Connection, erasure_id: str, rows: Mapping[str, int]) -> None:
    """Rows erased by place, added to what a killed attempt had counted."""
    query = select(erased_rows.c.place, erased_rows.c.rows).where(erased_rows.c.erasure_id == erasure_id)
    before = dict(connection.execute(query).tuples().all())
    upsert(
        connection, erased_rows,
        [
            {"erasure_id": erasure_id, "place": place, "rows": before.get(place, 0) + number}
            for place, number in rows.items() if number
        ],
    )  # fmt: skip


def complete(connection: Connection, erasure_id: str, at: datetime) -> None:
    """Everything is erased."""
    connection.execute(update(erasures).where(erasures.c.erasure_id == erasure_id).values(completed_at=at))


def last_at(connection: Connection) -> datetime | None:
    """When the latest erasure was completed, or asked for where it is not, by this machine's clock."""
    c = erasures.c
    at = func.max(func.coalesce(c.completed_at, c.requested_at, type_=c.requested_at.type))
    found: datetime | None = connection.execute(select(at)).scalar()
    return found


def receipt(connection: Connection, erasure_id: str) -> tuple[RowMapping, dict[str, int]]:
    """The receipt: its head, and rows by place."""
    head = connection.execute(select(erasures).where(erasures.c.erasure_id == erasure_id)).mappings().one()
    query = select(erased_rows.c.place, erased_rows.c.rows).where(erased_rows.c.erasure_id == erasure_id)
    return head, dict(connection.execute(query.order_by(erased_rows.c.place)).tuples().all())
