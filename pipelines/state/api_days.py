"""What each CRM said last about its calls of a day.

Belongs here: the table `api_days`. Who may use how much of them is `config/`'s.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from pipelines.state.tables import api_days
from pipelines.state.upsert import upsert


class ApiDay(NamedTuple):
    """Calls that a CRM grants in a day, and how many were left at `said_at`."""

    vendor: str
    allowed: int
    remaining: int
    said_at: datetime


def save(connection: Connection, day: ApiDay) -> None:
    upsert(connection, api_days, [day._asdict()])


def load(connection: Connection) -> dict[str, ApiDay]:
    """By vendor; one that has said nothing yet is not there."""
    rows = connection.execute(select(*api_days.c[*ApiDay._fields]).order_by(api_days.c.vendor))
    return {row.vendor: ApiDay(*row) for row in rows}
