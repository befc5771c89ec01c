"""What HubSpot holds of the business: contacts with their touches, companies, deals with history."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.hubspot import catalog
from sandbox.hubspot.further_objects import ENGAGEMENTS
from sandbox.store import Store
from sandbox.times import DAY, HOUR, iso
from sandbox.worlds import dirt
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.hubspot_links import Links
from sandbox.worlds.model import Business, Company, Person
from sandbox.worlds.region import Records, Region
from sandbox.worlds.reps import STAFF, Rep

FIRST_ID = 100_001
_FORMS = ("Newsletter sign-up", "Demo request", "Whitepaper download", "Contact us", "Webinar registration")
_DATED = {plural: (kind.created, kind.modified) for plural, kind in catalog.TYPES.items()}
"""Under which names records say when they were made and changed."""
_RANK = {stage: rank for rank, stage in enumerate(catalog.LIFECYCLE)}
_ENTERED = {stage: f"hs_v2_date_entered_{stage}" for stage in catalog.LIFECYCLE}
_CONVERSIONS = {"lead": "OPEN", "marketingqualifiedlead": "IN_PROGRESS", "opportunity": "OPEN_DEAL"}
Props = dict[str, str]


@dataclass
class Tally:
    """What is counted over all regions and stored when the last one is in."""

    brought: dict[int, int] = field(default_factory=dict)
    """People by the campaign they came by."""
    influenced: dict[int, dict[int, int]] = field(default_factory=dict)
    """By campaign: contacts that it had a part in, and when."""
    won: dict[int, list[int]] = field(default_factory=dict)
    """Amounts of deals by the campaign of their first contact."""
    quotas: dict[tuple[str, str], int] = field(default_factory=dict)
    """Won by rep and quarter."""
    listed: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    """A list's size, and when the last member was added."""
    seats: int = 0
    attended: dict[int, dict[str, int]] = field(default_factory=dict)
    """States of participation by marketing event."""
    mailed: dict[int, tuple[dict[str, int], int]] = field(default_factory=dict)
    """Kinds of events by mailing, and when the last happened."""
    consents: int = 0


