"""What happens in Salesforce: opportunities with their history and contacts, campaign members, tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.salesforce import picklists
from sandbox.times import DAY, MINUTE, day, day_in, iso_seconds
from sandbox.worlds.model import Campaign, Deal, Moment
from sandbox.worlds.reps import HEADQUARTERS
from sandbox.worlds.salesforce_side import Salesforce, later, lead_source
from sandbox.worlds.touches import Membership, Task

Row = dict[str, Any]
STAGE = {
    name: (probability, closed, won, forecast)
    for name, probability, closed, won, forecast in picklists.STAGES
}
_MOMENT = (
    "Id", "OpportunityId", "StageName", "Amount", "Probability", "CloseDate", "ForecastCategory",
    "CreatedById", "CreatedDate", "SystemModstamp", "CurrencyIsoCode", "ExpectedRevenue", "PrevAmount",
    "PrevCloseDate", "IsDeleted",
)  # fmt: skip
_MEMBER = (
    "Id", "CampaignId", "LeadId", "ContactId", "Status", "HasResponded", "FirstRespondedDate", "CreatedDate",
    "SystemModstamp",
)  # fmt: skip
_TASK = (
    "Id", "WhoId", "WhatId", "OwnerId", "Subject", "Type", "TaskSubtype", "Status", "Priority", "IsClosed",
    "ActivityDate", "CompletedDateTime", "CreatedDate", "SystemModstamp", "IsDeleted",
    "CallDurationInSeconds",
)  # fmt: skip
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
    moments = (row for deal in deals for row in _history(side, deal))
    side.loader.add_values("OpportunityHistory", _MOMENT, moments)
    roles = picklists.PICKLISTS["OpportunityContactRole"]["Role"]
    side.loader.add("OpportunityContactRole", [
        {
            "Id": side.loader.new_id("OpportunityContactRole"), "OpportunityId": side.opportunities[deal.key],
            "ContactId": side.contacts[person.key], "Role": side.rng.choice(roles), "IsPrimary": at == 0,
            "CreatedDate": deal.created, "IsDeleted": deal.key in side.binned,
        }
        for deal in deals for at, person in enumerate(deal.contacts) if person.key in side.contacts
    ])  # fmt: skip


def _history(side: Salesforce, deal: Deal) -> Iterator[tuple[Any, ...]]:
    record_id, deleted, before = side.opportunities[deal.key], deal.key in side.binned, None
    for m in deal.moments:
        stage = stage_of(m)
        probability, _, _, forecast = STAGE[stage]
        yield (
            side.loader.new_id("OpportunityHistory"), record_id, stage, float(m.amount), float(probability),
            day(m.close), forecast, side.owner(m.rep), m.at, m.at, deal.currency,
            m.amount * probability / 100, None if before is None else float(before.amount),
            None if before is None else day(before.close), deleted,
        )  # fmt: skip
        before = m


def _opportunity(side: Salesforce, deal: Deal) -> Row:
    record_id, last = side.opportunities[deal.key], deal.last
    side.key.deals.append((deal.key, "salesforce", "Opportunity", record_id))
    stage = stage_of(last)
    probability, closed, won, forecast = STAGE[stage]
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
        "StageName": stage,
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
    side.loader.add_values("CampaignMember", _MEMBER, _memberships(side, members))


def _memberships(side: Salesforce, members: list[Membership]) -> Iterator[tuple[Any, ...]]:
    leads, contacts, campaigns, touches = side.leads, side.contacts, side.campaigns, side.key.touches
    draw, now = side.rng.random, side.business.now
    for member in members:
        key, responded = member.person.key, member.responded
        record_id = side.loader.new_id("CampaignMember")
        # Late and wrong entries: an answer dated before its campaign, an answer without a date.
        odd = draw()
        first = None if responded is None or odd < 0.005 else day_in(responded, HEADQUARTERS)
        if first and odd > 0.993:
            first = day(_early(member.campaign))
        at = responded or member.at
        yield (
            record_id, campaigns[member.campaign.key], leads.get(key), contacts.get(key), member.status,
            responded is not None, first, member.at, min(now, at + int(draw() ** 2 * DAY)),
        )  # fmt: skip
        cause = member.cause_of.key if member.cause_of else None
        touches.append((key, "salesforce", "CampaignMember", record_id, "membership", iso_seconds(at), cause))


def _early(campaign: Campaign) -> int:
    return campaign.start - 3 * DAY


def tasks(side: Salesforce, done: list[Task]) -> None:
    side.loader.add_values("Task", _TASK, _tasks(side, done))


def _tasks(side: Salesforce, done: list[Task]) -> Iterator[tuple[Any, ...]]:
    rng, leads, contacts, touches = side.rng, side.leads, side.contacts, side.key.touches
    for task in done:
        key, kind, deal = task.person.key, task.kind, task.deal
        record_id = side.loader.new_id("Task")
        yield (
            record_id, contacts.get(key) or leads.get(key),
            side.opportunities.get(deal.key) if deal else None, side.owner(task.rep), task.subject, kind,
            kind if kind in ("Call", "Email") else "Task",
            "Completed" if task.done else rng.choice(("Not Started", "In Progress")),
            "High" if rng.random() < 0.15 else "Normal", task.done is not None, day(task.at), task.done,
            task.at - 30 * MINUTE, max(task.done or 0, task.at),
            rng.random() < 0.004 or (deal is not None and deal.key in side.binned),
            rng.randrange(30, 2400) if kind == "Call" and task.done else None,
        )  # fmt: skip
        if task.done is not None:
            cause = task.cause_of.key if task.cause_of else None
            touches.append(
                (key, "salesforce", "Task", record_id, kind.lower(), iso_seconds(task.done), cause)
            )
