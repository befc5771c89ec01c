"""After every race the copy says what the org says, row by row and field by field."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.salesforce import query
from pipelines.sources.salesforce.query import Query


def test_every_object_and_field_arrives_and_an_unchanged_run_costs_few_calls(loop):
    assert loop.differences() == []
    began = time.process_time()
    again = loop.extract()
    assert not again.has_changes
    assert again.calls <= 20
    assert time.process_time() - began < 2.5


def test_types_are_the_orgs_own(loop):
    [price] = loop.some("PricebookEntry", 1)
    loop.update("PricebookEntry", price, UnitPrice=0.0015)
    loop.later()
    loop.extract()
    kept = loop.rows(f"select UnitPrice::varchar from raw_salesforce.pricebook_entry where Id = '{price}'")
    assert kept == [("0.00150000",)]
    assert loop.differences() == []
    kinds = dict(
        loop.rows(
            "select table_name || '.' || column_name, data_type from information_schema.columns "
            "where table_schema = 'raw_salesforce'"
        )
    )
    assert kinds["lead.AnnualRevenue"] == "DECIMAL(18,2)"
    assert kinds["lead.Interests__c"] == "VARCHAR[]"
    assert kinds["dated_conversion_rate.ConversionRate"] == "DECIMAL(18,8)"
    assert kinds["event.EndDateTime"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["opportunity.CloseDate"] == "DATE"
    assert kinds["case.IsEscalated"] == "BOOLEAN"


def test_ties_on_the_cursor_all_arrive(loop):
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    loop.set("Lead", loop.some("Lead", 40), Title="tied", SystemModstamp=stamp)
    loop.later()
    assert loop.extract().rows == {"salesforce lead": 40}
    assert loop.differences() == []


def test_a_row_that_shows_itself_after_its_transaction_of_nine_minutes_arrives(loop):
    lead = loop.create("Lead", LastName="Late", Company="Late Ltd")
    shown_at = loop.now().timestamp() + 540
    iso = loop.now().fromtimestamp(shown_at, loop.now().tzinfo).isoformat()
    loop.org("show_later", object="Lead", ids=[lead], at=iso)
    loop.later(120)
    loop.create("Lead", LastName="Early", Company="Early Ltd")
    loop.later(120)
    loop.extract()
    assert loop.rows(f"select 1 from raw_salesforce.lead where Id = '{lead}'") == []
    loop.later(330)
    loop.extract()
    assert loop.differences() == []


@pytest.mark.parametrize("bulk_from", [10_000, 50])
def test_edits_while_reading_arrive_with_the_next_run_at_the_latest(fresh, monkeypatch, bulk_from):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    first, second = fresh.some("Lead", 2, "IsDeleted = 'false' and IsConverted = 'false'")
    run, edited = Query.run, []

    def edit_then_run(self, spool):
        if self.table.api_name == "Lead" and not edited:
            edited.append(fresh.update("Lead", second, Title="edited before the query"))
            run(self, spool)
            fresh.update("Lead", first, Title="edited after the query")
            return
        run(self, spool)

    monkeypatch.setattr(Query, "run", edit_then_run)
    fresh.extract()
    fresh.later()
    fresh.extract()
    assert fresh.differences() == []


def test_large_results_come_by_bulk_pages_whole_in_no_more_calls_than_there_are_pages(fresh, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 50)
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 97)
    fresh.extract()
    assert fresh.differences() == []
    asked = "from requests where path like '%/jobs/query/%/result%'"
    [(calls, pages, lists)] = fresh.store(
        "select count(*), count(distinct path || query), "
        f"count(*) filter (where path like '%/resultPages') {asked}"
    )
    assert calls == pages > 10
    assert lists == 0


def test_deleted_undeleted_and_purged_rows(loop):
    binned, back, purged, straight = loop.some("Task", 4)
    for task in (binned, back, purged):
        loop.delete("Task", task)
    loop.later()
    loop.extract()
    loop.org("undelete", object="Task", ids=[back])
    loop.org("purge", object="Task", ids=[purged])
    loop.org("purge", object="Task", ids=[straight])
    loop.later(120)
    loop.extract()
    how = dict(loop.rows("select Id, deleted_how from raw_salesforce.task"))
    assert (how[binned], how[back], how[purged], how[straight]) == ("deleted", None, "deleted", "deleted")
    assert loop.differences(gone=True) == []
    loop.later(120)
    assert not loop.extract().has_changes


def test_chained_merges_keep_who_went_into_whom_and_move_what_belonged_to_them(loop):
    account = loop.store("select AccountId, count(*) from Contact where IsDeleted = 'false' and AccountId "
                         "is not null group by 1 order by 2 desc, 1 limit 1")[0][0]  # fmt: skip
    second, third = [each for each in loop.some("Account", 4) if each != account][:2]
    loop.org("merge", object="Account", master=second, losers=[account])
    loop.later()
    loop.extract()
    loop.org("merge", object="Account", master=third, losers=[second])
    loop.later()
    loop.extract()
    fates = dict(loop.rows("select Id, (deleted_how, MasterRecordId) from raw_salesforce.account"))
    assert fates[account] == ("merged", second)
    assert fates[second] == ("merged", third)
    assert loop.differences() == []


def test_a_converted_lead_and_what_it_became(loop):
    [lead] = loop.some("Lead", 1, "IsDeleted = 'false' and IsConverted = 'false'")
    became = loop.org("convert", lead=lead)
    loop.later()
    loop.extract()
    assert loop.rows(
        f"select IsConverted, ConvertedAccountId, ConvertedContactId, ConvertedOpportunityId "
        f"from raw_salesforce.lead where Id = '{lead}'"
    ) == [(True, became["account"], became["contact"], became["opportunity"])]
    assert loop.differences() == []


def test_field_history_and_other_rows_written_by_a_change_arrive(loop):
    [deal] = loop.some("Opportunity", 1, "IsDeleted = 'false' and IsClosed = 'false'")
    loop.update("Opportunity", deal, StageName="Closed Won", Amount=123456.78)
    loop.later()
    loop.extract()
    changed = (
        f"select Field, NewValue from raw_salesforce.opportunity_field_history where OpportunityId = '{deal}'"
    )
    assert ("StageName", "Closed Won") in loop.rows(changed)
    assert loop.differences() == []


def test_new_fields_are_filled_in_removed_ones_kept_retyped_ones_read_anew(loop):
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    loop.set("Lead", loop.some("Lead", 5), Rating="42", SystemModstamp=stamp)
    loop.later()
    loop.extract()
    loop.org("add_field", object="Lead", line="Region__c string 40")
    loop.set("Lead", loop.some("Lead", 9), Region__c="North")
    loop.org("add_field", object="Lead", line="Rating double")
    before = loop.rows("select Id, PostalCode from raw_salesforce.lead order by Id")
    loop.org("remove_field", object="Lead", name="PostalCode")
    loop.later()
    fetched = loop.extract()
    assert any("Region__c" in note and "Rating" in note for note in fetched.notes)
    assert any("no longer shown, kept as last read: postalcode" in note for note in fetched.notes)
    assert loop.rows("select count(*) from raw_salesforce.lead where Region__c = 'North'") == [(9,)]
    assert loop.rows("select sum(Rating), typeof(any_value(Rating)) from raw_salesforce.lead") == [
        (210.0, "DOUBLE")
    ]
    [lead] = loop.some("Lead", 1, "IsDeleted = 'false' and IsConverted = 'false'")
    loop.update("Lead", lead, Title="changed since")
    loop.later()
    loop.extract()
    assert loop.rows("select Id, PostalCode from raw_salesforce.lead order by Id") == before
    assert loop.differences() == []


def test_formula_fields_are_read_again_on_their_schedule(loop):
    [account] = [row[0] for row in loop.store("select AccountId from Opportunity order by Id limit 1")]
    loop.set("Account", [account], Industry="Moon mining")
    loop.later(3600)
    loop.extract()
    mined = "select count(*) > 0 from raw_salesforce.opportunity where Account_Industry__c = 'Moon mining'"
    assert loop.rows(mined) == [(False,)]
    loop.later(24 * 3600)
    loop.extract()
    assert loop.rows(mined) == [(True,)]
    assert loop.differences(only="Opportunity") == []
    loop.later(3600)
    assert not loop.extract().has_changes


def test_rows_older_than_any_default_window_arrive(fresh):
    [lead] = fresh.some("Lead", 1)
    old = "1999-12-31T23:59:59.000Z"
    fresh.set("Lead", [lead], CreatedDate=old, SystemModstamp=old)
    fresh.extract()
    assert fresh.differences() == []


@pytest.mark.parametrize("bulk_from", [10_000, 50])
def test_ids_given_with_fifteen_characters_are_kept_with_eighteen(loop, monkeypatch, bulk_from):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    leads = loop.some("Lead", 60, "IsDeleted = 'false' and OwnerId is not null")
    owners = dict(loop.store("select Id, OwnerId from Lead"))
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for owner in {owners[lead] for lead in leads}:
        theirs = [lead for lead in leads if owners[lead] == owner]
        loop.set("Lead", theirs, OwnerId=owner[:15], SystemModstamp=stamp)
    assert len(loop.store("select distinct OwnerId from Lead where length(OwnerId) = 15")) > 1
    loop.later()
    assert loop.extract().rows == {"salesforce lead": 60}
    assert dict(loop.rows("select Id, OwnerId from raw_salesforce.lead")) == owners


@pytest.mark.parametrize("bulk_from", [10_000, 50])
def test_values_keep_their_type_and_a_type_nobody_knows_is_text_and_said(loop, monkeypatch, bulk_from):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    lines = ["Fee__c currency", "Day__c date", "Moment__c datetime", "Colours__c multipicklist",
             "Ready__c boolean", "Ratio__c double", "Odd__c hologram"]  # fmt: skip
    loop.org("add_field", object="Lead", lines=lines)
    leads = loop.some("Lead", 60)
    loop.set(
        "Lead", leads, Fee__c=1234567890.45, Day__c="2026-03-01", Moment__c="2026-03-01T23:59:59.000Z",
        Colours__c="red;blue", Ready__c="true", Ratio__c=0.125, Odd__c="shiny",
        SystemModstamp=loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    )  # fmt: skip
    loop.later()
    fetched = loop.extract()
    assert any("Odd__c (hologram)" in note for note in fetched.notes)
    found = loop.rows(
        "select Fee__c, Day__c::varchar, Moment__c, Colours__c, Ready__c, Ratio__c, Odd__c "
        f"from raw_salesforce.lead where Id in ({', '.join(repr(lead) for lead in leads)}) group by all"
    )
    moment = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    fee = Decimal("1234567890.45")
    assert found == [(fee, "2026-03-01", moment, ["red", "blue"], True, 0.125, "shiny")]


def test_what_leaves_a_list_of_the_orgs_leaves_the_copy(loop):
    gone = {}
    for name in ("OpportunityStage", "LeadStatus", "CampaignMemberStatus", "RecordType", "CurrencyType",
                 "DatedConversionRate", "Period", "ForecastingQuota", "Holiday", "QueueSobject",
                 "GroupMember", "UserRole", "PricebookEntry", "Product2", "CampaignInfluence"):  # fmt: skip
        gone[name] = loop.some(name, 1, "1 = 1")[0]
        loop.org("purge", object=name, ids=[gone[name]])
    loop.later(120)
    assert loop.extract().stale == ()
    for table in CATALOGS["salesforce"]:
        if table.api_name in gone:
            living = " and deleted_how is null" if "deleted_at" in table.columns else ""
            found = f"select 1 from raw_salesforce.{table.name} where Id = '{gone[table.api_name]}'{living}"
            assert loop.rows(found) == [], table.name
    assert loop.differences(gone=True) == []


def test_hundreds_of_fields_and_a_query_too_long_for_an_address_arrive(loop):
    names = [f"A_custom_field_with_a_name_of_forty_{n:03d}__c" for n in range(400)]
    loop.org("add_field", object="Lead", lines=[f"{name} string 40" for name in names])
    first, second = loop.some("Lead", 2, "IsDeleted = 'false' and IsConverted = 'false'")
    loop.set("Lead", [first], **{name: name[-6:] for name in names})
    loop.later()
    loop.extract()
    loop.update("Lead", second, **{names[0]: "first", names[-1]: "last"})
    loop.later()
    assert loop.extract().stale == ()
    wide = "select count(*) from information_schema.columns where table_name = 'lead'"
    assert loop.rows(wide)[0][0] > 400
    assert loop.store("select count(*) from jobs where query like '%_399__c%'")[0][0] >= 2
    assert loop.differences() == []
