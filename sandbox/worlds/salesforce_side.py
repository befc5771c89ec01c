"""What Salesforce holds of the business: users and campaigns, then a region's accounts, leads and contacts.

What its people do is in `salesforce_activity` and `salesforce_service`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce import picklists
from sandbox.times import DAY, day
from sandbox.worlds import dirt, names
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.model import Business, Company, Deal, Person
from sandbox.worlds.region import Records, Region
from sandbox.worlds.reps import STAFF, Rep
from sandbox.worlds.salesforce_org import QUEUE_ID, Loader

Row = dict[str, Any]
_UNTOLD = dict.fromkeys((
    "IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId",
    "IsDeleted", "MasterRecordId",
))  # fmt: skip
"""What few leads have, named for all of them: rows that name the same are stored together."""


@dataclass
class Salesforce:
    """The side while it is being filled: which record stands for whom of the region at hand."""

    loader: Loader
    draws: Draws
    key: AnswerKey
    business: Business
    rng: random.Random = field(init=False)
    addresses: dict[int, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    campaigns: dict[int, str] = field(default_factory=dict)
    records: Records = field(default_factory=Records)
    territories: dict[str, str] = field(default_factory=dict)
    """By currency."""
    binned: set[int] = field(default_factory=set)
    """Deals of the region whose opportunity was deleted; what hangs on them went along."""
    models: dict[str, str] = field(default_factory=dict)
    """Of campaign influence, by name."""
    before: dict[str, str] = field(default_factory=dict)
    """The last id of an object that earlier regions took."""
    cases: int = 0
    """How many so far: they are numbered."""
    prices: dict[str, list[tuple[str, str, str, str, float]]] = field(default_factory=dict)
    """By currency: price book entry, product, its name and code, and the price."""

    def __post_init__(self) -> None:
        self.rng = self.draws("salesforce")

    @property
    def accounts(self) -> dict[int, str]:
        return self.records.accounts

    @property
    def leads(self) -> dict[int, str]:
        return self.records.leads

    @property
    def contacts(self) -> dict[int, str]:
        return self.records.contacts

    @property
    def opportunities(self) -> dict[int, str]:
        return self.records.opportunities

    def owner(self, rep: Rep | None) -> str:
        return QUEUE_ID if rep is None else self.users[rep.email]


def start(side: Salesforce) -> None:
    """Put users and campaigns into an org."""
    _users(side)
    _campaigns(side)


def add(side: Salesforce, region: Region) -> None:
    """Put accounts and people of a region into it; ids of its opportunities are settled here too."""
    side.business, side.records = region.business, Records(campaigns=side.campaigns)
    side.addresses = {person: address[1] for person, address in region.addresses.items()}
    side.before = {name: side.loader.last_id(name) for name in ("Account", "Contact", "Lead")}
    business = region.business
    _accounts(side)
    # A lead was converted by its person's first deal, so earlier deals overwrite later ones.
    deals = {p.key: d for d in reversed(business.deals) if d.in_salesforce for p in d.contacts}
    _opportunity_ids(side)
    _people(side, deals)


def later(side: Salesforce, at: int, most: int = 40 * DAY) -> int:
    """When a record was touched last: some while after something happened to it, never after now."""
    return min(side.business.now, at + int(side.rng.random() ** 2 * most))


def _users(side: Salesforce) -> None:
    at = side.business.now - 800 * DAY
    for rep in STAFF:
        side.users[rep.email] = side.loader.new_id("User")
    side.loader.add(
        "User",
        [
            {
                "Id": side.users[rep.email],
                "Username": rep.email,
                "Email": rep.email,
                "FirstName": rep.first,
                "LastName": rep.last,
                "Name": f"{rep.first} {rep.last}",
                "Alias": rep.first.lower()[:8],
                "IsActive": True,
                "UserType": "Standard",
                "TimeZoneSidKey": rep.time_zone,
                "ManagerId": side.users.get(rep.manager),
                "Title": "Sales Manager" if rep.is_manager else "Account Executive",
                "Department": rep.segment,
                "CreatedDate": at,
                "LocaleSidKey": "en_US",
                "LanguageLocaleKey": "en_US",
            }
            for rep in STAFF
        ],
    )


def _campaigns(side: Salesforce) -> None:
    rows = []
    for campaign in side.business.campaigns:
        record_id = side.campaigns[campaign.key] = side.loader.new_id("Campaign")
        running = campaign.end > side.business.now
        rows.append(
            {
                "Id": record_id,
                "Name": campaign.name,
                "Type": campaign.kind[1],
                "Status": "In Progress" if running else "Completed",
                "StartDate": day(campaign.start),
                "EndDate": day(campaign.end),
                "BudgetedCost": float(campaign.budget),
                "ActualCost": float(campaign.spend),
                "IsActive": running,
                "CreatedDate": campaign.start - 5 * DAY,
                "CurrencyIsoCode": campaign.currency,
                "OwnerId": side.owner(STAFF[campaign.key % 3]),
                "SystemModstamp": min(side.business.now, campaign.end),
            }
        )
    side.loader.add("Campaign", rows)


def _accounts(side: Salesforce) -> None:
    rows = []
    for company in side.business.companies:
        side.accounts[company.key] = side.loader.new_id("Account")
        rows.append(_account(side, company, side.accounts[company.key]))
        if side.rng.random() < 0.03:
            rows.append(_account(side, company, side.loader.new_id("Account")))
    side.loader.add("Account", rows)


def _account(side: Salesforce, company: Company, record_id: str) -> Row:
    side.key.companies.append((company.key, "salesforce", "Account", record_id))
    website = side.rng.choice(("https://www.{}", "http://{}/", "www.{}", "{}", "{}")).format(company.domain)
    return {
        "Id": record_id,
        "Name": dirt.company_name(side.rng, company),
        "Website": None if side.rng.random() < 0.12 else website,
        "Industry": picklists.INDUSTRIES[company.industry],
        "NumberOfEmployees": company.employees,
        "AnnualRevenue": float(company.revenue),
        "BillingCity": company.place[0],
        "BillingState": company.place[1],
        "BillingCountry": company.place[2],
        "Type": "Prospect",
        "OwnerId": side.owner(company.rep),
        "CreatedDate": company.created,
        "CurrencyIsoCode": company.place[4],
        "SystemModstamp": later(side, company.created, 300 * DAY),
    }


def _opportunity_ids(side: Salesforce) -> None:
    for deal in side.business.deals:
        if deal.in_salesforce:
            side.opportunities[deal.key] = side.loader.new_id("Opportunity")


def _people(side: Salesforce, deals: dict[int, Deal]) -> None:
    leads: list[Row] = []
    contacts: list[Row] = []
    for person in side.business.people:
        if not person.in_salesforce:
            continue
        deal = deals.get(person.key)
        if deal is not None:
            _buyer(side, person, deal, leads, contacts)
        elif person.company and person.rep and side.rng.random() < 0.25:
            contacts.append(_contact(side, person, person.created))
        else:
            leads.append(_lead(side, person))
        _doubles(side, person, leads, contacts)
    side.loader.add("Lead", leads)
    side.loader.add("Contact", contacts)


def _buyer(side: Salesforce, person: Person, deal: Deal, leads: list[Row], contacts: list[Row]) -> None:
    """Someone with a deal is a contact; most began as a lead that was converted when the deal opened."""
    converted = side.rng.random() < 0.7 and deal.contacts[0] is person
    contacts.append(_contact(side, person, deal.created if converted else person.created))
    if converted:
        leads.append(
            _lead(side, person)
            | {
                "IsConverted": True,
                "Status": "Closed - Converted",
                "ConvertedDate": day(deal.created),
                "ConvertedAccountId": side.accounts[deal.company.key],
                "ConvertedContactId": side.contacts[person.key],
                "ConvertedOpportunityId": side.opportunities[deal.key],
                "SystemModstamp": deal.created,
            }
        )


def _doubles(side: Salesforce, person: Person, leads: list[Row], contacts: list[Row]) -> None:
    """Records that are there twice, were merged away or deleted."""
    draw = side.rng.random()
    if draw > 0.06 or person.rep is None:
        return
    now = side.business.now
    original = side.leads.get(person.key)
    extra = _lead(side, person, remember=False)
    extra["CreatedDate"] = min(now, person.created + side.rng.randrange(5, 90) * DAY)
    extra["SystemModstamp"] = max(extra["CreatedDate"], extra["SystemModstamp"])
    if draw < 0.012:
        extra |= {"IsDeleted": True, "SystemModstamp": later(side, extra["SystemModstamp"])}
        if draw < 0.006 and original and person.key not in side.contacts:
            extra["MasterRecordId"] = original
    leads.append(extra)


def _identity(side: Salesforce, person: Person, name: str, record_id: str) -> Row:
    side.key.persons.append((person.key, "salesforce", name, record_id))
    first, last = dirt.person_name(side.rng, person)
    entered = max(person.stages.values())
    return {
        "Id": record_id, "FirstName": first, "LastName": last, "Name": f"{first} {last}",
        "Email": side.addresses.get(person.key, person.email), "Phone": dirt.phone(side.rng, person),
        "Title": person.title, "LeadSource": lead_source(person),
        "HasOptedOutOfEmail": person.opted_out, "SystemModstamp": later(side, max(person.created, entered)),
        "CurrencyIsoCode": person.company.place[4] if person.company else "USD",
    }  # fmt: skip


def lead_source(person: Person) -> str:
    return "Purchased List" if person.untouched else names.LEAD_SOURCES[person.origin]


def _lead(side: Salesforce, person: Person, *, remember: bool = True) -> Row:
    record_id = side.loader.new_id("Lead")
    if remember:
        side.leads[person.key] = record_id
    company = person.company
    status = (
        "Open - Not Contacted"
        if person.rep is None
        else side.rng.choice(
            ("Open - Not Contacted", "Working - Contacted", "Working - Contacted", "Closed - Not Converted")
        )
    )
    return _identity(side, person, "Lead", record_id) | {
        "Company": dirt.company_name(side.rng, company) if company else "[not provided]", "Status": status,
        "Industry": picklists.INDUSTRIES[company.industry] if company else None,
        "City": company.place[0] if company else None, "State": company.place[1] if company else None,
        "Country": company.place[2] if company else None, "OwnerId": side.owner(person.rep),
        "CreatedDate": person.created, "IsUnreadByOwner": person.rep is None, **_UNTOLD,
    }  # fmt: skip


def _contact(side: Salesforce, person: Person, created: int) -> Row:
    record_id = side.contacts[person.key] = side.loader.new_id("Contact")
    company = person.company
    identity = _identity(side, person, "Contact", record_id)
    return identity | {
        "AccountId": side.accounts[company.key] if company else None,
        "OwnerId": side.owner(person.rep),
        "MailingCity": company.place[0] if company else None,
        "MailingState": company.place[1] if company else None,
        "MailingCountry": company.place[2] if company else None,
        "CreatedDate": created,
        "SystemModstamp": max(created, identity["SystemModstamp"]),
    }
