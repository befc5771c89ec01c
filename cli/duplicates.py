"""`crm duplicates`: what to merge in each CRM, the worst first. Reads the published file only.

Belongs here: choosing rows, printing them and writing them as CSV. What is a duplicate, what it costs and
what to keep is the mart's (dbt_project/models/marts/duplicates).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from cli.screen import table
from pipelines.errors import CrmError, UsageError
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, has_table

if TYPE_CHECKING:
    import duckdb

_AT_ONCE = 10_000
# A spreadsheet takes a cell that begins so for a formula, and names come from forms that anybody may fill in.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def show_duplicates(settings: Settings, *, top: int, source_object: str, file: Path | None) -> None:
    """Print the worst `top`; with `file`, write all there. Raises CrmError when nothing is published."""
    console = Console(highlight=False)
    with Warehouse(settings.paths).reading() as connection:
        if not has_table(connection, "marts", "duplicate_records"):
            raise CrmError(
                "what is published has no duplicates report", where="marts.duplicate_records",
                remedy="run crm build, or crm run refresh",
            )  # fmt: skip
        _check(connection, source_object)
        if file is not None:
            console.print(f"{_write(connection, source_object, file):,} records written to {file}")
        _print(console, connection, source_object, top)
        console.print(_proposed(connection))


def _proposed(connection: duckdb.DuckDBPyConnection) -> str:
    """How many of them the next plan would merge."""
    known = has_table(connection, "reverse_sync", "actions_merges")
    row = connection.execute("select count(*) from reverse_sync.actions_merges").fetchone() if known else None
    if row and row[0]:
        return f"{row[0]:,} are proposed as merges: crm plan shows what is left, crm apply does it for good."
    return "None is proposed as a merge to the CRM; merges in config/identity.yml names what may be."


def _check(connection: duckdb.DuckDBPyConnection, source_object: str) -> None:
    there = [
        name
        for (name,) in connection.execute(
            "select distinct source_object from marts.duplicate_records order by 1"
        ).fetchall()
    ]
    if source_object and there and source_object.lower() not in (name.lower() for name in there):
        raise UsageError(
            f"no duplicates of {source_object}; there are some of {', '.join(there)}", where="--object"
        )


def _rows(connection: duckdb.DuckDBPyConnection, columns: str, source_object: str) -> Any:
    return connection.execute(
        f"select {columns} from marts.duplicate_records where ? in ('', lower(source_object)) "
        "order by rank, record_key",
        [source_object.lower()],
    )


def _print(console: Console, connection: duckdb.DuckDBPyConnection, source_object: str, top: int) -> None:
    answer = _rows(connection, "count(*) over () as n, *", source_object)
    names = [column[0] for column in answer.description]
    rows = [dict(zip(names, row, strict=True)) for row in answer.fetchmany(top)]
    if not rows:
        console.print("No likely duplicates.")
        return
    console.print(
        table(
            f"Likely duplicates, {len(rows)} of {rows[0]['n']:,}, the worst first",
            ("", "object", "merge", "name", "into", "because", "damage", "sure?"),
            [
                (
                    str(row["rank"]), f"{row['source']} {row['source_object']}", row["source_id"],
                    row["name"] or row["address"] or "", row["survivor_id"], row["survivor_reason"],
                    row["damage"], "yes" if row["certainty"] == "same" else "look",
                )
                for row in rows
            ],
            numbers=(0,), wrapping=(3, 5, 6),
        )
    )  # fmt: skip


def _write(connection: duckdb.DuckDBPyConnection, source_object: str, file: Path) -> int:
    """All of them, in a file that is there whole or not at all. Returns how many."""
    answer = _rows(connection, "*", source_object)
    names = [column[0] for column in answer.description]
    part = file.with_name(file.name + ".part")
    written = 0
    try:
        with part.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(names)
            while rows := answer.fetchmany(_AT_ONCE):
                writer.writerows([_plain(value) for value in row] for row in rows)
                written += len(rows)
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"cannot write {file}: {error.strerror}", where="--csv") from error
    return written


def _plain(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
