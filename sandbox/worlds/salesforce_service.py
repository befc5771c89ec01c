"""What else happens in Salesforce: products on deals, meetings, cases with mail, and field histories."""

from __future__ import annotations

import random
from typing import Any

from sandbox.salesforce import history, picklists
from sandbox.times import DAY, HOUR, MINUTE, day
from sandbox.worlds import lines
from sandbox.worlds.draw import working_time
from sandbox.worlds.model import Deal, Moment
from sandbox.worlds.salesforce_activity import STAGE, stage_of
from sandbox.worlds.salesforce_side import Salesforce

Row = dict[str, Any]
_TOLD = ("StageName", "Amount", "CloseDate", "Probability", "OwnerId")
_MEETINGS = ("Discovery call", "Demo", "Technical deep dive", "Pricing review", "Quarterly review")
_TROUBLE = ("Import stops halfway", "Invoice question", "Slow dashboard", "Login fails", "Report is empty")


def start(side: Salesforce) -> None:
    """Models of influence and the statuses of campaigns' members."""
    _models(side)
    _member_statuses(side)


def add(side: Salesforce) -> None:
    """Put a region's into the org; drawn apart, so that the rest of the world stays as it is."""
    rng = side.draws("salesforce service")
    deals = [deal for deal in side.business.deals if deal.in_salesforce]
    _line_items(side, rng, deals)
    _influence(side, deals)
    _events(side, rng, deals)
    _cases(side, rng, deals)
    _deal_history(side, deals)
    _people_history(side, rng)
    _interests(side)


