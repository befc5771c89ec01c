"""Campaign and campaign: both ways, with our key in what is created, and deletions that one side tells of."""

from __future__ import annotations

import json

from tests.e2e.pairs.team import GUESTS
from tests.e2e.stores import sobject


def test_campaign_to_campaign(done):
    """What differs is carried both ways; a name that people change makes no second campaign."""
    assert done.salesforce("campaign renamed", "Campaign")["Name"] == "Harbour Days"
    moved = done.hubspot("campaign moved", "campaigns")
    assert (moved["hs_end_date"], moved["hs_campaign_status"]) == ("2026-12-24", "completed")
    assert done.salesforce("campaign moved", "Campaign")["Status"] == "Aborted"
    made = [each["record_key"] for each in done.did[1] if each["operation"] == "create_record"]
    assert [key.split(":")[3] for key in sorted(made)] == [
        done.made["campaign in HubSpot"], done.made["campaign in Salesforce"]
    ]  # fmt: skip


def test_a_new_campaign_is_created_in_the_other_crm_with_our_key(done):
    key = f"%:campaigns:{done.made['campaign in HubSpot']}"
    query = 'select Name from "Campaign" where HubSpot_Campaign_Id__c like ?'
    assert done.rows("salesforce", query, key) == [("Lantern Week",)]
    query = "select props from campaigns where json_extract(props, '$.hs_name') = 'Thaw Fair'"
    [(props,)] = done.rows("hubspot", query)
    assert done.made["campaign in Salesforce"] in json.loads(props)["hs_notes"]


def test_an_emptied_date_is_emptied_where_the_line_says_clear(done):
    assert not done.salesforce("start cleared in HubSpot", "Campaign")["StartDate"]
    assert not done.hubspot("start cleared in Salesforce", "campaigns").get("hs_start_date")


def test_a_campaign_deleted_in_salesforce_takes_its_partner_with_it_where_the_mapping_says_so(done):
    query = "select count(*) from campaigns where id = ?"
    assert done.rows("hubspot", query, done.left("campaign deleted")) == [(0,)]
    assert sobject(done.home, "Campaign", done.right("campaign deleted"))["IsDeleted"] == "true"


def test_a_campaign_deleted_in_hubspot_takes_nothing_with_it_and_is_not_created_again(done):
    kept = done.salesforce("deleted in HubSpot", "Campaign")
    assert kept["IsDeleted"] == "false"
    query = "select count(*) from campaigns where json_extract(props, '$.hs_name') = ?"
    assert done.rows("hubspot", query, kept["Name"]) == [(0,)]


def test_campaign_membership_to_list_membership(done):
    query = (
        "select count(*) from list_members m join lists l on l.id = m.list_id "
        "where json_extract(l.shown, '$.name') = ? and m.record_id = ?"
    )
    assert done.rows("hubspot", query, GUESTS, int(done.left("went to the fair"))) == [(1,)]
    put = [e["record_key"].split(":")[3] for e in done.did[1] if e["operation"] == "list_membership"]
    assert put == [done.left("went to the fair")], "those who were members before came in the first round"
