"""A fetch from HubSpot that is killed, refused or not published loses nothing and asks little twice."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.sources import reading, spool
from pipelines.sources.hubspot import whole

from .conftest import LISTED, fill


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


def test_an_object_that_fails_keeps_its_rows_and_its_cursor(loop):
    fill(loop, 3)
    loop.hubspot.put("contacts", "2", hubspotscore="0.1")
    loop.extract()
    loop.connection.execute("alter table raw_hubspot.contacts alter hubspotscore type double")  # of old
    unread = (
        "insert into ops.unread_columns values ('hubspot', 'custom_gone', 'x', 'kept as last read', now())"
    )
    loop.connection.execute(unread)
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
    score = "select typeof(hubspotscore), hubspotscore from raw_hubspot.contacts where id = '2'"
    assert loop.rows(score) == [("DOUBLE", 0.1)]  # nothing brought it anew
    assert loop.rows("select count(*) from ops.unread_columns where table_name = 'custom_gone'") == [(0,)]

    loop.hubspot.intercept = lambda request: None
    loop.later(minutes=5)
    assert loop.extract().rows["hubspot contacts"] == 1
    assert loop.rows("select max(lead_score) from raw_hubspot.contacts") == [(70,)]
    assert loop.rows(score) == [("DECIMAL(38,18)", Decimal("0.1"))]
