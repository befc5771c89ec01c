"""The spool's files into a table, by one INSERT: where nothing is merged, nothing more is needed.

Belongs here: the statement, and the room that DuckDB gets for it. Which table gets which files is `load`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from pipelines.transactions import all_or_nothing

if TYPE_CHECKING:
    import duckdb

_MOST_DOUBLINGS = 5


def into(connection: duckdb.DuckDBPyConnection, table: str, source: str, *, anew: bool) -> None:
    """Append what a relation holds; `anew`: in the place of what is there."""
    from duckdb import OutOfMemoryException

    def insert() -> None:
        with all_or_nothing(connection):
            if anew:
                connection.execute(f"delete from {table}")
            connection.execute(f"insert into {table} by name select * from {source}")

    def ask(sql: str) -> Any:
        return connection.execute(sql).fetchall()

    with_room(insert, ask, lambda error: isinstance(error, OutOfMemoryException))


def read(files: Sequence[str]) -> str:
    """All files as one relation; a column that one lacks is null.

    To unite columns DuckDB opens all files at once and holds them open: a long table has hundreds.
    """
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in files)
    united = "" if _are_alike(files) else ", union_by_name = true"
    return f"read_parquet([{listed}]{united})"


def with_room(
    insert: Callable[[], Any], ask: Callable[[str], Any], is_full: Callable[[Exception], bool]
) -> None:
    """Insert; where DuckDB's memory does not do, with twice as much, and again, up to _MOST_DOUBLINGS."""
    for left in reversed(range(_MOST_DOUBLINGS + 1)):
        try:
            insert()
            return
        except Exception as error:
            if not left or not is_full(error):
                raise
        [[limit]] = ask("SELECT current_setting('memory_limit')")
        number, _, unit = str(limit).partition(" ")
        ask(f"SET memory_limit = '{2 * float(number)}{unit}'")


def _are_alike(files: Sequence[str]) -> bool:
    first = pq.read_schema(files[0])
    return all(pq.read_schema(each).equals(first) for each in files[1:])