@dataclass
class HubSpot:
    """The side while it is being filled.

    `companies`, `contacts`, `taken` and `links` are of the region at hand.
    """

    store: Store
    draws: Draws
    key: AnswerKey
    business: Business
    salesforce: Records = field(default_factory=Records)
    addresses: dict[int, tuple[str, str]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    companies: dict[int, int] = field(default_factory=dict)
    contacts: dict[int, int] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    waiting: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    known: list[tuple[str, int]] = field(default_factory=list)
    """Addresses that wait, with the contact each is of."""
    next_id: dict[str, int] = field(default_factory=dict)
    meetings: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Id and URL of a rep's meeting link, by their address."""
    forms: list[str] = field(default_factory=list)
    products: list[int] = field(default_factory=list)
    amounts: dict[int, int] = field(default_factory=dict)
    """By deal of the region: what it comes to here."""
    tally: Tally = field(default_factory=Tally)
    rng: random.Random = field(init=False)
    scores: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng, self.scores = self.draws("hubspot"), self.draws("hubspot scores")

    def new_id(self, plural: str) -> int:
        together = "engagements" if plural in ENGAGEMENTS else plural
        self.next_id[together] = self.next_id.get(together, FIRST_ID - 1) + 1
        return self.next_id[together]


def start(side: HubSpot) -> None:
    """Put owners and campaigns into a portal."""
    _owners(side)
    _campaigns(side)


def add(side: HubSpot, region: Region, salesforce: Records) -> None:
    """Put a region's companies and contacts into it."""
    side.business, side.salesforce = region.business, salesforce
    side.addresses = {person: (address[0], address[2]) for person, address in region.addresses.items()}
    side.companies, side.contacts, side.taken = {}, {}, {}
    _companies(side)
    _contacts(side)
    store(side)


def save(side: HubSpot, plural: str, record_id: int, props: Props, created: int, modified: int,
         archived_at: int | None = None) -> None:  # fmt: skip
    """One record, with the properties every record has."""
    side.waiting.setdefault(plural, []).append(
        (record_id, created, modified, archived_at is not None, archived_at,
         packed(plural, record_id, props, created, modified))
    )  # fmt: skip


def packed(plural: str, record_id: int, props: Props, created: int, modified: int) -> bytes:
    """What a record says, its empty values left out, and what every record says."""
    shown = {name: value for name, value in props.items() if value}
    named = _DATED[plural]
    shown["hs_object_id"], shown[named[0]] = str(record_id), iso(created)
    shown[named[1]] = iso(modified)
    return orjson.dumps(shown)


def store(side: HubSpot) -> None:
    """Insert the records and the history that wait."""
    for plural, rows in side.waiting.items():
        side.store.db.executemany(
            f'insert into "{plural}" (id, created, modified, archived, archived_at, props) '
            "values (?, ?, ?, ?, ?, ?)",
            rows,
        )
    side.store.db.executemany("insert into history values (?, ?, ?, ?, ?, 'CRM_UI', ?)", side.history)
    side.store.db.executemany("insert or replace into addresses values (?, ?)", sorted(side.known))
    side.waiting, side.history, side.known = {}, [], []


def _owners(side: HubSpot) -> None:
    at = side.business.now - 800 * DAY
    for number, rep in enumerate(STAFF):
        side.owners[rep.email] = 70_001 + number
        side.store.db.execute(
            "insert into owners values (?, ?, ?, ?, ?, 0, ?, ?)",
            (70_001 + number, rep.email, rep.first, rep.last, 9_001 + number, at, at),
        )


def _campaigns(side: HubSpot) -> None:
    for campaign in side.business.campaigns:
        uid = f"{campaign.key:08d}-cafe-4000-8000-{campaign.start % 10**12:012d}"
        running = campaign.end > side.business.now
        props = {
            "hs_name": campaign.name,
            "hs_campaign_status": "in_progress" if running else "completed",
            "hs_utm": campaign.utm,
            "hs_start_date": iso(campaign.start)[:10],
            "hs_end_date": iso(campaign.end)[:10],
            "hs_budget_items_sum_amount": f"{campaign.budget}.0",
            "hs_spend_items_sum_amount": f"{campaign.spend}.0",
            "hs_currency_code": campaign.currency,
            "hs_object_id": str(600_001 + campaign.key),
        }
        created = campaign.start - 6 * DAY
        modified = min(side.business.now, campaign.end)
        side.store.db.execute(
            "insert into campaigns values (?, ?, ?, ?)", (uid, created, modified, orjson.dumps(props))
        )


def _owner(side: HubSpot, rep: Rep | None) -> str:
    return "" if rep is None else str(side.owners[rep.email])


def _companies(side: HubSpot) -> None:
    for company in side.business.companies:
        side.companies[company.key] = _company(side, company, side.rng.random() < 0.93)
        if side.rng.random() < 0.02:
            _company(side, company, side.rng.random() < 0.5)


def _company(side: HubSpot, company: Company, with_domain: bool) -> int:
    record_id = side.new_id("companies")
    side.key.companies.append((company.key, "hubspot", "companies", str(record_id)))
    linked = side.rng.random() < 0.4
    props = {
        "name": dirt.company_name(side.rng, company),
        "domain": company.domain if with_domain else "",
        "industry": catalog.OPTIONS["industry"][company.industry],
        "numberofemployees": str(company.employees),
        "annualrevenue": str(company.revenue),
        "city": company.place[0],
        "state": company.place[1],
        "country": company.place[2],
        "hubspot_owner_id": _owner(side, company.rep),
        "salesforceaccountid": side.salesforce.accounts[company.key] if linked else "",
    }
    modified = min(side.business.now, company.created + int(side.rng.random() * 400 * DAY))
    save(side, "companies", record_id, props, company.created + HOUR, max(company.created + HOUR, modified))
    return record_id


def _contacts(side: HubSpot) -> None:
    for person in side.business.people:
        if not person.in_hubspot:
            continue
        draw = side.rng.random()
        if draw < 0.006 and person.rep:
            _merged(side, person)
            continue
        record_id = _contact(side, person, archived=draw > 0.992 and person.rep is not None)
        if 0.006 <= draw < 0.036 and person.rep:
            _contact(side, person, double=True)
        side.contacts[person.key] = record_id


def _contact(side: HubSpot, person: Person, *, double: bool = False, archived: bool = False,
             merged: tuple[int, ...] = ()) -> int:  # fmt: skip
    record_id = side.new_id("contacts")
    side.key.persons.append((person.key, "hubspot", "contacts", str(record_id)))
    props = _identity(side, person, record_id, double)
    props |= _lifecycle(side, person)
    props |= _marketing(side, person, record_id, counted=not double and not archived)
    if merged:
        props["hs_merged_object_ids"] = ";".join(str(i) for i in merged)
    last = max([person.created, *person.stages.values()])
    modified = min(side.business.now, last + int(side.rng.random() ** 3 * 60 * DAY))
    company = side.companies.get(person.company.key) if person.company else None
    if company and side.rng.random() < 0.94:
        props["associatedcompanyid"] = str(company)
        side.links.add("contacts", record_id, "companies", company, primary=True)
    if archived:
        for email in (props.get("email"), props.get("hs_additional_emails")):
            side.taken.pop(email or "", None)
    save(side, "contacts", record_id, props, person.created, modified, modified if archived else None)
    side.history += [
        ("contacts", record_id, "lifecyclestage", at, stage, "userId:9001")
        for stage, at in person.stages.items()
    ]
    for email in (props.get("email"), props.get("hs_additional_emails")):
        if email and side.taken.get(email) == record_id:
            side.known.append((email, record_id))
    return record_id


def _merged(side: HubSpot, person: Person) -> None:
    """Two records that became a third; both old ids lead to it."""
    old = (side.new_id("contacts"), side.new_id("contacts"))
    side.contacts[person.key] = current = _contact(side, person, merged=old)
    side.store.db.executemany("insert into aliases values ('contacts', ?, ?)", [(i, current) for i in old])


def _identity(side: HubSpot, person: Person, record_id: int, double: bool) -> Props:
    first, last = (person.first, person.last) if not double else dirt.person_name(side.rng, person)
    email, other = side.addresses.get(person.key, (person.email, ""))
    if double:
        email, other = (dirt.other_address(side.rng, person) if side.rng.random() < 0.5 else ""), ""
    # HubSpot keeps an address once: a second record of it has none.
    email, other = ("" if e in side.taken else e for e in (email.lower(), other.lower()))
    for address in filter(None, (email, other)):
        side.taken[address] = record_id
    linked = side.rng.random() < 0.35 and not double
    return {
        "email": email,
        "hs_additional_emails": other,
        "firstname": first,
        "lastname": last,
        "phone": person.phone if side.rng.random() < 0.8 else dirt.phone(side.rng, person),
        "company": person.company.name if person.company else "",
        "jobtitle": person.title,
        "city": person.company.place[0] if person.company else "",
        "state": person.company.place[1] if person.company else "",
        "country": person.company.place[2] if person.company else "",
        "hubspot_owner_id": _owner(side, person.rep),
        "hs_email_optout": "true" if person.opted_out else "false",
        "salesforceleadid": side.salesforce.leads.get(person.key, "") if linked else "",
        "salesforcecontactid": side.salesforce.contacts.get(person.key, "") if linked else "",
    }


def _lifecycle(side: HubSpot, person: Person) -> Props:
    stage = max(person.stages, key=_RANK.__getitem__)
    status = "NEW" if person.rep is None else _CONVERSIONS.get(stage, "CONNECTED")
    if status != "NEW" and side.rng.random() < 0.1:
        status = side.rng.choice(("UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "BAD_TIMING"))
    return {
        "lifecyclestage": stage, "hs_lead_status": status, "hubspotscore": _score(side, person, stage),
        **{_ENTERED[name]: iso(at) for name, at in person.stages.items()},
    }  # fmt: skip


def _score(side: HubSpot, person: Person, stage: str) -> str:
    """HubSpot's own score: it has no upper bound, follows the stage loosely, and one in ten has none."""
    rng = side.scores
    return "" if rng.random() < 0.1 else str(max(0, round(rng.gauss(12 + 14 * _RANK[stage], 12))))


def _marketing(side: HubSpot, person: Person, record_id: int, *, counted: bool) -> Props:
    """Where the person came from, where they were seen last, which forms they sent."""
    rng, now = side.rng, side.business.now
    if person.untouched:
        return {
            "hs_analytics_source": "OFFLINE", "hs_analytics_source_data_1": "IMPORT",
            "hs_analytics_first_timestamp": iso(person.created),
        }  # fmt: skip
    touches = {"original_source": iso(max(person.created - rng.randrange(HOUR), 0))}
    detail = (
        person.campaign.utm
        if person.campaign
        else rng.choice(("google", "bing", "linkedin", "direct", "partner"))
    )
    props = {
        "hs_analytics_source": person.origin, "hs_analytics_source_data_1": detail,
        "hs_analytics_source_data_2": person.campaign.kind[0] if person.campaign else "",
        "hs_analytics_first_timestamp": touches["original_source"],
    }  # fmt: skip
    latest = min(now, person.created + int(rng.expovariate(1 / 60) * DAY) + HOUR)
    source = rng.choice(catalog.SOURCES) if rng.random() < 0.4 else person.origin
    if rng.random() < 0.88:
        seen = touches["latest_offline" if source == "OFFLINE" else "latest_source"] = iso(latest)
        props |= {
            "hs_latest_source": source,
            "hs_latest_source_timestamp": seen,
            "hs_latest_source_data_1": detail if source == person.origin else source.lower(),
        }
    if rng.random() < 0.5:
        first = min(now, person.created + rng.randrange(30 * DAY))
        count = rng.choice((1, 1, 2, 3))
        touches["conversion"] = recent = iso(first)
        if count > 1:
            recent = iso(min(now, first + rng.randrange(DAY, 200 * DAY)))
            touches["recent_conversion"] = recent
        props |= {
            "first_conversion_date": touches["conversion"], "first_conversion_event_name": rng.choice(_FORMS),
            "recent_conversion_date": recent, "recent_conversion_event_name": rng.choice(_FORMS),
            "num_conversion_events": str(count),
        }  # fmt: skip
    for kind, at in touches.items() if counted else ():
        side.key.touches.append((person.key, "hubspot", "contacts", str(record_id), kind, at, None))
    return props
