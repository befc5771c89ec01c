"""People whom `journeys.yml` would let into a journey, and whom Marketing Cloud does not know.

Belongs here: counting them, for a plan to say so. Whom it lets in is the model's (`actions_journey_entries`).
"""

from __future__ import annotations

import duckdb

from pipelines.reverse_sync.diff import has_table

_UNREACHED = """
select count(distinct leads.person_id)
from rules.journey_entries as entries
join marts.unified_leads as leads
    on leads.lead_score >= entries.least_score
    and (len(entries.stages) = 0 or list_contains(entries.stages, leads.lifecycle_stage))
where leads.is_email_valid and not leads.is_opted_out and leads.bounce_state != 'hard'
    and exists (select 1 from rules.connections where vendor = 'marketing_cloud')
    and not exists (
        select 1 from intermediate.int_subscribers as known
        where known.person_id = leads.person_id and known.is_current_key
            and known.key_kind in ('contact_id', 'lead_id') and coalesce(known.status, 'Active') = 'Active'
    )
"""
_READ = (
    ("rules", "journey_entries"),
    ("rules", "connections"),
    ("marts", "unified_leads"),
    ("intermediate", "int_subscribers"),
)


def notes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """A sentence, where there are any."""
    if not all(has_table(connection, *place) for place in _READ):
        return ()
    row = connection.execute(_UNREACHED).fetchone()
    if not row or not row[0]:
        return ()
    return (
        f"journeys: {row[0]:,} people whom journeys.yml would let in have no active contact in Marketing "
        "Cloud by the id of their lead or contact; its synchronisation with Salesforce makes it",
    )
