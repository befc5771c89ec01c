"""Contact and lead, contact and contact, lifecycle stage and lead status: both ways, each conflict rule."""

from __future__ import annotations

import pytest

from tests.e2e.stores import sobject


def test_contact_to_lead(done):
    assert done.salesforce("job changed", "Lead")["Company"] == "Ashgrove Mills"


def test_lead_to_contact(done):
    assert done.hubspot("moved on", "contacts")["company"] == "Kestrel Joinery"


def test_contact_to_salesforce_contact(done):
    assert done.salesforce("renamed in HubSpot", "Contact")["FirstName"] == "Ottilie"


def test_salesforce_contact_to_contact(done):
    assert done.hubspot("contact renamed", "contacts")["firstname"] == "Benedikt"


def test_lead_status_to_lifecycle_stage(done):
    assert done.hubspot("lead qualified", "contacts")["lifecyclestage"] == "salesqualifiedlead"


def test_lifecycle_stage_to_lead_status(done):
    assert done.salesforce("contact qualified", "Lead")["Lead_Status__c"] == "SQL"


def test_a_value_that_is_emptied_right_after_it_was_carried_over_is_emptied_there_too(done):
    assert not done.salesforce("city cleared in HubSpot", "Lead")["City"]
    assert not done.hubspot("city cleared in Salesforce", "contacts").get("city")


def test_what_marketing_cloud_connect_writes_is_listed_and_left_to_it(done):
    known = (
        "select object, field from reverse_sync.coexisting_fields where sync = 'marketing_cloud_connect' and "
    )
    assert done.published(f"{known} vendor = 'salesforce'") == [("Lead", "PostalCode")]
    assert ("Lead_Salesforce_1", "Email") in done.published(f"{known} vendor = 'marketing_cloud'")
    assert done.salesforce("Connect's", "Lead")["PostalCode"] != "28195"
    assert (done.right("Connect's"), "PostalCode") not in done.wrote[1] | done.wrote[2]
    [(reason,)] = done.published(
        "select reason from ops.held_rows where record_id = ? and reason like 'PostalCode%'",
        done.right("Connect's"),
    )
    assert reason == "PostalCode: Marketing Cloud Connect keeps it; say owner: us in syncs.yml to write it"


def test_a_contact_s_value_that_is_emptied_is_emptied_on_the_contact_of_the_other_crm(done):
    assert not done.salesforce("mobile cleared in HubSpot", "Contact")["MobilePhone"]
    assert not done.hubspot("mobile cleared in Salesforce", "contacts").get("mobilephone")


def test_a_conversion_is_followed_and_the_contact_takes_the_leads_place(done):
    lead = done.salesforce("contact qualified", "Lead")
    assert lead["IsConverted"] == "true"
    assert lead["Email"] != "moved@on.example"
    assert sobject(done.home, "Contact", lead["ConvertedContactId"])["Email"] == "moved@on.example"


def test_a_line_that_the_contact_has_no_field_for_ends_with_the_lead(done):
    lead = done.salesforce("contact qualified", "Lead")
    assert done.hubspot("contact qualified", "contacts")["lifecyclestage"] == "opportunity"
    assert lead["Lead_Status__c"] == "SQL"
    assert (lead["Id"], "Lead_Status__c") not in done.wrote[2]


def test_what_is_edited_on_a_converted_lead_s_contact_comes_back_to_hubspot(done):
    lead = done.salesforce("converted and edited", "Lead")
    assert lead["FirstName"] != "Wilhelmine"
    assert done.hubspot("converted and edited", "contacts")["firstname"] == "Wilhelmine"


def test_a_deletion_is_followed_both_ways_where_the_mapping_says_so(done):
    assert done.salesforce("deleted in HubSpot as contact", "Lead")["IsDeleted"] == "true"
    assert done.is_archived("deleted as lead", "contacts")
    assert done.salesforce("contact deleted in HubSpot", "Contact")["IsDeleted"] == "true"
    assert done.is_archived("contact deleted in Salesforce", "contacts")


