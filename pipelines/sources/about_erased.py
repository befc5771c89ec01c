"""Takes out what is about erased people and nobody else: a call with one that was logged after the erasure.

Belongs here: finding it once rows are in. A call does not say whom it was with, its associations do, and they
come after it; `screen` leaves of those a trace in place of the person's id. What an erasure itself takes out
is in `pipelines.erasure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.sources import persons
from pipelines.sources.screen import STRUCK

if TYPE_CHECKING:
    import duckdb


def alone(theirs: str) -> str:
    """SQL of the ids of HubSpot's object `$name` all of whose contacts meet a condition on `contact`."""
    return f"""
        with pairs as (
            select from_id as id, to_id as contact from raw_hubspot.associations
            where from_type = $name and to_type = 'contacts'
            union all
            select to_id, from_id from raw_hubspot.associations
            where to_type = $name and from_type = 'contacts'
        )
        select id from pairs group by id having bool_and({theirs})
    """


def take_out(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows that went. Call it when all that an extract brought is in."""
    if not _leaves_traces(connection):
        return 0
    tables = {
        name: [column for (column,) in connection.execute(_COLUMNS, [name]).fetchall()]
        for (name,) in connection.execute(_TABLES).fetchall()
    }
    holds = {name: persons.holds_of("hubspot", name, columns) for name, columns in tables.items()}
    struck = alone(f"contact = '{STRUCK}'")
    done = 0
    for name in tables:
        if holds[name].via:
            connection.execute(f"create or replace temp table alone as {struck}", {"name": name})
            done += _delete(connection, name, "id in (select id from alone)")
            for other in tables:
                record, column = holds[other].of
                if record == name:
                    done += _delete(connection, other, f'"{column}" in (select id from alone)')
            for end in ("from", "to"):
                _delete(
                    connection, "associations",
                    f"{end}_type = '{name}' and {end}_id in (select id from alone)",
                )  # fmt: skip
    _delete(connection, "associations", _TRACE)
    return done


_TRACE = f"from_id = '{STRUCK}' or to_id = '{STRUCK}'"
_TABLES = (
    "select table_name from duckdb_tables() where schema_name = 'raw_hubspot' "
    "and database_name = current_database()"
)
_COLUMNS = (
    "select column_name from duckdb_columns() where schema_name = 'raw_hubspot' and table_name = ? "
    "and database_name = current_database() and data_type like 'VARCHAR%'"
)


def _leaves_traces(connection: duckdb.DuckDBPyConnection) -> bool:
    there = connection.execute(f"{_TABLES} and table_name = 'associations'").fetchone()
    return bool(
        there and connection.execute(f"select 1 from raw_hubspot.associations where {_TRACE}").fetchone()
    )


def _delete(connection: duckdb.DuckDBPyConnection, table: str, where: str) -> int:
    gone = connection.execute(f'delete from raw_hubspot."{table}" where {where}').fetchone()
    return int(gone[0]) if gone else 0
