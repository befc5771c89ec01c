"""What the decide step came to, taken into the state: past the gates, once, and before anybody else decides.

Belongs here: `keep`, under the decider's lock that was held for deciding, or `keep_late`; and which of it a
refresh has kept. How it is decided is `step`.
"""

from __future__ import annotations

import duckdb
from sqlalchemy import Connection

from pipelines.decisions import action_tables, routing
from pipelines.errors import CrmError
from pipelines.state import State, met


def keep(state: Connection, connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what was decided. Call it once the gates have passed, before anybody else decides."""
    routing.publish_decisions(state, connection)
    action_tables.publish(state, connection)


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """Whatever was decided over this file before: from here on it is neither taken nor kept."""
    connection.execute("create schema if not exists deciding; drop table if exists deciding.taken")


def is_kept(connection: duckdb.DuckDBPyConnection) -> None:
    """What was decided is in the state for good: call it after that was committed."""
    connection.execute("create or replace table deciding.taken as select null::bigint as last_met")


def take(state: State, connection: duckdb.DuckDBPyConnection) -> None:
    """Note of what was decided and not kept yet who had been met by then."""
    with state.reading() as reading:
        number = met.last(reading)
    connection.execute("create or replace table deciding.taken as select ?::bigint as last_met", [number])


def keep_late(state: Connection, connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what was decided before its gates had passed, unless it is kept; the caller says `is_kept`. Raises
    CrmError when somebody was decided about meanwhile."""
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'deciding' and table_name = 'taken'"
    ).fetchone()
    row = connection.execute("select last_met from deciding.taken").fetchone() if there else None
    if row is None:
        raise CrmError("nothing was decided in this refresh", where="publish", remedy="run crm decide first")
    if row[0] is None:
        return
    if met.last(state) != row[0]:
        raise CrmError(
            "people were decided about since this refresh decided", where="publish",
            remedy="run crm decide, crm desired and crm publish again",
        )  # fmt: skip
    keep(state, connection)
