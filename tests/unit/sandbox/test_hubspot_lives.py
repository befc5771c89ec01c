"""What happens to HubSpot's records behind a reader's back: merges, purges, lag, late rows, cut pages."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

OBJECTS = "/crm/objects/2026-03"


@pytest.fixture
def portal(fresh, start):
    with start(fresh, "--no-limits") as running:
        yield running.hubspot


def create(portal, kind="contacts", **properties):
    answer = portal.post(f"{OBJECTS}/{kind}", json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def total(portal, *ids):
    filters = [{"propertyName": "hs_object_id", "operator": "IN", "values": list(ids)}]
    return portal.post(f"{OBJECTS}/contacts/search", json={"filters": filters}).json()["total"]


def test_a_merge_makes_a_new_record_that_both_ids_lead_to(portal):
    a = create(portal, email="a@m.example", firstname="Ann")
    b = create(portal, email="b@m.example", lastname="Bee")
    c = create(portal, email="c@m.example")
    company = create(portal, "companies", name="M")
    portal.put(f"/crm/v4/objects/contacts/{b}/associations/default/companies/{company}").raise_for_status()

    def merge(primary, other):
        return portal.post(
            f"{OBJECTS}/contacts/merge", json={"primaryObjectId": primary, "objectIdToMerge": other}
        )

    ab = merge(a, b).json()
    assert ab["properties"]["hs_merged_object_ids"] == f"{a};{b}"
    abc = merge(b, c).json()["id"]
    shown = portal.get(
        f"{OBJECTS}/contacts/{a}",
        params={"properties": "email,lastname,hs_additional_emails,hs_merged_object_ids"},
    ).json()
    assert shown["id"] == abc
    assert shown["properties"]["email"] == "a@m.example"
    assert shown["properties"]["lastname"] == "Bee"
    assert set(shown["properties"]["hs_additional_emails"].split(";")) == {"b@m.example", "c@m.example"}
    assert set(shown["properties"]["hs_merged_object_ids"].split(";")) == {a, b, c, ab["id"]}
    assert total(portal, a, b, c, abc) == 1
    linked = portal.get(f"/crm/v4/objects/contacts/{abc}/associations/companies").json()["results"]
    assert [str(each["toObjectId"]) for each in linked] == [company]
    assert merge(abc, a).status_code == 400
    assert merge(abc, "999999999").status_code == 404


def test_a_contact_deleted_for_privacy_is_gone_and_its_address_refused(portal):
    contact = create(portal, email="gone@m.example")
    gone = portal.post(f"{OBJECTS}/contacts/gdpr-delete", json={"objectId": contact})
    assert (gone.status_code, gone.content) == (204, b"")
    for archived in ("false", "true"):
        assert portal.get(f"{OBJECTS}/contacts/{contact}", params={"archived": archived}).status_code == 404
    again = portal.post(f"{OBJECTS}/contacts", json={"properties": {"email": "gone@m.example"}})
    assert again.status_code == 400
    assert int(create(portal, email="next@m.example")) > int(contact), "an id is given once"
    by_email = {"objectId": "never@m.example", "idProperty": "email"}
    assert portal.post(f"{OBJECTS}/contacts/gdpr-delete", json=by_email).status_code == 204
    assert (
        portal.post(f"{OBJECTS}/contacts", json={"properties": {"email": "never@m.example"}}).status_code
        == 400
    )


def test_the_recycle_bin_ends_after_ninety_days(portal):
    contact = create(portal, email="bin@m.example")
    portal.delete(f"{OBJECTS}/contacts/{contact}")
    archived = {"archived": "true"}
    assert portal.get(f"{OBJECTS}/contacts/{contact}", params=archived).status_code == 200
    portal.post("/_sandbox/clock", json={"advance_seconds": 91 * 86_400})
    assert portal.get(f"{OBJECTS}/contacts/{contact}", params=archived).status_code == 404
    assert portal.get(f"{OBJECTS}/contacts", params=archived).json()["results"] == []


def test_search_learns_of_a_change_after_its_lag(portal):
    portal.post("/_sandbox/portal", json={"search_lag_ms": 60_000}).raise_for_status()
    contact = create(portal, email="lag@m.example")
    assert total(portal, contact) == 0
    assert portal.get(f"{OBJECTS}/contacts/{contact}").status_code == 200
    portal.post("/_sandbox/clock", json={"advance_seconds": 61})
    assert total(portal, contact) == 1


def test_a_hidden_record_appears_at_its_moment_with_its_old_dates(portal):
    contact = create(portal, email="late@m.example")
    now = datetime.fromisoformat(portal.get("/_sandbox/clock").json()["now"])
    until = (now + timedelta(minutes=5)).isoformat()
    portal.post("/_sandbox/portal", json={"hidden": [{"object": "contacts", "id": contact, "until": until}]})
    assert portal.get(f"{OBJECTS}/contacts/{contact}").status_code == 404
    assert total(portal, contact) == 0
    portal.post("/_sandbox/clock", json={"advance_seconds": 301})
    assert datetime.fromisoformat(portal.get(f"{OBJECTS}/contacts/{contact}").json()["updatedAt"]) <= now
    assert total(portal, contact) == 1


def test_deeds_purge_restore_and_edit_without_a_trace(portal):
    contact = create(portal, email="deed@m.example")
    before = portal.get(f"{OBJECTS}/contacts/{contact}").json()["updatedAt"]

    def deed(action, **more):
        return portal.post(
            "/_sandbox/records", json={"object": "contacts", "id": contact, "action": action, **more}
        ).json()["done"]

    assert deed("edit", properties={"num_conversion_events": "4"})
    shown = portal.get(f"{OBJECTS}/contacts/{contact}", params={"properties": "num_conversion_events"}).json()
    assert (shown["properties"]["num_conversion_events"], shown["updatedAt"]) == ("4", before)
    portal.delete(f"{OBJECTS}/contacts/{contact}")
    assert deed("restore")
    assert portal.get(f"{OBJECTS}/contacts/{contact}").status_code == 200
    assert deed("purge")
    assert not deed("purge")
    assert portal.post("/_sandbox/records", json={"object": "none"}).status_code == 400


def test_a_list_shows_twenty_revisions_and_a_batch_read_all(portal):
    contact = create(portal, email="past@m.example")
    for number in range(25):
        portal.patch(f"{OBJECTS}/contacts/{contact}", json={"properties": {"jobtitle": f"Job {number}"}})
    body = {"inputs": [{"id": contact}], "propertiesWithHistory": ["jobtitle"]}
    whole = portal.post(f"{OBJECTS}/contacts/batch/read", json=body).json()["results"][0]
    assert len(whole["propertiesWithHistory"]["jobtitle"]) == 25
    listed = portal.get(
        f"{OBJECTS}/contacts", params={"after": contact, "propertiesWithHistory": "jobtitle"}
    ).json()["results"][0]
    newest = [each["value"] for each in listed["propertiesWithHistory"]["jobtitle"]]
    assert newest == [f"Job {number}" for number in range(24, 4, -1)]


def test_a_property_can_be_retyped_archived_and_restored(portal):
    path = "/crm/properties/2026-03/contacts"
    wish = {"name": "size", "label": "Size", "type": "string", "fieldType": "text", "groupName": "g"}
    portal.post(path, json=wish).raise_for_status()
    retyped = portal.patch(f"{path}/size", json={"type": "number", "fieldType": "number"})
    assert (retyped.status_code, retyped.json()["type"]) == (200, "number")
    assert portal.patch(f"{path}/email", json={"label": "E"}).status_code == 400
    contact = create(portal, email="size@m.example", size="4")
    assert portal.delete(f"{path}/size").status_code == 204
    shown = portal.get(f"{OBJECTS}/contacts/{contact}", params={"properties": "size"}).json()
    assert "size" not in shown["properties"]
    assert portal.post(path, json=wish).status_code == 201
    shown = portal.get(f"{OBJECTS}/contacts/{contact}", params={"properties": "size"}).json()
    assert shown["properties"]["size"] == "4"


def test_a_search_body_is_limited_with_or_without_its_properties(portal):
    body = {"properties": [f"property_number_{n}" for n in range(200)]}
    assert portal.post(f"{OBJECTS}/contacts/search", json=body).status_code == 200
    portal.post("/_sandbox/portal", json={"count_properties": True})
    assert portal.post(f"{OBJECTS}/contacts/search", json=body).status_code == 400


def test_pages_and_bodies_are_cut_on_request(portal):
    def fault(status):
        portal.post("/_sandbox/faults", json=[{"match": "GET .*/contacts", "status": status}])
        return portal.get(f"{OBJECTS}/contacts", params={"limit": 10})

    short = fault("short_page").json()
    assert (len(short["results"]), "paging" in short) == (5, True)
    cut = fault("truncated_page").json()
    assert (len(cut["results"]), "paging" in cut) == (5, False)
    with pytest.raises(httpx.RemoteProtocolError):
        fault("cut_body")
