"""What Salesforce holds of the business: leads, contacts, accounts, opportunities with history, campaigns, tasks."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce import schema
from sandbox.times import DAY, MINUTE, day, iso_seconds
from sandbox.worlds import dirt, names
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.business import Business, Campaign, Company, Deal, Moment, Person, rng_for
from sandbox.worlds.reps import STAFF, Rep
from sandbox.worlds.salesforce_org import QUEUE_ID, Loader
from sandbox.worlds.touches import Membership, Task

Row = dict[str, Any]
STAGE = {
    name: (probability, closed, won, forecast) for name, probability, closed, won, forecast in schema.STAGES
}
_OPEN = [name for name, _, closed, _, _ in schema.STAGES if not closed]


@dataclass
class Salesforce:
    """The side while it is being filled: which record stands for whom."""

    loader: Loader
    business: Business
    rng: random.Random
    key: AnswerKey
    addresses: dict[int, str]
    users: dict[str, str] = field(default_factory=dict)
    accounts: dict[int, str] = field(default_factory=dict)
    leads: dict[int, str] = field(default_factory=dict)
    contacts: dict[int, str] = field(default_factory=dict)
    opportunities: dict[int, str] = field(default_factory=dict)
    campaigns: dict[int, str] = field(default_factory=dict)

    def owner(self, rep: Rep | None) -> str:
        return QUEUE_ID if rep is None else self.users[rep.email]


def fill(
    loader: Loader, seed: int, business: Business, addresses: dict[int, str], members: list[Membership],
    tasks: list[Task], key: AnswerKey,
) -> Salesforce:  # fmt: skip
    """Put the business into an org."""
    side = Salesforce(loader, business, rng_for(seed, "salesforce"), key, addresses)
    _users(side)
    _campaigns(side)
    _accounts(side)
    deals = {p.key: d for d in business.deals if d.in_salesforce for p in reversed(d.contacts)}
    _opportunity_ids(side)
    _people(side, deals)
    _opportunities(side)
    _members(side, members)
    _tasks(side, tasks)
    return side


def _later(side: Salesforce, at: int, most: int = 40 * DAY) -> int:
    """When a record was touched last: some while after something happened to it, never after now."""
    return min(side.business.now, at + int(side.rng.random() ** 2 * most))


def _users(side: Salesforce) -> None:
    at = side.business.now - 800 * DAY
    for rep in STAFF:
        side.users[rep.email] = side.loader.new_id("User")
    side.loader.add("User", [
        {
            "Id": side.users[rep.email], "Username": rep.email, "Email": rep.email, "FirstName": rep.first,
            "LastName": rep.last, "Name": f"{rep.first} {rep.last}", "Alias": rep.first.lower()[:8], "IsActive": True,
            "UserType": "Standard", "TimeZoneSidKey": rep.time_zone, "ManagerId": side.users.get(rep.manager),
            "Title": "Sales Manager" if rep.is_manager else "Account Executive", "Department": rep.segment,
            "CreatedDate": at, "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        }
        for rep in STAFF
    ])  # fmt: skip


def _campaigns(side: Salesforce) -> None:
    rows = []
    for campaign in side.business.campaigns:
        record_id = side.campaigns[campaign.key] = side.loader.new_id("Campaign")
        running = campaign.end > side.business.now
        rows.append({
            "Id": record_id, "Name": campaign.name, "Type": campaign.kind[1],
            "Status": "In Progress" if running else "Completed", "StartDate": day(campaign.start),
            "EndDate": day(campaign.end), "BudgetedCost": float(campaign.budget), "ActualCost": float(campaign.spend),
            "IsActive": running, "CreatedDate": campaign.start - 5 * DAY, "CurrencyIsoCode": "USD",
            "OwnerId": side.owner(STAFF[campaign.key % 3]), "SystemModstamp": min(side.business.now, campaign.end),
        })  # fmt: skip
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
        "Id": record_id, "Name": dirt.company_name(side.rng, company),
        "Website": None if side.rng.random() < 0.12 else website, "Industry": schema.INDUSTRIES[company.industry],
        "NumberOfEmployees": company.employees, "AnnualRevenue": float(company.revenue),
        "BillingCity": company.place[0], "BillingState": company.place[1], "BillingCountry": company.place[2],
        "Type": "Prospect", "OwnerId": side.owner(company.rep), "CreatedDate": company.created,
        "CurrencyIsoCode": company.place[4], "SystemModstamp": _later(side, company.created, 300 * DAY),
    }  # fmt: skip


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
        leads.append(_lead(side, person) | {
            "IsConverted": True, "Status": "Closed - Converted", "ConvertedDate": day(deal.created),
            "ConvertedAccountId": side.accounts[deal.company.key], "ConvertedContactId": side.contacts[person.key],
            "ConvertedOpportunityId": side.opportunities[deal.key], "SystemModstamp": deal.created,
        })  # fmt: skip


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
        extra |= {"IsDeleted": True, "SystemModstamp": _later(side, extra["SystemModstamp"])}
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
        "Title": person.title, "LeadSource": names.LEAD_SOURCES[person.origin],
        "HasOptedOutOfEmail": person.opted_out, "SystemModstamp": _later(side, max(person.created, entered)),
        "CurrencyIsoCode": person.company.place[4] if person.company else "USD",
    }  # fmt: skip


def _lead(side: Salesforce, person: Person, *, remember: bool = True) -> Row:
    record_id = side.loader.new_id("Lead")
    if remember:
        side.leads[person.key] = record_id
    company = person.company
    status = "Open - Not Contacted" if person.rep is None else side.rng.choice(
        ("Open - Not Contacted", "Working - Contacted", "Working - Contacted", "Closed - Not Converted"))  # fmt: skip
    return _identity(side, person, "Lead", record_id) | {
        "Company": dirt.company_name(side.rng, company) if company else "[not provided]", "Status": status,
        "Industry": schema.INDUSTRIES[company.industry] if company else None,
        "City": company.place[0] if company else None, "State": company.place[1] if company else None,
        "Country": company.place[2] if company else None, "OwnerId": side.owner(person.rep),
        "CreatedDate": person.created, "IsUnreadByOwner": person.rep is None,
    }  # fmt: skip


def _contact(side: Salesforce, person: Person, created: int) -> Row:
    record_id = side.contacts[person.key] = side.loader.new_id("Contact")
    company = person.company
    identity = _identity(side, person, "Contact", record_id)
    return identity | {
        "AccountId": side.accounts[company.key] if company else None, "OwnerId": side.owner(person.rep),
        "MailingCity": company.place[0] if company else None, "MailingState": company.place[1] if company else None,
        "MailingCountry": company.place[2] if company else None, "CreatedDate": created,
        "SystemModstamp": max(created, identity["SystemModstamp"]),
    }  # fmt: skip


def stage_of(moment: Moment) -> str:
    if moment.progress < 0:
        return "Closed Lost"
    return (
        "Closed Won"
        if moment.progress == 2
        else _OPEN[min(len(_OPEN) - 1, int(moment.progress * len(_OPEN)))]
    )


def _opportunities(side: Salesforce) -> None:
    deals = [d for d in side.business.deals if d.in_salesforce]
    side.loader.add("Opportunity", [_opportunity(side, deal) for deal in deals])
    side.loader.add("OpportunityHistory", [
        {
            "Id": side.loader.new_id("OpportunityHistory"), "OpportunityId": side.opportunities[deal.key],
            "StageName": stage_of(m), "Amount": float(m.amount), "Probability": float(STAGE[stage_of(m)][0]),
            "CloseDate": day(m.close), "ForecastCategory": STAGE[stage_of(m)][3], "CreatedById": side.owner(m.rep),
            "CreatedDate": m.at, "SystemModstamp": m.at, "CurrencyIsoCode": deal.currency,
            "ExpectedRevenue": m.amount * STAGE[stage_of(m)][0] / 100,
        }
        for deal in deals for m in deal.moments
    ])  # fmt: skip
    roles = schema.PICKLISTS["OpportunityContactRole"]["Role"]
    side.loader.add("OpportunityContactRole", [
        {
            "Id": side.loader.new_id("OpportunityContactRole"), "OpportunityId": side.opportunities[deal.key],
            "ContactId": side.contacts[person.key], "Role": side.rng.choice(roles), "IsPrimary": at == 0,
            "CreatedDate": deal.created,
        }
        for deal in deals for at, person in enumerate(deal.contacts) if person.key in side.contacts
    ])  # fmt: skip


def _opportunity(side: Salesforce, deal: Deal) -> Row:
    record_id, last = side.opportunities[deal.key], deal.last
    side.key.deals.append((deal.key, "salesforce", "Opportunity", record_id))
    probability, closed, won, forecast = STAGE[stage_of(last)]
    primary = deal.contacts[0]
    campaign = primary.campaign
    deleted = not closed and side.rng.random() < 0.02
    return {
        "Id": record_id, "Name": deal.name[:120], "AccountId": side.accounts[deal.company.key],
        "ContactId": side.contacts.get(primary.key), "CampaignId": side.campaigns[campaign.key] if campaign else None,
        "OwnerId": side.owner(last.rep), "StageName": stage_of(last), "Amount": float(last.amount),
        "CurrencyIsoCode": deal.currency, "Probability": float(probability), "CloseDate": day(last.close),
        "ExpectedRevenue": last.amount * probability / 100,
        "Type": "Existing Business" if deal.repeat else "New Business", "LeadSource": names.LEAD_SOURCES[primary.origin],
        "IsClosed": closed, "IsWon": won, "ForecastCategory": forecast,
        "ForecastCategoryName": schema.FORECAST_NAMES[forecast], "IsDeleted": deleted,
        "CreatedDate": deal.created, "SystemModstamp": _later(side, last.at, 3 * DAY) if deleted else last.at,
    }  # fmt: skip


def _members(side: Salesforce, members: list[Membership]) -> None:
    rows = []
    for member in members:
        record_id = side.loader.new_id("CampaignMember")
        lead, contact = side.leads.get(member.person.key), side.contacts.get(member.person.key)
        responded = member.responded
        # Late and wrong entries: an answer dated before its campaign, an answer without a date.
        odd = side.rng.random()
        first = None if responded is None or odd < 0.005 else day(responded)
        if first and odd > 0.993:
            first = day(_early(member.campaign))
        rows.append({
            "Id": record_id, "CampaignId": side.campaigns[member.campaign.key], "LeadId": lead, "ContactId": contact,
            "Status": member.status, "HasResponded": responded is not None, "FirstRespondedDate": first,
            "CreatedDate": member.at, "SystemModstamp": _later(side, responded or member.at, DAY),
        })  # fmt: skip
        cause = member.cause_of.key if member.cause_of else None
        side.key.touches.append((member.person.key, "salesforce", "CampaignMember", record_id, "membership",
                                 iso_seconds(responded or member.at), cause))  # fmt: skip
    side.loader.add("CampaignMember", rows)


def _early(campaign: Campaign) -> int:
    return campaign.start - 3 * DAY


def _tasks(side: Salesforce, tasks: list[Task]) -> None:
    rows = []
    for task in tasks:
        record_id = side.loader.new_id("Task")
        who = side.contacts.get(task.person.key) or side.leads.get(task.person.key)
        what = side.opportunities.get(task.deal.key) if task.deal else None
        rows.append({
            "Id": record_id, "WhoId": who, "WhatId": what, "OwnerId": side.owner(task.rep), "Subject": task.subject,
            "Type": task.kind, "TaskSubtype": task.kind if task.kind in ("Call", "Email") else "Task",
            "Status": "Completed" if task.done else side.rng.choice(("Not Started", "In Progress")),
            "Priority": "High" if side.rng.random() < 0.15 else "Normal", "IsClosed": task.done is not None,
            "ActivityDate": day(task.at), "CompletedDateTime": task.done, "CreatedDate": task.at - 30 * MINUTE,
            "SystemModstamp": max(task.done or 0, task.at), "IsDeleted": side.rng.random() < 0.004,
            "CallDurationInSeconds": side.rng.randrange(30, 2400) if task.kind == "Call" and task.done else None,
        })  # fmt: skip
        if task.done is not None:
            cause = task.cause_of.key if task.cause_of else None
            side.key.touches.append((task.person.key, "salesforce", "Task", record_id, task.kind.lower(),
                                     iso_seconds(task.done), cause))  # fmt: skip
    side.loader.add("Task", rows)
