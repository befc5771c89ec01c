"""What a small business comes to in the marts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.fixtures.raw_tables import ORG, RawTables


def test_one_row_per_human_with_what_survives(business: RawTables) -> None:
    rita = business.one("select * from marts.unified_leads where contact_id_hubspot = '1'")
    assert rita["email"] == "r.levi@private.example"
    assert rita["full_name"] == "Rita Levi"
    assert rita["owner_id"] == "maya.okafor@northwind.example"
    assert rita["owner_team"] == "enterprise-team"
    assert (rita["owner_id_hubspot"], rita["owner_id_salesforce"]) == ("70", "005000000000001AAA")
    assert (rita["lead_id_salesforce"], rita["contact_id_salesforce"]) == (
        "00Q000000000001AAA", "003000000000001AAA"
    )  # fmt: skip
    assert rita["records"] == 4
    assert rita["lifecycle_stage"] == "customer"
    assert rita["sql_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert rita["customer_at"] == datetime(2026, 6, 10, tzinfo=UTC)
    assert business.query("select count(*) from marts.unified_leads") == [(6,)]


def test_each_record_says_how_it_came_to_its_person(business: RawTables) -> None:
    found = dict(
        business.query(
            "select source_object || ' ' || source_id, matched_by from marts.lead_identities "
            "where person_id = (select person_id from marts.unified_leads where contact_id_hubspot = '1')"
        )
    )
    assert sorted(found.values()) == ["conversion", "conversion", "email", "founder"]
    assert found["Contact 003000000000009AAA"] == "email"


def test_a_shared_mailbox_welds_nobody(business: RawTables) -> None:
    owners = business.query(
        "select count(distinct person_id) from marts.lead_identities "
        "where source_id in ('2', '00Q000000000002AAA')"
    )
    assert owners == [(2,)]


def test_a_connectors_fifteen_letter_id_is_the_same_record(business: RawTables) -> None:
    zoe = business.one("select * from marts.unified_leads where contact_id_hubspot = '40'")
    assert zoe["contact_id_salesforce"] == "003D000000QRStuIAH"
    assert zoe["email"] == "zoe@y.example"


def test_a_record_of_an_owner_nobody_knows_is_not_free(business: RawTables) -> None:
    ivo = business.one("select * from marts.unified_leads where contact_id_hubspot = '2'")
    assert ivo["owner_id"] == "hubspot:unknown-owner:99"
    found = business.one("select * from marts.data_findings where finding = 'owner_unknown'")
    assert found["example_ids"] == ["2"]


def test_deleted_records_are_nobody(business: RawTables) -> None:
    assert business.query("select count(*) from marts.lead_identities where source_id = '33'") == [(0,)]


def test_companies_of_one_domain_are_one_and_namesakes_are_not(business: RawTables) -> None:
    acme = business.one("select * from marts.unified_accounts where domain = 'acme.example'")
    assert (acme["company_id_hubspot"], acme["account_id_salesforce"]) == ("9", "001000000000001AAA")
    assert acme["name"] == "ACME, Incorporated"
    assert acme["people"] == 1
    assert business.query("select count(*) from marts.unified_accounts where name = 'Household'") == [(2,)]


def test_a_deal_in_both_crms_is_one_and_salesforce_speaks(business: RawTables) -> None:
    big = business.one("select * from marts.opportunities where opportunity_id_hubspot = '500'")
    assert big["opportunity_id_salesforce"] == "006000000000001AAA"
    assert (big["canonical_stage"], big["is_won"]) == ("won", True)
    assert (big["amount"], big["currency"]) == (Decimal("100.01"), "USD")
    assert big["created_at"] == datetime(2026, 3, 1, 9, tzinfo=UTC)
    euro = business.one("select * from marts.opportunities where opportunity_id_hubspot = '501'")
    assert (euro["canonical_stage"], euro["amount_converted"]) == ("unmapped", None)


def test_a_history_has_a_stay_for_each_stage_and_the_last_goes_on(business: RawTables) -> None:
    stays = business.query(
        "select h.stage, h.canonical_stage, round(h.days_in_stage, 2), round(h.days_so_far, 2) "
        "from marts.stage_history as h join marts.opportunities as o using (opportunity_id) "
        "where o.opportunity_id_hubspot = '500' order by h.stay"
    )
    assert stays == [("Prospecting", "qualification", 100.0, None), ("Closed Won", "won", None, 20.13)]


def test_what_two_records_tell_of_one_event_is_one_touch(business: RawTables) -> None:
    touches = business.query(
        "select touch_type, channel, occurred_at, is_response, earns_credit, campaign_name "
        "from marts.attribution_touchpoints where person_id = "
        "(select person_id from marts.unified_leads where contact_id_hubspot = '1') order by occurred_at"
    )
    assert touches == [
        ("original_source", "paid_search", datetime(2026, 1, 10, 9, tzinfo=UTC), True, True, "Spring Push"),
        ("conversion", "website", datetime(2026, 1, 10, 10, tzinfo=UTC), True, True, None),
        # The second of April where the org is, and not where the business is.
        ("membership", "email", datetime(2026, 4, 2, tzinfo=UTC), True, True, "Spring Push"),
        ("call", "sales", datetime(2026, 6, 26, 10, tzinfo=UTC), False, False, None),
    ]


def test_to_be_sent_a_campaign_is_a_touch_that_earns_nothing(business: RawTables) -> None:
    quinn = business.one(
        "select t.* from marts.attribution_touchpoints as t join marts.unified_leads as l using (person_id) "
        "where l.lead_id_salesforce = '00Q000000000003AAA'"
    )
    assert (quinn["is_response"], quinn["earns_credit"]) == (False, False)
    assert quinn["occurred_at"] == datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert quinn["campaign_id"] == f"salesforce:{ORG}:Campaign:701000000000001AAA"


def test_credit_is_exact_under_every_model(business: RawTables) -> None:
    credits = business.query(
        "select c.model, t.touch_type, c.share, c.revenue from marts.attribution_credits as c "
        "join marts.attribution_touchpoints as t using (touchpoint_id) order by c.model, t.occurred_at"
    )
    models = {model for model, _, _, _ in credits}
    assert models == {name for (name,) in business.query("select model from rules.attribution_models")}
    # Lookback reaches to 1 December: all three creditable touches are in it.
    simple = [(model, kind) for model, kind, _, _ in credits if model in ("first", "last", "linear")]
    assert simple == [
        ("first", "original_source"), ("last", "membership"),
        ("linear", "original_source"), ("linear", "conversion"), ("linear", "membership"),
    ]  # fmt: skip
    for model in models:
        assert sum(share for name, _, share, _ in credits if name == model) == 1
        assert sum(revenue for name, _, _, revenue in credits if name == model) == Decimal("100.01")


def test_campaigns_show_what_they_cost_and_brought(business: RawTables) -> None:
    last = business.one("select * from marts.campaign_performance where model = 'last'")
    assert (last["touches"], last["leads"], last["opportunities"]) == (3, 2, 1)
    assert (last["cost"], last["revenue"]) == (Decimal("10.00"), Decimal("100.01"))
    assert round(last["roi"], 3) == 9.001


def test_defects_are_findings_with_examples(business: RawTables) -> None:
    findings = {
        (finding, object): (records, examples)
        for finding, object, records, examples in business.query(
            "select finding, object, records, example_ids from marts.data_findings"
        )
    }
    assert findings["stage_unknown_to_config", "deals"] == (1, ["oddstage"])
    assert findings["person_with_invalid_email", "Lead"] == (1, ["00Q000000000003AAA"])
    assert findings["campaign_member_without_person", "CampaignMember"] == (1, ["00v000000000004AAA"])
    assert findings["stage_change_without_deal", "OpportunityHistory"] == (1, ["006000000000404AAA"])
    assert findings["person_twice_in_one_object", "Contact"][0] == 1
    assert findings["opportunity_without_account", "deals"] == (1, ["501"])
    assert findings["opportunity_in_unknown_currency", "deals"] == (1, ["501"])


def test_what_is_bad_in_deals_shows_in_data_quality(business: RawTables) -> None:
    found = {
        f"{dimension} {field}": (asked, held)
        for dimension, field, asked, held in business.query(
            "select dimension, field, asked, held from marts.data_quality where object = 'opportunities'"
        )
    }
    assert found["accuracy canonical_stage"] == found["accuracy currency"] == (2, 1)
    assert found["completeness account_id"] == found["completeness close_date"] == (2, 1)
    assert found["accuracy close_date"] == (1, 1)


def test_kpis_without_data_have_no_value(business: RawTables) -> None:
    kpis = {
        name: (value, met) for name, value, met in business.query("select kpi, value, met from marts.kpis")
    }
    assert len(kpis) == 6
    assert kpis["sync_success_rate"] == (None, None)
    assert kpis["handoff_completion"] == (None, None)
    assert kpis["integration_uptime"] == (None, None)
    assert kpis["attribution_coverage"] == (1.0, True)
    # Rita qualified on Thursday 25 June at 5:00 in New York, where Maya works, and was called on Friday
    # at 6:00: 8 hours.
    # Quinn, whom the CRM gives to nobody, waits since Monday 10:00 in London, now Tuesday 13:00: 11 hours.
    assert kpis["lead_response_time"] == (9.5, False)


def test_quinn_is_given_to_maya_in_salesforce_only_where_a_queue_had_the_lead(business: RawTables) -> None:
    desired = {
        record: (owner, status)
        for record, owner, status in business.query(
            'select record_id, "OwnerId", "Lead_Status__c" from reverse_sync.sync_salesforce__leads'
        )
    }
    assert desired["00Q000000000003AAA"][0] == "005000000000001AAA"
    assert desired["00Q000000000002AAA"][0] is None
    assert "00Q000000000001AAA" not in desired, "a converted lead cannot be edited"


def test_hubspot_is_told_of_the_customer_and_the_campaign(business: RawTables) -> None:
    rita = business.one("select * from reverse_sync.sync_hubspot__contacts where record_id = '1'")
    assert rita["lifecyclestage"] == "customer"
    assert rita["hubspot_owner_id"] is None
    assert (rita["first_touch_source"], rita["first_touch_campaign"]) == ("paid_search", "Spring Push")
    assert (rita["touch_count"], rita["attributed_revenue"]) == (4, Decimal("100.01"))
    assert 0 <= rita["lead_score"] <= 100


def test_desired_and_existing_have_the_same_columns(business: RawTables) -> None:
    for model in ("hubspot__contacts", "salesforce__leads", "salesforce__contacts"):
        desired, existing = (
            business.query(
                "select column_name, data_type from information_schema.columns "
                f"where table_schema = 'reverse_sync' and table_name = '{kind}_{model}' "
                "and column_name != 'parent_id' order by ordinal_position"
            )
            for kind in ("sync", "existing")
        )
        assert desired == existing, "but for parent_id, which says what writes are grouped by"
        assert [name for name, _ in desired[:3]] == ["record_id", "record_key", "person_id"]
