"""How many calls of a vendor's we made in a day, by its clock.

Belongs here: the table `calls_made`. What a vendor says itself is in `api_days`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from pipelines.state.tables import calls_made
from pipelines.state.upsert import upsert


def add(connection: Connection, vendor: str, at: datetime, calls: int) -> None:
    """Count some more."""
    c, day = calls_made.c, _day(at)
    more = update(calls_made).where(c.vendor == vendor, c.day == day).values(calls=c.calls + calls)
    if calls and not connection.execute(more).rowcount:
        upsert(connection, calls_made, [{"vendor": vendor, "day": day, "calls": calls}])


def of_day(connection: Connection, vendor: str, at: datetime) -> int:
    """Those of the day that a moment is in."""
    c = calls_made.c
    found = connection.execute(select(c.calls).where(c.vendor == vendor, c.day == _day(at))).scalar()
    return int(found or 0)


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d")
