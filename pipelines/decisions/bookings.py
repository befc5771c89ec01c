"""Meetings that leads booked: each is tied to the deal it is about, where only one can be meant.

Belongs here: which meeting belongs to which deal. HubSpot ties a booking to the contact itself; Salesforce's
event names who and what. A booking stops the first-contact clock (`evidence`) and can be routed (`leads`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import duckdb

from pipelines.decisions.meetings import MEETINGS_OF_PEOPLE

_UNTIED = f"""
with booked as (
    select g.meeting_id, any_value(g.title) as title, m.person_id
    from {MEETINGS_OF_PEOPLE}
    where coalesce(g.outcome, 'SCHEDULED') not in ('CANCELED', 'NO_SHOW')
        and g.meeting_id not in (select from_id from staging.stg_hubspot__associations
            where from_type = 'meetings' and to_type = 'deals')
    group by g.meeting_id, m.person_id
)
select b.meeting_id, coalesce(b.title, 'a meeting'), min(b.person_id), min(o.opportunity_id_hubspot)
from booked b
join intermediate.int_opportunity_people p on p.person_id = b.person_id
join marts.opportunities o on o.opportunity_id = p.opportunity_id and not o.is_closed
group by b.meeting_id, b.title
having count(distinct o.opportunity_id) = 1 and min(o.opportunity_id_hubspot) is not null
order by b.meeting_id
"""


class Booking(NamedTuple):
    """A meeting of HubSpot's, and the one open deal of the person it is with."""

    meeting_id: str
    title: str
    person_id: str
    deal_id: str


def untied(connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime]) -> list[Booking]:
    """What was booked since each of these people was given to somebody, and hangs on no deal yet."""
    if not since:
        return []
    bound = {"people": list(since), "since": list(since.values())}
    return [Booking(*row) for row in connection.execute(_UNTIED, bound).fetchall()]
