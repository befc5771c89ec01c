"""Journeys of Marketing Cloud, as handoffs and queues use them: coming in, new data on the way, going out.

Belongs here: what is known of journeys and of people in them, and payloads. How one is done is its handler's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb
import orjson

from pipelines.warehouse import has_table

TYPES = ("enter-journey", "update-journey", "leave-journey")
_SUBSCRIBERS = """
select person_id, subscriber_key, subscriber_record_key, email from intermediate.int_subscribers
where is_current_key and key_kind in ('contact_id', 'lead_id') and coalesce(status, 'Active') = 'Active'
    and list_contains($ids::varchar[], person_id)
"""
_JOURNEYS = """
with versions as (
    select journey_key, arg_max_null(status, (status = 'Published', version)) as status,
        arg_max_null(event_definition_key, (status = 'Published', version)) as event
    from staging.stg_marketing_cloud__journeys group by 1
)
select v.journey_key, v.status, v.event, e.data_extension_key,
    string_agg(f.name, ', ' order by f.position) filter (where f.is_required and f.default_value is null
        and lower(f.name) not in ('entryid', 'contactkey', 'emailaddress', 'personid', 'leadscore'))
from versions v
left join staging.stg_marketing_cloud__event_definitions d on d.event_definition_key = v.event
left join staging.stg_marketing_cloud__data_extensions e on e.data_extension_id = d.data_extension_id
left join staging.stg_marketing_cloud__data_extension_fields f
    on f.data_extension_key = e.data_extension_key
group by all
"""
_AGAINST = """
select person_id, journey_key, turned_away from intermediate.int_journey_reentry
where turned_away is not null and list_contains($ids::varchar[], person_id)
union all
select person_id, journey_key, 'this person has met the goal of the journey'
from intermediate.int_journey_goals
where journey_key is not null and list_contains($ids::varchar[], person_id)
"""
_UNREACHABLE = """
select person_id, case when bounce_state = 'hard' then 'mail to this person bounces for good'
    else 'this person has no valid e-mail address' end
from marts.unified_leads
where (bounce_state = 'hard' or is_email_valid is distinct from true)
    and list_contains($ids::varchar[], person_id)
"""
_ENTRIES = """
select s.person_id, e.event_definition_key, e.entry_id, e.data
from staging.stg_marketing_cloud__journey_entries e
join intermediate.int_subscribers s on s.subscriber_key = e.subscriber_key
where list_contains($ids::varchar[], s.person_id) order by e.entry_id
"""


_PURPOSES = """
select journey, any_value(purpose) from rules.journey_entries where purpose is not null group by journey
"""
_INSIDE = """
select s.person_id, i.journey_key, s.subscriber_key, s.subscriber_record_key
from intermediate.int_journey_stays i
join intermediate.int_subscribers s on s.subscriber_key = i.subscriber_key
where not i.has_ended and list_contains($ids::varchar[], s.person_id) order by s.subscriber_key
"""


class Subscriber(NamedTuple):
    """A person's current key."""

    key: str
    record_key: str
    email: str | None


class Journey(NamedTuple):
    status: str | None
    event: str | None
    extension: str | None
    missing: str | None


@dataclass
class JourneyFacts:
    """What is known of the journeys, and of the people decided about."""

    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    journeys: dict[str, Journey] = field(default_factory=dict)
    against: dict[tuple[str, str], str] = field(default_factory=dict)
    """(person, journey) -> why it would not let them in: its re-entry rule, or its goal is met."""
    unreachable: dict[str, str] = field(default_factory=dict)
    """Person -> why no mail reaches them."""
    entries: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    """(person, event) -> (entry id, data as JSON) of each entry that is kept up."""
    inside: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)
    """(person, journey) -> (subscriber key, its record key) of each stay without an end, whatever its status:
    who refuses or is held may be taken out, too."""

    purposes: dict[str, str] = field(default_factory=dict)
    """Journey -> what it writes for, as journeys.yml says of those that its entries start."""

    def entry(
        self, person_id: str, score: Any, journey: str, *, opted_out: bool, purpose: str = ""
    ) -> Mapping[str, Any]:
        """The payload of an entry; what speaks against it is in it. `opted_out`: of all or of the purpose."""
        who = self.subscribers[person_id]
        return {
            **self.of(journey), "contact_key": who.key, "opted_out": opted_out,
            **({"purpose": purpose} if purpose else {}),
            "already": self.unreachable.get(person_id) or self.against.get((person_id, journey)),
            "data": {
                "ContactKey": who.key, "EmailAddress": who.email, "PersonId": person_id, "LeadScore": score,
            },
        }  # fmt: skip

    def of(self, journey: str) -> Mapping[str, Any]:
        """What an entry's payload says of the journey, whoever it is that comes in."""
        what = self.journeys.get(journey, Journey(None, None, None, None))
        return {
            "event": what.event, "listens_to": what.event, "journey": journey, "journey_status": what.status,
            "extension": what.extension, "missing_fields": what.missing,
        }  # fmt: skip

    def updates(self, person_id: str, journey: str, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The payload of an update of each entry that is kept up. Names go by the extension's columns."""
        what = self.journeys.get(journey)
        if what is None or what.event is None:
            return
        for entry_id, data in self.entries.get((person_id, what.event), ()):
            held = orjson.loads(data)
            wanted = {name: None if value is None else str(value) for name, value in fields.items()}
            yield {
                "journey": journey, "extension": what.extension, "entry_id": entry_id,
                "contact_key": self.subscribers[person_id].key, "data": wanted,
                "before": {name: held.get(name.lower()) for name in wanted},
            }  # fmt: skip


def gather(connection: duckdb.DuckDBPyConnection, ids: list[str]) -> JourneyFacts:
    """Of these people; empty where the warehouse has no Marketing Cloud."""
    if not has_table(connection, "intermediate", "int_subscribers"):
        return JourneyFacts()
    found = JourneyFacts()
    for person_id, key, record_key, email in connection.execute(_SUBSCRIBERS, {"ids": ids}).fetchall():
        found.subscribers[person_id] = Subscriber(key, record_key, email)
    for key, *rest in connection.execute(_JOURNEYS).fetchall():
        found.journeys[key] = Journey(*rest)
    for person_id, journey, why in connection.execute(_AGAINST, {"ids": ids}).fetchall():
        found.against.setdefault((person_id, journey), why)
    found.purposes = dict(connection.execute(_PURPOSES).fetchall())
    found.unreachable = dict(connection.execute(_UNREACHABLE, {"ids": ids}).fetchall())
    for person_id, event, entry_id, data in connection.execute(_ENTRIES, {"ids": ids}).fetchall():
        found.entries.setdefault((person_id, event), []).append((entry_id, data))
    for person_id, journey, key, record_key in connection.execute(_INSIDE, {"ids": ids}).fetchall():
        found.inside.setdefault((person_id, journey), []).append((key, record_key))
    return found
