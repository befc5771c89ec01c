"""Numbers that are given once: what was removed does not lend its own to what comes after it."""

from __future__ import annotations

from sandbox.store import Store

TABLE = (
    "create table if not exists removed_numbers (kind text primary key, last integer not null) without rowid"
)


def following(store: Store, *tables: str, first: int = 0, column: str = "id") -> int:
    """The number after all that the tables have, had, and `first`."""
    marks = ", ".join("?" * len(tables))
    there = [store.value(f'select max({column}) from "{table}"') for table in tables]
    gone = store.value(f"select max(last) from removed_numbers where kind in ({marks})", tables)
    return max(first, *(int(each or 0) for each in (*there, gone))) + 1


def removed(store: Store, table: str, number: int) -> None:
    """Remember that a table had this number."""
    store.db.execute(
        "insert into removed_numbers values (?, ?) on conflict do update set last = max(last, excluded.last)",
        (table, number),
    )
