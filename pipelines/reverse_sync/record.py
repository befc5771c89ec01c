"""Copies the journal, the runs and the probes from the state database into `ops`, for analysts and marts.

Belongs here: that copy, whole each time, as Arrow. What the marts make of it is in `dbt_project`.
"""

from __future__ import annotations

import hashlib

import duckdb
import pyarrow as pa
from sqlalchemy import BigInteger, Boolean, Connection, Table, func, select

from pipelines.run import Run
from pipelines.state import State, tables
from pipelines.transactions import all_or_nothing

_COPIED = (
    tables.journal,
    tables.dead_letters,
    tables.held_rows,
    tables.incidents,
    tables.runs,
    tables.probes,
    tables.erasures,
    tables.erased_rows,
)
_AT_ONCE = 50_000


def version(state: State) -> str:
    """Changes whenever the journal does, a probe failed, or something went wrong or is over: a reason to
    record again."""
    j, p, d, h = tables.journal.c, tables.probes.c, tables.dead_letters.c, tables.held_rows.c
    i = tables.incidents.c
    with state.reading() as connection:
        by_state = select(j.state, func.count(), func.max(j.intended_at), func.max(j.settled_at))
        rows = connection.execute(by_state.group_by(j.state).order_by(j.state)).all()
        lying = connection.execute(select(func.count(), func.max(d.failed_at), func.max(d.released_at))).all()
        failed = connection.execute(select(func.count()).where(p.ok.is_(False))).scalar()
        wrong = connection.execute(select(i.incident_id, i.closed_at).order_by(i.incident_id)).all()
        held = connection.execute(select(h.sync, h.record_id, h.reason).order_by(h.sync, h.record_id)).all()
    return hashlib.sha256(repr((rows, lying, failed, held, wrong)).encode()).hexdigest()[:16]


def load_journal(connection: duckdb.DuckDBPyConnection, state: State, run: Run) -> dict[str, int]:
    """Replace the state's tables in `ops` of the work file. Returns the rows of each."""
    counts = {}
    with all_or_nothing(connection):
        connection.execute("create schema if not exists ops")
        with state.reading() as reading:
            for table in _COPIED:
                counts[table.name] = _copy(connection, reading, table)
    return counts


def _copy(connection: duckdb.DuckDBPyConnection, reading: Connection, table: Table) -> int:
    """One table, ordered by its key, a piece at a time: a long journal does not have to fit into memory."""
    schema = pa.schema([(column.name, _arrow_type(column.type)) for column in table.columns])
    connection.register("recorded", schema.empty_table())
    connection.execute(f"create or replace table ops.{table.name} as select * from recorded")
    rows = reading.execution_options(yield_per=_AT_ONCE).execute(select(table).order_by(*table.primary_key))
    copied = 0
    for some in rows.partitions():
        columns = list(zip(*some, strict=True))
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        connection.register("recorded", pa.table(arrays, schema=schema))
        connection.execute(f"insert into ops.{table.name} select * from recorded")
        copied += len(some)
    connection.unregister("recorded")
    return copied


def _arrow_type(kind: object) -> pa.DataType:
    if isinstance(kind, tables.Timestamp):
        return pa.timestamp("us", tz="UTC")
    if isinstance(kind, Boolean):
        return pa.bool_()
    return pa.int64() if isinstance(kind, BigInteger) else pa.string()
