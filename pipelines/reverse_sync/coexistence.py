"""Leaves alone what another sync writes: HubSpot's Salesforce connector on the same records.

Belongs here: moving such cells of a plan from `cells` to `held`, and listing the fields. How the connector is
known is `dbt_project/models/reverse_sync/coexisting_fields.sql`.
"""

from __future__ import annotations

import duckdb

from pipelines.reverse_sync.diff import has_table
from pipelines.rules.syncs import Sync

_THEIRS = "HubSpot's Salesforce connector keeps it; say owner: us in syncs.yml to write it"


def hold(connection: duckdb.DuckDBPyConnection, syncs: dict[str, Sync]) -> tuple[str, ...]:
    """Hold every planned cell that the connector writes, unless the field is declared ours (`owner: us`).

    Returns a sentence for each object that has such fields, whether or not a cell was held.
    """
    if not has_table(connection, "reverse_sync", "coexisting_fields"):
        return ()
    found = connection.execute(
        "select vendor, object, list(field order by field) from reverse_sync.coexisting_fields "
        "group by vendor, object order by vendor, object"
    ).fetchall()
    fields = {
        (str(vendor), str(name).lower()): [str(f).lower() for f in named] for vendor, name, named in found
    }
    for sync_name, sync in syncs.items():
        theirs = fields.get((sync.vendor, sync.object.lower()))
        if theirs:
            _hold_sync(connection, sync_name, theirs)
    return tuple(
        f"{vendor} {name}: {', '.join(named)} left to HubSpot's connector" for vendor, name, named in found
    )


def _hold_sync(connection: duckdb.DuckDBPyConnection, name: str, theirs: list[str]) -> None:
    mine = "sync = $sync and owner <> 'us' and list_contains($theirs, lower(field))"
    values = {"sync": name, "theirs": theirs}
    connection.execute(
        "insert into held select sync, record_id, any_value(record_key), "
        "string_agg(field, ', ' order by field) || ': ' || $why "
        f"from cells where {mine} and verdict = 'change' group by sync, record_id",
        {**values, "why": _THEIRS},
    )
    connection.execute(f"delete from cells where {mine}", values)
