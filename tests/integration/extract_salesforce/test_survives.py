"""Faults, limits, rights and kills: the rest loads, nothing is half there, the next run goes on."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.clients.open import open_salesforce
from pipelines.crashpoints import Crashed, armed
from pipelines.settings import Secret, Settings
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.salesforce import query
from tests.fixtures import nursery

from .loop import Loop


def _config(loop, text: str) -> None:
    Path(loop.settings.config_dir, "extract.yml").write_text(text)


@pytest.mark.parametrize(("kind", "bulk_from"), [("rest", 10_000), ("bulk", 50)])
def test_a_cut_result_is_said_and_leaves_the_old_rows(loop, monkeypatch, kind, bulk_from):
    before = loop.rows("select count(*) from raw_salesforce.lead")
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    leads = loop.some("Lead", 60, "IsDeleted = 'false' and IsConverted = 'false'")
    loop.set("Lead", leads, Title="new", SystemModstamp=stamp)
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


def test_trouble_resets_and_an_ended_session_do_not_show_in_the_result(fresh, monkeypatch):
    monkeypatch.setattr("pipelines.clients.transport.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 200)
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 97)
    results = "GET .*/results"
    fresh.faults(
        {"match": "GET .*/queryAll", "status": 503, "times": 2},
        {"match": "GET .*/queryAll", "status": "reset", "times": 2, "after": 3},
        {"match": "POST .*/composite", "status": "drop_answer", "times": 1},
        {"match": "GET .*/queryAll", "status": 401, "times": 2, "after": 6},
        {"match": "POST .*/jobs/query$", "status": 503, "times": 1},
        {"match": results, "status": 500, "times": 2}, {"match": results, "status": 503, "after": 4},
        {"match": results, "status": "reset", "times": 2, "after": 7},
        {"match": results, "status": "cut_body", "times": 2, "after": 11},
        {"match": results, "status": 401, "after": 15},
    )  # fmt: skip
    assert fresh.extract().stale == ()
    assert all(each["met"] for each in fresh.known_faults())
    assert fresh.differences() == []


def test_too_many_requests_at_once_are_waited_out(fresh, monkeypatch):
    monkeypatch.setattr("pipelines.clients.transport.FIRST_PAUSE_SECONDS", 0.01)
    too_many = {"status": 403, "limit": "concurrent", "times": 2, "retry_after": 0}
    fresh.faults(
        {"match": "GET .*/queryAll", **too_many}, {"match": "POST .*/composite", **too_many},
        {"match": "GET .*/queryAll", "status": "cut_body", "times": 2, "after": 4},
    )  # fmt: skip
    assert fresh.extract().stale == ()
    assert fresh.differences() == []


@pytest.mark.parametrize("flow", ["client credentials", "jwt", "rotating refresh token"])
def test_sessions_that_end_in_mid_read_are_begun_again(fresh, monkeypatch, flow):
    if flow == "jwt":
        fresh.settings = with_private_key(fresh)
    if flow == "rotating refresh token":
        fresh.settings = with_refresh_token(fresh)
        fresh.org("rotate")
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 200)
    begin, begun = query.Query._begin, []

    def end_then_begin(self, spool):
        begun.append(self.table.name)
        if len(begun) in (3, 15):
            fresh.org("expire_sessions")
        begin(self, spool)

    monkeypatch.setattr(query.Query, "_begin", end_then_begin)
    assert fresh.extract().stale == ()
    signed = fresh.store("select count(*) from requests where path = '/services/oauth2/token'")[0][0]
    assert signed == 3
    assert fresh.differences() == []


def test_a_rotated_refresh_token_is_used_once_and_the_next_run_has_its_successor(fresh):
    fresh.settings = with_refresh_token(fresh)
    fresh.org("rotate")
    fresh.extract()
    fresh.org("expire_sessions")
    fresh.later()
    fresh.extract()
    with open_salesforce(fresh.settings) as client:
        assert client.identity().org_id
    kept = fresh.settings.home / "salesforce_refresh_token.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert fresh.differences() == []


def test_extract_stops_at_its_share_of_the_day_and_goes_on_the_next(fresh, monkeypatch):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 10**9)
    _config(fresh, "budget: {daily_share: 0.5}\n")
    fresh.org("use_calls", used=49_995)
    fetched = fresh.extract()
    assert fetched.stale
    assert any("extract stops at 50%" in note for note in fetched.notes)
    used = fresh.store("select count(*) from requests where path like '/services/data%'")[0][0]
    assert used < 12
    fresh.later(24 * 3600)
    assert fresh.extract().stale == ()
    assert fresh.differences() == []


def test_a_used_up_day_is_partial_not_broken(loop):
    loop.faults({"match": "(GET|POST) .*/(composite|queryAll)", "status": 403, "times": 1_000})
    fetched = loop.extract()
    assert len(fetched.stale) == len(fetched.tables)
    loop.faults()
    loop.later()
    assert loop.extract().stale == ()


def test_without_a_right_one_sentence_says_so_and_the_rest_loads(fresh):
    fresh.org("hide", object="Lead")
    fresh.org("hide", object="CaseHistory")
    fresh.org("hide", object="Contact", field="Title")
    fresh.org("hide", object="Contact", field="Email")
    fetched = fresh.extract()
    [problem] = fetched.problems
    assert problem.startswith("Contact.Email cannot be read (")
    assert "No such column 'Email'" in problem
    assert fetched.stale == ("salesforce lead",)
    assert any(
        "Salesforce does not show Lead" in note and "resource does not exist" in note
        for note in fetched.notes
    )
    assert (fresh.status("case_history"), fresh.status("contact")) == ("absent", "loaded")
    assert any(
        note.startswith("salesforce contact: not there, so null: ") and "Title" in note
        for note in fetched.notes
    )
    fresh.org("show", object="Lead")
    fresh.org("show", object="CaseHistory")
    fresh.org("show", object="Contact", field="Title")
    fresh.org("show", object="Contact", field="Email")
    fresh.later()
    fresh.extract()
    assert fresh.differences() == []


def test_a_field_whose_right_is_taken_is_said_until_known_and_its_values_stay(loop):
    [lead] = loop.some("Lead", 1, "IsDeleted = 'false' and IsConverted = 'false' and Title is not null")
    other = loop.some("Lead", 2, "IsDeleted = 'false' and IsConverted = 'false'")[1]
    before = dict(loop.rows("select Id, Title from raw_salesforce.lead"))
    loop.org("hide", object="Lead", field="Title")
    loop.update("Lead", lead, Company="Renamed Ltd")
    for _ in range(2):
        loop.later()
        fetched = loop.extract()
        [problem] = fetched.problems
        assert problem.startswith("Lead.Title can no longer be read (Salesforce does not show a field: ")
        assert "No such column 'Title'" in problem
        assert fetched.stale == ()
    assert dict(loop.rows("select Id, Title from raw_salesforce.lead")) == before
    _config(loop, "salesforce: {fields: {Lead: {without: [Title]}}}\n")
    assert loop.fetch().problems == ()
    _config(loop, "{}\n")
    loop.org("show", object="Lead", field="Title")
    loop.set("Lead", [other], Title="changed while nobody could see it")
    loop.later()
    assert loop.extract().problems == ()
    assert loop.differences() == []


def test_config_names_objects_and_fields_and_a_wrong_name_is_said(fresh):
    fresh.org("add_object", name="Invoice__c", prefix="a0X", lines=["Total__c currency", "Due__c date"])
    invoice = fresh.create("Invoice__c", Name="I-1", Total__c=12.5, Due__c="2026-07-01")
    fresh.org("hide", object="Contact", field="Title")
    fields = "{Lead: {without: [Fax_typo]}, Contact: {only: [Title]}}"
    _config(fresh, f"salesforce: {{objects: [Invoice__c, Nothing__c], fields: {fields}}}\n")
    fresh.later()
    fetched = fresh.extract()
    assert fetched.stale == ("salesforce nothing__c",)
    for named, said in (("Lead.Fax_typo", "'Fax_typo'"), ("Contact.Title", "'Title'")):
        [problem] = [each for each in fetched.problems if named in each]
        assert problem.startswith("config/extract.yml names the field ")
        assert f"No such column {said}" in problem
    assert fresh.rows("select count(*) > 0 from raw_salesforce.lead") == [(True,)]
    fresh.org("show", object="Contact", field="Title")
    found = "select Id, Total__c::varchar, Due__c::varchar from raw_salesforce.invoice__c"
    assert fresh.rows(found) == [(invoice, "12.50", "2026-07-01")]
    _config(fresh, "salesforce: {objects: [Invoice__c]}\n")
    fresh.update("Invoice__c", invoice, Total__c=13)
    fresh.later()
    fresh.extract()
    assert fresh.rows(found) == [(invoice, "13.00", "2026-07-01")]
    fresh.later()
    assert not fresh.extract().has_changes


def test_a_killed_window_of_changes_goes_on_where_it_was(loop, monkeypatch):
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    loop.set("Task", loop.some("Task", 430, "1 = 1"), Subject="tied", SystemModstamp=stamp)
    loop.later()
    _small_pages(monkeypatch)
    with armed("extract.part_written", nth=1), pytest.raises(Crashed):
        loop.fetch()
    [changed] = loop.some("Task", 1)
    loop.update("Task", changed, Subject="since the kill")
    loop.later()
    loop.extract()
    assert loop.differences() == []
    assert loop.rows("select count(*) - count(distinct Id) from raw_salesforce.task") == [(0,)]


def _small_pages(monkeypatch) -> None:
    """REST pages of 200, the least Salesforce gives."""
    from pipelines.clients import transport

    attempt = transport.Transport._attempt

    def smaller(self, call, *given, **named):
        headers = {**call.headers, "Sforce-Query-Options": "batchSize=200"}
        return attempt(self, replace(call, headers=headers), *given, **named)

    monkeypatch.setattr(transport.Transport, "_attempt", smaller)


KILLED = """
import json, os, signal, sys
from pathlib import Path
import duckdb
from pipelines import crashpoints
from pipelines.clients.salesforce import client
from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.sources import fetch
from pipelines.sources.known import known_from
from pipelines.sources.salesforce import query
env, bulk_from = json.loads(sys.argv[1]), int(sys.argv[2])
query.BULK_FROM_ROWS, client.page_rows = bulk_from, lambda columns: 40
crashpoints.os._exit = lambda code: os.kill(os.getpid(), signal.SIGKILL)
crashpoints.arm("extract.part_written", nth=3, hard=True)
raw = duckdb.connect(str(Path(env["CRM_HOME"]) / "work.duckdb"), read_only=True)
raw.execute("set timezone = 'UTC'")
settings = load_settings(env, dotenv=Path("none"))
fetch.fetch(settings, Run(), known_from(raw), silent)
"""


@pytest.mark.kill
def test_a_window_of_changes_killed_for_real_goes_on_with_its_job(loop, monkeypatch):
    stamp = loop.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    loop.set("Task", loop.some("Task", 430, "1 = 1"), Subject="tied", SystemModstamp=stamp)
    loop.later()
    loop.raw.close()
    said, code = nursery.python(KILLED, [json.dumps(loop.env), "50"])
    assert code == -signal.SIGKILL, said
    loop.reopen()
    pages = "select count(*) from requests where path like '%/results'"
    before = loop.store(pages)[0][0]
    [changed] = loop.some("Task", 1)
    loop.update("Task", changed, Subject="since the kill")
    loop.later()
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 40)
    assert loop.extract().stale == ()
    assert loop.store("select count(*) from jobs where query like '% FROM Task %'") == [(1,)]
    assert before > 0
    assert loop.differences() == []
    assert loop.rows("select count(*) - count(distinct Id) from raw_salesforce.task") == [(0,)]


@pytest.mark.kill
def test_a_first_bulk_load_killed_for_real_goes_on_with_its_jobs_and_learns_who_was_deleted_since(
    fresh, monkeypatch
):
    fresh.raw.close()
    said, code = nursery.python(KILLED, [json.dumps(fresh.env), "50"])
    assert code == -signal.SIGKILL, said
    fresh.reopen()
    spools = Path(fresh.settings.paths.spool, "salesforce").glob("*/first/manifest.json")
    left = {each: json.loads(each.read_text()) for each in spools}
    begun = [each for each, says in left.items() if not says["complete"] and says["parts"]]
    assert begun
    folder, table = begun[0].parent, begun[0].parent.parent.name
    gone = fresh.rows(f"select min(Id) from read_parquet('{folder}/*.parquet')")[0][0]
    name = next(each.api_name for each in CATALOGS["salesforce"] if each.name == table)
    fresh.org("purge", object=name, ids=[gone])
    fresh.later(3_600)
    monkeypatch.setattr(query, "BULK_FROM_ROWS", 50)
    monkeypatch.setattr("pipelines.clients.salesforce.client.page_rows", lambda columns: 40)
    assert fresh.extract().stale == ()
    assert fresh.store(f"select count(*) from jobs where query like '% FROM {name}'") == [(1,)]
    assert fresh.differences(gone=True) == []
    marked = f"select deleted_how, count(*) over () from raw_salesforce.{table} where deleted_how = 'deleted'"
    assert fresh.rows(f"{marked} and Id = '{gone}'") == [("deleted", 1)]


def with_private_key(loop: Loop) -> Settings:
    """The same connection by a signed assertion."""
    [(username,)] = loop.store("select value from meta where key = 'username'")
    key = Secret((loop.world / "salesforce_jwt_key.pem").read_text())
    assert loop.settings.salesforce is not None
    connection = replace(loop.settings.salesforce, username=username, private_key=key)
    return replace(loop.settings, salesforce=connection)


def with_refresh_token(loop: Loop) -> Settings:
    """The same connection by refresh token."""
    [(token,)] = loop.store("select value from meta where key = 'refresh_token'")
    assert loop.settings.salesforce is not None
    connection = replace(loop.settings.salesforce, refresh_token=Secret(token))
    return replace(loop.settings, salesforce=connection)
