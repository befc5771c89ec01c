"""Every table of `raw_hubspot` equals the portal's own store, after a first extract and after later ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.settings import PROJECT_ROOT
from sandbox import times

from .everything import differences
from .portal import OBJECTS, Portal, serving

ALL = "{}"
DAY = 86_400
RECORDS = (
    "contacts", "companies", "deals", "tickets", "leads", "calls", "emails", "meetings", "notes", "tasks",
    "communications", "products", "line_items", "goal_targets", "p48290173_installations",
)  # fmt: skip
"""What has records in the seeded world and can be written by a client."""


@pytest.fixture(scope="module")
def whole(pristine: Path, at_once: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a portal and the warehouse of its first extract of everything."""
    folder = Path(shutil.copytree(pristine, tmp_path_factory.mktemp("whole") / "all"))
    with serving(folder, config=ALL) as portal:
        assert portal.extract().stale == ()
        assert differences(portal)[:10] == []
        portal.later()
    return folder


@pytest.fixture
def portal(whole: Path, tmp_path: Path) -> Any:
    with serving(Path(shutil.copytree(whole, tmp_path / "all")), config=ALL) as portal:
        yield portal


def change(portal: Portal, table: str, where: str = "1 = 1", **values: Any) -> None:
    """Put values into what the store shows of some rows."""
    for name, value in values.items():
        portal.store(
            f"update {table} set shown = cast(json_set(shown, '$.{name}', json(?)) as blob) where {where}",
            orjson.dumps(value).decode(),
        )


def test_every_table_equals_the_store_after_changes_of_every_object(portal):
    iso, at = "2026-06-20T10:00:00.000Z", portal.now()
    for kind in RECORDS:
        portal.do("DELETE", f"{OBJECTS}/{kind}/{portal.some(kind, 2)[1]}")
    portal.update("tickets", portal.some("tickets", 1)[0], hs_pipeline_stage="4")
    portal.update("leads", portal.some("leads", 1)[0], hs_pipeline_stage="qualified-stage-id")
    portal.update("line_items", portal.some("line_items", 1)[0], quantity="7")
    portal.update("products", portal.some("products", 1)[0], price="19.99")
    portal.update("calls", portal.some("calls", 1)[0], hs_call_title="Called back")
    portal.create("notes", hs_timestamp=str(at), hs_note_body="A note")
    portal.define("deals", "shoe_size")
    portal.do("DELETE", "/crm/properties/2026-03/deals/shoe_size")
    portal.define("tickets", "room")
    portal.store("update owners set archived = 1, updated = ? where id = (select max(id) from owners)", at)
    portal.store("delete from owners where id = (select min(id) from owners)")
    change(portal, "teams", "id = 100", name="Leadership", secondaryUserIds=["9005"])
    portal.store("delete from teams where id = (select max(id) from teams)")
    portal.store("delete from stages where object = 'deals' and id = 'decisionmakerboughtin'")
    portal.store("insert into pipelines values ('deals', 'renewals', 'Renewals', 1, 0, ?, ?)", at, at)
    portal.store("insert into stages values ('deals', 'renewals', 'r1', 'Due', 0, 0.5, 0, 0, ?, ?)", at, at)
    custom = RECORDS[-1]
    portal.store(f"insert into pipelines values ('{custom}', 'rollout', 'Roll-out', 0, 0, ?, ?)", at, at)
    portal.store(
        f"insert into stages values ('{custom}', 'rollout', 's1', 'Due', 0, null, 0, 0, ?, ?)", at, at
    )
    portal.store("delete from meeting_links where id > 3004")
    portal.store("delete from exchange_rates where id = 1001")
    change(portal, "exchange_rates", "id = 1002", conversionRate=1.12345678)
    portal.store("delete from subscription_types where id = 503")
    portal.store("delete from subscription_statuses where type_id = 503")
    portal.store("insert into subscription_types select 504, cast(json_set(shown, '$.id', '504', '$.name', "
                 "'Product') as blob) from subscription_types where id = 501")  # fmt: skip
    change(portal, "marketing_events", "id = 400001", attendees=99, updatedAt=iso)
    portal.store("delete from participations where id % 3 = 0")
    change(portal, "forms", archived=True, archivedAt=iso)
    portal.store("update forms set archived = 1")
    _campaigns(portal, at)
    _lists(portal, at)
    _messages(portal, at)
    portal.later()
    assert portal.extract().stale == ()
    assert differences(portal)[:10] == []
    portal.later()
    assert not portal.fetch().has_changes


