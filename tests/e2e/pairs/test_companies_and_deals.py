"""Company and account, deal and opportunity, deal stage and opportunity stage, owner and user: both ways."""

from __future__ import annotations

import pytest

from tests.e2e.pairs.deeds import STAGES


def test_company_to_account(done):
    assert done.salesforce("company grew", "Account")["NumberOfEmployees"] == 4321


def test_account_to_company(done):
    assert done.hubspot("account moved", "companies")["city"] == "Graz"


def test_deal_to_opportunity(done):
    assert done.salesforce("deal renamed", "Opportunity")["Name"] == "Renamed in HubSpot"


def test_opportunity_to_deal(done):
    assert done.hubspot("opportunity renamed", "deals")["dealname"] == "Renamed in Salesforce"


def test_a_deal_whose_name_changed_here_and_amount_there_is_one_deal_yet(done):
    assert done.salesforce("changed at both ends", "Opportunity")["Name"] == "Another name"
    assert float(done.hubspot("changed at both ends", "deals")["amount"]) == 7300


@pytest.mark.parametrize(
    ("stage", "there"),
    list(zip(STAGES, ("Prospecting", "Needs Analysis", "Proposal/Price Quote"), strict=True)),
)
def test_deal_stage_to_opportunity_stage(done, stage, there):
    assert done.salesforce(f"deal leaves {stage}", "Opportunity")["StageName"] == there


def test_opportunity_stage_to_deal_stage(done):
    deal = done.hubspot("opportunity won", "deals")
    assert (deal["dealstage"], deal["hs_is_closed_won"]) == ("closedwon", "true")


def test_the_same_stage_said_in_other_words_is_left_alone(done):
    assert done.hubspot("same stage in other words", "deals")["dealstage"] == "contractsent"
    assert done.salesforce("same stage in other words", "Opportunity")["StageName"] == "Negotiation/Review"


def test_owner_to_user(done):
    [(email,)] = done.rows(
        "hubspot", "select email from owners where id = ?",
        done.hubspot("owner of company", "companies")["hubspot_owner_id"],
    )  # fmt: skip
    user = done.salesforce("owner of company", "Account")["OwnerId"]
    assert done.rows("salesforce", 'select Email from "User" where Id = ?', user) == [(email,)]


def test_user_to_owner(done):
    user = done.salesforce("owner of account", "Account")["OwnerId"]
    [(email,)] = done.rows("salesforce", 'select Email from "User" where Id = ?', user)
    owner = done.hubspot("owner of account", "companies")["hubspot_owner_id"]
    assert done.rows("hubspot", "select email from owners where id = ?", owner) == [(email,)]


def test_an_emptied_field_is_emptied_where_the_line_says_clear(done):
    assert not done.salesforce("city cleared", "Account")["BillingCity"]
    assert not done.hubspot("account city cleared", "companies").get("city")
    assert not done.salesforce("amount cleared in HubSpot", "Opportunity")["Amount"]
    assert not done.hubspot("amount cleared in Salesforce", "deals").get("amount")


def test_a_deletion_is_followed_where_the_mapping_says_so(done):
    assert done.salesforce("deal deleted", "Opportunity")["IsDeleted"] == "true"
    assert done.is_archived("opportunity deleted", "deals")
    assert done.is_archived("account deleted", "companies")
    assert done.salesforce("company deleted", "Account")["IsDeleted"] == "true"


@pytest.mark.parametrize(
    ("survivor", "away", "kind", "field", "value"),
    [
        ("company merged", "company merged away", "Account", "NumberOfEmployees", 777),
        ("deal merged", "deal merged away", "Opportunity", "Name", "Two deals in one"),
    ],
)
def test_a_merge_in_hubspot_deletes_nothing_and_its_survivor_is_mirrored(
    done, survivor, away, kind, field, value
):
    there = [done.salesforce(name, kind) for name in (survivor, away)]
    assert [each["IsDeleted"] for each in there] == ["false", "false"]
    assert [each[field] for each in there].count(value) == 1


def test_a_merge_in_salesforce_deletes_nothing_and_its_survivor_is_mirrored(done):
    names = ("account merged", "account merged away")
    assert "888" in [done.hubspot(name, "companies").get("numberofemployees") for name in names]
    assert [done.is_archived(name, "companies") for name in names] == [False, False]


def test_what_the_connector_brings_is_listed_and_left_to_it(done):
    known = (
        "select vendor, object, field from reverse_sync.coexisting_fields where sync = 'hubspot_connector'"
    )
    assert done.published(known) == [("hubspot", "deals", "closedate")]
    assert not done.hubspot("connector's", "deals")["closedate"].startswith("2027-01-31")
    assert (done.left("connector's"), "closedate") not in done.wrote[1] | done.wrote[2]
    [(reason,)] = done.published(
        "select distinct reason from ops.held_rows where record_id = ? and reason like 'closedate%'",
        done.left("connector's"),
    )
    assert reason == (
        "closedate: HubSpot's Salesforce connector keeps it; say owner: us in syncs.yml to write it"
    )
