"""HubSpot's records: everything once, then what changed, window by window."""

from __future__ import annotations

from datetime import timedelta

from pipelines.sources.catalogs import CATALOGS

from .conftest import fill


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
