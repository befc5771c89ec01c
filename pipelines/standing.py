"""What a refresh leaves behind about itself, in schema `ops`: gates passed, inputs used.

Belongs here: the tables `ops.gates` and `ops.inputs`, and the fingerprint that lets a run skip what it already
did. The steps that write them are in `pipelines.steps`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.settings import PROJECT_ROOT

if TYPE_CHECKING:
    import duckdb

CODE = ("pipelines", "dbt_project", "expectations")
CODE_SUFFIXES = (".py", ".sql", ".yml")

_TABLES = """
create schema if not exists ops;
create table if not exists ops.gates (scope varchar, passed boolean, message varchar, run_id varchar);
create table if not exists ops.inputs (fingerprint varchar, run_id varchar, business_date date);
"""


@dataclass(frozen=True)
class Inputs:
    """Everything that decides what a refresh comes to: rows, rules, code and the business date."""

    raw_version: str
    config_hash: str
    business_date: date

    def fingerprint(self) -> str:
        parts = (self.raw_version, self.config_hash, self.business_date.isoformat(), code_hash())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def code_hash(root: Path = PROJECT_ROOT) -> str:
    """Of every file of ours that shapes data: a change of code is a reason to run again."""
    return hash_files(
        path for top in CODE for path in sorted((root / top).rglob("*")) if path.suffix in CODE_SUFFIXES
    )


def hash_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables, and forget the gates of the refresh before."""
    connection.execute(_TABLES)
    connection.execute("delete from ops.gates")


def raw_version(connection: duckdb.DuckDBPyConnection) -> str:
    """The run that last brought rows; empty when none has."""
    found = connection.execute(
        "select coalesce(max(run_id), '') from ops.loads where status = 'loaded' and rows > 0"
    ).fetchone()
    return str(found[0]) if found else ""


def latest_bound(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest upper bound any extract reached: `as_of` of a refresh that did not fetch by itself."""
    found = connection.execute("select max(window_to) from ops.loads").fetchone()
    return found[0] if found else None


def used_inputs(connection: duckdb.DuckDBPyConnection) -> str:
    """The fingerprint of the refresh this file came out of; empty when it has none."""
    if not _has_table(connection, "inputs"):
        return ""
    found = connection.execute("select fingerprint from ops.inputs").fetchone()
    return str(found[0]) if found else ""


def record_inputs(connection: duckdb.DuckDBPyConnection, inputs: Inputs, run_id: str) -> None:
    connection.execute("delete from ops.inputs")
    connection.execute("insert into ops.inputs values (?, ?, ?)", [inputs.fingerprint(), run_id, inputs.business_date])


def record_gate(
    connection: duckdb.DuckDBPyConnection, scope: str, *, passed: bool, message: str, run_id: str
) -> None:
    connection.execute("delete from ops.gates where scope = ?", [scope])
    connection.execute("insert into ops.gates values (?, ?, ?, ?)", [scope, passed, message, run_id])


def gate(connection: duckdb.DuckDBPyConnection, scope: str) -> tuple[bool, str] | None:
    """(passed, message) of a gate, or None when it was not asked in this refresh."""
    if not _has_table(connection, "gates"):
        return None
    found = connection.execute("select passed, message from ops.gates where scope = ?", [scope]).fetchone()
    return (bool(found[0]), str(found[1])) if found else None


def _has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'ops' and table_name = ?", [name]
    ).fetchone()
    return bool(found and found[0])
