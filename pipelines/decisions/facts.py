"""What is known of people and deals, as messages, tasks and context packages tell it.

Belongs here: questions to the refresh in the works, for the few who are decided about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import duckdb

from pipelines.decisions import journeys
from pipelines.decisions.journeys import JourneyFacts

_PEOPLE = """
select l.person_id, l.email, l.full_name, l.job_title, l.company_name, l.country, l.lead_score,
    l.lifecycle_stage,
    coalesce(l.is_opted_out, false), l.owner_id, l.account_id, l.contact_id_hubspot,
    l.lead_id_salesforce, l.contact_id_salesforce
from marts.unified_leads l where list_contains($ids::varchar[], l.person_id)
"""
_STAGES = """
select m.person_id, r.vendor, r.object, r.record_id, r.is_converted, any_value(l.canonical_stage)
from intermediate.int_person_members m
join intermediate.int_person_records r on r.record_key = m.record_key
left join rules.lifecycle l on l.vendor = r.vendor and l.object = r.object and l.is_read
    and lower(l.value) = lower(r.lifecycle_value)
where r.object in ('contacts', 'Lead') and list_contains($ids::varchar[], m.person_id)
group by all order by all
"""
_REFUSED = """
select person_id, list(purpose) from intermediate.int_refused_purposes
where list_contains($ids::varchar[], person_id) group by person_id
"""
_TOUCHES = """
select person_id, occurred_at, touch_type, campaign_name from marts.attribution_touchpoints
where list_contains($ids::varchar[], person_id) and occurred_at <= $as_of::timestamptz
qualify row_number() over (partition by person_id order by occurred_at desc, touchpoint_id) <= 8
order by occurred_at desc
"""
_DEALS = """
select account_id, name, coalesce(stage_label, stage), amount, currency from marts.opportunities
where not is_closed and list_contains($ids::varchar[], account_id) order by created_at desc
"""
_OWNERS = "select owner_id, full_name, owner_id_hubspot, owner_id_salesforce from intermediate.int_owners"
_CONNECTIONS = "select vendor, org_id, url_host from rules.connections"
_NEW_LEADS = """
select s.pipeline_id, s.stage_id from staging.stg_hubspot__pipeline_stages s
where s.object_type = 'leads' and not coalesce(s.is_closed, false)
    and exists (select 1 from staging.stg_hubspot__leads)
order by s.display_order, s.stage_id limit 1
"""
"""Where a lead object begins, in a portal that uses them."""
_OPEN_LEADS = """
select l.primary_contact_id from staging.stg_hubspot__leads l
join staging.stg_hubspot__pipeline_stages s
    on s.object_type = 'leads' and s.pipeline_id = l.pipeline and s.stage_id = l.stage
where not coalesce(s.is_closed, false) and l.primary_contact_id is not null
"""
_LINKS = """
select lower(o.email), any_value(m.link order by m.is_default_link desc, m.link)
from staging.stg_hubspot__meeting_links m
join staging.stg_hubspot__owners o on o.user_id = m.organizer_user_id
where m.link is not null group by 1
"""


@dataclass(frozen=True)
class Owner:
    """Somebody who owns records, by e-mail address."""

    email: str
    name: str
    hubspot: str | None = None
    salesforce: str | None = None
    meeting_link: str | None = None

    @property
    def told(self) -> dict[str, str]:
        return {"email": self.email, "name": self.name}


class Staged(NamedTuple):
    """A record that has a lifecycle stage, as its CRM shows it; None for one that config does not know."""

    vendor: str
    object: str
    record_id: str
    stage: str | None


@dataclass(frozen=True)
class Person:
    """One person: what templates are told, and the records that actions hang on."""

    person_id: str
    told: dict[str, Any]
    score: Any
    stage: str | None
    opted_out: bool
    owner: str | None
    contact_hubspot: str | None
    lead_salesforce: str | None
    contact_salesforce: str | None
    history: tuple[dict[str, Any], ...] = ()
    deals: tuple[dict[str, Any], ...] = ()
    staged: tuple[Staged, ...] = ()
    """Every contact of HubSpot's and every lead that was not converted; the ids above name one of each."""
    refused: frozenset[str] = frozenset()
    """Purposes of `consent.yml`."""

    def refuses(self, *purposes: str) -> bool:
        """Whether they are not to be written to for one of these; '' is none in particular."""
        return self.opted_out or not self.refused.isdisjoint(purposes)


