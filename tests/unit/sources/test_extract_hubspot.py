"""HubSpot's records: everything once, then what changed, with deletions, merges, history and associations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.sources import reading, spool
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.hubspot import whole

LISTED = ("GET", "/crm/objects/2026-03/contacts")


@pytest.fixture
def loop(loop):
    """Only this vendor is connected, and of people and companies no history is kept."""
    (loop.settings.config_dir / "extract.yml").write_text(
        "hubspot: {history: {contacts: none, companies: none}}"
    )
    loop.settings = replace(loop.settings, salesforce=None)
    return loop


def fill(loop, count=250):
    for number in range(1, count + 1):
        loop.hubspot.put("contacts", str(number), email=f"p{number}@x.example", firstname="", lead_score="7")


def test_a_first_load_brings_every_record_typed(loop):
    fill(loop)
    loop.hubspot.put(
        "contacts", "300", hs_additional_emails="a@x.example; b@x.example", attributed_revenue="12.345"
    )
    fetched = loop.extract()
    assert fetched.rows["hubspot contacts"] == 251
    assert loop.rows(
        "select count(*), count(distinct id), count(firstname), sum(lead_score) from raw_hubspot.contacts"
    ) == [(251, 251, 0, 1750)]
    [(emails, revenue)] = loop.rows(
        "select hs_additional_emails, attributed_revenue::varchar from raw_hubspot.contacts where id = '300'"
    )
    assert (emails, revenue) == (["a@x.example", "b@x.example"], "12.35")


def test_an_unchanged_portal_is_no_change_and_costs_few_calls(loop):
    fill(loop)
    loop.extract()
    loop.later(seconds=20)
    seen = len(loop.hubspot.seen)
    fetched = loop.fetch()
    asked = [path for _, path in loop.hubspot.seen[seen:]]
    kinds = [table.name for table in CATALOGS["hubspot"] if table.is_record]
    lists = {kind: asked.count(f"/crm/objects/2026-03/{kind}") for kind in kinds}
    assert lists == dict.fromkeys(kinds, 2) | {"contacts": 1}  # what lives, and the recycle bin
    searched = [path.split("/")[4] for path in asked if path.startswith("/crm/obj") and "/search" in path]
    assert set(searched) == {"contacts"}  # what a page does not hold
    assert not fetched.has_changes
    assert not any(table.parts for table in fetched.tables)
    tables = (*CATALOGS["hubspot"], *CATALOGS["salesforce"])
    objects = len([table for table in tables if not table.comes_with])
    assert fetched.calls <= 3 * objects
    assert not list(loop.settings.paths.spool.rglob("*-merge-*"))


def test_only_what_changed_is_fetched_and_merged(loop):
    fill(loop)
    loop.extract()
    loop.later(minutes=10)
    loop.hubspot.put("contacts", "17", lead_score="99")
    loop.hubspot.put("contacts", "900", email="new@x.example")
    loop.later(seconds=20)
    fetched = loop.extract()
    assert fetched.rows["hubspot contacts"] == 2
    scores = dict(loop.rows("select id, lead_score from raw_hubspot.contacts"))
    assert (scores["17"], scores["900"]) == (99, None)
    assert loop.rows("select count(*) from raw_hubspot.contacts") == [(251,)]


def test_a_row_that_becomes_visible_late_is_found_in_the_overlap(loop):
    fill(loop, 3)
    loop.extract()
    stamp = loop.hubspot.now - timedelta(seconds=30)
    loop.later(minutes=5)
    at, loop.hubspot.now = loop.hubspot.now, stamp
    loop.hubspot.put("contacts", "8", email="late@x.example")
    loop.hubspot.now = at
    assert loop.extract().rows["hubspot contacts"] == 1


def test_a_crowded_overlap_is_counted_and_read_again_only_when_the_count_differs(loop):
    fill(loop)
    loop.later(seconds=20)
    loop.extract()
    loop.later(seconds=20)
    loop.hubspot.seen.clear()
    assert not loop.fetch().has_changes
    # Once how many of the window, once how many people in all.
    assert [path for _, path in loop.hubspot.seen].count("/crm/objects/2026-03/contacts/search") == 2
    at, loop.hubspot.now = loop.hubspot.now, loop.hubspot.now - timedelta(seconds=35)
    loop.hubspot.put("contacts", "900", email="late@x.example")
    loop.hubspot.now = at
    assert loop.extract().rows["hubspot contacts"] == 1


def test_what_is_written_within_the_hold_back_waits_for_the_next_run(loop):
    fill(loop, 3)
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("contacts", "2", lead_score="1")
    loop.later(seconds=1)
    assert not loop.fetch().has_changes
    loop.later(seconds=30)
    assert loop.extract().rows["hubspot contacts"] == 1


def test_a_window_beyond_the_search_ceiling_is_read_to_its_end(loop):
    fill(loop, 10)
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.search_ceiling, loop.hubspot.page_size = 400, 200
    fill(loop, 1_150)
    loop.later(minutes=1)
    assert loop.extract().rows["hubspot contacts"] == 1_150
    assert loop.rows("select count(distinct id), count(*) from raw_hubspot.contacts") == [(1_150, 1_150)]


def test_archived_restored_and_purged_records_are_told_apart(loop):
    fill(loop, 5)
    loop.hubspot.archive("contacts", "5")
    loop.later(seconds=1)
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.archive("contacts", "1")
    loop.hubspot.archive("contacts", "2")
    loop.later(minutes=1)
    assert loop.extract().rows["hubspot contacts"] == 2
    state = (
        "select id, archived, deleted_how from raw_hubspot.contacts where id in ('1', '2', '5') order by id"
    )
    assert loop.rows(state) == [("1", True, "archived"), ("2", True, "archived"), ("5", True, "archived")]

    loop.later(minutes=5)
    restored = loop.hubspot.archived["contacts"].pop("1")
    loop.hubspot.records["contacts"]["1"] = restored | {"archived": False, "archivedAt": None}
    del loop.hubspot.archived["contacts"]["2"]
    loop.extract()
    assert loop.rows(state) == [("1", False, None), ("2", True, "swept"), ("5", True, "archived")]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_a_recycle_bin_that_ends_early_is_stale_and_nobody_is_taken_for_gone(loop):
    fill(loop)
    loop.hubspot.archive("contacts", "3")
    loop.hubspot.archive("contacts", "4")
    loop.later(minutes=1)

    def cut(request: httpx.Request) -> httpx.Response | None:
        if (request.method, request.url.path) != LISTED or request.url.params["archived"] != "true":
            return None
        shown = list(loop.hubspot.archived["contacts"].values())[:-1]
        return None if request.url.params.get("after") else httpx.Response(200, json={"results": shown})

    loop.hubspot.intercept = cut
    assert "hubspot contacts" in loop.extract().stale
    loop.hubspot.intercept = lambda request: None
    loop.extract()
    how = "select id, deleted_how from raw_hubspot.contacts where deleted_how is not null order by id"
    assert loop.rows(how) == [("3", "archived"), ("4", "archived")]
    loop.later(minutes=5)
    loop.hubspot.archive("contacts", "5")  # fewer live than stand here: all ids are compared
    loop.later(minutes=1)
    loop.hubspot.intercept = cut
    fetched = loop.extract()
    assert "hubspot contacts" in fetched.stale
    assert fetched.erased == ()
    loop.hubspot.intercept = lambda request: None
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.intercept = cut
    assert "hubspot contacts" in loop.extract().stale  # one of the bin has left it
    assert loop.rows(how) == [("3", "archived"), ("4", "archived"), ("5", "archived")]


def test_a_record_merged_into_another_is_marked_merged(loop):
    fill(loop, 4)
    loop.extract()
    loop.later(minutes=5)
    del loop.hubspot.records["contacts"]["1"], loop.hubspot.records["contacts"]["2"]
    loop.hubspot.put("contacts", "50", hs_merged_object_ids="1;2")
    loop.later(minutes=1)
    loop.extract()
    gone = loop.rows("select id, deleted_how from raw_hubspot.contacts where deleted_at is not null")
    assert sorted(gone) == [("1", "merged"), ("2", "merged")]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_the_history_of_a_deal_has_one_row_for_each_moment(loop):
    loop.hubspot.put("deals", "7", dealname="D", dealstage="new", amount="1.5")
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("deals", "7", dealstage="won")
    loop.later(minutes=1)
    assert loop.extract().rows == {"hubspot deals": 1, "hubspot deals_property_history": 1}
    changes = loop.rows("select property, value from raw_hubspot.deals_property_history order by changed_at")
    assert changes == [("dealstage", "new"), ("dealstage", "won")]


def test_associations_of_a_changed_record_replace_the_old_ones(loop):
    for number in ("1", "2"):
        loop.hubspot.put("deals", number, dealname="D")
        loop.hubspot.linked["deals", "contacts", number] = ["10", "11"]
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("deals", "1", amount="3")
    loop.hubspot.linked["deals", "contacts", "1"] = ["12"]
    loop.later(minutes=1)
    loop.extract()
    pairs = "select from_id, to_id from raw_hubspot.associations order by all"
    assert loop.rows(pairs) == [("1", "12"), ("2", "10"), ("2", "11")]

    loop.later(minutes=5)
    loop.hubspot.put("deals", "1", amount="4")
    del loop.hubspot.linked["deals", "contacts", "1"]
    loop.later(minutes=1)
    loop.extract()
    assert loop.rows(pairs) == [("2", "10"), ("2", "11")]


def test_a_pair_refused_before_a_kill_keeps_its_rows_though_the_next_run_is_shown_it_again(loop, monkeypatch):
    monkeypatch.setattr(whole, "PART_ROWS", 2)
    loop.hubspot.page_size = 2
    for number in ("1", "2", "3", "4", "5"):
        loop.hubspot.put("deals", number, dealname="D")
        loop.hubspot.linked["deals", "contacts", number] = [f"1{number}"]
    loop.extract()
    loop.later(hours=25)

    def refused(request: httpx.Request) -> httpx.Response | None:
        is_pair = request.url.path.endswith("/deals/contacts/batch/read")
        return httpx.Response(403, json={"category": "MISSING_SCOPES", "message": "no"}) if is_pair else None

    loop.hubspot.intercept = refused
    with armed("extract.part_written", nth=2), pytest.raises(Crashed):
        loop.fetch()
    loop.hubspot.intercept = lambda request: None
    fetched = loop.extract()
    pairs = "select from_id, to_id from raw_hubspot.associations order by all"
    assert loop.rows(pairs) == [(number, f"1{number}") for number in ("1", "2", "3", "4", "5")]
    assert "deals with contacts cannot be read" in str(fetched.problems)


def test_a_killed_first_load_goes_on_where_it_stopped(loop, monkeypatch):
    monkeypatch.setattr(reading, "PART_ROWS", 100)
    fill(loop, 350)
    with armed("extract.part_written", nth=4), pytest.raises(Crashed):
        loop.fetch()
    loop.later(hours=1)
    loop.hubspot.put("contacts", "3", lead_score="50")
    loop.hubspot.put("contacts", "400", email="new@x.example")
    loop.later(minutes=1)
    loop.hubspot.seen.clear()
    loop.extract()
    assert loop.hubspot.seen.count(LISTED) <= 8
    assert loop.rows("select count(*), count(distinct id), max(lead_score) from raw_hubspot.contacts") == [
        (351, 351, 50)
    ]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_a_fetch_that_was_not_published_is_not_fetched_again(loop):
    fill(loop, 120)
    first = loop.fetch()
    loop.hubspot.seen.clear()
    again = loop.fetch()
    assert loop.hubspot.seen.count(LISTED) == 0
    assert again.rows == first.rows
    loop.load(again)
    spool.clear(loop.settings)
    assert loop.rows("select count(*) from raw_hubspot.contacts") == [(120,)]
    assert not list(loop.settings.paths.spool.rglob("*.parquet"))


def test_publishing_the_others_keeps_what_a_failed_first_load_has_so_far(loop, monkeypatch):
    monkeypatch.setattr(reading, "PART_ROWS", 100)
    fill(loop, 350)

    def broken(request: httpx.Request) -> httpx.Response | None:
        is_third = (request.method, request.url.path) == LISTED and request.url.params.get("after") == "201"
        return httpx.Response(500) if is_third else None

    loop.hubspot.intercept = broken
    assert "hubspot contacts" in loop.extract().stale
    spool.clear(loop.settings)
    loop.hubspot.intercept = lambda request: None
    loop.hubspot.seen.clear()
    loop.extract()
    assert loop.hubspot.seen.count(LISTED) <= 4
    assert loop.rows("select count(*), count(distinct id) from raw_hubspot.contacts") == [(350, 350)]


def test_a_list_that_ends_early_is_stale_and_the_old_rows_stay(loop):
    fill(loop, 250)

    def cut(request: httpx.Request) -> httpx.Response | None:
        if (request.method, request.url.path) != LISTED or request.url.params["archived"] == "true":
            return None
        return httpx.Response(200, json={"results": list(loop.hubspot.records["contacts"].values())[:100]})

    loop.hubspot.intercept = cut
    fetched = loop.extract()
    assert "hubspot contacts" in fetched.stale
    assert any("HubSpot gave 100 of 250 contacts" in note for note in fetched.notes)
    assert loop.rows("select count(*) from raw_hubspot.contacts") == [(0,)]
    assert loop.rows("select count(*) from raw_hubspot.owners") == [(1,)]

    loop.hubspot.intercept = lambda request: None
    assert loop.extract().rows["hubspot contacts"] == 250


def test_an_object_that_fails_keeps_its_rows_and_its_cursor(loop):
    fill(loop, 3)
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("contacts", "2", lead_score="70")
    loop.hubspot.put("companies", "9", name="Acme")
    loop.later(minutes=1)

    def broken(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(500) if "/objects/2026-03/contacts" in request.url.path else None

    loop.hubspot.intercept = broken
    fetched = loop.extract()
    assert set(fetched.stale) == {
        "hubspot contacts",
        "hubspot associations",
    }
    assert fetched.rows == {"hubspot companies": 1}
    assert loop.rows("select count(*), max(lead_score) from raw_hubspot.contacts") == [(3, 7)]

    loop.hubspot.intercept = lambda request: None
    loop.later(minutes=5)
    assert loop.extract().rows["hubspot contacts"] == 1
    assert loop.rows("select max(lead_score) from raw_hubspot.contacts") == [(70,)]


def test_a_small_table_that_came_back_empty_by_mistake_keeps_its_rows(loop):
    loop.extract()
    loop.later(minutes=5)
    empty = iter([httpx.Response(200, json={"results": []})] * 2)  # those who work, those who left
    loop.hubspot.intercept = lambda request: next(empty, None) if "/owners/" in request.url.path else None
    assert loop.extract().stale == ()
    assert loop.rows("select count(*) from raw_hubspot.owners") == [(1,)]


def test_a_small_table_that_is_empty_when_asked_again_is_emptied(loop):
    loop.extract()
    loop.later(minutes=5)
    empty = httpx.Response(200, json={"results": []})
    loop.hubspot.intercept = lambda request: empty if "/owners/" in request.url.path else None
    assert loop.extract().stale == ()
    assert loop.rows("select count(*) from raw_hubspot.owners") == [(0,)]


def test_a_small_table_is_replaced_when_it_differs(loop):
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.campaigns = [{"id": "c", "properties": {"hs_name": "Spring", "hs_start_date": "2026-03-01"}}]
    assert loop.extract().rows["hubspot campaigns"] == 1
    assert loop.rows("select name, start_date::varchar from raw_hubspot.campaigns") == [
        ("Spring", "2026-03-01")
    ]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_campaigns_without_the_scope_are_stale_and_said_every_time(loop):
    loop.hubspot.campaigns = None
    fetched = loop.extract()
    assert any("campaigns" in note and "scope" in note for note in fetched.notes)
    assert loop.rows("select status from ops.loads where table_name = 'campaigns'") == [("stale",)]
    loop.later(minutes=5)
    again = loop.fetch()
    assert not again.has_changes
    assert "hubspot campaigns" in again.stale


def test_properties_the_portal_lacks_are_null_and_noted(loop):
    loop.hubspot.lacking = {"lead_score", "touch_count"}
    fill(loop, 2)
    fetched = loop.extract()
    assert "hubspot contacts: not there, so null: lead_score, touch_count" in fetched.notes
    assert loop.rows("select note from ops.loads where table_name = 'contacts'") == [
        ("not there, so null: lead_score, touch_count",)
    ]


def test_values_that_cannot_be_read_are_null_and_counted(loop):
    fill(loop, 3)
    loop.hubspot.put("contacts", "1", first_conversion_date="last Tuesday", num_conversion_events="many")
    loop.hubspot.put("contacts", "2", first_conversion_date="2026-02-30T00:00:00Z")
    fetched = loop.extract()
    told = " ".join(fetched.notes)
    assert "first_conversion_date: 2 unreadable values" in told
    assert "num_conversion_events: 1 unreadable value such as 'many' became null" in told
    assert loop.rows("select count(first_conversion_date), count(*) from raw_hubspot.contacts") == [(0, 3)]
