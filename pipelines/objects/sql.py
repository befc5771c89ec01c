"""Names and texts as SQL, and what a table of the warehouse has.

Belongs here: what everything that writes SQL about tables known at run time only needs.
"""

from __future__ import annotations

import duckdb
from sqlglot import exp

from pipelines.warehouse import NOT_THERE


def text_literal(value: str) -> str:
    """A string as a SQL literal."""
    return str(exp.Literal.string(value).sql(dialect="duckdb"))


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return str(exp.to_identifier(name, quoted=True).sql(dialect="duckdb"))


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Column types by name in lower case; empty when there is no such table."""
    schema, name = table.split(".")
    try:
        found = connection.execute(f'describe {schema}."{name}"').fetchall()
    except NOT_THERE:
        return {}
    return {str(column).lower(): str(kind) for column, kind, *_ in found}


def rows_in(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table has."""
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def record_key_sql(connection: duckdb.DuckDBPyConnection, vendor: str, object_name: str, column: str) -> str:
    """SQL of the record key of an id."""
    found = connection.execute("select org_id from rules.connections where vendor = ?", [vendor]).fetchone()
    prefix = f"{vendor}:{found[0] if found else ''}:{object_name}:"
    return f"({text_literal(prefix)} || {column})"