@pytest.mark.parametrize(
    ("names", "kind", "field", "value"),
    [
        (("merged in HubSpot", "merged away in HubSpot"), "Lead", "Company", "Joined Works"),
        (
            ("contacts merged in HubSpot", "contacts merged away in HubSpot"),
            "Contact", "FirstName", "Unified",
        ),
    ],
)  # fmt: skip
def test_a_merge_in_hubspot_deletes_nothing_and_its_survivor_is_mirrored(done, names, kind, field, value):
    there = [done.salesforce(name, kind) for name in names]
    assert [each["IsDeleted"] for each in there] == ["false", "false"]
    assert [each[field] for each in there].count(value) == 1


@pytest.mark.parametrize(
    ("names", "field", "value"),
    [
        (("merged in Salesforce", "merged away in Salesforce"), "company", "United Sheds"),
        (("merged contact", "merged contact away"), "firstname", "Oneandonly"),
    ],
)
def test_a_merge_in_salesforce_deletes_nothing_and_its_survivor_is_mirrored(done, names, field, value):
    assert value in [done.hubspot(name, "contacts")[field] for name in names]
    assert [done.is_archived(name, "contacts") for name in names] == [False, False]


@pytest.mark.parametrize(
    ("name", "contact", "lead", "value", "strategy", "outcome"),
    [
        ("both: company", "company", "Company", "Said later", "most_recent", "right"),
        ("both: first name", "firstname", "FirstName", "Source", "source", "left"),
        ("both: zip", "zip", "PostalCode", "22222", "destination", "right"),
        ("both: about", "about", "Description", "The longer of the two texts", "longest", "left"),
        ("both: interests", "interests", "Interests__c", "Analytics;Reporting;Security", "union", "merge"),
    ],
)
def test_where_both_changed_the_rule_of_the_line_decides_and_says_so(
    done, name, contact, lead, value, strategy, outcome
):
    held = (done.hubspot(name, "contacts")[contact], done.salesforce(name, "Lead")[lead])
    assert [";".join(sorted(each.split(";"))) for each in held] == [value, value]
    assert conflicts(done, name, contact) == [(strategy, outcome)]


def test_a_conflict_for_people_is_left_to_them_and_listed(done):
    assert done.hubspot("both: job", "contacts")["jobtitle"] == "Roofer"
    assert done.salesforce("both: job", "Lead")["Title"] == "Slater"
    assert conflicts(done, "both: job", "jobtitle") == [("manual", "manual")]
    query = "select left_value, right_value, chosen_by from reverse_sync.conflicts_open"
    open_ones = done.published(query)
    assert ("Roofer", "Slater", None) in open_ones
    assert ("Mason", "Tiler", "Kim") in open_ones, "it is listed until it is written"


def test_a_conflict_goes_as_somebody_chose_and_the_journal_says_who(done):
    assert done.hubspot("both: trade", "contacts")["jobtitle"] == "Tiler"
    assert done.salesforce("both: trade", "Lead")["Title"] == "Tiler"
    assert conflicts(done, "both: trade", "jobtitle") == [("manual", "right")]
    query = "select rule from ops.journal where record_id = ? and field = 'jobtitle' and state = 'confirmed'"
    [(rule,)] = done.published(query, done.left("both: trade"))
    assert rule.startswith("people.yml line ")
    assert rule.endswith(", chosen by Kim")


def conflicts(done, name: str, field: str) -> list[tuple[object, ...]]:
    return done.published(
        "select strategy, outcome from reverse_sync.conflicts where left_key like '%:contacts:' || ? "
        "and right_key like '%:Lead:' || ? and field_left = ? and seen_at = (select max(seen_at) "
        "from reverse_sync.conflicts where left_key like '%:contacts:' || ? and field_left = ?)",
        done.left(name), done.right(name), field, done.left(name), field,
    )  # fmt: skip
