"""Leaves alone the records of people who were decided about after the refresh of a plan had read them.

Belongs here: taking their cells out of a plan. What was written to them then was worked out from newer rows;
the next refresh reads those too.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pipelines import standing
from pipelines.rules.syncs import Sync
from pipelines.state import State, met


def leave(connection: duckdb.DuckDBPyConnection, state: State, syncs: Mapping[str, Sync]) -> tuple[str, ...]:
    """Take such cells out of `cells`, but opt-outs, and say of how many records."""
    begun = standing.begun(connection)
    if begun is None:
        return ()
    with state.reading() as reading:
        keys = list(met.after(reading, begun))
    if not keys:
        return ()
    bound = {"keys": keys, "syncs": [name for name, sync in syncs.items() if not sync.consent]}
    gone = connection.execute(
        "delete from cells where list_contains($keys::varchar[], record_key) "
        "and list_contains($syncs::varchar[], sync) returning record_key", bound,
    ).fetchall()  # fmt: skip
    records = len({row[0] for row in gone})
    return (f"{records:,} records are left to the next refresh, for they were met since",) if records else ()
