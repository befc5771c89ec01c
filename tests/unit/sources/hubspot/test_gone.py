"""HubSpot's records that went: archived, restored, purged, merged, or of a list that ended early."""

from __future__ import annotations

import httpx

from .conftest import LISTED, fill


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
