"""What one CRM's records want in the other: mirrored cells, records to create, members, objects, rows.

Belongs here: the order of these in one step. How each is worked out is in the module of its name.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from pipelines.reverse_sync import purposes, revenue
from pipelines.reverse_sync.extensions import build as extensions
from pipelines.reverse_sync.extensions import leaving
from pipelines.reverse_sync.mirror import activities, build, campaign_members, check, effective, written_over
from pipelines.reverse_sync.mirror.metadata import Metadata
from pipelines.reverse_sync.records import desired
from pipelines.rules.syncs import load_syncs
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.state import State


def wish(
    connection: duckdb.DuckDBPyConnection, state: State, settings: Settings, metadata: Metadata | None,
    run: Run, as_of: datetime,
) -> tuple[dict[str, int], tuple[str, ...]]:  # fmt: skip
    """Leave it in schema `reverse_sync`. Returns counts and notes. `metadata`: None if nothing is mapped."""
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    if metadata is not None or effective.was_mirrored(connection):
        known = metadata or check.NOTHING
        mirrored = build.mirror(connection, state, settings.config_dir, known, run.id, as_of)
        counts, notes = mirrored.counts, mirrored.notes
    over = written_over.find(connection, load_syncs(settings.config_dir), as_of)
    members = campaign_members.wish(connection, settings.config_dir)
    logged = activities.wish(connection, settings.config_dir)
    moved = desired.records(connection, settings.config_dir)
    rows, said = extensions.rows(connection, settings.config_dir)
    left = leaving.wish(connection, settings.config_dir)
    more = {
        "campaign members": members, "activities": logged, "records to move": moved.actions,
        "rows of data extensions": rows, "rows that leave them": left,
        "consent to purposes": purposes.rows(connection, settings.config_dir),
        "written over unseen": over, "revenue by model": revenue.rows(connection, settings.config_dir),
    }  # fmt: skip
    return counts | {name: count for name, count in more.items() if count}, (*notes, *moved.notes, *said)
