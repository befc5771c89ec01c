"""What is no record in HubSpot: the copy equals the sandbox's own store, first whole, then after changes."""

from __future__ import annotations

import sqlite3

import orjson
import pytest

from tests.integration.test_extract import extract, raw, world  # noqa: F401 - fixtures

DAY = 86_400_000


@pytest.fixture
def settings(world, tmp_path):  # noqa: F811
    env = {name: value for name, value in world.env.items() if name.startswith("HUBSPOT")}
    world.env = env
    return world.settings(tmp_path)


def ms(moment):
    return int(moment.timestamp() * 1000)


def change(world, sql, *values):  # noqa: F811
    with sqlite3.connect(world.home / "hubspot.sqlite", timeout=20) as store:
        store.execute(sql, values)


def equals_store(world, raw):  # noqa: F811
    """Each table, row by row: what identifies a row and what it says."""
    ask = lambda sql: raw.execute(sql).fetchall()  # noqa: E731
    store = lambda sql: world.rows("hubspot", sql)  # noqa: E731
    members = store("select list_id, record_id, at from list_members")
    assert {(int(a), int(b), ms(c)) for a, b, c in ask(
        "select list_id, record_id, added_at from raw_hubspot.list_members")} == set(members)  # fmt: skip
    sent = {(i, f, a) for i, f, a in store("select id, form_id, at from submissions")}
    assert {(i, f, ms(a)) for i, f, a in ask(
        "select id, form_id, submitted_at from raw_hubspot.form_submissions")} == sent  # fmt: skip
    mail = {
        (i, a, t, r, str(c), bool(f))
        for i, a, t, r, c, f in store(
            "select id, at, type, recipient, campaign_id, "
            "coalesce(json_extract(shown, '$.filteredEvent'), 0) from email_events"
        )
    }
    assert {(i, ms(a), t, r, c, bool(f)) for i, a, t, r, c, f in ask(
        "select id, occurred_at, type, recipient, email_campaign_id, filtered_event "
        "from raw_hubspot.email_events")} == mail  # fmt: skip
    seats = {
        (str(s["id"]), s["properties"]["attendanceState"], s["properties"]["occurredAt"])
        for s in (orjson.loads(x) for (x,) in store("select shown from participations"))
    }
    assert {(i, s, ms(a)) for i, s, a in ask(
        "select id, state, occurred_at from "
        "raw_hubspot.marketing_event_participations")} == seats  # fmt: skip
    said = {
        (s["subscriberIdString"], str(s["subscriptionId"]), s["status"])
        for s in (orjson.loads(x) for (x,) in store("select shown from subscription_statuses"))
    }
    assert set(ask(
        "select email, subscription_id, status from raw_hubspot.subscription_statuses "
        "where status <> 'NOT_SPECIFIED'")) == said  # fmt: skip
    changes = [orjson.loads(x) for (x,) in store("select shown from subscription_changes")]
    assert sorted((e, ms(a), s, c) for e, a, s, c in ask(
        "select email, occurred_at, subscription_id, change from raw_hubspot.subscription_changes"
    )) == sorted(
        (i["recipient"], i["timestamp"], str(c["subscriptionId"]), c["change"])
        for i in changes for c in i["changes"]
    )  # fmt: skip
    visits = set(store("select id, at, type, object_id from behaviours"))
    assert {(i, ms(a), t, int(o)) for i, a, t, o in ask(
        "select id, occurred_at, event_type, object_id "
        "from raw_hubspot.behavioral_events")} == visits  # fmt: skip
    assert set(ask("select campaign_id, asset_type, id from raw_hubspot.campaign_assets")) == set(
        store("select campaign_id, type, id from campaign_assets")
    )
    items = store("select id, campaign_id, kind, json_extract(shown, '$.amount') from campaign_items")
    assert {(i, c, k, float(a)) for i, c, k, a in ask(
        "select id, campaign_id, kind, amount from raw_hubspot.campaign_items")} == set(items)  # fmt: skip
    rates = store(
        "select json_extract(shown, '$.id'), json_extract(shown, '$.conversionRate') from exchange_rates"
    )
    assert {(i, float(r)) for i, r in ask("select id, rate from raw_hubspot.exchange_rates")} == set(rates)


def test_the_copy_equals_the_store_first_and_after_changes(world, settings, raw):  # noqa: F811
    extract(settings, raw)
    equals_store(world, raw)
    world.advance(20)
    again = extract(settings, raw)
    assert not again.has_changes

    yesterday = ms(again.as_of) - DAY
    late = {"id": "late-one", "created": yesterday, "type": "OPEN", "recipient": "late@x.example",
            "emailCampaignId": 880_001, "filteredEvent": False}  # fmt: skip
    change(world, "insert into email_events values (?, ?, 'OPEN', 'late@x.example', 880001, ?)",
           "late-one", late["created"], orjson.dumps(late))  # fmt: skip
    [(form,)] = world.rows("hubspot", "select id from forms where archived = 0 limit 1")
    newest = yesterday + DAY // 2
    for n in range(120):
        shown = {"conversionId": f"burst-{n}", "submittedAt": newest, "values": [], "pageUrl": ""}
        change(world, "insert into submissions values (?, ?, ?, ?)", f"burst-{n}", form, newest,
               orjson.dumps(shown))  # fmt: skip
    [(member,)] = world.rows("hubspot", "select min(record_id) from list_members where list_id = 1")
    change(world, "delete from list_members where list_id = 1 and record_id = ?", member)
    change(
        world, "update lists set shown = json_set(shown, "
        "'$.additionalProperties.hs_last_record_removed_at', ?) where id = 1", str(yesterday),
    )  # fmt: skip
    change(world, "delete from meeting_links")
    world.advance(20)
    changed = extract(settings, raw)
    equals_store(world, raw)
    assert changed.rows["hubspot email_events"] == 1
    assert changed.rows["hubspot form_submissions"] == 120
    assert not changed.stale
    assert raw.execute("select count(*) from raw_hubspot.meeting_links").fetchone() == (0,)


def test_a_missing_scope_is_named_what_is_not_there_is_noted_and_the_others_load(world, settings, raw):  # noqa: F811
    world.faults(
        "hubspot",
        [
            {"match": "GET /marketing/v3/forms", "status": 403, "times": 9},
            {"match": "GET /scheduler/", "status": 404, "times": 9},
        ],
    )
    fetched = extract(settings, raw)
    world.faults("hubspot", [])
    assert set(fetched.stale) == {"hubspot forms", "hubspot form_submissions"}
    assert any("lacks a scope: marketing.read" in note for note in fetched.notes)
    [links] = [each for each in fetched.tables if each.table.name == "meeting_links"]
    assert links.status == "absent"
    assert raw.execute("select count(*) > 0 from raw_hubspot.lists").fetchone() == (True,)
