"""The tables extract promises: raw tables with all their columns, and what `ops` says of them.

Belongs here: DDL and the bookkeeping rows. Bringing rows in is `load`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.run import Run
from pipelines.sources.catalogs import CATALOGS, schema_of
from pipelines.sources.fetched import Fetched, TableFetch
from pipelines.sources.known import KEPT, LACKING
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.transactions import all_or_nothing

if TYPE_CHECKING:
    import duckdb

SQL_TYPES: dict[ColumnType, str] = {
    "text": "varchar",
    "number": "double",
    "decimal": "decimal(38,18)",
    "integer": "bigint",
    "money": "decimal(18,2)",
    "price": "decimal(38,8)",
    "rate": "decimal(18,8)",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
    "list": "varchar[]",
    "json": "varchar",
}
_UNREAD = {LACKING: "never shown, so null", KEPT: "kept as last read"}
_OPS = """
create schema if not exists ops;
create table if not exists ops.loads (
    run_id varchar, vendor varchar, object varchar, table_name varchar, status varchar, rows bigint,
    window_from timestamptz, window_to timestamptz, loaded_at timestamptz, calls bigint, note varchar
);
create table if not exists ops.calculated (
    vendor varchar, table_name varchar, read_at timestamptz
);
create table if not exists ops.sweeps (
    run_id varchar, vendor varchar, object varchar, table_name varchar, counted_at_vendor bigint,
    counted_here bigint, missing bigint, extra bigint, mended bigint, swept_at timestamptz
);
create table if not exists ops.unread_columns (
    vendor varchar, table_name varchar, column_name varchar, standing varchar, since timestamptz
);
create table if not exists ops.connections (
    vendor varchar, org_id varchar, org_name varchar, currency varchar, time_zone varchar, url_host varchar,
    environment varchar, checked_at timestamptz
);
"""


def prepare(connection: duckdb.DuckDBPyConnection, fetched: Sequence[TableFetch] = ()) -> None:
    """Make every promised table and column that is not there yet, also when the vendor has no rows for it.

    `fetched` tables have the columns of their portal or org too. One whose type is another now is cast, and
    what cannot be is null: the fetch brings it anew.
    """
    with all_or_nothing(connection):  # or each of a hundred tables is synced to the disk by itself
        connection.execute(_OPS)
        have: dict[tuple[str, str], dict[str, str]] = {}
        for schema, name, column, kind in connection.execute(
            "select table_schema, table_name, column_name, data_type from information_schema.columns "
            "where table_catalog = current_database()"
        ).fetchall():
            have.setdefault((schema, name), {})[column.casefold()] = kind.lower()
        wide = {
            (each.vendor, each.table.name): each.table for each in fetched if each.parts or each.fingerprint
        }
        for vendor, catalog in CATALOGS.items():
            connection.execute(f"create schema if not exists {schema_of(vendor)}")
            for table in catalog:
                found = have.get((schema_of(vendor), table.name))
                shown = wide.pop((vendor, table.name), None)
                _prepare_table(
                    connection, schema_of(vendor), shown or table, found, is_shown=shown is not None
                )
        for (vendor, name), table in wide.items():
            found = have.get((schema_of(vendor), name))
            _prepare_table(connection, schema_of(vendor), table, found, is_shown=True)


def _prepare_table(
    connection: duckdb.DuckDBPyConnection, schema: str, table: RawTable, have: dict[str, str] | None, *,
    is_shown: bool,
) -> None:  # fmt: skip
    """`is_shown`: as the vendor shows it now, and this fetch brings what is of another type. Else as it is
    promised, and a column that is there keeps its type: nobody would read its values anew."""
    columns = {name: SQL_TYPES[kind] for name, kind in table.columns.items()}
    if have is None:
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        connection.execute(f'create table {schema}."{table.name}" ({listed})')
        return
    for name, kind in columns.items():
        if name.casefold() not in have:
            connection.execute(f'alter table {schema}."{table.name}" add column "{name}" {kind}')
        elif is_shown and have[name.casefold()] != stored_as(kind):
            connection.execute(
                f'alter table {schema}."{table.name}" alter column "{name}" '
                f'set data type {kind} using try_cast("{name}" as {kind})'
            )


def stored_as(kind: str) -> str:
    """An SQL type as the database names it."""
    return {"timestamptz": "timestamp with time zone"}.get(kind, kind)


def record(connection: duckdb.DuckDBPyConnection, fetched: Fetched, run: Run) -> None:
    """Write `ops.loads` and `ops.connections`: what this fetch came to, and whom it asked."""
    with all_or_nothing(connection):
        for table in fetched.tables:
            connection.execute(
                "insert into ops.loads values (?, ?, ?, ?, ?, ?, ?, ?, now(), ?, ?)",
                [
                    run.id, table.vendor, table.table.api_name, table.table.name, table.status, table.rows,
                    table.window_from, table.window_to, table.calls, "; ".join(table.notes) or None,
                ],
            )  # fmt: skip
            if table.sweep is not None:
                found = table.sweep
                connection.execute(
                    "insert into ops.sweeps values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        run.id, table.vendor, table.table.api_name, table.table.name, found.counted_at_vendor,
                        found.counted_here, found.missing, found.extra, found.mended, found.at,
                    ],
                )  # fmt: skip
            if table.calculated_at is not None:
                place = [table.vendor, table.table.name]
                connection.execute("delete from ops.calculated where vendor = ? and table_name = ?", place)
                connection.execute(
                    "insert into ops.calculated values (?, ?, ?)", [*place, table.calculated_at]
                )
            if table.fingerprint:
                name = f'{schema_of(table.vendor)}."{table.table.name}"'
                told = table.fingerprint.replace("'", "''")
                connection.execute(f"comment on table {name} is '{told}'")
        _record_unread(connection, fetched)
        for org in fetched.connections:
            connection.execute("delete from ops.connections where vendor = ?", [org.vendor])
            connection.execute(
                "insert into ops.connections values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    org.vendor, org.org_id, org.org_name, org.currency, org.time_zone, org.url_host,
                    org.environment, fetched.as_of,
                ],
            )  # fmt: skip


def _record_unread(connection: duckdb.DuckDBPyConnection, fetched: Fetched) -> None:
    """Name the columns that their vendor does not show: hidden or not there, their nulls say nothing."""
    before = connection.execute("select * from ops.unread_columns").fetchall()
    since = {tuple(row[:-1]): row[-1] for row in before}
    read = {
        (each.vendor, each.table.name) for each in fetched.tables if each.status in ("loaded", "unchanged")
    }
    gone = {(each.vendor, each.table.name) for each in fetched.tables if each.status == "absent"}
    asked = {(each.vendor, each.table.name) for each in fetched.tables}
    promised = {(vendor, each.name) for vendor, catalog in CATALOGS.items() for each in catalog}
    found = [row for row in since if row[:2] not in read | gone and row[:2] in asked | promised]
    found += [
        (table.vendor, table.table.name, name, standing)
        for table in fetched.tables
        if (table.vendor, table.table.name) in read
        for note in table.notes
        for start, standing in _UNREAD.items()
        if note.startswith(start)
        for name in note.removeprefix(start).split(", ")
    ]
    connection.execute("delete from ops.unread_columns")
    for row in dict.fromkeys(found):
        connection.execute(
            "insert into ops.unread_columns values (?, ?, ?, ?, ?)", [*row, since.get(row, fetched.as_of)]
        )
