"""What decisions do at the vendors, over HTTP: stages set backwards, lead objects, enrolments, lists, ties.

Belongs here: each handler by itself. Together they are in tests/e2e/test_decisions.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from pipelines.clients.hubspot.sequences import Sequences
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.sources.again import Again
from pipelines.state import journal
from tests.fixtures.actions import statements

from .conftest import Bench

SENDER = "ben.whitaker@northwind.example"


def do(bench: Bench, *rows: dict[str, Any], once: bool = False) -> list[tuple[str, str]]:
    """Plan and apply these, twice over; (state, code) of each. `once`: the next plan has them again."""
    named = [{**row, "action_key": f"{bench.settings.home.name}/{row['action_key']}"} for row in rows]
    bench.publish(*statements(*named))
    bench.apply(bench.plan())
    assert bench.plan().is_empty != once
    with bench.state.reading() as reading:
        lives = [journal.life_of(reading, row["action_key"]) for row in named]
    return [(life[-1]["state"], life[-1]["code"]) for life in lives]


def stage(bench: Bench, key: str, value: str) -> dict[str, Any]:
    return {
        "action_key": key, "record_key": bench.key("hubspot", 0), "kind": "fields", "object": "contacts",
        "payload": {"fields": {"lifecyclestage": value}, "clear_first": ["lifecyclestage"]},
    }  # fmt: skip


def test_a_stage_goes_back_in_separate_requests_and_both_entries_stay(bench: Bench) -> None:
    assert do(bench, stage(bench, "on", "salesqualifiedlead")) == [("confirmed", "")]
    assert do(bench, stage(bench, "back", "marketingqualifiedlead")) == [("confirmed", "")]
    own = bench.ids["hubspot"][0]
    asked = {"record_id": own, "noop": "1"}
    answer = httpx.get(f"{bench.crms.urls['hubspot']}/_sandbox/writes", params=asked)
    wrote = [w for w in answer.json()["writes"] if w["field"] == "lifecyclestage"][-4:]
    assert [w["after"] for w in wrote] == [None, "salesqualifiedlead", None, "marketingqualifiedlead"]
    assert len({w["request_id"] for w in wrote}) == 4
    entries = [f"hs_v2_date_entered_{name}" for name in ("salesqualifiedlead", "marketingqualifiedlead")]
    with open_hubspot(bench.settings) as hubspot:
        (contact,) = hubspot.batch_read("contacts", [own], entries)
    assert all(contact["properties"][name] for name in entries)


def test_a_stage_that_the_record_does_not_show_afterwards_is_not_done(bench: Bench) -> None:
    assert do(bench, stage(bench, "ahead", "salesqualifiedlead")) == [("confirmed", "")]
    row = stage(bench, "behind", "lead")
    row["payload"] = {"fields": {"lifecyclestage": "lead"}, "read_back": True}
    assert do(bench, row) == [("rejected", "NOT_TAKEN")]
    row = stage(bench, "forward", "opportunity")
    row["payload"] = {"fields": {"lifecyclestage": "opportunity"}, "read_back": True}
    assert do(bench, row) == [("confirmed", "")]


def test_a_field_that_would_not_be_emptied_is_not_set_and_says_so(bench: Bench) -> None:
    with open_hubspot(bench.settings) as hubspot:
        (before,) = hubspot.batch_read("contacts", [bench.ids["hubspot"][0]], ["email"])
    row = stage(bench, "twice", "marketingqualifiedlead")
    row["payload"] = {"fields": {"hs_object_id": "1"}, "clear_first": ["hs_object_id"]}
    [(state, _)] = do(bench, row)
    assert state == "rejected"
    with open_hubspot(bench.settings) as hubspot:
        (after,) = hubspot.batch_read("contacts", [bench.ids["hubspot"][0]], ["email"])
    assert after["properties"]["email"] == before["properties"]["email"]


def test_salesforce_takes_the_status_that_is_named(bench: Bench) -> None:
    rows = [
        {"action_key": value, "record_key": bench.key("salesforce", 0), "kind": "fields", "object": "Lead",
         "vendor": "salesforce", "payload": {"fields": {"Lead_Status__c": value}}}
        for value in ("SQL", "MQL")
    ]  # fmt: skip
    for row in rows:
        assert do(bench, row) == [("confirmed", "")]
    with open_salesforce(bench.settings) as salesforce:
        (lead,) = salesforce.read_collection("Lead", [bench.ids["salesforce"][0]], ["Lead_Status__c"])
    assert lead is not None
    assert lead["Lead_Status__c"] == "MQL"


@pytest.mark.parametrize("fault", ["", "drop_answer"])
def test_a_lead_object_is_made_once_with_its_contact_and_owner(bench: Bench, fault: str) -> None:
    if fault:
        bench.crms.faults("POST .*leads/batch/create", fault)
    said = {"name": f"Ann, {bench.settings.home.name}", "pipeline": "lead-pipeline-id",
            "stage": "new-stage-id", "owner_id": "70014"}  # fmt: skip
    row = {"action_key": "lead", "record_key": bench.key("hubspot", 0), "kind": "lead", "object": "contacts",
           "payload": said}  # fmt: skip
    assert do(bench, row) == [("confirmed", "")]
    with open_hubspot(bench.settings) as hubspot:
        tied = hubspot.associations("contacts", "leads", [bench.ids["hubspot"][0]])
        found = [to["toObjectId"] for each in tied for to in each["to"]]
        leads = hubspot.batch_read("leads", [str(i) for i in found], ["hs_lead_name", "hubspot_owner_id"])
    mine = [each["properties"] for each in leads if each["properties"]["hs_lead_name"] == said["name"]]
    assert [each["hubspot_owner_id"] for each in mine] == ["70014"]


def enrolment(bench: Bench, number: int, key: str) -> dict[str, Any]:
    return {
        "action_key": key, "record_key": bench.key("hubspot", number), "kind": "enrolment",
        "object": "contacts", "payload": {"sequence": "nurture-sequence", "sender": SENDER,
                                          "email": "known@x.example", "opted_out": False},
    }  # fmt: skip


def test_somebody_is_in_one_sequence_at_a_time_and_who_opted_out_since_in_none(bench: Bench) -> None:
    ids = bench.ids["hubspot"]
    with open_hubspot(bench.settings) as hubspot:
        hubspot.batch_update("contacts", [
            {"id": ids[0], "properties": {"email": f"a{ids[0]}@enrol.example", "hs_email_optout": "false"}},
            {"id": ids[1], "properties": {"email": f"b{ids[1]}@enrol.example", "hs_email_optout": "true"}},
        ])  # fmt: skip
    assert do(bench, enrolment(bench, 0, "first")) == [("confirmed", "")]
    refused = enrolment(bench, 1, "refused")
    assert do(bench, refused, once=True) == [("intended", "NOT_SENT")], "the next extract knows it, too"
    refused["payload"]["opted_out"] = True
    assert do(bench, refused) == [("intended", "NOT_SENT")]
    assert do(bench, enrolment(bench, 0, "again")) == [("rejected", "NOT_ENROLLED")]
    listed = {"action_key": "listed", "record_key": bench.key("hubspot", 1), "kind": "list_membership",
              "object": "contacts", "payload": {"list": "Nurture", "opted_out": False}}  # fmt: skip
    assert do(bench, listed, once=True) == [("intended", "NOT_SENT")]
    with open_hubspot(bench.settings) as hubspot:
        sequences = Sequences(hubspot)
        assert (sequences.enrolment(ids[0]) or {})["sequenceName"] == "nurture-sequence"
        assert sequences.enrolment(ids[1]) is None
        assert ids[1] not in sequences.members(sequences.list_id("Nurture"))


def test_a_sender_without_a_seat_enrols_nobody(bench: Bench) -> None:
    row = enrolment(bench, 2, "unknown")
    row["payload"]["sender"] = "nobody@x.example"
    with open_hubspot(bench.settings) as hubspot:
        said = {"email": f"c{bench.ids['hubspot'][2]}@enrol.example", "hs_email_optout": "false"}
        hubspot.batch_update("contacts", [{"id": bench.ids["hubspot"][2], "properties": said}])
    assert do(bench, row) == [("rejected", "NO_SENDER")]


def test_a_list_takes_its_members_and_a_list_that_is_not_there_is_named(bench: Bench) -> None:
    def member(name: str) -> dict[str, Any]:
        return {"action_key": name, "record_key": bench.key("hubspot", 3), "kind": "list_membership",
                "object": "contacts", "payload": {"list": name}}  # fmt: skip

    assert do(bench, member("Nurture"), member("Nowhere")) == [("confirmed", ""), ("rejected", "NO_LIST")]
    with open_hubspot(bench.settings) as hubspot:
        sequences = Sequences(hubspot)
        assert bench.ids["hubspot"][3] in sequences.members(sequences.list_id("Nurture"))


def test_a_booked_meeting_is_seen_at_the_next_look_and_hangs_on_its_deal(bench: Bench) -> None:
    with open_hubspot(bench.settings) as hubspot:
        deal = str(hubspot.list_page("deals", ["dealname"]).results[0]["id"])
        (made,) = hubspot.batch_create("meetings", [{"properties": {
            "hs_timestamp": "2026-07-01T09:00:00Z", "hs_meeting_title": "Demo"}}])  # fmt: skip
        assert hubspot.server_time is not None
        seen = Again(hubspot, None).booked(hubspot.server_time - timedelta(seconds=60), 5)
        assert [(each.object, each.record_id) for each in seen] == [("meetings", str(made.id))]
    key = f"hubspot:{bench.crms.orgs['hubspot']}:deals:{deal}"
    row = {"action_key": "tie", "record_key": key, "kind": "associate", "object": "meetings",
           "payload": {"to": "deals", "from_id": made.id}}  # fmt: skip
    assert do(bench, row) == [("confirmed", "")]
    with open_hubspot(bench.settings) as hubspot:
        tied = [str(to["toObjectId"]) for each in hubspot.associations("meetings", "deals", [made.id])
                for to in each["to"]]  # fmt: skip
    assert tied == [deal]
