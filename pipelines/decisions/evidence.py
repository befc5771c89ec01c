"""What shows that sales was in touch with a person, or took a lead up: by the CRMs, never by our own writing.

Belongs here: questions to the refresh in the works. What a clock does with the answers is `escalation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import duckdb

_UNREACHED = (
    "73a0d17f-1163-4015-bdd5-ec830791da20",  # no answer
    "9d9162e7-6cf3-4944-bf63-4dff82258764",  # busy
    "b2cf5968-551e-4856-9783-52b3da59a7d0",  # left a voicemail
    "17b47fee-58de-441e-a44c-c6300d46f273",  # wrong number
)
"""HubSpot's own outcomes of a call that reached nobody."""
_CONTACTS = """
with unreached as (
    select record_key, call_id, occurred_at from staging.stg_hubspot__calls
    where owner_id is not null and (
        list_contains($unreached::varchar[], disposition)
        or coalesce(status, 'COMPLETED') in ('NO_ANSWER', 'BUSY', 'FAILED', 'MISSED')
    )
),
of_contacts as (
    select a.from_type, a.from_id, m.person_id
    from staging.stg_hubspot__associations a
    join intermediate.int_person_records r
        on r.vendor = 'hubspot' and r.object = 'contacts' and r.record_id = a.to_id
    join intermediate.int_person_members m on m.record_key = r.record_key
    where a.to_type = 'contacts' and a.from_type in ('calls', 'meetings')
),
contacts as (
    select c.person_id, c.source_record_key, c.occurred_at as at from intermediate.int_sales_contacts c
    where c.source_record_key not in (select record_key from unreached)
        and ($sequence_mail or c.source_record_key not in (
            select record_key from staging.stg_hubspot__emails where sequence_id is not null))
    union all
    select o.person_id, u.record_key, u.occurred_at
    from unreached u join of_contacts o on o.from_type = 'calls' and o.from_id = u.call_id
    where $attempts
    union all
    select o.person_id, g.record_key, g.created_at
    from staging.stg_hubspot__meetings g
    join of_contacts o on o.from_type = 'meetings' and o.from_id = g.meeting_id
    where coalesce(g.outcome, 'SCHEDULED') in ('SCHEDULED', 'RESCHEDULED', 'COMPLETED')
    union all
    select m.person_id, e.record_key, e.created_at
    from staging.stg_salesforce__events e
    join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id
    join intermediate.int_person_members m on m.record_key = r.record_key
    where coalesce(e.outcome, 'SCHEDULED') in ('SCHEDULED', 'RESCHEDULED', 'COMPLETED')
)
select w.person_id, min(c.at)
from (select unnest($people::varchar[]) as person_id, unnest($since::timestamptz[]) as since) w
join contacts c on c.person_id = w.person_id and c.at >= w.since and c.at <= $as_of::timestamptz
where not list_contains($ours::varchar[], c.source_record_key)
group by w.person_id
"""
"""A completed call, a mail by a person, a meeting held or booked: int_sales_contacts and what is booked."""
_WRITTEN = """
select distinct source_record_key from intermediate.int_sales_contacts
union select record_key from staging.stg_hubspot__meetings
union select record_key from staging.stg_salesforce__events
union select record_key from staging.stg_hubspot__calls
"""
_STATUSES = """
with told as (
    select contact_key as record_key, arg_max(value, changed_at) as value, max(changed_at) as changed_at
    from staging.stg_hubspot__contacts_property_history
    where property = 'hs_lead_status' and changed_at is not null group by 1
    union all
    select lead_key, arg_max(new_value, (changed_at, history_id)), max(changed_at)
    from staging.stg_salesforce__lead_history where field = 'Status' and changed_at is not null group by 1
),
held as (
    select record_key, lead_status as value, updated_at from staging.stg_hubspot__contacts
    union all
    select record_key, status, updated_at from staging.stg_salesforce__leads
)
select m.person_id, h.record_key, h.value, coalesce(t.changed_at, h.updated_at), t.record_key is not null
from held h
join intermediate.int_person_members m on m.record_key = h.record_key
left join told t on t.record_key = h.record_key and t.value = h.value
where h.value is not null and m.person_id in (select unnest($people::varchar[]))
order by all
"""
"""A record's own moment stands in where the CRM keeps no history of the status, or has not shown it yet."""

