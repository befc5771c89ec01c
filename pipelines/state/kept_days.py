"""Days as their last run saw them: the pipeline, its forecasts, the KPIs. Nothing edits them later.

Belongs here: keeping a day's rows as JSON and giving them back. What a row is, is the marts'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import Connection, select

from pipelines.state.tables import kept_days
from pipelines.state.upsert import upsert

if TYPE_CHECKING:
    import duckdb

Kind = Literal["pipeline", "forecasts", "kpis"]
_ROWS: dict[Kind, str] = {
    "pipeline": "select * exclude (is_reconstructed) from marts.pipeline_snapshots "
    "where not is_reconstructed",
    "forecasts": "select * exclude (is_reconstructed) from marts.forecasts where not is_reconstructed",
    "kpis": "select window_end as snapshot_date, * from marts.kpis",
}
"""The rows of each kind that are of days a run has seen; `snapshot_date` is the day."""


class KeptDay(NamedTuple):
    """`content` is a JSON list of the day's rows."""

    kind: Kind
    day: str
    content: str


def load(connection: Connection) -> tuple[KeptDay, ...]:
    """All days, in their order."""
    rows = connection.execute(select(kept_days).order_by(kept_days.c.kind, kept_days.c.day))
    return tuple(KeptDay(*row) for row in rows)


def save(connection: Connection, days: list[KeptDay]) -> None:
    """Keep these days; a day that is there already is replaced, for its last run counts."""
    upsert(connection, kept_days, [day._asdict() for day in days])


def publish_days(state: Connection, warehouse: duckdb.DuckDBPyConnection, *kinds: Kind) -> None:
    """Keep what this run saw of today and of what it was given of the days before."""
    for kind in kinds:
        rows = warehouse.execute(
            "select snapshot_date::varchar, to_json(list(shown order by shown))::varchar "
            f"from ({_ROWS[kind]}) as shown group by snapshot_date order by snapshot_date"
        ).fetchall()
        save(state, [KeptDay(kind, day, content) for day, content in rows])
