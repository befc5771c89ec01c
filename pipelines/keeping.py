"""What a publish keeps in the state database, past the gates: what could not be worked out again. And what of
it the next refresh is given.

Belongs here: the lists of it. How each is kept is `pipelines.state`'s.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import standing
from pipelines.errors import GateFailed

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Connection

    from pipelines.run import Run
    from pipelines.state import State
    from pipelines.state.others_changes import OwnChanges


_GATES = ("raw", "marts")


def gate_ahead(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The first gate that the refresh in the works has not been let through before it may be kept."""
    for scope in _GATES:
        asked = standing.gate(connection, scope)
        if asked is None or not asked[0]:
            return scope
    return None


def keep(
    connection: duckdb.DuckDBPyConnection, state: Connection, later: Collection[str] = frozenset()
) -> int:
    """Persons, decisions, agreed values, today's pictures. Returns the records with a person. `later`: record
    keys whose person was found since this refresh began, and stays."""
    from pipelines.decisions import taken
    from pipelines.state import kept_days, mirrored, registry

    if ahead := gate_ahead(connection):
        raise GateFailed(
            f"the {ahead} gate has not been passed in this refresh", where="publish",
            remedy=f"run crm check {ahead}",
        )  # fmt: skip
    records = registry.publish_registry(state, connection, later)
    taken.keep_late(state, connection)
    mirrored.publish_mirrored(state, connection)
    kept_days.publish_days(state, connection, "pipeline", "forecasts", "kpis")
    return records


def keep_kpis(connection: duckdb.DuckDBPyConnection, state: Connection) -> None:
    """Today's KPIs once more, after this run's own writes."""
    from pipelines.state import kept_days

    kept_days.publish_days(state, connection, "kpis")


def hand_out(
    connection: duckdb.DuckDBPyConnection, state: State, config_dir: Path, run: Run, as_of: datetime
) -> None:
    """Write the rules and what was kept as tables that models read; `as_of`: of this refresh."""
    from pipelines.rules import tables
    from pipelines.state import handoffs, journal, kept_days, registry

    known = keep_stamps(connection, state)
    with state.reading() as reading:
        tables.write(
            connection, config_dir, run, as_of, registry.load(reading),
            own_stage_writes=journal.stage_writes(reading), kept_days=kept_days.load(reading),
            decided_stages=handoffs.stages(reading),
            own_changes=known._asdict(), own_refusals=journal.refusals(reading),
        )  # fmt: skip


def keep_stamps(connection: duckdb.DuckDBPyConnection, state: State) -> OwnChanges:
    """When others last changed what this run wrote to, while the models still show it; with what was known
    of both then."""
    from pipelines.state import others_changes

    return others_changes.keep(state, connection)