@dataclass
class Facts:
    """Everything that actions of this run are told."""

    people: dict[str, Person] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)
    orgs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Vendor -> org id, and the host people open."""
    journeys: JourneyFacts = field(default_factory=JourneyFacts)
    new_lead: tuple[str, str] | None = None
    """Pipeline and stage of a new lead object of HubSpot; None where the portal does not use them."""
    with_open_lead: frozenset[str] = frozenset()
    """HubSpot's contacts that have an open lead object."""
    no_senders: frozenset[str] = frozenset()
    """Who sends no sequences, by teams.yml."""

    def owner(self, email: str | None) -> Owner | None:
        return None if not email else self.owners.get(email) or Owner(email, email)

    def unfit_to_send(self, sender: str) -> str:
        """Why nobody is enrolled by this sender, as far as that is known before HubSpot is asked."""
        return f"{sender} sends no sequences, by teams.yml" if sender.lower() in self.no_senders else ""

    def key(self, vendor: str, object_name: str, record_id: str) -> str:
        return f"{vendor}:{self.orgs.get(vendor, ('', ''))[0]}:{object_name}:{record_id}"

    def links(self, person: Person) -> list[str]:
        """Addresses at which people open the person's records."""
        found = []
        if person.contact_hubspot and "hubspot" in self.orgs:
            org, host = self.orgs["hubspot"]
            found.append(
                f"https://{host or 'app.hubspot.com'}/contacts/{org}/record/0-1/{person.contact_hubspot}"
            )
        salesforce = person.lead_salesforce or person.contact_salesforce
        if salesforce and self.orgs.get("salesforce", ("", ""))[1]:
            found.append(f"https://{self.orgs['salesforce'][1]}/{salesforce}")
        return found


def gather(
    connection: duckdb.DuckDBPyConnection, people: Iterable[str], as_of: datetime,
    no_senders: frozenset[str] = frozenset(),
) -> Facts:  # fmt: skip
    """Facts of these people, of all owners and connections."""
    ids = sorted(set(people))
    facts = Facts(
        orgs={row[0]: (row[1], row[2] or "") for row in connection.execute(_CONNECTIONS).fetchall()},
        no_senders=no_senders,
    )
    links = dict(connection.execute(_LINKS).fetchall())
    for email, name, hubspot, salesforce in connection.execute(_OWNERS).fetchall():
        facts.owners[email] = Owner(email, name or email, hubspot, salesforce, links.get(email))
    if not ids:
        return facts
    facts.journeys = journeys.gather(connection, ids)
    facts.new_lead = connection.execute(_NEW_LEADS).fetchone()
    if facts.new_lead is not None:
        facts.with_open_lead = frozenset(row[0] for row in connection.execute(_OPEN_LEADS).fetchall())
    touches: dict[str, list[dict[str, Any]]] = {}
    for person_id, at, kind, campaign in connection.execute(
        _TOUCHES, {"ids": ids, "as_of": as_of}
    ).fetchall():
        touches.setdefault(person_id, []).append(
            {"on": f"{at:%Y-%m-%d}", "what": kind.replace("_", " "), "campaign": campaign}
        )
    rows = connection.execute(_PEOPLE, {"ids": ids}).fetchall()
    accounts = sorted({row[10] for row in rows if row[10]})
    deals: dict[str, list[dict[str, Any]]] = {}
    for account, name, stage, amount, currency in connection.execute(_DEALS, {"ids": accounts}).fetchall():
        deals.setdefault(account, []).append(
            {"name": name, "stage": stage, "amount": amount, "currency": currency}
        )
    staged, converted = _staged(connection, ids)
    refused = dict(connection.execute(_REFUSED, {"ids": ids}).fetchall())
    for row in rows:
        told = {"name": row[2] or row[1] or "somebody unnamed", "email": row[1], "job_title": row[3],
                "company": row[4], "country": row[5]}  # fmt: skip
        facts.people[row[0]] = Person(
            row[0], told, row[6], row[7], row[8], row[9], row[11],
            None if row[12] in converted else row[12], row[13],
            tuple(touches.get(row[0], ())), tuple(deals.get(row[10], ())[:5]), tuple(staged.get(row[0], ())),
            frozenset(refused.get(row[0], ())),
        )  # fmt: skip
    return facts


def _staged(
    connection: duckdb.DuckDBPyConnection, ids: list[str]
) -> tuple[dict[str, list[Staged]], frozenset[str]]:
    """Records with a stage by person; and the leads that were converted, which Salesforce changes no more."""
    found: dict[str, list[Staged]] = {}
    converted = set()
    for person_id, vendor, kind, record_id, is_converted, stage in connection.execute(
        _STAGES, {"ids": ids}
    ).fetchall():
        if is_converted:
            converted.add(record_id)
        else:
            found.setdefault(person_id, []).append(Staged(vendor, kind, record_id, stage))
    return found, frozenset(converted)
