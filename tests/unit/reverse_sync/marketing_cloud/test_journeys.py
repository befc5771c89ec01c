"""Entries into journeys of Marketing Cloud, their data and exits, against the sandbox's own server."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.reverse_sync.actions.base import HELD, NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.marketing_cloud import JourneyEntry, JourneyExit, JourneyUpdate
from tests.fixtures import marketing_cloud as mcs


def _decided(key: str, kind: str, payload: dict[str, Any]) -> Action:
    return Action(
        key, "journeys", kind, "marketing_cloud", "Subscriber", "", "", payload, (), "decided",
        "journeys.yml", "", "compensable",
    )  # fmt: skip


def entry(key: str, contact: str = "003NEW", **more: Any) -> Action:
    payload = {
        "event": mcs.ENTRY, "journey": mcs.NURTURE, "journey_status": "Published", "extension": mcs.ENTRY,
        "contact_key": contact, "data": {"ContactKey": contact, "EmailAddress": "new@x.example"}, **more,
    }  # fmt: skip
    return _decided(key, "journey_entry", payload)


def test_an_entry_is_found_by_our_key_and_undone_by_an_exit(destination, mc):
    handler = JourneyEntry(destination)
    assert handler.look_up([entry("one")]) == [NOT_THERE]
    assert handler.send([entry("one")])[0].ok
    assert handler.look_up([entry("one")])[0].id == "one"
    assert handler.undo([(entry("one"), "")])[0].ok
    assert [e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]] == ["exited"]
    assert JourneyExit(destination).look_up([entry("one")])[0].id == "one"


def test_an_exit_takes_out_whoever_is_in_and_one_from_no_journey_fails_alone(destination, mc):
    handler = JourneyExit(destination)
    JourneyEntry(destination).send([entry("one"), entry("two", "003B")])
    some = [entry("one"), entry("three", "003B", journey="nobody's")]
    assert handler.look_up(some) == [NOT_THERE, NOT_THERE]
    out, refused = handler.send(some)
    assert (out.ok, refused.ok, refused.code) == (True, False, "EXIT_IGNORED")
    assert "Invalid Interaction Name" in refused.message
    assert handler.look_up(some) == [Found("one"), NOT_THERE]
    states = {e["contact"]: e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]}
    assert states == {"003NEW": "exited", "003B": "active"}


def test_of_three_entries_the_inactive_contact_is_a_row_error_with_the_vendors_reason_and_two_go(
    destination, mc
):
    handler = JourneyEntry(destination)
    handler.send([entry("one")])
    mc.do(do="deactivate", contact="003NEW")
    some = [entry("two", "003B"), entry("three"), entry("four", "003C")]
    first, refused, last = handler.send(some)
    assert (refused.ok, refused.code) == (False, "30004")
    assert "not active" in refused.message
    assert (first.ok, last.ok) == (True, True)
    inside = {e["contact"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]}
    assert {"003B", "003C"} <= inside


def test_a_journey_that_was_stopped_or_listens_to_another_event_since_is_fired_into_by_nobody(
    destination, mc
):
    """The plan says Published; the first look of an apply says otherwise, and costs one call for all."""
    before = destination.calls
    assert all(r.ok for r in JourneyEntry(destination).send([entry("one"), entry("two", "003B")]))
    assert destination.calls - before == JourneyEntry.forecast(2)
    key = mcs.NURTURE
    found = mc.http.get(f"/interaction/v1/interactions/key:{key}").json()
    mc.http.post(f"/interaction/v1/interactions/pause/{found['id']}")
    handler, before = JourneyEntry(destination), destination.calls
    held = handler.send([entry("three", "003C")]) + handler.send([entry("four", "003D")])
    assert {(row.ok, row.code) for row in held} == {(False, HELD)}
    assert "not published any more" in held[0].message
    assert destination.calls - before == 1
    assert handler.look_up([entry("three", "003C")]) == [NOT_THERE]
    mc.http.post(f"/interaction/v1/interactions/resume/{found['id']}")
    assert JourneyEntry(destination).send([entry("three", "003C")])[0].ok
    [other] = JourneyEntry(destination).send([entry("five", "003E", event="another-entry")])
    assert (other.ok, other.code) == (False, HELD)
    assert f"listens to {mcs.ENTRY}" in other.message


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"journey_status": "Paused"}, "is Paused: the event would let nobody in"),
        ({"journey_status": None}, "is not there"),
        ({"listens_to": "other"}, "is crm-high-score, but the published version of the journey"),
        ({"extension": None}, "no event crm-high-score with a data extension"),
        ({"event": "a.b"}, "has a period"),
        ({"missing_fields": "Region"}, "requires Region, which is not sent"),
        ({"already": "the journey takes a person once"}, "takes a person once"),
    ],
)
def test_an_entry_that_would_come_to_nothing_is_held_back_with_the_reason(more, why):
    assert why in JourneyEntry.unfit(entry("one", **more))
    assert JourneyEntry.unfit(entry("one")) == ""


def update(key: str, entry_id: str, **data: str) -> Action:
    payload = {
        "journey": mcs.NURTURE, "extension": mcs.ENTRY, "entry_id": entry_id, "data": data,
        "before": {"LeadScore": "1"},
    }  # fmt: skip
    return _decided(key, "journey_update", payload)


def test_the_data_of_an_entry_is_changed_in_its_row_and_a_refused_one_keeps_nobody_else_out(destination, mc):
    JourneyEntry(destination).send([entry("one"), entry("two", "003B")])
    handler = JourneyUpdate(destination)
    wishes = [update("u1", "one", LeadScore="88"), update("u2", "two", LeadScore="many")]
    assert handler.look_up(wishes[:1]) == [NOT_THERE]
    answers = handler.send(wishes)
    assert [(answer.ok, answer.code) for answer in answers] == [(True, ""), (False, "10006")]
    assert handler.look_up(wishes)[0].id == "u1"
    assert handler.undo([(wishes[0], "u1")])[0].ok
    assert destination.read(mcs.ENTRY, ["one"], ["LeadScore"]) == {"one": {"LeadScore": "1"}}
    assert JourneyUpdate.unfit(wishes[0]) == ""
    assert "needs an extension" in JourneyUpdate.unfit(update("u3", ""))
