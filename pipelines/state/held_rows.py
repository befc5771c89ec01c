"""The records that the last plan held back: they were due to be written and were not.

Belongs here: replacing and keeping them. Why something is held is the plan's business.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete

from pipelines.state.tables import held_rows
from pipelines.state.upsert import upsert

_AT_ONCE = 10_000


def replace(connection: Connection, plan_id: str, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """`rows` are (sync, record_id, record_key, reason); those of the plan before are forgotten."""
    connection.execute(delete(held_rows))
    names = ("sync", "record_id", "record_key", "reason")
    found = [dict(zip(names, row, strict=True)) | {"plan_id": plan_id} for row in rows]
    for start in range(0, len(found), _AT_ONCE):
        upsert(connection, held_rows, found[start : start + _AT_ONCE])
