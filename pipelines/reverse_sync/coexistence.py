"""Leaves alone what another sync writes: HubSpot's Salesforce connector, Marketing Cloud Connect.

Belongs here: moving such cells of a plan from `cells` to `held`, and listing the fields. How they are known
is `dbt_project/models/reverse_sync/coexisting_fields.sql`. The connector keeps two fields in step, and
one CRM may tell nothing of what it writes there: the other end of a mapping line is the connector's as well.
"""

from __future__ import annotations

import duckdb

from pipelines.objects.sql import columns_of
from pipelines.rules.syncs import Sync
from pipelines.warehouse import has_table

_SYNCS = {
    "hubspot_connector": "HubSpot's Salesforce connector",
    "marketing_cloud_connect": "Marketing Cloud Connect",
    "hubspot_connector marketing_cloud_connect": "HubSpot's connector (and Marketing Cloud Connect)",
}
_SHOWN = 12
_CONNECTOR = "hubspot_connector"
_OURS = "say owner: us in syncs.yml to write it"
_REMEDY = f"keeps it; {_OURS}"


def hold(connection: duckdb.DuckDBPyConnection, syncs: dict[str, Sync]) -> tuple[str, ...]:
    """Hold every planned cell that another sync writes, unless the field is declared ours (`owner: us`).

    Returns a sentence for each object that has such fields, whether or not a cell was held.
    """
    if not has_table(connection, "reverse_sync", "coexisting_fields"):
        return ()
    found = connection.execute(
        "select vendor, object, sync, list(field order by field) from reverse_sync.coexisting_fields "
        "group by vendor, object, sync order by vendor, object, sync"
    ).fetchall()
    notes = []
    for vendor, name, other, fields in found:
        notes.append(f"{vendor} {name}: {_named(fields)} left to {_SYNCS[other]}")
        theirs = [str(field).lower() for field in fields]
        for sync_name, sync in syncs.items():
            if (sync.vendor, sync.object.lower()) == (vendor, str(name).lower()):
                _hold_sync(connection, sync_name, theirs, f"{_SYNCS[other]} {_REMEDY}")
    for sync_name, field, end in _other_ends(connection):
        _hold_sync(connection, sync_name, [field.lower()], f"{_SYNCS[_CONNECTOR]} keeps {end}; {_OURS}")
    return tuple(notes)


def _other_ends(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """(sync, field, the connector's field on the other side) of lines of which it writes one end."""
    if "other_field" not in columns_of(connection, "reverse_sync.mirrored_fields"):
        return []
    found: list[tuple[str, str, str]] = connection.execute(
        "select m.sync, m.field, concat_ws(' ', c.vendor, c.object || '.' || c.field) "
        "from reverse_sync.mirrored_fields m join reverse_sync.coexisting_fields c "
        "on c.vendor <> m.vendor and lower(c.object) = lower(m.other_object) "
        "and lower(c.field) = lower(m.other_field) and contains(c.sync, $connector) order by all",
        {"connector": _CONNECTOR},
    ).fetchall()
    return found


def _named(fields: list[str]) -> str:
    more = f" and {len(fields) - _SHOWN} more" if len(fields) > _SHOWN else ""
    return ", ".join(fields[:_SHOWN]) + more


def _hold_sync(connection: duckdb.DuckDBPyConnection, name: str, theirs: list[str], why: str) -> None:
    mine = "sync = $sync and owner <> 'us' and list_contains($theirs, lower(field))"
    values = {"sync": name, "theirs": theirs}
    connection.execute(
        "insert into held select sync, record_id, any_value(record_key), "
        "string_agg(field, ', ' order by field) || ': ' || $why "
        f"from cells where {mine} and verdict = 'change' group by sync, record_id",
        {**values, "why": why},
    )
    connection.execute(f"delete from cells where {mine}", values)
