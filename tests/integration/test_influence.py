"""Shares of won deals in Salesforce: rows of one model, written once; what cannot be written is counted."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.clients.open import open_salesforce
from tests.fixtures.actions import statements

from .conftest import Bench


def rows(bench: Bench, soql: str) -> list[dict[str, Any]]:
    with open_salesforce(bench.settings) as salesforce:
        return [row for page in salesforce.query_pages(soql) for row in page.records]


def wish(bench: Bench, name: str, **payload: Any) -> dict[str, Any]:
    return {
        "action_key": f"{bench.settings.home.name}/{name}", "sync": "salesforce_campaign_influence",
        "kind": "campaign_influence", "vendor": "salesforce", "object": "CampaignInfluence",
        "provider": "computed", "rule": "attribution.yml", "reason": "40% of a won deal", "payload": payload,
    }  # fmt: skip


@pytest.mark.parametrize("status", ["", "drop_answer"])
def test_a_share_is_written_once_into_the_model_named_and_others_are_counted(
    bench: Bench, status: str
) -> None:
    number = 1 if status else 0
    role = rows(bench, "SELECT OpportunityId, ContactId FROM OpportunityContactRole")[number]
    campaign = rows(bench, "SELECT Id FROM Campaign ORDER BY Id")[number]["Id"]
    about = {
        "opportunity_id": role["OpportunityId"], "campaign_id": campaign, "contact_id": role["ContactId"]
    }  # fmt: skip
    bench.publish(
        *statements(
            wish(bench, "share", model="Multi_Touch", influence=40.5, **about),
            wish(bench, "lead", cannot="the person is no contact in Salesforce"),
            wish(bench, "elsewhere", model="Nobodys", influence=10, **about),
            wish(bench, "off", influence=10, **about),
        )
    )
    plan = bench.plan()
    if status:
        bench.crms.faults("POST .*composite/sobjects$", status)
    done = bench.apply(plan)
    assert (done.rejected, done.unknown) == (1, 0)
    held = sorted(each.reason for each in plan.held)
    assert held == [
        "campaign influence is switched off (campaign_influence.model in attribution.yml)",
        "the person is no contact in Salesforce",
    ]
    [model] = rows(bench, "SELECT Id FROM CampaignInfluenceModel WHERE DeveloperName = 'Multi_Touch'")
    found = rows(
        bench,
        "SELECT Influence, CampaignId, ContactId, ModelId FROM CampaignInfluence "
        f"WHERE OpportunityId = '{role['OpportunityId']}' AND CampaignId = '{campaign}' "
        f"AND ModelId = '{model['Id']}'",
    )
    assert [(row["Influence"], row["CampaignId"], row["ContactId"]) for row in found] == [
        (40.5, campaign, role["ContactId"])
    ]
    assert bench.plan().is_empty