def pages_asked(portal: Portal) -> int:
    """Pages of events, as the portal counted them."""
    return int(portal.store(
        "select count(*) from requests where path like '/email/%/events' or path like '%/timeline' "
        "or path like '/form-integrations/%' or path = '/events/v3/events'"
    )[0][0])  # fmt: skip


@pytest.mark.kill
def test_a_fetch_of_everything_killed_by_signal_leaves_nothing_half_read(fresh):
    fresh.config.write_text(ALL)
    code = (
        "from pathlib import Path\n"
        "from pipelines.run import Run, silent\n"
        "from pipelines.settings import load_settings\n"
        "from pipelines.sources.fetch import fetch\n"
        "from pipelines.sources.known import Known\n"
        "fetch(load_settings(dotenv=Path('none')), Run(), Known(), silent)\n"
    )
    env = {**os.environ, **fresh.env}
    process = subprocess.Popen([sys.executable, "-c", code], env=env, cwd=PROJECT_ROOT)
    spool = fresh.settings.paths.spool
    while not list(spool.rglob("*.parquet")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert fresh.extract().stale == ()
    assert differences(fresh)[:10] == []
    assert not fresh.fetch().has_changes


@pytest.mark.kill
@pytest.mark.parametrize(("nth", "pages_left"), [(2, 41), (9, 36), (16, 32)])
def test_a_first_load_of_events_ended_by_kill_goes_on_where_it_stopped(folder, monkeypatch, nth, pages_left):
    config = "hubspot: {objects: [users], custom_objects: none}"
    with serving(folder, config=config) as portal:
        monkeypatch.setattr("pipelines.clients.hubspot.marketing.OLD_PAGE", 30)
        portal.killed(nth, 25)
        before = pages_asked(portal)
        assert before >= nth
        portal.later()
        _messages(portal, portal.now())
        portal.later(2 * DAY)
        fetched = portal.extract()
        assert fetched.stale == ()
        assert differences(portal, of_records=False)[:10] == []
        assert pages_asked(portal) - before <= pages_left
        portal.later()
        assert not portal.fetch().has_changes


def test_a_form_and_a_kind_of_event_that_are_new_here_are_read_however_old_they_are(portal):
    portal.store("insert into forms select 'f-new', 0, cast(json_set(shown, '$.id', 'f-new') as blob) "
                 "from forms limit 1")  # fmt: skip
    for number in range(120):
        at = portal.now() - 400 * DAY * 1_000 - (number // 60)
        sent = {"conversionId": f"old-{number}", "submittedAt": at, "values": [], "pageUrl": "http://p"}
        portal.store("insert into submissions values (?, 'f-new', ?, ?)", f"old-{number}", at,
                     orjson.dumps(sent))  # fmt: skip
        seen = {"id": f"b-{number}", "eventType": "pe1_old", "objectType": "CONTACT", "objectId": "100001",
                "occurredAt": times.iso(at), "properties": {}}  # fmt: skip
        portal.store("insert into behaviours values (?, ?, 'pe1_old', 'contact', 100001, ?)",
                     f"b-{number}", at, orjson.dumps(seen))  # fmt: skip
    portal.later()
    portal.extract()
    assert differences(portal)[:10] == []


def test_a_pair_of_one_type_arrives_and_one_that_is_not_shown_keeps_its_rows_and_is_said(portal):
    for kind in ("companies", "deals", "contacts"):
        ids = portal.some(kind, 2)
        portal.do("PUT", f"{OBJECTS}/{kind}/{ids[0]}/associations/default/{kind}/{ids[1]}")
        portal.update(kind, ids[0], hubspot_owner_id="70005")
    call, lead = portal.some("calls", 1)[0], portal.some("leads", 1)[0]
    portal.do("PUT", f"{OBJECTS}/calls/{call}/associations/default/leads/{lead}")
    portal.update("calls", call, hs_call_title="About a lead")
    portal.config.write_text("hubspot: {associations: {contacts: [contacts]}}")
    portal.later()
    assert portal.extract().problems == ()
    assert differences(portal)[:10] == []
    portal.faults({"match": "POST .*/associations/.*/deals/contacts/batch/read", "status": 403, "times": 9})
    deal = portal.some("deals", 3)[2]
    portal.update("deals", deal, dealname="Renamed")
    portal.later()
    fetched = portal.extract()
    [problem] = fetched.problems
    assert "associations of HubSpot's deals with contacts cannot be read" in problem
    assert "lacks a scope" in problem
    assert fetched.stale == ()
    assert differences(portal)[:10] == []


def test_what_moves_no_stamp_waits_for_the_daily_reading_and_what_is_later_than_any_window_for_the_sweep(
    portal,
):
    metrics = {
        "sessions": 9_999,
        "newContactsFirstTouch": 1,
        "newContactsLastTouch": 2,
        "influencedContacts": 3,
    }
    portal.store("update campaign_reports set shown = ? where report = 'metrics'", orjson.dumps(metrics))
    change(portal, "campaign_assets", metrics={"views": 77})
    change(portal, "campaign_items", amount=5.5)
    portal.store("delete from list_members where list_id = 1")
    portal.store("delete from campaign_contacts where contact_id % 2 = 0")
    portal.store("delete from participations where id % 2 = 0")
    late = _weeks_late(portal)
    portal.later()
    portal.extract()
    assert {row[0] for row in differences(portal)} - late == {
        "campaign_reports", "campaign_assets", "campaign_items", "campaign_contacts", "list_members",
        "marketing_event_participations",
    }  # fmt: skip
    portal.later(DAY)
    assert portal.extract().stale == ()
    assert {row[0] for row in differences(portal)} == late
    portal.later(7 * DAY)
    assert portal.extract().stale == ()
    assert differences(portal)[:10] == []
    swept = "select table_name, missing, mended, extra from ops.sweeps where mended > 0 order by 1"
    counts = {"email_campaigns": (0, 1, 0), "subscription_statuses": (3, 3, 0)}  # one for each kind
    assert portal.rows(swept) == [(name, *counts.get(name, (1, 1, 0))) for name in sorted(late)]
    portal.later()
    assert not portal.fetch().has_changes


def _weeks_late(portal: Portal) -> set[str]:
    """Events of a month ago that nobody was shown, and consent that left no change; in which tables."""
    [[kind]] = portal.store("select min(json_extract(shown, '$.eventType')) from behaviours")
    _messages(portal, portal.now() - 30 * DAY * 1_000, kind)
    [[email]] = portal.store(
        "select json_extract(props, '$.email') as email from contacts where archived = 0 and email not in "
        "(select json_extract(shown, '$.recipient') from subscription_changes) limit 1"
    )
    portal.store(
        "insert into subscription_statuses select ?, type_id, cast(json_set(shown, "
        "'$.subscriberIdString', ?) as blob) from subscription_statuses where recipient = 'new@a.example'",
        email,
        email,
    )  # fmt: skip
    return {
        "email_events", "email_campaigns", "form_submissions", "behavioral_events", "subscription_changes",
        "subscription_statuses",
    }  # fmt: skip


def _campaigns(portal: Portal, at: int) -> None:
    gone, one = (row[0] for row in portal.store("select id from campaigns order by id limit 2"))
    portal.store("delete from campaigns where id = ?", gone)
    for table in ("campaign_assets", "campaign_items", "campaign_reports", "campaign_contacts"):
        portal.store(f"delete from {table} where campaign_id = ?", gone)
    portal.store(
        "update campaigns set updated = ?, props = cast(json_set(props, '$.hs_name', 'Renamed') as blob) "
        "where id = ?",
        at,
        one,
    )
    for number in range(23):
        shown = orjson.dumps({"id": f"n{number}", "name": f"Asset {number}", "metrics": {"views": number}})
        portal.store("insert into campaign_assets values (?, 'FORM', ?, ?)", one, f"n{number}", shown)
    change(portal, "campaign_items", f"campaign_id = '{one}'", amount=1234.56)


def _lists(portal: Portal, at: int) -> None:
    portal.store("delete from lists where id = 2")
    portal.store("delete from list_members where list_id = 2 or record_id = "
                 "(select min(record_id) from list_members where list_id = 1)")  # fmt: skip
    change(portal, "lists", "id = 1", updatedAt="2026-06-20T10:00:00.000Z")


def _messages(portal: Portal, at: int, behaviour: str = "pe1_bought") -> None:
    recent = at - 3_600_000
    mail = {"id": "m-1", "created": recent, "type": "CLICK", "recipient": "a@a.example",
            "emailCampaignId": 880001, "browser": {"name": "Firefox"}, "location": {"country": "PT"},
            "sentBy": {"id": "s", "created": recent - 9}, "filteredEvent": True, "duration": 17}  # fmt: skip
    portal.store(
        "insert into email_events values ('m-1', ?, 'CLICK', 'a@a.example', 880001, ?)",
        recent,
        orjson.dumps(mail),
    )
    change(portal, "email_campaigns", "id = 880001", counters={"click": 1}, lastUpdatedTime=recent)
    portal.store("update email_campaigns set updated = ? where id = 880001", recent)
    form = portal.store("select id from forms limit 1")[0][0]
    sent = {
        "conversionId": "s-1",
        "submittedAt": recent,
        "values": [],
        "pageName": "P",
        "pageUrl": "http://p",
    }
    portal.store("insert into submissions values ('s-1', ?, ?, ?)", form, recent, orjson.dumps(sent))
    moved = {"timestamp": recent, "recipient": "new@a.example", "changes": [
        {"change": "UNSUBSCRIBED", "source": "SOURCE_RECIPIENT", "subscriptionId": 501,
         "changeType": "SUBSCRIPTION_STATUS", "causedByEvent": {"id": "m-1", "created": 1}}]}  # fmt: skip
    portal.store("insert into subscription_changes values (990001, ?, ?)", recent, orjson.dumps(moved))
    status = {"channel": "EMAIL", "source": "SOURCE_RECIPIENT", "status": "UNSUBSCRIBED",
              "subscriberIdString": "new@a.example", "subscriptionId": 501, "subscriptionName": "Newsletter",
              "timestamp": "2026-06-20T10:00:00.000Z"}  # fmt: skip
    portal.store("insert into subscription_statuses values ('new@a.example', 501, ?)", orjson.dumps(status))
    seen = {"id": "b-1", "eventType": behaviour,
            "objectType": "CONTACT", "objectId": "100001", "properties": {"sum": "9"}}  # fmt: skip
    portal.store("insert into behaviours values ('b-1', ?, ?, 'contact', 100001, ?)", recent, behaviour,
                 orjson.dumps(seen | {"occurredAt": times.iso(recent)}))  # fmt: skip


def test_throttling_of_every_policy_trouble_and_broken_answers_do_not_show_in_the_copy(fresh, monkeypatch):
    monkeypatch.setattr("pipelines.clients.transport.FIRST_PAUSE_SECONDS", 0.01)
    fresh.config.write_text(ALL)
    at_once = {"status": 429, "retry_after": 0, "times": 2}
    trouble = [502, 504, 423, 477, "reset", "cut_body", 503]
    fresh.faults(
        {"match": "GET .*/objects/.*/contacts$", "limit": "TEN_SECONDLY_ROLLING", **at_once},
        {"match": "POST .*/search$", "limit": "SECONDLY", **at_once},
        {"match": "POST .*/associations/", "limit": "SECONDLY", **at_once},
        *({"match": "GET ", "status": each, "after": 5 + 9 * n} for n, each in enumerate(trouble)),
        *({"match": "POST ", "status": each, "after": 5 + 4 * n} for n, each in enumerate(trouble)),
    )
    assert fresh.extract().stale == ()
    told = fresh.do("GET", "/_sandbox/faults")["faults"]
    met = {(each["status"], each["limit"]) for each in told if each["met"]}
    assert met == {(429, "TEN_SECONDLY_ROLLING"), (429, "SECONDLY"), *((each, "") for each in trouble)}
    assert differences(fresh) == []


def test_a_day_used_up_in_mid_read_leaves_what_was_read_and_the_next_run_goes_on(fresh):
    fresh.config.write_text(ALL)
    fresh.faults({"match": "(GET|POST) /(crm|marketing)", "status": 429, "limit": "DAILY", "after": 60,
                  "times": 10**6})  # fmt: skip
    fetched = fresh.extract()
    assert fetched.stale
    assert any("calls of this day are used up" in note for note in fetched.notes)
    fresh.faults()
    fresh.later(24 * 3_600)
    assert fresh.extract().stale == ()
    assert differences(fresh) == []


def test_a_missing_scope_is_named_what_is_not_there_is_noted_and_the_others_load(fresh):
    fresh.config.write_text(ALL)
    fresh.faults(
        {"match": "GET /marketing/v3/forms", "status": 403, "times": 9},
        {"match": "GET /scheduler/", "status": 404, "times": 9},
    )
    fetched = fresh.extract()
    assert set(fetched.stale) == {"hubspot forms", "hubspot form_submissions"}
    assert any("lacks a scope: marketing.read" in note for note in fetched.notes)
    [links] = [each for each in fetched.tables if each.table.name == "meeting_links"]
    assert links.status == "absent"
    assert fresh.rows("select count(*) > 0 from raw_hubspot.lists") == [(True,)]
    assert fresh.rows("select count(*) from raw_hubspot.form_submissions") == [(0,)]
    fresh.config.write_text("hubspot: {without: [forms, leads, unicorns]}")
    again = fresh.extract()
    assert again.stale == ()
    assert again.problems == (
        "config/extract.yml leaves out unicorns, which is nothing that is read by this name",
    )
