"""Salesforce's objects: REST or bulk, windows on SystemModstamp, deletions, fields that are not shown."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.sources.salesforce import query


@pytest.fixture
def loop(loop):
    """Only this vendor is connected."""
    loop.settings = replace(loop.settings, hubspot=None)
    return loop


def leads(loop, count=20):
    for number in range(count):
        loop.salesforce.put("Lead", f"00Q{number:05}", LastName=f"L{number}", Lead_Score__c=3.0, Email="")


def test_small_objects_come_by_rest_and_are_typed(loop):
    loop.salesforce.batch = 7
    leads(loop)
    loop.salesforce.put("Opportunity", "0061", Name="O", Amount=12.345, CloseDate="2026-07-01", IsWon=False)
    loop.extract()
    assert loop.rows(
        "select count(*), count(distinct Id), count(Email), sum(Lead_Score__c) from raw_salesforce.lead"
    ) == [(20, 20, 0, 60.0)]
    assert loop.rows("select Amount::varchar, CloseDate::varchar, IsWon from raw_salesforce.opportunity") == [
        ("12.35", "2026-07-01", False)
    ]
    assert not any("/jobs/query" in path for _, path in loop.salesforce.seen)


def test_large_objects_come_by_bulk_query_with_whatever_is_in_their_text(loop, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    loop.salesforce.bulk_page = 60
    for number in range(150):
        loop.salesforce.put("Task", f"00T{number:05}", Subject='a "b",\nNA', Priority="NA", IsClosed=True)
    loop.extract()
    assert loop.rows(
        "select count(*), count(distinct Id), min(Subject), min(Priority) from raw_salesforce.task"
    ) == [(150, 150, 'a "b",\nNA', "NA")]
    assert ("POST", "/services/data/v67.0/jobs/query") in loop.salesforce.seen


def test_only_changed_rows_are_fetched_and_merged(loop):
    leads(loop)
    loop.extract()
    loop.later(seconds=20)
    assert not loop.fetch().has_changes
    loop.later(minutes=10)
    loop.salesforce.put("Lead", "00Q00003", Title="CEO")
    loop.later(seconds=20)
    assert loop.extract().rows == {"salesforce lead": 1}
    assert loop.rows("select Title, LastName from raw_salesforce.lead where Id = '00Q00003'") == [
        ("CEO", "L3")
    ]
    assert loop.rows("select count(*) from raw_salesforce.lead") == [(20,)]


def test_many_changes_come_by_bulk_and_the_overlap_is_dropped(loop, monkeypatch):
    leads(loop, 150)
    loop.extract()
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    loop.later(seconds=20)
    loop.salesforce.put("Lead", "00Q00003", Title="CEO")
    loop.later(seconds=20)
    assert loop.extract().rows == {"salesforce lead": 1}


def test_deleted_and_merged_rows_stay_and_say_so(loop):
    leads(loop, 3)
    loop.extract()
    loop.later(minutes=5)
    loop.salesforce.put("Lead", "00Q00000", IsDeleted=True)
    loop.salesforce.put("Lead", "00Q00001", IsDeleted=True, MasterRecordId="00Q00002")
    loop.later(minutes=1)
    loop.extract()
    fates = "select Id, deleted_how, deleted_at = SystemModstamp from raw_salesforce.lead order by Id"
    assert loop.rows(fates) == [
        ("00Q00000", "deleted", True), ("00Q00001", "merged", True), ("00Q00002", None, None),
    ]  # fmt: skip


def test_fields_the_user_cannot_see_are_null_and_noted(loop):
    loop.salesforce.hidden = {"CurrencyIsoCode"}
    loop.salesforce.put("Opportunity", "0061", Name="O", CurrencyIsoCode="EUR")
    fetched = loop.extract()
    assert "salesforce opportunity: not there, so null: CurrencyIsoCode" in fetched.notes
    assert loop.rows("select Name, CurrencyIsoCode from raw_salesforce.opportunity") == [("O", None)]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_an_object_the_org_lacks_is_absent_and_its_table_is_there(loop):
    loop.salesforce.missing = {"CampaignMember"}
    fetched = loop.extract()
    assert any(note.startswith("salesforce campaign_member: ") for note in fetched.notes)
    assert loop.rows("select status from ops.loads where table_name = 'campaign_member'") == [("absent",)]
    assert loop.rows("select count(*) from raw_salesforce.campaign_member") == [(0,)]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes
    loop.salesforce.missing = set()
    loop.salesforce.put("CampaignMember", "00v1", Status="Sent")
    assert loop.extract().rows == {"salesforce campaign_member": 1}


def test_a_killed_bulk_load_goes_on_with_its_job(loop, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    loop.salesforce.bulk_page = 50
    leads(loop, 180)
    with armed("extract.part_written", nth=2), pytest.raises(Crashed):
        loop.fetch()
    loop.salesforce.seen.clear()
    loop.extract()
    assert ("POST", "/services/data/v67.0/jobs/query") not in loop.salesforce.seen
    assert loop.rows("select count(*), count(distinct Id) from raw_salesforce.lead") == [(180, 180)]


def test_a_killed_bulk_load_whose_job_is_gone_begins_anew(loop, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    loop.salesforce.bulk_page = 50
    leads(loop, 180)
    with armed("extract.part_written", nth=2), pytest.raises(Crashed):
        loop.fetch()
    loop.salesforce.jobs.clear()
    loop.extract()
    assert loop.rows("select count(*), count(distinct Id) from raw_salesforce.lead") == [(180, 180)]


def test_a_bulk_page_that_is_cut_off_is_stale(loop, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    leads(loop, 150)

    def cut(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/results"):
            return None
        page = b'"Id","LastName","SystemModstamp","IsDeleted"\n"00Q1","L",,\n'
        headers = {"Sforce-NumberOfRecords": "150", "Sforce-Locator": "null"}
        return httpx.Response(200, content=page, headers=headers)

    loop.salesforce.intercept = cut
    fetched = loop.extract()
    assert fetched.stale == ("salesforce lead",)
    assert any("Salesforce gave 1 of 150 rows" in note for note in fetched.notes)
