"""Webhooks and their journal: every stored change is told, signed, tried again, and told nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.sandbox.conftest import Running

CONTACTS = "/crm/v3/objects/contacts"


@pytest.fixture
def portal(fresh: Path, start: Callable[..., Any]) -> Iterator[Running]:
    with start(fresh, "--no-limits") as running:
        yield running


def _caught(portal: Running) -> list[dict[str, Any]]:
    url = portal.ready["webhooks"]["url"] + "/_sandbox/hooks"
    found: list[dict[str, Any]] = httpx.get(url, timeout=30).json()["hooks"]
    return found


def _until(portal: Running, count: int) -> list[dict[str, Any]]:
    """The events that were delivered, once there are so many."""
    deadline = time.monotonic() + 30
    while True:
        events = [event for hook in _caught(portal) for event in hook["json"]]
        if len(events) >= count:
            return events
        assert time.monotonic() < deadline, events


def _subscribe(portal: Running, *types: str | tuple[str, str]) -> None:
    app = f"/webhooks/v3/{portal.ready['hubspot']['app_id']}"
    target = portal.ready["webhooks"]["hook_url"] + "crm"
    assert portal.hubspot.put(f"{app}/settings", json={"targetUrl": target}).status_code == 200
    for each in types:
        kind, name = each if isinstance(each, tuple) else (each, None)
        body = {"eventType": kind, "active": True} | ({"propertyName": name} if name else {})
        assert portal.hubspot.post(f"{app}/subscriptions", json=body).status_code == 201


def _contact(portal: Running, name: str) -> str:
    made: str = portal.hubspot.post(CONTACTS, json={"properties": {"email": f"{name}@hook.example"}}).json()[
        "id"
    ]
    return made


def test_changes_are_told_signed_and_only_to_whom_they_were_asked(portal: Running) -> None:
    _contact(portal, "before")
    _subscribe(portal, "contact.creation", ("contact.propertyChange", "city"), "contact.deletion")
    made = _contact(portal, "told")
    portal.hubspot.patch(f"{CONTACTS}/{made}", json={"properties": {"city": "Oslo", "phone": "1"}})
    portal.hubspot.patch(f"{CONTACTS}/{made}", json={"properties": {"city": "Oslo"}})
    portal.hubspot.delete(f"{CONTACTS}/{made}")
    events = _until(portal, 3)
    assert [e["subscriptionType"] for e in events] == [
        "contact.creation", "contact.propertyChange", "contact.deletion",
    ]  # fmt: skip
    assert {e["objectId"] for e in events} == {int(made)}
    assert (events[1]["propertyName"], events[1]["propertyValue"]) == ("city", "Oslo")
    hook = _caught(portal)[0]
    secret, url = portal.ready["hubspot"]["client_secret"], portal.ready["webhooks"]["hook_url"] + "crm"
    at = hook["headers"]["x-hubspot-request-timestamp"]
    text = f"POST{url}{hook['body']}{at}".encode()
    wanted = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    assert hook["headers"]["x-hubspot-signature-v3"] == wanted
    assert abs(int(at) / 1000 - time.time()) < 300


def test_any_type_is_told_as_an_object_and_an_association_whether_it_is_primary(portal: Running) -> None:
    _subscribe(portal, "contact.associationChange")
    app = f"/webhooks/v3/{portal.ready['hubspot']['app_id']}/subscriptions"
    notes = {"eventType": "object.creation", "objectTypeId": "0-46", "active": False}
    own = portal.hubspot.post(app, json=notes).json()["id"]
    switch = {"inputs": [{"id": own, "active": True}]}
    assert portal.hubspot.post(f"{app}/batch/update", json=switch).json()["results"][0]["active"] is True
    contact = _contact(portal, "tied")
    made = [
        portal.hubspot.post(f"/crm/v3/objects/{kind}", json={"properties": properties}).json()["id"]
        for kind, properties in (
            ("notes", {"hs_timestamp": "1780000000000"}), ("companies", {"name": "A"}),
            ("companies", {"name": "B"}),
        )
    ]  # fmt: skip
    for company in made[1:]:
        tie = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
        assert portal.hubspot.put(tie).status_code == 200
    told, first, second = sorted(_until(portal, 3), key=lambda event: event["eventId"])
    assert (told["subscriptionType"], told["objectTypeId"]) == ("object.creation", "0-46")
    assert told["objectId"] == int(made[0])
    assert (first["isPrimaryAssociation"], second["isPrimaryAssociation"]) == (True, False)


def test_a_delivery_that_fails_comes_again_with_its_attempt_counted(portal: Running) -> None:
    _subscribe(portal, "contact.creation")
    faults = portal.ready["webhooks"]["url"] + "/_sandbox/faults"
    httpx.post(faults, json=[{"match": "/hooks/crm", "status": 503, "times": 2}], timeout=30)
    made = _contact(portal, "again")
    deadline = time.monotonic() + 30
    while not _caught(portal):
        assert time.monotonic() < deadline
        portal.hubspot.post("/_sandbox/clock", json={"advance_seconds": 200})
    (event,) = _until(portal, 1)
    assert (event["objectId"], event["attemptNumber"]) == (int(made), 2)


def test_nothing_is_sent_to_other_machines(shared: Running) -> None:
    app = f"/webhooks/v3/{shared.ready['hubspot']['app_id']}"
    for url in ("https://example.com/hook", "http://10.0.0.1/", "ftp://127.0.0.1/", ""):
        assert shared.hubspot.put(f"{app}/settings", json={"targetUrl": url}).status_code == 400
    assert shared.hubspot.get("/webhooks/v3/1/settings").status_code == 404
    talk = {"eventType": "conversation.newMessage", "active": True}
    own = shared.hubspot.post(f"{app}/subscriptions", json=talk)
    assert own.status_code == 201, "what clients subscribe to is taken, though nobody talks here"
    assert shared.hubspot.delete(f"{app}/subscriptions/{own.json()['id']}").status_code == 204


@pytest.mark.parametrize(
    "body",
    [{}, {"eventType": "contact.explosion"}, {"eventType": "call.creation"},
     {"eventType": "object.creation"}, {"eventType": "contact.propertyChange"},
     {"eventType": "contact.propertyChange", "propertyName": "lastmodifieddate"}],
)  # fmt: skip
def test_a_subscription_that_makes_no_sense_is_refused(shared: Running, body: dict[str, str]) -> None:
    app = f"/webhooks/v3/{shared.ready['hubspot']['app_id']}"
    assert shared.hubspot.post(f"{app}/subscriptions", json=body).status_code == 400


def test_the_journal_gives_each_change_once_and_goes_on_where_it_ended(portal: Running) -> None:
    journal = "/webhooks-journal/journal/2026-03"
    assert portal.hubspot.get(f"{journal}/earliest").status_code == 204
    body = {"subscriptionType": "OBJECT", "objectTypeId": "0-1", "properties": ["email", "city"]}
    assert portal.hubspot.post("/webhooks-journal/subscriptions/2026-03", json=body).status_code == 201
    made, other = _contact(portal, "one"), _contact(portal, "two")
    portal.hubspot.patch(f"{CONTACTS}/{made}", json={"properties": {"city": "Rome", "phone": "5"}})
    told = portal.hubspot.get(f"{journal}/earliest").json()
    file = httpx.get(told["url"]).json()
    assert [(e["objectId"], e["action"]) for e in file["journalEvents"]] == [
        (int(made), "CREATE"), (int(other), "CREATE"), (int(made), "UPDATE"),
    ]  # fmt: skip
    assert file["journalEvents"][2]["propertyChanges"] == {"city": "Rome"}
    for several in ("earliest/5", "latest/5", "0/next/5"):
        (again,) = portal.hubspot.get(f"{journal}/batch/{several}").json()["results"]
        assert httpx.get(again["url"]).json()["journalEvents"] == file["journalEvents"]
    named = portal.hubspot.post(f"{journal}/batch/read", json={"inputs": ["0", told["currentOffset"]]})
    assert len(named.json()["results"]) == 1, "nothing follows the last"
    (own,) = portal.hubspot.get("/webhooks-journal/subscriptions/2026-03").json()["results"]
    assert portal.hubspot.get(f"/webhooks-journal/subscriptions/2026-03/{own['id']}").json() == own
    following = f"{journal}/offset/{told['currentOffset']}/next"
    assert portal.hubspot.get(following).status_code == 204
    wish = {"primaryObjectId": made, "objectIdToMerge": other}
    portal.hubspot.post(f"{CONTACTS}/merge", json=wish)
    merged = httpx.get(portal.hubspot.get(following).json()["url"]).json()["journalEvents"]
    assert (merged[0]["action"], set(merged[0]["mergedObjectIds"])) == ("MERGE", {int(made), int(other)})
    assert httpx.get(told["url"].replace("sign=", "sign=x")).status_code == 403


def test_the_journal_tells_what_a_subscription_asks_for_and_no_more(portal: Running) -> None:
    area, journal = "/webhooks-journal/subscriptions/2026-03", "/webhooks-journal/journal/2026-03"
    post = portal.hubspot.post
    wish = {
        "subscriptionType": "OBJECT",
        "objectTypeId": "0-1",
        "actions": ["UPDATE"],
        "properties": ["city"],
    }
    own = post(area, json=wish).json()
    again = post(area, json=wish | {"properties": ["city", "phone"]})
    assert (again.status_code, again.json()["id"], again.json()["properties"]) == (
        200, own["id"], ["city", "phone"],
    ), "one to the same events of the same type is the same"  # fmt: skip
    tie = {"subscriptionType": "ASSOCIATION", "objectTypeId": "0-1", "associatedObjectTypeIds": ["0-2"]}
    assert post(area, json=tie | {"actions": ["ASSOCIATION_ADDED"]}).status_code == 201
    assert post(area, json=tie | {"actions": ["UPDATE"]}).status_code == 400
    in_rome = {"filterType": "CRM_OBJECT_PROPERTY", "property": "city", "operator": "EQ", "value": "Rome"}
    filtered = {"subscriptionId": own["id"], "filter": {"conditions": [in_rome]}}
    number = post(f"{area}/filters", json=filtered).json()["filterId"]
    (listed,) = portal.hubspot.get(f"{area}/filters/subscription/{own['id']}").json()
    assert listed == portal.hubspot.get(f"{area}/filters/{number}").json()
    first, second = _contact(portal, "first"), _contact(portal, "second")
    for contact, city in ((first, "Rome"), (second, "Oslo")):
        portal.hubspot.patch(f"{CONTACTS}/{contact}", json={"properties": {"city": city}})
    company = post("/crm/v3/objects/companies", json={"properties": {"name": "C"}}).json()["id"]
    ties = f"/crm/v4/objects/contacts/{first}/associations/default/companies/{company}"
    assert portal.hubspot.put(ties).status_code == 200
    pair = "/crm/v4/objects/contacts"
    portal.hubspot.delete(f"{pair}/{first}/associations/companies/{company}")
    asked = {
        "objectId": int(second),
        "objectTypeId": "0-1",
        "portalId": own["portalId"],
        "properties": ["city"],
    }
    snapshot = post("/webhooks-journal/snapshots/2026-03/crm", json={"snapshotRequests": [asked]}).json()
    status = snapshot["snapshotResponses"][0]["snapshotStatusId"]
    assert portal.hubspot.get(f"{journal}/status/{status}").json()["status"] == "COMPLETED"
    file = httpx.get(portal.hubspot.get(f"{journal}/earliest").json()["url"]).json()
    assert [(e["action"], e["objectId"], e.get("propertyChanges")) for e in file["journalEvents"]] == [
        ("UPDATE", int(first), {"city": "Rome"}), ("ASSOCIATION_ADDED", int(first), None),
        ("SNAPSHOT", int(second), {"city": "Oslo"}),
    ]  # fmt: skip
    portal.hubspot.post("/crm/v3/objects/contacts/gdpr-delete", json={"objectId": second})
    assert portal.hubspot.get(f"{journal}/status/{status}").status_code == 404, "with the person"
    assert portal.hubspot.delete(f"{area}/filters/{number}").status_code == 204
    assert portal.hubspot.delete(f"{area}/portals/{own['portalId']}").status_code == 204
    assert portal.hubspot.get(area).json() == {"results": []}


def test_the_journal_is_kept_for_three_days(portal: Running) -> None:
    _contact(portal, "old")
    offset = portal.hubspot.get("/webhooks-journal/journal/2026-03/earliest").json()["currentOffset"]
    portal.hubspot.post("/_sandbox/clock", json={"advance_seconds": 4 * 86_400})
    assert portal.hubspot.get("/webhooks-journal/journal/2026-03/earliest").status_code == 204
    _contact(portal, "new")
    assert portal.hubspot.get("/webhooks-journal/journal/2026-03/earliest").status_code == 200
    assert portal.hubspot.get("/webhooks-journal/journal/2026-03/offset/0/next").status_code == 404
    assert int(offset) > 0
