"""Asks the published file the questions of the page. A panel whose marts are not there yet says so."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from dashboards.filters import Filters
from dashboards.panels import Panel

_THERE = """
select table_schema || '.' || table_name
from information_schema.tables
where table_schema in ('marts', 'decisions')
"""
# A spreadsheet takes a cell that begins so for a formula, and names come from forms that anybody may fill in.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Answer:
    """Rows of a panel, as plain values; `missing`: marts that are not there as it asks for them;
    `total`: how many rows there are, of which these may be the first."""

    panel: Panel
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    missing: tuple[str, ...] = ()
    total: int = 0

    def column(self, name: str) -> list[Any]:
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables a panel may read, with their schema."""
    return {name for (name,) in connection.execute(_THERE).fetchall()}


def ask(
    connection: duckdb.DuckDBPyConnection,
    panel: Panel,
    filters: Filters,
    there: set[str],
    most: int | None = None,
) -> Answer:
    """The rows of a panel, or as many of them as are wanted at most."""
    needed = [name if "." in name else f"marts.{name}" for name in panel.reads]
    missing = tuple(name for name in needed if name not in there)
    if missing:
        return Answer(panel, (), [], missing)
    sql = panel.sql
    try:
        found = connection.execute(sql, filters.parameters(sql))
    except duckdb.BinderException:  # an older build published it, without a column that is asked for
        return Answer(panel, (), [], tuple(needed))
    columns = tuple(column[0] for column in found.description or ())
    rows = found.fetchall() if most is None else found.fetchmany(most + 1)
    total = len(rows)
    if most is not None and total > most:
        (total,) = connection.execute(
            f"select count(*) from ({sql})", filters.parameters(sql)
        ).fetchone() or (0,)
    return Answer(panel, columns, [tuple(_plain(value) for value in row) for row in rows[:most]], total=total)


def as_csv(answer: Answer) -> str:
    """A header and the rows."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([[_cell(value) for value in row] for row in answer.rows])
    return file.getvalue()


def _cell(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        in_utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return in_utc.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    return value