def _line_items(side: Salesforce, rng: random.Random, deals: list[Deal]) -> None:
    """What a deal is made of: an opportunity with products has their sum as its amount."""
    rows = []
    for deal in deals:
        prices = side.prices[deal.currency if deal.currency in side.prices else "USD"]
        chosen = rng.sample(prices, rng.choice((1, 1, 2, 3)))
        weights = [rng.randrange(1, 40) for _ in chosen]
        total = deal.last.amount * 100
        wanted = [
            (total * weight // sum(weights), round(each[4] * 100))
            for each, weight in zip(chosen, weights, strict=True)
        ]
        priced = zip(chosen, lines.priced(total, wanted), strict=False)
        for order, ((entry, product, name, code, price), (quantity, cents)) in enumerate(priced):
            rows.append({
                "Id": side.loader.new_id("OpportunityLineItem"), "ListPrice": price,
                "OpportunityId": side.opportunities[deal.key],
                "PricebookEntryId": entry, "Product2Id": product, "ProductCode": code, "SortOrder": order + 1,
                "Name": f"{deal.name[:80]} {name}", "Quantity": float(quantity), "UnitPrice": cents / 100,
                "TotalPrice": quantity * cents / 100, "IsDeleted": deal.key in side.binned,
                "CurrencyIsoCode": deal.currency,
                "CreatedDate": deal.created, "SystemModstamp": deal.last.at,
            })  # fmt: skip
    side.loader.add("OpportunityLineItem", rows)


def _models(side: Salesforce) -> None:
    for name in ("Primary_Campaign", "Multi_Touch"):
        side.models[name] = side.loader.new_id("CampaignInfluenceModel")
    side.loader.add("CampaignInfluenceModel", [
        {"Id": key, "DeveloperName": name, "MasterLabel": name.replace("_", " "), "IsActive": True,
         "IsDefaultModel": name != "Multi_Touch", "IsModelLocked": name == "Multi_Touch",
         "CreatedDate": side.business.now - 800 * DAY}
        for name, key in side.models.items()
    ])  # fmt: skip


def _influence(side: Salesforce, deals: list[Deal]) -> None:
    rows = []
    for deal in deals:
        person = deal.contacts[0]
        if person.campaign and person.key in side.contacts:
            rows.append({
                "Id": side.loader.new_id("CampaignInfluence"), "ModelId": side.models["Primary_Campaign"],
                "CampaignId": side.campaigns[person.campaign.key], "ContactId": side.contacts[person.key],
                "OpportunityId": side.opportunities[deal.key], "Influence": 100.0,
                "RevenueShare": float(deal.last.amount), "CurrencyIsoCode": deal.currency,
                "CreatedDate": deal.created, "SystemModstamp": deal.last.at,
                "IsDeleted": deal.key in side.binned,
            })  # fmt: skip
    side.loader.add("CampaignInfluence", rows)


def _member_statuses(side: Salesforce) -> None:
    side.loader.add("CampaignMemberStatus", [
        {"Id": side.loader.new_id("CampaignMemberStatus"), "CampaignId": side.campaigns[campaign.key],
         "Label": label, "SortOrder": order, "IsDefault": order == 1,
         "HasResponded": label in picklists.RESPONDED, "CreatedDate": campaign.start - 5 * DAY}
        for campaign in side.business.campaigns
        for order, label in enumerate(picklists.PICKLISTS["CampaignMember"]["Status"], start=1)
    ])  # fmt: skip


def _events(side: Salesforce, rng: random.Random, deals: list[Deal]) -> None:
    rows = []
    for deal in deals:
        for moment in deal.moments[1:3]:
            start = working_time(rng, moment.at - 2 * DAY, moment.at) // (30 * MINUTE) * 30 * MINUTE
            length = rng.choice((30, 30, 60))
            rows.append({
                "Id": side.loader.new_id("Event"), "OwnerId": side.owner(moment.rep),
                "WhoId": side.contacts.get(deal.contacts[0].key), "WhatId": side.opportunities[deal.key],
                "AccountId": side.accounts[deal.company.key], "Subject": rng.choice(_MEETINGS),
                "ActivityDateTime": start, "StartDateTime": start, "EndDateTime": start + length * MINUTE,
                "ActivityDate": day(start), "DurationInMinutes": length, "ShowAs": "Busy",
                "EventSubtype": "Event", "CreatedDate": start - DAY, "SystemModstamp": start - HOUR,
                "IsDeleted": rng.random() < 0.02 or deal.key in side.binned,
            })  # fmt: skip
    side.loader.add("Event", rows)


def _cases(side: Salesforce, rng: random.Random, deals: list[Deal]) -> None:
    """Customers have trouble now and then; each case comes by mail and is answered."""
    cases: list[Row] = []
    mails: list[Row] = []
    changes = _Changes(side, "Case")
    for deal in deals:
        person, at = deal.contacts[0], deal.last.at + rng.randrange(5, 90) * DAY
        who = side.contacts.get(person.key)
        if deal.last.progress != 2 or who is None or at > side.business.now or rng.random() < 0.4:
            continue
        closed = at + rng.randrange(1, 10) * DAY
        is_closed = closed < side.business.now
        record_id = side.loader.new_id("Case")
        side.cases += 1
        cases.append({
            "Id": record_id, "CaseNumber": f"{side.cases:08d}", "OwnerId": side.owner(deal.last.rep),
            "ContactId": who, "AccountId": side.accounts[deal.company.key], "Subject": rng.choice(_TROUBLE),
            "Status": "Closed" if is_closed else "Working", "Origin": "Email", "Type": "Problem",
            "Priority": rng.choice(("High", "Medium", "Low")), "IsClosed": is_closed,
            "ClosedDate": closed if is_closed else None, "ContactEmail": person.email,
            "CreatedDate": at, "SystemModstamp": closed if is_closed else at + HOUR,
        })  # fmt: skip
        for incoming, sent in ((True, at), (False, at + HOUR)):
            ours = "support@northwind.example"
            mails.append({
                "Id": side.loader.new_id("EmailMessage"), "ParentId": record_id, "Incoming": incoming,
                "FromAddress": person.email if incoming else ours,
                "ToAddress": ours if incoming else person.email,
                "Subject": cases[-1]["Subject"], "TextBody": f"About: {cases[-1]['Subject']}",
                "MessageDate": sent,
                "Status": "0" if incoming else "3", "CreatedDate": sent,
            })  # fmt: skip
        changes.add(record_id, "created", at, None, None)
        if is_closed:
            changes.add(record_id, "Status", closed, "Working", "Closed")
    side.loader.add("Case", cases)
    side.loader.add("EmailMessage", mails)
    changes.store()


class _Changes:
    """Rows of an object's history."""

    def __init__(self, side: Salesforce, sobject: str) -> None:
        self.side, self.sobject = side, side.loader.objects[sobject]
        self.name, _ = history.TRACKED[sobject]
        self.names = ("Id", history.parent_field(sobject), "CreatedDate", "Field", "DataType", "OldValue",
                      "NewValue", "IsDeleted")  # fmt: skip
        self.rows: list[tuple[Any, ...]] = []
        self._shown = {"created": ("created", "Text")}

    def add(self, record_id: str, field: str, at: int | str, old: str | None, new: str | None,
            *, gone: bool = False) -> None:  # fmt: skip
        shown = self._shown.get(field)
        if shown is None:
            kind = history.DATA_TYPES.get(self.sobject.fields[field].type, "Text")
            shown = self._shown[field] = (history.SHOWN_AS.get(field, field), kind)
        self.rows.append((self.side.loader.new_id(self.name), record_id, at, *shown, old, new, gone))

    def store(self) -> None:
        self.side.loader.add_values(self.name, self.names, self.rows)


def _deal_history(side: Salesforce, deals: list[Deal]) -> None:
    """What each moment of a deal changed."""
    changes = _Changes(side, "Opportunity")
    for deal in deals:
        record_id, gone = side.opportunities[deal.key], deal.key in side.binned
        changes.add(record_id, "created", deal.created, None, None, gone=gone)
        before = None
        for moment in deal.moments:
            now = _told(side, moment)
            for field, old, new in zip(_TOLD, before or now, now, strict=True):
                if old != new:
                    changes.add(record_id, field, moment.at, old, new, gone=gone)
            before = now
    changes.store()


def _told(side: Salesforce, moment: Moment) -> tuple[str, ...]:
    """What the fields of `_TOLD` are at a moment."""
    stage = stage_of(moment)
    return (
        stage, str(float(moment.amount)), day(moment.close), str(float(STAGE[stage][0])),
        side.owner(moment.rep),
    )  # fmt: skip


def _people_history(side: Salesforce, rng: random.Random) -> None:
    leads = _stored(side, "Lead", "Id, Status, CreatedDate, SystemModstamp, IsDeleted")
    changes, first = _Changes(side, "Lead"), "Open - Not Contacted"
    for record_id, status, created, modified, deleted in leads:
        gone = deleted == "true"
        changes.add(record_id, "created", created, None, None, gone=gone)
        if status != first:
            changes.add(record_id, "Status", max(created, modified), first, status, gone=gone)
    changes.store()
    for sobject, field, before in (
        ("Contact", "Title", ("Analyst", "Manager")),
        ("Account", "Type", ("Prospect", "Other")),
    ):
        changes = _Changes(side, sobject)
        for record_id, now, at in _stored(side, sobject, f"Id, {field}, SystemModstamp"):
            if rng.random() < 0.1 and now:
                changes.add(record_id, field, at, before[now == before[0]], now)
        changes.store()


def _stored(side: Salesforce, sobject: str, columns: str) -> list[tuple[Any, ...]]:
    """Rows of the region, by id."""
    return side.loader.store.rows(
        f'select {columns} from "{sobject}" where Id > ? order by Id', (side.before.get(sobject, ""),)
    )


def _interests(side: Salesforce) -> None:
    """Some leads say what they care about: a multi-select list."""
    rng = side.draws("interests")
    values = picklists.PICKLISTS["Lead"]["Interests__c"]
    found = [
        (";".join(rng.sample(values, rng.choice((1, 2, 3)))), record_id)
        for (record_id,) in _stored(side, "Lead", "Id")
        if rng.random() < 0.3
    ]
    side.loader.store.db.executemany('update "Lead" set Interests__c = ? where Id = ?', found)
