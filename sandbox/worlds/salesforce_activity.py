"""What happens in Salesforce: opportunities with their history and contacts, campaign members, tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.salesforce import picklists
from sandbox.times import DAY, MINUTE, day, from_ms, iso_seconds
from sandbox.worlds.model import Campaign, Deal, Moment
from sandbox.worlds.reps import HEADQUARTERS
from sandbox.worlds.salesforce_side import Salesforce, later, lead_source
from sandbox.worlds.touches import Membership, Task

Row = dict[str, Any]
STAGE = {
    name: (probability, closed, won, forecast)
    for name, probability, closed, won, forecast in picklists.STAGES
}
_ZONE = ZoneInfo(HEADQUARTERS)
_OPEN = [name for name, _, closed, _, _ in picklists.STAGES if not closed]


def stage_of(moment: Moment) -> str:
    if moment.progress < 0:
        return "Closed Lost"
    return (
        "Closed Won"
        if moment.progress == 2
        else _OPEN[min(len(_OPEN) - 1, int(moment.progress * len(_OPEN)))]
    )


def opportunities(side: Salesforce) -> None:
    deals = [d for d in side.business.deals if d.in_salesforce]
    side.binned.clear()
    side.loader.add("Opportunity", [_opportunity(side, deal) for deal in deals])
    side.loader.add(
        "OpportunityHistory",
        [
            {
                "Id": side.loader.new_id("OpportunityHistory"),
                "OpportunityId": side.opportunities[deal.key],
                "StageName": stage_of(m),
                "Amount": float(m.amount),
                "Probability": float(STAGE[stage_of(m)][0]),
                "CloseDate": day(m.close),
                "ForecastCategory": STAGE[stage_of(m)][3],
                "CreatedById": side.owner(m.rep),
                "CreatedDate": m.at,
                "SystemModstamp": m.at,
                "CurrencyIsoCode": deal.currency,
                "ExpectedRevenue": m.amount * STAGE[stage_of(m)][0] / 100,
                "PrevAmount": None if before is None else float(before.amount),
                "PrevCloseDate": None if before is None else day(before.close),
                "IsDeleted": deal.key in side.binned,
            }
            for deal in deals
            for before, m in zip([None, *deal.moments], deal.moments, strict=False)
        ],
    )
    roles = picklists.PICKLISTS["OpportunityContactRole"]["Role"]
    side.loader.add("OpportunityContactRole", [
        {
            "Id": side.loader.new_id("OpportunityContactRole"), "OpportunityId": side.opportunities[deal.key],
            "ContactId": side.contacts[person.key], "Role": side.rng.choice(roles), "IsPrimary": at == 0,
            "CreatedDate": deal.created, "IsDeleted": deal.key in side.binned,
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
    if deleted:
        side.binned.add(deal.key)
    return {
        "Id": record_id,
        "Name": deal.name[:120],
        "AccountId": side.accounts[deal.company.key],
        "ContactId": side.contacts.get(primary.key),
        "CampaignId": side.campaigns[campaign.key] if campaign else None,
        "OwnerId": side.owner(last.rep),
        "StageName": stage_of(last),
        "Amount": float(last.amount),
        "CurrencyIsoCode": deal.currency,
        "Probability": float(probability),
        "CloseDate": day(last.close),
        "ExpectedRevenue": last.amount * probability / 100,
        "Type": "Existing Business" if deal.repeat else "New Business",
        "LeadSource": lead_source(primary),
        "IsClosed": closed,
        "IsWon": won,
        "ForecastCategory": forecast,
        "ForecastCategoryName": picklists.FORECAST_NAMES[forecast],
        "IsDeleted": deleted,
        "CreatedDate": deal.created,
        "SystemModstamp": later(side, last.at, 3 * DAY) if deleted else last.at,
    }


def memberships(side: Salesforce, members: list[Membership]) -> None:
    side.loader.add("CampaignMember", _memberships(side, members))


def _memberships(side: Salesforce, members: list[Membership]) -> Iterator[Row]:
    for member in members:
        record_id = side.loader.new_id("CampaignMember")
        lead, contact = side.leads.get(member.person.key), side.contacts.get(member.person.key)
        responded = member.responded
        # Late and wrong entries: an answer dated before its campaign, an answer without a date.
        odd = side.rng.random()
        first = None if responded is None or odd < 0.005 else _day(responded)
        if first and odd > 0.993:
            first = day(_early(member.campaign))
        yield {
            "Id": record_id,
            "CampaignId": side.campaigns[member.campaign.key],
            "LeadId": lead,
            "ContactId": contact,
            "Status": member.status,
            "HasResponded": responded is not None,
            "FirstRespondedDate": first,
            "CreatedDate": member.at,
            "SystemModstamp": later(side, responded or member.at, DAY),
        }
        cause = member.cause_of.key if member.cause_of else None
        side.key.touches.append((member.person.key, "salesforce", "CampaignMember", record_id, "membership",
                                 iso_seconds(responded or member.at), cause))  # fmt: skip


def _day(ms: int) -> str:
    """The date of an instant at headquarters."""
    return from_ms(ms).astimezone(_ZONE).date().isoformat()


def _early(campaign: Campaign) -> int:
    return campaign.start - 3 * DAY


def tasks(side: Salesforce, done: list[Task]) -> None:
    side.loader.add("Task", _tasks(side, done))


def _tasks(side: Salesforce, done: list[Task]) -> Iterator[Row]:
    for task in done:
        record_id = side.loader.new_id("Task")
        who = side.contacts.get(task.person.key) or side.leads.get(task.person.key)
        what = side.opportunities.get(task.deal.key) if task.deal else None
        yield {
            "Id": record_id,
            "WhoId": who,
            "WhatId": what,
            "OwnerId": side.owner(task.rep),
            "Subject": task.subject,
            "Type": task.kind,
            "TaskSubtype": task.kind if task.kind in ("Call", "Email") else "Task",
            "Status": "Completed" if task.done else side.rng.choice(("Not Started", "In Progress")),
            "Priority": "High" if side.rng.random() < 0.15 else "Normal",
            "IsClosed": task.done is not None,
            "ActivityDate": day(task.at),
            "CompletedDateTime": task.done,
            "CreatedDate": task.at - 30 * MINUTE,
            "SystemModstamp": max(task.done or 0, task.at),
            "IsDeleted": side.rng.random() < 0.004
            or (task.deal is not None and task.deal.key in side.binned),
            "CallDurationInSeconds": side.rng.randrange(30, 2400)
            if task.kind == "Call" and task.done
            else None,
        }
        if task.done is not None:
            cause = task.cause_of.key if task.cause_of else None
            side.key.touches.append(
                (
                    task.person.key,
                    "salesforce",
                    "Task",
                    record_id,
                    task.kind.lower(),
                    iso_seconds(task.done),
                    cause,
                )
            )
