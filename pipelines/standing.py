"""What a refresh leaves behind about itself: `ops.gates`, `ops.inputs`, `ops.recorded`, `ops.begun`,
`ops.made_by`; and when it is due.

Belongs here: reading and writing those tables. What the inputs are is in `pipelines.inputs`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from pipelines.errors import CrmError
from pipelines.warehouse import has_table

if TYPE_CHECKING:
    import duckdb

_TABLES = """
create schema if not exists ops;
create table if not exists ops.gates (scope varchar, passed boolean, message varchar, run_id varchar);
create table if not exists ops.inputs (fingerprint varchar, run_id varchar, business_date date);
create table if not exists ops.recorded (journal_version varchar);
create table if not exists ops.begun (last_met bigint);
create table if not exists ops.made_by (code varchar);
"""


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, and forget what held of the refresh before: its gates, its record, and what came of
    its decisions."""
    connection.execute(_TABLES)
    connection.execute("create schema if not exists deciding; drop table if exists deciding.taken")
    connection.execute("delete from ops.gates; delete from ops.recorded")


def raw_version(connection: duckdb.DuckDBPyConnection) -> str:
    """The run that last brought rows; empty when none has."""
    found = connection.execute(
        "select coalesce(max(run_id), '') from ops.loads where status = 'loaded' and rows > 0"
    ).fetchone()
    return str(found[0]) if found else ""


def latest_bound(connection: duckdb.DuckDBPyConnection) -> datetime:
    """The latest upper bound any extract reached: `as_of` of a refresh that did not fetch by itself."""
    found = (
        connection.execute("select max(window_to) from ops.loads").fetchone()
        if has_table(connection, "ops", "loads")
        else None
    )
    if found is None or found[0] is None:
        raise CrmError("nothing has been extracted yet", where="raw tables", remedy="run crm extract")
    bound: datetime = found[0]
    return bound


def used_inputs(connection: duckdb.DuckDBPyConnection) -> str:
    """The fingerprint of the refresh this file came out of; empty when it has none."""
    if not has_table(connection, "ops", "inputs"):
        return ""
    found = connection.execute("select fingerprint from ops.inputs").fetchone()
    return str(found[0]) if found else ""


def used_date(connection: duckdb.DuckDBPyConnection) -> date | None:
    """The business date of the refresh this file came out of."""
    if not has_table(connection, "ops", "inputs"):
        return None
    found = connection.execute("select business_date from ops.inputs").fetchone()
    return found[0] if found else None


def next_due(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When a clock of a decision runs out, by this refresh; None when none runs."""
    there = has_table(connection, "deciding", "next_due")
    found = connection.execute("from deciding.next_due").fetchone() if there else None
    return found[0] if found else None


def recorded_journal(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The version of the journal that the activity marts were built from; None when a refresh came after."""
    if not has_table(connection, "ops", "recorded"):
        return None
    found = connection.execute("select journal_version from ops.recorded").fetchone()
    return str(found[0]) if found else None


def record_journal(connection: duckdb.DuckDBPyConnection, version: str) -> None:
    connection.execute(_TABLES)
    connection.execute("delete from ops.recorded")
    connection.execute("insert into ops.recorded values (?)", [version])


def begin(connection: duckdb.DuckDBPyConnection, last_met: int) -> None:
    """Note who had been met without a refresh when this one began to read the CRMs."""
    connection.execute(_TABLES)
    connection.execute("delete from ops.begun")
    connection.execute("insert into ops.begun values (?)", [last_met])


def begun(connection: duckdb.DuckDBPyConnection, database: str = "") -> int | None:
    """The number of whoever had been met then; None when a file does not say. `database`: an attached one,
    with its dot."""
    there = has_table(connection, f"{database}ops", "begun")
    found = connection.execute(f"select last_met from {database}ops.begun").fetchone() if there else None
    return int(found[0]) if found else None


def record_inputs(
    connection: duckdb.DuckDBPyConnection, fingerprint: str, business_date: date, run_id: str, code: str
) -> None:
    connection.execute(_TABLES)
    connection.execute("delete from ops.inputs; delete from ops.made_by")
    connection.execute("insert into ops.inputs values (?, ?, ?)", [fingerprint, run_id, business_date])
    connection.execute("insert into ops.made_by values (?)", [code])


def made_by(connection: duckdb.DuckDBPyConnection) -> str:
    """The hash of the code that made this file; empty when it does not say."""
    found = (
        connection.execute("from ops.made_by").fetchone() if has_table(connection, "ops", "made_by") else None
    )
    return str(found[0]) if found else ""


def record_gate(
    connection: duckdb.DuckDBPyConnection, scope: str, *, passed: bool, message: str, run_id: str
) -> None:
    connection.execute("delete from ops.gates where scope = ?", [scope])
    connection.execute("insert into ops.gates values (?, ?, ?, ?)", [scope, passed, message, run_id])


def gate(connection: duckdb.DuckDBPyConnection, scope: str) -> tuple[bool, str] | None:
    """(passed, message) of a gate, or None when it was not asked in this refresh."""
    if not has_table(connection, "ops", "gates"):
        return None
    found = connection.execute("select passed, message from ops.gates where scope = ?", [scope]).fetchone()
    return (bool(found[0]), str(found[1])) if found else None
