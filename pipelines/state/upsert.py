"""Insert or replace: the one statement whose spelling differs between the two engines.

Belongs here: that statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the primary key is there already, replace the row."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.columns if column.name not in keys]
    statement: Any = _insert(connection, table)
    replacing = statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in rest}
    )
    connection.execute(replacing, list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    """Only the dialect that is spoken is imported: PostgreSQL's brings four drivers."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
