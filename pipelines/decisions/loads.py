"""Who is there to take leads, and what each of them carries, by the CRMs.

Belongs here: two questions to the refresh in the works.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.decisions.given import last_given
from pipelines.rules.routing import Routing
from pipelines.state.decisions import KeptDecision

_ACTIVE = "select owner_id from intermediate.int_owners where is_active"
_OPEN_LEADS = """
select coalesce(d.owner_email, l.owner_id) as owner_email, count(*) from {schema}.open_leads l
left join routing_standing d on l.person_id = d.person_id
    and (l.owner_id is null or list_contains(d.taken_from, l.owner_id))
where coalesce(d.owner_email, l.owner_id) is not null
group by 1
"""
"""By whoever has them or was decided to have them. Which leads those are is the mart's to say."""
_OPEN_DEALS = """
select owner_id, count(*) from marts.opportunities
where not is_closed and owner_id is not null group by owner_id
"""


def available(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Who is an active owner or user in at least one CRM."""
    return frozenset(row[0] for row in connection.execute(_ACTIVE).fetchall() if row[0])


def loads(
    connection: duckdb.DuckDBPyConnection, routing: Routing, standing: Sequence[KeptDecision],
    everyone: str = "",
) -> dict[str, float]:  # fmt: skip
    """Open, un-worked leads of each person, open deals by weight, and decisions not yet applied. `everyone`:
    the schema with all people, where the marts have but a few."""
    given = last_given(each for each in standing if each.state == "assigned")
    connection.execute(
        "create or replace temp table routing_standing as select unnest($people::varchar[]) as person_id, "
        "unnest($owners::varchar[]) as owner_email, unnest($taken::varchar[][]) as taken_from",
        {
            "people": list(given), "owners": [each.decision.owner_email for each in given.values()],
            "taken": [list(each.taken_from) for each in given.values()],
        },
    )  # fmt: skip
    rows = connection.execute(_OPEN_LEADS.format(schema=everyone or "marts")).fetchall()
    found = {email: float(count) for email, count in rows}
    weight = routing.file.load.open_deal_weight
    if weight:
        for email, count in connection.execute(_OPEN_DEALS).fetchall():
            found[email] = found.get(email, 0.0) + weight * count
    return {email: round(load, 6) for email, load in sorted(found.items())}
