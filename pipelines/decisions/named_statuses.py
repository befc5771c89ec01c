"""Lead statuses that config names and no CRM has: a misspelt one would mean nothing, and say nothing.

Belongs here: that question to the refresh in the works. What statuses mean is `evidence` and the marts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import duckdb
from pydantic import BaseModel

from pipelines.rules.handoff import Handoffs
from pipelines.rules.routing import Routing

_KNOWN = """
select lower(option ->> 'value') from (
    select unnest(cast(options as json[])) as option from staging.stg_hubspot__properties
    where object_type = 'contacts' and property_name = 'hs_lead_status' and options is not null
)
union select lower(master_label) from staging.stg_salesforce__lead_statuses
union select lower(api_name) from staging.stg_salesforce__lead_statuses
"""
Named = tuple[str, str, str]
"""File, key, value."""


def unknown(connection: duckdb.DuckDBPyConnection, routing: Routing, handoffs: Handoffs) -> list[str]:
    """A sentence for each status that a file names and neither CRM has; but for the stock statuses of both
    CRMs, of which each has its own."""
    named = list(_of_files(routing, handoffs))
    if not named:
        return []
    known = {value for (value,) in connection.execute(_KNOWN).fetchall() if value}
    if not known:
        return []
    return [
        f"{file} names {value} in {key}, which is a lead status of neither CRM"
        for file, key, value in named if value.lower() not in known
    ]  # fmt: skip


def _of_files(routing: Routing, handoffs: Handoffs) -> Iterator[Named]:
    file = routing.file
    for name, rule in (("load", file.load), ("escalation", file.escalation)):
        yield from ((routing.file_name, f"{name}.{key}", value) for key, value in _statuses(rule))
    for handoff in handoffs.rules:
        said = f"handoff {handoff.name}"
        yield from ((said, key, value) for key, value in _statuses(handoff))


def _statuses(rule: BaseModel | None) -> Iterable[tuple[str, str]]:
    """(key, value) of the statuses that somebody wrote there."""
    for key, field in type(rule).model_fields.items() if rule is not None else ():
        if key.endswith("_statuses"):
            yield from ((key, value) for value in getattr(rule, key) if value not in field.default)
