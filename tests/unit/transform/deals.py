"""Deals whose histories are written down, as the rows that a CRM gives of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.fixtures.raw_tables import hubspot, salesforce

ANA, BEN = "005000000000001AAA", "005000000000002AAA"
ANA_EMAIL, BEN_EMAIL = "maya.okafor@northwind.example", "ben@elsewhere.example"
QUALIFICATION, DISCOVERY, EVALUATION = (
    "appointmentscheduled",
    "presentationscheduled",
    "decisionmakerboughtin",
)
NEGOTIATION, WON, LOST = "contractsent", "closedwon", "closedlost"
Rows = list[tuple[str, dict[str, Any]]]


def at(day: str, hour: int = 9) -> datetime:
    month, number = day.split("-")
    return datetime(2026, int(month), int(number), hour, tzinfo=UTC)


def deal(number: str, *history: tuple[str, str, str], **columns: Any) -> Rows:
    """A HubSpot deal and what was set when: (month-day, property, value). It is as its history left it."""
    now = {name: value or None for _, name, value in sorted(history, key=lambda each: each[0])}
    stage = now.get("dealstage")
    closed = {"hs_is_closed": stage in (WON, LOST), "hs_is_closed_won": stage == WON}
    amount, due = now.get("amount"), now.get("closedate")
    row = {
        "dealname": f"Deal {number}", "pipeline": now.get("pipeline", "default"), "dealstage": stage,
        "amount": Decimal(amount) if amount else None, "hubspot_owner_id": now.get("hubspot_owner_id", "70"),
        "closedate": datetime.fromisoformat(due) if due and due[0] == "2" else None,
        "createdate": at(history[0][0]), **closed,
    } | columns  # fmt: skip
    changes = [
        ("raw_hubspot.deals_property_history",
         {"id": number, "property": name, "changed_at": at(day), "value": value})
        for day, name, value in history
    ]  # fmt: skip
    return [hubspot("deals", number, **row), *changes]


def stages(*moves: tuple[str, str]) -> list[tuple[str, str, str]]:
    return [(day, "dealstage", stage) for day, stage in moves]


def opportunity(number: str, *history: tuple[str, str, int, date], **columns: Any) -> Rows:
    """A Salesforce opportunity and its history: (month-day, stage, amount, close date)."""
    key = f"006{number:>012}AAA"
    *_, (_, stage, amount, due) = history
    rows = [
        salesforce(
            "opportunity_history", f"008{number:>08}{place:04}AAA", OpportunityId=key, StageName=name,
            Amount=worth, CloseDate=close, CreatedDate=at(day),
        )
        for place, (day, name, worth, close) in enumerate(history)
    ]  # fmt: skip
    return [
        salesforce(
            "opportunity", key, Name=f"Opportunity {number}", StageName=stage, Amount=amount, CloseDate=due,
            IsClosed=stage.startswith("Closed"), IsWon=stage == "Closed Won", CurrencyIsoCode="USD",
            **{"CreatedDate": at(history[0][0]), "OwnerId": ANA, "AccountId": f"001{number:>012}AAA"}
            | columns,
        ),
        *rows,
    ]  # fmt: skip


def owner_change(key: str, kind: str, old: str, new: str) -> tuple[str, dict[str, Any]]:
    """A change of the owner of opportunity 10."""
    return "raw_salesforce.opportunity_field_history", {
        "Id": key, "OpportunityId": "006000000000010AAA", "Field": "Owner", "DataType": kind,
        "OldValue": old, "NewValue": new, "CreatedDate": at("04-15"),
    }  # fmt: skip


def twelve() -> Rows:
    due = date(2026, 6, 30)
    return [
        # 1 straight through; 2 comes back to a stage; 3 skips two; 4 goes back
        *deal("1", *stages(("03-01", QUALIFICATION), ("03-11", DISCOVERY), ("03-31", WON)),
              ("03-01", "amount", "100"), ("03-01", "closedate", "2026-03-31T00:00:00Z")),
        *deal("2", *stages(("03-01", DISCOVERY), ("03-06", EVALUATION), ("03-08", DISCOVERY),
                           ("03-18", LOST))),
        *deal("3", *stages(("03-01", QUALIFICATION), ("03-05", NEGOTIATION), ("03-06", WON))),
        *deal("4", *stages(("04-01", EVALUATION), ("04-04", QUALIFICATION))),
        # 5 changes its pipeline and its stage in one moment
        *deal("5", ("04-01", "pipeline", "default"), ("04-10", "pipeline", "renewals"),
              *stages(("04-01", QUALIFICATION), ("04-10", DISCOVERY))),
        # 6 is opened again
        *deal("6", *stages(("03-01", QUALIFICATION), ("03-02", LOST), ("03-20", DISCOVERY), ("04-20", WON))),
        # 7 was merged with 70: of two histories the survivor's is told
        *deal("7", *stages(("05-01", QUALIFICATION), ("05-10", EVALUATION)), hs_merged_object_ids=["70"]),
        *deal("70", *stages(("04-20", QUALIFICATION), ("04-28", NEGOTIATION)), deleted_at=at("05-10"),
              deleted_how="merged"),
        # 8 is in both CRMs: the history of the preferred one is told
        *opportunity("8", ("04-01", "Prospecting", 500, due), ("04-21", "Needs Analysis", 500, due)),
        *deal("80", *stages(("04-02", QUALIFICATION), ("04-09", NEGOTIATION)),
              hs_salesforceopportunityid="006000000000008AAA"),
        # 9 is pushed twice, the second time into the next quarter, grows, and loses its amount
        *opportunity("9", ("04-01", "Qualification", 500, date(2026, 5, 1)),
                     ("04-10", "Qualification", 500, date(2026, 6, 1)),
                     ("04-20", "Qualification", 900, date(2026, 7, 1))),
        # 10 changes hands; its first owner is in the history alone
        *opportunity("10", ("04-01", "Prospecting", 10, due), OwnerId=BEN),
        owner_change("017000000000001AAA", "EntityId", ANA, BEN),
        owner_change("017000000000002AAA", "Text", "Maya Okafor", "Ben Gone"),
        # 11 closes before it opens, its rows in the wrong order; 12 is in a stage that config does not know
        *deal("11", *stages(("04-20", DISCOVERY), ("04-02", WON)), createdate=at("04-20")),
        *deal("12", *stages(("04-01", "somewhere"), ("04-03", QUALIFICATION)), ("04-01", "amount", "7"),
              ("04-02", "amount", ""), ("04-01", "closedate", "not a date")),
    ]  # fmt: skip


def closed_oddly() -> Rows:
    """Deals beside the twelve whose end is not what it seems."""
    return [
        # 13 is closed in a stage that config does not know and HubSpot calls won
        *deal("13", *stages(("05-02", QUALIFICATION), ("05-04", "handshake")), ("05-02", "amount", "50"),
              ("05-04", "closedate", "2026-05-04T09:00:00Z"), hs_is_closed=True, hs_is_closed_won=True),
        *(("raw_hubspot.pipeline_stages",
           {"object_type": "deals", "pipeline_id": "default", "id": stage, "label": stage,
            "is_closed": chance == 1.0, "probability": chance})
          for stage, chance in (("handshake", 1.0), (QUALIFICATION, 0.2))),
        # 14 was won, opened again and lost; the date of its loss was corrected
        *deal("14", *stages(("05-02", DISCOVERY), ("05-03", WON), ("05-05", DISCOVERY), ("05-09", LOST)),
              ("05-02", "amount", "10"), ("05-09", "closedate", "2026-05-09T00:00:00Z"),
              ("05-10", "closedate", "2026-05-20T00:00:00Z")),
        # 15 is a refund that was booked as a deal
        *deal("15", *stages(("05-06", WON)), ("05-06", "amount", "-40"),
              ("05-06", "closedate", "2026-05-06T00:00:00Z")),
        # 16 went on to another stage in which it is won
        *deal("16", *stages(("05-02", WON), ("05-03", "handshake")),
              hs_is_closed=True, hs_is_closed_won=True),
    ]  # fmt: skip


def territories() -> Rows:
    """Deals 8, 9 and 10 are of accounts in three territories, two of which have one name."""
    named = {"8": "West", "9": "West", "10": "North"}
    return [
        row
        for number, name in named.items()
        for account, territory in [(f"001{number:>012}AAA", f"0MI{number:>012}AAA")]
        for row in (
            salesforce("account", account, Name=f"Company {number}"),
            ("raw_salesforce.territory2", {"Id": territory, "Name": name}),
            salesforce("object_territory2_association", f"0Nn{number:>012}AAA", ObjectId=account,
                       Territory2Id=territory, SobjectType="Account"),
        )
    ]  # fmt: skip


def goals() -> Rows:
    """Goals of a year, of June and of two last days of quarters, as portals of New York and Berlin do."""
    return [
        hubspot("goal_targets", "1", hs_target_amount=Decimal(1000), hubspot_owner_id="70",
                hs_start_datetime=datetime(2026, 1, 1, 5, tzinfo=UTC),
                hs_end_datetime=datetime(2027, 1, 1, 4, 59, tzinfo=UTC)),
        hubspot("goal_targets", "2", hs_target_amount=Decimal(30), hubspot_owner_id="70",
                hs_start_datetime=datetime(2026, 5, 31, 22, tzinfo=UTC),
                hs_end_datetime=datetime(2026, 6, 30, 21, 59, tzinfo=UTC)),
        hubspot("goal_targets", "3", hs_target_amount=Decimal(7), hubspot_owner_id="70",
                hs_start_datetime=datetime(2025, 3, 30, 22, tzinfo=UTC),
                hs_end_datetime=datetime(2025, 3, 31, 22, tzinfo=UTC)),
        hubspot("goal_targets", "4", hs_target_amount=Decimal(8), hubspot_owner_id="70",
                hs_start_datetime=datetime(2025, 9, 30, 4, tzinfo=UTC),
                hs_end_datetime=datetime(2025, 10, 1, 3, 59, tzinfo=UTC)),
    ]  # fmt: skip
