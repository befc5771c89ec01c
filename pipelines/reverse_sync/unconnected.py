"""Holds back what would go to a CRM that this home has no connection to any more, to Slack or by mail.

Belongs here: such cells and actions of a plan. An apply refuses a plan that writes where it cannot; without
these the others go on. A home that has no connection at all plans to be read, and is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from pipelines.reverse_sync.planned import CRMS
from pipelines.rules.syncs import Sync
from pipelines.settings import Settings


def vendors(settings: Settings) -> frozenset[str]:
    """CRMs without a connection, Slack and mail too, where there is one to another CRM."""
    there = {connection.vendor for connection in settings.connections}
    if not there:
        return frozenset()
    channels = {"slack": settings.slack, "mail": settings.mail}
    return frozenset(CRMS - there) | {name for name, connection in channels.items() if connection is None}


def why(vendor: str) -> str:
    return f"there is no connection to {vendor}"


def hold(
    connection: duckdb.DuckDBPyConnection, syncs: Mapping[str, Sync], without: frozenset[str]
) -> tuple[str, ...]:
    """Move planned records of these CRMs from `cells` to `held`. A sentence for each CRM that has any."""
    notes = []
    for vendor in sorted(without):
        bound = {"syncs": [name for name, sync in syncs.items() if sync.vendor == vendor]}
        mine = "list_contains($syncs::varchar[], sync)"
        held = connection.execute(
            "insert into held select sync, record_id, any_value(record_key), $why from cells "
            f"where {mine} and verdict = 'change' group by sync, record_id returning sync",
            {**bound, "why": why(vendor)},
        ).fetchall()
        connection.execute(f"delete from cells where {mine}", bound)
        if held:
            names = ", ".join(sorted({row[0] for row in held}))
            notes.append(
                f"{why(vendor)}: {len(held):,} records of {names} are held back, the others go on; "
                "connect it again (docs/going-live.md), or take its syncs out of config/"
            )
    return tuple(notes)
