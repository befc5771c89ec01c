"""CRMs that change within a fetch, or between a killed fetch and the next: nothing stays wrong."""

from __future__ import annotations

from dataclasses import replace

import httpx
import orjson
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.sources.salesforce import query

SEARCH = "/crm/objects/2026-03/contacts/search"


@pytest.fixture
def portal(loop):
    """Only HubSpot is connected, and of people and companies no history is kept."""
    history = "hubspot: {history: {contacts: none, companies: none}}"
    (loop.settings.config_dir / "extract.yml").write_text(history)
    loop.settings = replace(loop.settings, salesforce=None)
    return loop


@pytest.fixture
def org(loop):
    """Only Salesforce is connected."""
    loop.settings = replace(loop.settings, hubspot=None)
    return loop


def test_a_record_that_leaves_the_window_between_two_pages_hides_no_other(portal):
    crm = portal.hubspot
    for number in range(1, 61):
        crm.put("contacts", str(number), firstname="Before")
    portal.later(hours=1)
    portal.extract()
    for number in range(1, 61):
        crm.put("contacts", str(number), firstname="After")
    portal.later(hours=1)
    crm.page_size, left = 20, []

    def edit_behind_the_reader(request: httpx.Request) -> None:
        if request.url.path != SEARCH or left:
            return
        body = orjson.loads(request.content)
        if body.get("after") or len(body["filterGroups"][0]["filters"]) > 2:  # the second page of the window
            left.append("1")
            crm.put("contacts", "1", firstname="Edited while reading")

    crm.intercept = edit_behind_the_reader
    portal.extract()
    assert left
    portal.later(hours=1)
    portal.extract()
    assert portal.rows("select firstname, count(*) from raw_hubspot.contacts group by all order by all") == [
        ("After", 59), ("Edited while reading", 1),
    ]  # fmt: skip


def test_a_merge_during_a_first_load_leaves_nobody_twice(portal):
    crm, merged = portal.hubspot, []
    for number in range(1, 121):
        crm.put("contacts", str(number), firstname="Before")
    portal.later(hours=1)

    def merge_after_the_first_page(request: httpx.Request) -> None:
        if request.url.path.endswith("/contacts") and request.url.params.get("after") and not merged:
            merged.append(crm.records["contacts"].pop("1"))
            crm.put("contacts", "115", hs_merged_object_ids="1")

    crm.intercept = merge_after_the_first_page
    portal.extract()
    assert merged
    portal.later(hours=1)
    portal.extract()
    assert portal.rows("select id, deleted_how from raw_hubspot.contacts where deleted_how is not null") == [
        ("1", "merged")
    ]


def test_a_property_filled_before_a_kill_does_not_undo_what_changed_since(portal):
    crm = portal.hubspot
    crm.lacking = {"jobtitle"}
    for number in "12":
        crm.put("contacts", number, firstname="Ann")
    portal.later(hours=1)
    portal.extract()
    crm.lacking = set()
    for record in crm.records["contacts"].values():
        record["properties"]["jobtitle"] = "Clerk"
    portal.later(minutes=1)
    portal.fetch()  # all of it is in the spool when the process dies
    portal.later(hours=1)
    crm.put("contacts", "1", jobtitle="Director")
    portal.later(hours=1)
    portal.extract()
    assert portal.rows("select id, jobtitle from raw_hubspot.contacts order by id") == [
        ("1", "Director"), ("2", "Clerk"),
    ]  # fmt: skip


def test_a_field_filled_before_a_kill_does_not_undo_what_changed_since(org):
    crm = org.salesforce
    crm.hidden = {"Title"}
    for number in range(2):
        crm.put("Lead", f"00Q{number:015}", Title="Clerk")
    org.later(hours=1)
    org.extract()
    crm.hidden = set()
    org.later(minutes=1)
    org.fetch()  # all of it is in the spool when the process dies
    org.later(hours=1)
    crm.put("Lead", f"00Q{1:015}", Title="Director")
    org.later(hours=1)
    org.extract()
    assert org.rows("select Title from raw_salesforce.lead order by Id") == [("Clerk",), ("Director",)]


def tells_deletions(crm):
    described = crm._describe

    def replicated(sobject: str) -> httpx.Response:
        answer = described(sobject)
        if answer.status_code != 200:
            return answer
        return httpx.Response(200, json=orjson.loads(answer.content) | {"replicateable": sobject == "Lead"})

    crm._describe = replicated


def test_who_was_restored_while_a_killed_first_load_lay_still_is_not_taken_for_gone(org, monkeypatch):
    crm = org.salesforce
    tells_deletions(crm)
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 100)
    crm.bulk_page = 50
    keys = [f"00Q{number:012}AAA" for number in range(180)]
    for key in keys:
        crm.put("Lead", key, Title="Clerk")
    org.later(hours=1)
    with armed("extract.part_written", nth=2), pytest.raises(Crashed):
        org.fetch()
    org.later(hours=1)
    moment = crm.now.isoformat()
    told = {"deletedRecords": [{"id": key, "deletedDate": moment} for key in keys[:2]],
            "earliestDateAvailable": "2020-01-01T00:00:00Z"}  # fmt: skip
    crm.intercept = lambda request: (
        httpx.Response(200, json=told) if request.url.path.endswith("/deleted") else None
    )
    org.later(minutes=1)
    del crm.rows["Lead"][keys[0]]
    crm.put("Lead", keys[1], Title="Restored")
    org.later(minutes=1)
    org.extract()
    assert org.rows("select Id, deleted_how from raw_salesforce.lead where deleted_how is not null") == [
        (keys[0], "deleted")
    ]


def test_what_salesforce_does_not_tell_of_deletions_is_not_passed_over(org):
    crm = org.salesforce
    tells_deletions(crm)
    crm.put("Lead", "00Q000000000001AAA", Title="Stays")
    crm.put("Lead", "00Q000000000002AAA", Title="Goes")
    fine = [httpx.Response(200, json={"deletedRecords": [], "earliestDateAvailable": "2020-01-01T00:00:00Z"})]
    gone = {"deletedRecords": [{"id": "00Q000000000002AAA", "deletedDate": "2026-06-30T13:00:00.000Z"}],
            "earliestDateAvailable": "2020-01-01T00:00:00Z"}  # fmt: skip
    crm.intercept = lambda request: fine[0] if request.url.path.endswith("/deleted") else None
    org.later(hours=1)
    org.extract()
    del crm.rows["Lead"]["00Q000000000002AAA"]
    org.later(hours=1)
    fine[0] = httpx.Response(500, json=[{"errorCode": "UNKNOWN_EXCEPTION", "message": "try again"}])
    crm.put("Lead", "00Q000000000003AAA", Title="Came")
    org.later(minutes=1)
    assert org.extract().stale == ("salesforce lead",)
    org.later(hours=1)

    def in_its_window(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("/deleted"):
            return None
        covers = request.url.params["start"] <= "2026-06-30T13:00:00Z" < request.url.params["end"]
        return httpx.Response(200, json=gone if covers else gone | {"deletedRecords": []})

    crm.intercept = in_its_window
    org.extract()
    assert org.rows("select deleted_how from raw_salesforce.lead order by Id") == [
        (None,), ("deleted",), (None,),
    ]  # fmt: skip
