"""Faults, limits, rights and kills: the rest loads, nothing is half there, the next run goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.clients.open import open_salesforce
from pipelines.crashpoints import Crashed, armed
from pipelines.sources.salesforce import query

from .conftest import with_refresh_token


def _config(loop, text: str) -> None:
    Path(loop.settings.config_dir, "extract.yml").write_text(text)


@pytest.mark.parametrize(("kind", "bulk_from"), [("rest", 10_000), ("bulk", 50)])
def test_a_cut_result_is_said_and_leaves_the_old_rows(loop, monkeypatch, kind, bulk_from):
    loop.extract()
    before = loop.rows("select count(*) from raw_salesforce.lead")
    for lead in loop.some("Lead", 60, "IsDeleted = 'false' and IsConverted = 'false'"):
        loop.org("set_values", object="Lead", id=lead, values={"Title": "new", "SystemModstamp":
                 loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")})  # fmt: skip
    loop.later()
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    look = query.Query._begin

    def cut_then_begin(self, spool):
        loop.org("cut", kind=kind)
        look(self, spool)

    monkeypatch.setattr(query.Query, "_begin", cut_then_begin)
    fetched = loop.extract()
    assert fetched.stale == ("salesforce lead",)
    assert any("Salesforce gave" in note for note in fetched.notes)
    assert loop.rows("select count(*) from raw_salesforce.lead where Title = 'new'") == [(0,)]
    assert loop.rows("select count(*) from raw_salesforce.lead") == before
    monkeypatch.setattr(query.Query, "_begin", look)
    loop.org("cut", kind=kind, times=0)
    loop.extract()
    assert loop.differences() == []


def test_trouble_resets_and_an_ended_session_do_not_show_in_the_result(loop):
    loop.faults(
        {"match": "GET .*/queryAll", "status": 503, "times": 2},
        {"match": "GET .*/queryAll", "status": "reset", "times": 2, "after": 3},
        {"match": "POST .*/composite", "status": "drop_answer", "times": 1},
        {"match": "GET .*/queryAll", "status": 401, "times": 2, "after": 6},
    )
    assert loop.extract().stale == ()
    assert loop.differences() == []


def test_a_rotated_refresh_token_is_used_once_and_the_next_run_has_its_successor(loop):
    loop.settings = with_refresh_token(loop)
    loop.org("rotate")
    loop.extract()
    loop.org("expire_sessions")
    loop.later()
    loop.extract()
    with open_salesforce(loop.settings) as client:
        assert client.identity().org_id
    kept = loop.settings.home / "salesforce_refresh_token.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert loop.differences() == []


def test_extract_stops_at_its_share_of_the_day_and_goes_on_the_next(loop, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 10**9)
    _config(loop, "budget: {daily_share: 0.5}\n")
    loop.org("use_calls", used=49_995)
    fetched = loop.extract()
    assert fetched.stale
    assert any("extract stops at 50%" in note for note in fetched.notes)
    used = loop.store("select count(*) from requests where path like '/services/data%'")[0][0]
    assert used < 12
    loop.later(24 * 3600)
    assert loop.extract().stale == ()
    assert loop.differences() == []


def test_a_used_up_day_is_partial_not_broken(loop):
    loop.extract()
    loop.faults({"match": "(GET|POST) .*/(composite|queryAll)", "status": 403, "times": 1_000})
    fetched = loop.extract()
    assert len(fetched.stale) == len(fetched.tables)
    loop.faults()
    loop.later()
    assert loop.extract().stale == ()


def test_without_a_right_one_sentence_says_so_and_the_rest_loads(loop):
    loop.org("hide", object="Lead")
    loop.org("hide", object="CaseHistory")
    loop.org("hide", object="Contact", field="Title")
    fetched = loop.extract()
    assert fetched.stale == ("salesforce lead",)
    assert any(
        "Salesforce does not show Lead" in note and "resource does not exist" in note
        for note in fetched.notes
    )
    assert (loop.status("case_history"), loop.status("contact")) == ("absent", "loaded")
    assert "salesforce contact: not there, so null: Title" in fetched.notes
    loop.org("show", object="Lead")
    loop.org("show", object="CaseHistory")
    loop.org("show", object="Contact", field="Title")
    loop.later()
    loop.extract()
    assert loop.differences() == []


def test_config_names_objects_and_fields_and_a_wrong_name_is_said(loop):
    loop.org("add_object", name="Invoice__c", prefix="a0X", lines=["Total__c currency", "Due__c date"])
    invoice = loop.create("Invoice__c", Name="I-1", Total__c=12.5, Due__c="2026-07-01")
    _config(loop, "salesforce: {objects: [Invoice__c, Nothing__c], fields: {Lead: {without: [Fax_typo]}}}\n")
    loop.later()
    fetched = loop.extract()
    assert set(fetched.stale) == {"salesforce nothing__c", "salesforce lead"}
    assert any("No such column 'Fax_typo'" in note for note in fetched.notes)
    found = "select Id, Total__c::varchar, Due__c::varchar from raw_salesforce.invoice__c"
    assert loop.rows(found) == [(invoice, "12.50", "2026-07-01")]
    _config(loop, "salesforce: {objects: [Invoice__c]}\n")
    loop.update("Invoice__c", invoice, Total__c=13)
    loop.later()
    loop.extract()
    assert loop.rows(found) == [(invoice, "13.00", "2026-07-01")]
    loop.later()
    assert not loop.extract().has_changes


@pytest.mark.parametrize("bulk_from", [10_000, 50])
def test_a_killed_window_of_changes_goes_on_where_it_was(loop, monkeypatch, bulk_from):
    loop.extract()
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for lead in loop.some("Task", 430, "1 = 1"):
        loop.org("set_values", object="Task", id=lead, values={"Subject": "tied", "SystemModstamp": stamp})
    loop.later()
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 40)
    _small_pages(monkeypatch)
    with armed("extract.part_written", nth=1), pytest.raises(Crashed):
        loop.fetch()
    [changed] = loop.some("Task", 1)
    loop.update("Task", changed, Subject="since the kill")
    loop.later()
    loop.extract()
    assert loop.store("select count(*) - count(distinct query) from jobs") == [(0,)]
    assert loop.differences() == []
    assert loop.rows("select count(*) - count(distinct Id) from raw_salesforce.task") == [(0,)]


def _small_pages(monkeypatch) -> None:
    """REST pages of 200, the least Salesforce gives."""
    from pipelines.clients import transport

    attempt = transport.Transport._attempt

    def smaller(self, call, url, number):
        headers = {**call.headers, "Sforce-Query-Options": "batchSize=200"}
        return attempt(self, replace(call, headers=headers), url, number)

    monkeypatch.setattr(transport.Transport, "_attempt", smaller)
