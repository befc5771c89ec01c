"""A small business in both CRMs, built once: each row is there because a test asks about it."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines import transform
from pipelines.identity.lives import short_hash
from tests.fixtures.once import once
from tests.fixtures.raw_tables import ORG, RawTables, hubspot, salesforce

ANA, BEN, QUEUE = "005000000000001AAA", "005000000000002AAA", "00G000000000001AAA"
ANA_EMAIL, BEN_EMAIL = "maya.okafor@northwind.example", "ben@elsewhere.example"


def at(month: int, day: int, hour: int = 9, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def owners() -> list[tuple[str, dict[str, Any]]]:
    return [
        hubspot("owners", "70", email="Maya.Okafor@northwind.example", first_name="Maya", last_name="Okafor"),
        salesforce("user", ANA, Name="Maya Okafor", Email=ANA_EMAIL, IsActive=True),
        salesforce("user", BEN, Name="Ben Gone", Email=BEN_EMAIL, IsActive=False),
    ]


def people() -> list[tuple[str, dict[str, Any]]]:
    """Rita is in both CRMs; Ivo is known by a shared mailbox; Quinn waits in a queue; Noor is merged."""
    return [
        hubspot(
            "contacts", "1", email=" Rita+News@Acme.example ", firstname="Rita", lastname="Levi",
            lifecyclestage="marketingqualifiedlead", hubspot_owner_id="70", associatedcompanyid="9",
            hs_v2_date_entered_marketingqualifiedlead=at(6, 25),
            hs_analytics_source="PAID_SEARCH", hs_analytics_first_timestamp=at(1, 10),
            hs_analytics_source_data_1="Spring Push", hs_latest_source="PAID_SEARCH",
            hs_latest_source_timestamp=at(1, 10), first_conversion_date=at(1, 10, 10),
            first_conversion_event_name="Demo form", recent_conversion_date=at(1, 10, 10),
        ),
        salesforce(
            "lead", "00Q000000000001AAA", Email="rita@acme.example", LastName="Levi", Company="ACME",
            Status="New", OwnerId=ANA, IsConverted=True, ConvertedDate=date(2026, 3, 1),
            ConvertedContactId="003000000000001AAA",
        ),
        salesforce(
            "contact", "003000000000001AAA", Email="r.levi@private.example", FirstName="Rita",
            LastName="Levi", AccountId="001000000000001AAA", OwnerId=ANA, Title="VP Sales",
        ),
        hubspot("contacts", "2", email="info@shared.example", firstname="Ivo", hubspot_owner_id="99"),
        hubspot("contacts", "40", firstname="Zoe", hs_additional_emails=["zoe@x.example"],
                salesforcecontactid="003D000000QRStu"),
        salesforce("contact", "003D000000QRStuIAH", Email="Zoe@Y.example", OwnerId=ANA),
        salesforce("lead", "00Q000000000002AAA", Email="INFO@shared.example", LastName="Other", OwnerId=ANA),
        salesforce("lead", "00Q000000000003AAA", Email="quinn@", LastName="Quinn", OwnerId=QUEUE),
        hubspot("contacts", "30", email="noor@new.example", hs_merged_object_ids=["31", "32"]),
        hubspot("contacts", "33", email="gone@gone.example", archived=True, deleted_at=at(5, 1)),
        salesforce("contact", "003000000000009AAA", Email="r.levi@private.example", OwnerId=BEN),
    ]  # fmt: skip


def companies() -> list[tuple[str, dict[str, Any]]]:
    return [
        hubspot("companies", "9", name="Acme Inc.", domain="https://www.acme.example/about"),
        salesforce("account", "001000000000001AAA", Name="ACME, Incorporated", Website="acme.example"),
        salesforce("account", "001000000000002AAA", Name="Household", OwnerId=ANA),
        salesforce("account", "001000000000003AAA", Name="Household", OwnerId=ANA),
    ]


def deals() -> list[tuple[str, dict[str, Any]]]:
    role = {"OpportunityId": "006000000000001AAA", "ContactId": "003000000000001AAA"}
    return [
        salesforce(
            "opportunity", "006000000000001AAA", Name="Big", AccountId="001000000000001AAA", OwnerId=ANA,
            StageName="Closed Won", Amount=100.01, CurrencyIsoCode="USD", CloseDate=date(2026, 6, 10),
            IsClosed=True, IsWon=True, CreatedDate=at(3, 2),
        ),
        hubspot(
            "deals", "500", dealname="Big", pipeline="default", dealstage="contractsent", amount=99,
            deal_currency_code="EUR", createdate=at(3, 1), hs_salesforceopportunityid="006000000000001",
        ),
        salesforce("opportunity_contact_role", "00K000000000001AAA", **role),
        salesforce("opportunity_contact_role", "00K000000000002AAA", **role),
        hubspot(
            "deals", "501", dealname="Euro", pipeline="default", dealstage="oddstage", amount=50,
            deal_currency_code="EUR", createdate=at(6, 1), hs_is_closed=False, hs_is_closed_won=False,
        ),
        salesforce("opportunity_history", "008000000000001AAA", OpportunityId="006000000000001AAA",
                   StageName="Prospecting", CreatedDate=at(3, 2)),
        salesforce("opportunity_history", "008000000000002AAA", OpportunityId="006000000000001AAA",
                   StageName="Closed Won", CreatedDate=at(6, 10)),
        salesforce("opportunity_history", "008000000000003AAA", OpportunityId="006000000000404AAA",
                   StageName="Prospecting", CreatedDate=at(3, 2)),
        ("raw_hubspot.deals_property_history",
         {"id": "501", "property": "dealstage", "changed_at": at(6, 1), "value": "oddstage"}),
    ]  # fmt: skip


def touches() -> list[tuple[str, dict[str, Any]]]:
    responded = {"HasResponded": True, "FirstRespondedDate": date(2026, 4, 2), "Status": "Responded"}
    sent = {"HasResponded": False, "Status": "Sent", "CreatedDate": at(2, 1)}
    return [
        salesforce("campaign", "701000000000001AAA", Name="Spring Push", Type="Email", ActualCost=10),
        salesforce("campaign_member", "00v000000000001AAA", CampaignId="701000000000001AAA",
                   LeadId="00Q000000000001AAA", **responded),
        salesforce("campaign_member", "00v000000000002AAA", CampaignId="701000000000001AAA",
                   ContactId="003000000000001AAA", **responded),
        salesforce("campaign_member", "00v000000000003AAA", CampaignId="701000000000001AAA",
                   LeadId="00Q000000000003AAA", **sent),
        salesforce("campaign_member", "00v000000000004AAA", CampaignId="701000000000001AAA",
                   LeadId="00Q000000000404AAA", **sent),
        salesforce("task", "00T000000000001AAA", WhoId="003000000000001AAA", TaskSubtype="Call",
                   Status="Completed", IsClosed=True, CompletedDateTime=at(6, 26, 10)),
        salesforce("task", "00T000000000002AAA", WhoId="003000000000001AAA", TaskSubtype="Call",
                   Status="Open", IsClosed=False),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def business(parsed: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> RawTables:
    """The business with its marts, desired state and activity built, once for all workers; each has a copy.
    Tests only read it."""

    def make(folder: Path) -> bytes:
        raw = RawTables(folder / "home", dbt_target=parsed)
        raw.add([*owners(), *people(), *companies(), *deals(), *touches()])
        raw.write_rules()
        quinn = short_hash(f"salesforce:{ORG}:Lead:00Q000000000003AAA")
        decision = {"decision_id": "d1", "person_id": quinn, "owner_email": ANA_EMAIL, "state": "assigned"}
        raw.add([("decisions.assignments", {**decision, "decided_at": at(6, 29)})])
        with raw.warehouse.locked("test"):
            for stage in ("marts", "desired", "activity"):
                transform.build(raw.warehouse, raw.settings, raw.run, stage)
        return b""

    folder, _ = once(tmp_path_factory, worker_id, "business", make)
    return RawTables(Path(shutil.copytree(folder / "home", tmp_path_factory.mktemp("business") / "home")))
