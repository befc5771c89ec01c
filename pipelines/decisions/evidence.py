"""What shows that sales was in touch with a person, or took a lead up: by the CRMs, never by our own writing.

Belongs here: questions to the refresh in the works. What a clock does with the answers is `escalation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import duckdb

_CONTACTS = """
with contacts as (
    select person_id, source_record_key, occurred_at as at from intermediate.int_sales_contacts
    union all
    select m.person_id, g.record_key, g.created_at
    from staging.stg_hubspot__meetings g
    join staging.stg_hubspot__associations a
        on a.from_type = 'meetings' and a.from_id = g.meeting_id and a.to_type = 'contacts'
    join intermediate.int_person_records r
        on r.vendor = 'hubspot' and r.object = 'contacts' and r.record_id = a.to_id
    join intermediate.int_person_members m on m.record_key = r.record_key
    where coalesce(g.outcome, 'SCHEDULED') in ('SCHEDULED', 'RESCHEDULED', 'COMPLETED')
    union all
    select m.person_id, e.record_key, e.created_at
    from staging.stg_salesforce__events e
    join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id
    join intermediate.int_person_members m on m.record_key = r.record_key
)
select w.person_id, min(c.at)
from (select unnest($people::varchar[]) as person_id, unnest($since::timestamptz[]) as since) w
join contacts c on c.person_id = w.person_id and c.at >= w.since and c.at <= $as_of::timestamptz
where not list_contains($ours::varchar[], c.source_record_key)
group by w.person_id
"""
"""A completed call, a mail by a person, a meeting held or booked: int_sales_contacts and what is booked."""
_STATUSES = """
select m.person_id, c.lead_status, c.updated_at from staging.stg_hubspot__contacts c
join intermediate.int_person_members m on m.record_key = c.record_key where c.lead_status is not null
union all
select m.person_id, l.status, l.updated_at from staging.stg_salesforce__leads l
join intermediate.int_person_members m on m.record_key = l.record_key where l.status is not null
"""


class Status(NamedTuple):
    value: str
    changed_at: datetime | None


def first_contacts(
    connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime], ours: Iterable[tuple[str, str]],
    as_of: datetime,
) -> dict[str, datetime]:  # fmt: skip
    """Person -> when sales was first in touch after `since`. `ours`: (vendor, id) of what we created."""
    mine = sorted({record_id for _, record_id in ours})
    keys = [
        str(row[0])
        for row in connection.execute(
            "select distinct source_record_key from intermediate.int_sales_contacts "
            "where list_contains($ids::varchar[], split_part(source_record_key, ':', 4))",
            {"ids": mine},
        ).fetchall()
    ]
    bound = {"people": list(since), "since": list(since.values()), "ours": keys, "as_of": as_of}
    return dict(connection.execute(_CONTACTS, bound).fetchall())


def statuses(connection: duckdb.DuckDBPyConnection, people: Iterable[str]) -> dict[str, list[Status]]:
    """The lead status of each record of these people."""
    wanted = set(people)
    found: dict[str, list[Status]] = {}
    if wanted:
        for person_id, value, at in connection.execute(_STATUSES).fetchall():
            if person_id in wanted:
                found.setdefault(person_id, []).append(Status(value, at))
    return found
