"""Shares of won deals in Salesforce: rows of one model, written once; what cannot be written is counted."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.clients.open import open_salesforce
from pipelines.reverse_sync.planfile import read_actions
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


def test_a_row_of_ours_follows_its_share_lowered_before_others_are_raised(bench: Bench) -> None:
    role = rows(bench, "SELECT OpportunityId, ContactId FROM OpportunityContactRole ORDER BY Id")[2]
    campaigns = [row["Id"] for row in rows(bench, "SELECT Id FROM Campaign ORDER BY Id")[:2]]
    about = [
        {"opportunity_id": role["OpportunityId"], "campaign_id": each, "contact_id": role["ContactId"]}
        for each in campaigns
    ]
    made = [
        wish(bench, f"made{n}", model="Multi_Touch", influence=50, **each) for n, each in enumerate(about)
    ]
    bench.publish(*statements(*made))
    assert bench.apply(bench.plan()).rejected == 0
    soql = (
        "SELECT Id, CampaignId, Influence FROM CampaignInfluence "
        f"WHERE OpportunityId = '{role['OpportunityId']}' AND Influence IN (50, 70, 30) ORDER BY CampaignId"
    )
    first, second = rows(bench, soql)
    changes = [
        {**wish(bench, "change", model="Multi_Touch", row_id=row["Id"], held=50, influence=share, **each),
         "action_key": f"{key}:{bench.settings.home.name}"}
        for row, share, each, key in (
            (first, 70, about[0], "influence:raised"), (second, 30, about[1], "influence-lowered"))
    ]  # fmt: skip
    bench.publish(*statements(*made, *changes))
    plan = bench.plan()
    assert [line["action_key"].split(":")[0] for line in read_actions(plan.path)] == [
        "influence-lowered", "influence"
    ]  # fmt: skip
    bench.crms.faults("PATCH .*composite/sobjects$", "drop_answer")
    assert (bench.apply(plan).rejected, bench.plan().is_empty) == (0, True)
    assert [row["Influence"] for row in rows(bench, soql)] == [70, 30]
