"""Marketing e-mails: the world's and an app's own, counted, drafted, published, sent to one person."""

from __future__ import annotations

import uuid

import httpx

from tests.unit.sandbox.conftest import Running

EMAILS, DATED = "/marketing/v3/emails", "/marketing/emails/2026-03"
SEND = "/marketing/v3/transactional/single-email/send"
FORGET = "/crm/v3/objects/contacts/gdpr-delete"
SPAN = {"startTimestamp": "2000-01-01T00:00:00Z", "endTimestamp": "2099-01-01T00:00:00Z"}


def _made(shared: Running, **more: object) -> dict:
    answer = shared.hubspot.post(EMAILS, json={"name": "Made", "subject": "Hello", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_what_the_world_sent_is_listed_with_what_became_of_it(shared: Running) -> None:
    page = shared.hubspot.get(
        EMAILS, params={"limit": 2, "includeStats": "true", "sort": "-publishedAt"}
    ).json()
    first = page["results"][0]
    rest = shared.hubspot.get(page["paging"]["next"]["link"]).json()
    assert page["total"] > 2
    assert {each["id"] for each in page["results"]}.isdisjoint(each["id"] for each in rest["results"])
    assert first["publishedAt"] >= page["results"][1]["publishedAt"] >= rest["results"][0]["publishedAt"]
    events = shared.hubspot.get(
        "/email/public/v1/events", params={"campaignId": first["primaryEmailCampaignId"], "limit": 1000}
    ).json()["events"]
    people = {e["recipient"] for e in events if e["type"] == "OPEN" and not e["filteredEvent"]}
    counters = first["stats"]["counters"]
    assert counters["open"] == len(people) > 0
    assert first["stats"]["ratios"]["openratio"] == round(100 * len(people) / counters["delivered"], 3)
    asked = SPAN | {"emailIds": first["id"]}
    total = shared.hubspot.get(f"{DATED}/statistics/list", params=asked).json()
    assert (total["emails"], total["aggregate"]["counters"]) == ([int(first["id"])], counters)
    days = shared.hubspot.get(f"{DATED}/statistics/histogram", params=asked | {"interval": "YEAR"}).json()
    assert sum(each["aggregations"]["counters"]["sent"] for each in days["results"]) == counters["sent"]
    assert shared.hubspot.get(f"{EMAILS}/statistics/list").status_code == 400


def test_an_email_is_made_drafted_published_restored_and_deleted(shared: Running) -> None:
    own = _made(shared, content={"plainTextVersion": "one"})
    one = f"{EMAILS}/{own['id']}"
    assert (own["state"], own["isPublished"]) == ("DRAFT", False)
    assert shared.hubspot.post(EMAILS, json={"subject": "no name"}).status_code == 400
    assert shared.hubspot.patch(one, json={"subject": "Second"}).json()["subject"] == "Second"
    assert shared.hubspot.patch(f"{one}/draft", json={"subject": "Third"}).json()["subject"] == "Third"
    assert shared.hubspot.get(one).json()["subject"] == "Second", "a draft is not yet the e-mail"
    assert shared.hubspot.post(f"{one}/publish").status_code == 204
    live = shared.hubspot.get(f"{DATED}/{own['id']}").json()
    assert (live["subject"], live["state"], len(live["allEmailCampaignIds"])) == ("Third", "PUBLISHED", 1)
    revisions = shared.hubspot.get(f"{one}/revisions").json()["results"]
    assert [each["object"]["subject"] for each in revisions] == ["Third", "Second", "Hello"]
    assert shared.hubspot.post(f"{one}/revisions/{revisions[-1]['id']}/restore").status_code == 204
    assert shared.hubspot.get(one).json()["subject"] == "Hello"
    assert shared.hubspot.post(f"{one}/unpublish").status_code == 204
    copy = shared.hubspot.post(f"{EMAILS}/clone", json={"id": own["id"], "cloneName": "Copy"}).json()
    assert (copy["name"], copy["isPublished"], copy["content"]) == ("Copy", False, own["content"])
    assert shared.hubspot.delete(one).status_code == 204
    assert shared.hubspot.get(one).status_code == 404
    assert shared.hubspot.get(one, params={"archived": "true"}).status_code == 200


def test_a_single_send_reaches_a_person_once_and_makes_the_contact(shared: Running) -> None:
    own = _made(shared, subcategory="single_send_api", **{"from": {"fromName": "Shop"}})
    to = f"{uuid.uuid4().hex}@send.example"
    body = {"emailId": int(own["id"]), "message": {"to": to, "sendId": to},
            "contactProperties": {"firstname": "Sent"}}  # fmt: skip
    assert shared.hubspot.post(SEND, json=body).status_code == 400, "not published"
    shared.hubspot.post(f"{EMAILS}/{own['id']}/publish")
    other = body | {"message": {"to": f"other.{to}", "sendId": to}}
    sent = [shared.hubspot.post(SEND, json=each).json() for each in (body, body, other)]
    told = [
        shared.hubspot.get(f"/marketing/v3/email/send-statuses/{each['statusId']}").json() for each in sent
    ]
    assert [each["sendResult"] for each in told] == ["SENT", "IDEMPOTENT_IGNORE", "IDEMPOTENT_IGNORE"]
    contact = shared.hubspot.get(f"/crm/v3/objects/contacts/{to}", params={"idProperty": "email"}).json()
    assert contact["properties"]["firstname"] == "Sent"
    events = shared.hubspot.get("/email/public/v1/events", params={"recipient": to}).json()["events"]
    assert {each["type"] for each in events} == {"SENT", "DELIVERED"}
    assert shared.hubspot.post(SEND, json=body | {"message": {"to": "nobody"}}).status_code == 400
    assert shared.hubspot.post(FORGET, json={"objectId": contact["id"]}).status_code == 204
    statuses = [shared.hubspot.get(f"/marketing/v3/email/send-statuses/{e['statusId']}") for e in sent]
    assert [each.status_code for each in statuses] == [404, 404, 200], "what names the person is gone"
    marketing = "/marketing/v4/email/single-send"
    assert shared.hubspot.post(marketing, json=body).status_code == 400, "of the other kind"


def test_an_smtp_token_tells_its_password_once(shared: Running) -> None:
    area = "/marketing/transactional/2026-03/smtp-tokens"
    made: httpx.Response = shared.hubspot.post(area, json={"campaignName": "Shop", "createContact": True})
    own = made.json()
    assert (made.status_code, bool(own["password"])) == (201, True)
    assert "password" not in shared.hubspot.get(f"{area}/{own['id']}").json()
    reset = shared.hubspot.post(f"{area}/{own['id']}/password-reset").json()
    assert reset["password"] != own["password"]
    assert shared.hubspot.delete(f"{area}/{own['id']}").status_code == 204
    assert shared.hubspot.get(f"{area}/{own['id']}").status_code == 404
