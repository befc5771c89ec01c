"""What is known about tables before their values are looked at: rows now, rows last time, how loading went.

Belongs here: counting, in one pass per file. What follows from it is in the suites and the runner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from expectations.results import Scope
from expectations.suite import Facts, Suite
from pipelines.warehouse import Warehouse, Which

if TYPE_CHECKING:
    import duckdb

LATEST_LOADS = """
select lower(if(contains(table_name, '.'), '', 'raw_' || vendor || '.') || table_name) as loaded_table,
       vendor, status, coalesce(rows, 0)
from ops.loads
qualify row_number() over (partition by vendor, table_name order by loaded_at desc, window_to desc) = 1
"""


def gather(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, scope: Scope, suites: Iterable[Suite]
) -> dict[str, Facts]:
    """Facts of every table the suites look at or need, by table."""
    suites = tuple(suites)
    remembered = _remembered(suites)
    now = _count(connection, remembered)
    before = _previous(warehouse, scope, remembered)
    loads = _loads(connection)
    vendors = {vendor for vendor, _, _ in loads.values()}
    as_of = _as_of(connection)
    return {
        table: Facts(
            table=table,
            as_of=as_of,
            exists=table in now,
            deletable=now[table].deletable if table in now else False,
            rows=now[table].live if table in now else 0,
            all_rows=now[table].total if table in now else 0,
            connected=not table.startswith("raw_") or table.split(".")[0].removeprefix("raw_") in vendors,
            status=loads[table][1] if table in loads else "",
            loaded_rows=loads[table][2] if table in loads and loads[table][1] == "loaded" else 0,
            previous_rows=before[table].live if table in before else None,
            previous_filled=before[table].filled if table in before else {},
        )
        for table in remembered
    }


class _Counts:
    def __init__(self, deletable: bool, total: int, live: int, filled: Mapping[str, int]) -> None:
        self.deletable, self.total, self.live, self.filled = deletable, total, live, filled


def _remembered(suites: tuple[Suite, ...]) -> dict[str, tuple[str, ...]]:
    """Every table in play, with the columns whose completeness is remembered."""
    tables: dict[str, tuple[str, ...]] = {}
    for suite in suites:
        tables[suite.table] = tuple(dict.fromkeys((*tables.get(suite.table, ()), *suite.remembered)))
        for table in suite.needs:
            tables.setdefault(table, ())
    return tables


def _count(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, tuple[str, ...]]
) -> dict[str, _Counts]:
    columns = _columns(connection)
    counts: dict[str, _Counts] = {}
    for table, remembered in tables.items():
        present = columns.get(table.lower())
        if present is None:
            continue
        deletable = "deleted_at" in present
        live = " where deleted_at is null" if deletable else ""
        filled = [column for column in remembered if column.lower() in present]
        parts = ", ".join(["count(*)", *(f'count("{column}")' for column in filled)])
        quoted = quote(table)
        row = connection.execute(f"select {parts} from {quoted}{live}").fetchone() or (0,)
        total = connection.execute(f"select count(*) from {quoted}").fetchone() if deletable else row
        counts[table] = _Counts(
            deletable, (total or (0,))[0], row[0], dict(zip(filled, row[1:], strict=True))
        )
    return counts


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = connection.execute(
        "select lower(table_schema || '.' || table_name), list(lower(column_name)) "
        "from information_schema.columns where table_catalog = current_database() group by all"
    ).fetchall()
    return {table: set(names) for table, names in rows}


def _previous(
    warehouse: Warehouse, scope: Scope, tables: Mapping[str, tuple[str, ...]]
) -> dict[str, _Counts]:
    """Counts of the last publish: raw tables in the warehouse, the rest in the analysts' file."""
    which: Which = "warehouse" if scope == "raw" else "published"
    path = warehouse.paths.warehouse if which == "warehouse" else warehouse.paths.published
    if not path.exists():
        return {}
    with warehouse.reading(which) as connection:
        return _count(connection, tables)


def _loads(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str, int]]:
    if "ops.loads" not in _columns(connection):
        return {}
    return {
        table: (vendor, status, rows)
        for table, vendor, status, rows in connection.execute(LATEST_LOADS).fetchall()
    }


def _as_of(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    if "ops.loads" not in _columns(connection):
        return None
    row = connection.execute("select max(window_to) from ops.loads where status <> 'absent'").fetchone()
    return row[0] if row else None


def quote(table: str) -> str:
    """`user` and its like are words of SQL."""
    schema, name = table.split(".")
    return f'"{schema}"."{name}"'
