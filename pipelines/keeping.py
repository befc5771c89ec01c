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


_GATES = ("raw", "marts")


def must_have_passed(connection: duckdb.DuckDBPyConnection) -> None:
    """The gates on raw and marts have been asked of the refresh in the works, and let it pass."""
    for scope in _GATES:
        asked = standing.gate(connection, scope)
        if asked is None or not asked[0]:
            raise GateFailed(
                f"the {scope} gate has not been passed in this refresh", where="publish",
                remedy=f"run crm check {scope}",
            )  # fmt: skip


def has_passed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether they have."""
    return all((asked := standing.gate(connection, scope)) is not None and asked[0] for scope in _GATES)


def keep(
    connection: duckdb.DuckDBPyConnection, state: Connection, later: Collection[str] = frozenset()
) -> int:
    """Persons, decisions, agreed values, today's pictures. Returns the records with a person. `later`: record
    keys whose person was found since this refresh began, and stays."""
    from pipelines.decisions import step as decisions
    from pipelines.state import kept_days, mirrored, registry

    must_have_passed(connection)
    records = registry.publish_registry(state, connection, later)
    decisions.keep_late(state, connection)
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
    from pipelines.state import journal, kept_days, others_changes, registry

    keep_stamps(connection, state)
    with state.reading() as reading:
        tables.write(
            connection, config_dir, run, as_of, registry.load(reading),
            own_stage_writes=journal.stage_writes(reading), kept_days=kept_days.load(reading),
            own_changes=others_changes.load(reading)._asdict(),
        )  # fmt: skip


def keep_stamps(connection: duckdb.DuckDBPyConnection, state: State) -> None:
    """When others last changed what this run wrote to, while the models still show it."""
    from pipelines.state import others_changes

    others_changes.keep(state, connection)
