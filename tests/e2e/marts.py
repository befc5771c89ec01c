"""Reads what a build published and what it wrote, in a shape two builds can be compared by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def query(home: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query on the published file."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()


def one(home: Path, sql: str) -> Any:
    """The single value of a query on the published file."""
    return query(home, sql)[0][0]


def snapshot(home: Path, mart: str, leave_out: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """A mart's rows in a fixed order, without the columns named."""
    kept = f"* exclude ({', '.join(leave_out)})" if leave_out else "*"
    return query(home, f"select {kept} from marts.{mart} order by all")