_BY_OTHERS = (
    "select record_key, changed_at from intermediate.int_changes_by_others "
    "where record_key in (select unnest($keys::varchar[]))"
)
"""Of records whose last change is ours: when anybody else's was, if that is known."""


class Status(NamedTuple):
    """A record's lead status. `is_dated`: by the CRM's history of it; else `changed_at` is of the record,
    which anybody's change of anything moves, our own too."""

    value: str
    changed_at: datetime | None
    record_key: str = ""
    is_dated: bool = True

    def is_since(self, at: datetime, before: Mapping[str, str]) -> bool:
        """Whether somebody set it after that moment, at which the records had the statuses `before`."""
        is_later = self.changed_at is None or self.changed_at >= at
        return is_later and (self.is_dated or before.get(self.record_key) != self.value)


class Counts(NamedTuple):
    """What counts as contact besides: calls that reached nobody, mail that a sequence sent."""

    attempts: bool = False
    sequence_mail: bool = False


STRICT = Counts()


def first_contacts(
    connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime], ours: Iterable[tuple[str, str]],
    as_of: datetime, counts: Counts = STRICT,
) -> dict[str, datetime]:  # fmt: skip
    """Person -> when sales was first in touch after `since`. `ours`: (vendor, id) of what we created."""
    if not since:
        return {}
    mine = {f"{vendor}:{record_id}" for vendor, record_id in ours}
    keys = [
        str(key) for (key,) in connection.execute(_WRITTEN).fetchall()
        if f"{key.split(':')[0]}:{key.split(':')[3]}" in mine
    ] if mine else []  # fmt: skip
    bound = {
        "people": list(since), "since": list(since.values()), "ours": keys, "as_of": as_of,
        "attempts": counts.attempts, "sequence_mail": counts.sequence_mail, "unreached": list(_UNREACHED),
    }  # fmt: skip
    return dict(connection.execute(_CONTACTS, bound).fetchall())


def accepted(
    connection: duckdb.DuckDBPyConnection, since: Mapping[str, datetime], values: Collection[str]
) -> frozenset[str]:
    """People whom a status of these, set since then, shows as taken up. Where no history tells since when it
    stands, somebody else than us has to have changed the record since."""
    found = statuses(connection, since)
    undated = [s.record_key for some in found.values() for s in some if not s.is_dated]
    others = dict(connection.execute(_BY_OTHERS, {"keys": undated}).fetchall()) if undated else {}

    def is_since(status: Status, at: datetime) -> bool:
        is_ours = not status.is_dated and status.record_key in others
        changed_at = others[status.record_key] if is_ours else status.changed_at
        return status.value in values and changed_at is not None and changed_at >= at

    return frozenset(
        person for person, some in found.items() if any(is_since(status, since[person]) for status in some)
    )


def statuses(connection: duckdb.DuckDBPyConnection, people: Iterable[str]) -> dict[str, list[Status]]:
    """The lead status of each record of these people."""
    wanted = sorted(set(people))
    found: dict[str, list[Status]] = {}
    if wanted:
        rows = connection.execute(_STATUSES, {"people": wanted}).fetchall()
        for person_id, key, value, at, is_dated in rows:
            found.setdefault(person_id, []).append(Status(value, at, key, is_dated))
    return found


def without_owner(connection: duckdb.DuckDBPyConnection, people: Iterable[str]) -> frozenset[str]:
    """Of these people those whom nobody owns in any CRM, whatever was decided."""
    rows = connection.execute(
        "select person_id from marts.unified_leads where owner_id is null "
        "and person_id in (select unnest($people::varchar[]))", {"people": sorted(set(people))},
    ).fetchall()  # fmt: skip
    return frozenset(str(row[0]) for row in rows)


def people_of(connection: duckdb.DuckDBPyConnection, records: Mapping[str, str]) -> frozenset[str]:
    """The people of these records (record key -> who they were taken for), here and as they were taken."""
    if not records:
        return frozenset()
    here = connection.execute(
        "select person_id from intermediate.int_person_members "
        "where record_key in (select unnest($keys::varchar[]))", {"keys": list(records)},
    ).fetchall()  # fmt: skip
    return frozenset({*records.values(), *(str(row[0]) for row in here)})
