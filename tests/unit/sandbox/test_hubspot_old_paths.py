"""HubSpot's oldest paths: they answer, write, and reach every record once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Running


def test_contacts_are_read_and_written_by_the_oldest_api(shared: Running) -> None:
    area, client = "/contacts/v1/contact", shared.hubspot
    said = {"properties": [{"property": "email", "value": "v1@old.example"}]}
    made = client.post(area, json=said).json()
    assert made["properties"]["email"]["value"] == "v1@old.example"
    again = client.post(area, json=said)
    assert (again.status_code, again.json()["identityProfile"]["vid"]) == (409, made["vid"])
    title = {"properties": [{"property": "jobtitle", "value": "Old hand"}]}
    assert client.post(f"{area}/vid/{made['vid']}/profile", json=title).status_code == 204
    either = client.post(f"{area}/createOrUpdate/email/v1@old.example/", json=title).json()
    assert either == {"vid": made["vid"], "isNew": False}
    shown = client.get(f"{area}/email/v1@old.example/profile").json()
    assert shown["properties"]["jobtitle"]["value"] == "Old hand"
    seen: list[int] = []
    page: dict[str, Any] = {"has-more": True, "vid-offset": 0}
    while page["has-more"]:
        asked = {"count": 100, "vidOffset": page["vid-offset"]}
        page = client.get("/contacts/v1/lists/all/contacts/all", params=asked).json()
        seen += [each["vid"] for each in page["contacts"]]
    assert made["vid"] in seen
    assert len(seen) == len(set(seen))
    latest = client.get("/contacts/v1/lists/all/contacts/recent", params={"count": 2}).json()
    follows = {"count": 2, "vidOffset": latest["vid-offset"], "timeOffset": latest["time-offset"]}
    older = client.get("/contacts/v1/lists/all/contacts/recent", params=follows).json()["contacts"]
    newest = [each["addedAt"] for each in latest["contacts"] + older]
    assert newest == sorted(newest, reverse=True)
    assert not {c["vid"] for c in older} & {c["vid"] for c in latest["contacts"]}
    batch = client.get(f"{area}/vids/batch", params={"vid": [made["vid"], 999_999_999]}).json()
    assert list(batch) == [str(made["vid"])]
    assert client.get("/contacts/v1/search/query", params={"q": "v1@old"}).json()["total"] == 1
    assert client.delete(f"{area}/vid/{made['vid']}").json()["deleted"] is True
    assert client.get(f"{area}/vid/{made['vid']}/profile").status_code == 404
    user = client.get("/settings/v3/users/").json()["results"][0]
    one = client.get(f"/settings/users/2026-03/{user['email']}", params={"idProperty": "EMAIL"}).json()
    assert one == user
    assert user["email"] in {each["email"] for each in client.get("/owners/v2/owners").json()}


@pytest.mark.parametrize(
    "path",
    [
        "/companies/v2/companies/paged?limit=5&properties=name", "/companies/v2/properties",
        "/deals/v1/deal/paged?limit=5&includeAllProperties=true", "/deals/v1/deal/recent/modified?count=5",
        "/properties/v1/deals/properties", "/deals/v1/pipelines", "/forms/v2/forms",
        "/engagements/v1/engagements/modified/after?limit=5&after=0", "/automation/v3/workflows",
        "/email/public/v1/campaigns/by-id", "/email/public/v1/subscriptions",
        "/marketing-emails/v1/emails/with-statistics?limit=250", "/crm-pipelines/v1/pipelines/deals",
        "/properties/v2/form/properties", "/properties/v2/deal_split/properties",
    ],
)  # fmt: skip
def test_old_paths_are_answered(shared: Running, path: str) -> None:
    answer = shared.hubspot.get(path)
    assert answer.status_code == 200
    assert answer.json()


def test_old_pages_reach_every_record_once(shared: Running) -> None:
    seen: list[int] = []
    offset, more = 0, True
    while more:
        page = shared.hubspot.get("/deals/v1/deal/paged", params={"limit": 7, "offset": offset}).json()
        seen += [each["dealId"] for each in page["deals"]]
        offset, more = page["offset"], page["hasMore"]
    total = shared.hubspot.post("/crm/v3/objects/deals/search", json={}).json()["total"]
    assert len(seen) == len(set(seen)) == total
    base = "/engagements/v1/engagements"
    ways = {
        kind: _all_engagements(shared, base + path, mark) for kind, path, mark in (
            ("modified", "/modified/after", "after"), ("all", "/paged", "offset"),
        )
    }  # fmt: skip
    assert sorted(ways["modified"]) == sorted(ways["all"])
    totals = [
        shared.hubspot.post(f"/crm/v3/objects/{each}/search", json={}).json()["total"]
        for each in ("calls", "emails", "meetings", "notes", "tasks")
    ]
    assert len(ways["all"]) == len(set(ways["all"])) == sum(totals)
    assert {kind for kind, _ in ways["all"]} == {"CALL", "EMAIL", "MEETING", "NOTE", "TASK"}
    recent = shared.hubspot.get(base + "/recent/modified", params={"count": 250}).json()
    stamps = [each["engagement"]["lastUpdated"] for each in recent["results"]]
    assert stamps == sorted(stamps, reverse=True)
    assert recent["hasMore"] is (recent["total"] > len(stamps))


def _all_engagements(shared: Running, path: str, mark: str) -> list[tuple[str, int]]:
    """Kinds and ids of all pages, fetched by the mark each page gives for the next."""
    found: list[tuple[str, int]] = []
    at, more = "0", True
    while more:
        page = shared.hubspot.get(path, params={"limit": 50, mark: at}).json()
        found += [(e["engagement"]["type"], e["engagement"]["id"]) for e in page["results"]]
        at, more = page[mark], page["hasMore"]
        assert mark == "after" or type(at) is int
    return found


def _named(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_companies_and_deals_are_written_and_tied_by_the_old_api(shared: Running) -> None:
    client, companies = shared.hubspot, "/companies/v2/companies"
    said = {"properties": [{"property": "email", "value": "tied@old.example"}]}
    vid = client.post("/contacts/v1/contact", json=said).json()["vid"]
    made = client.post(companies, json={"properties": _named(name="Old", domain="old-api.example")}).json()
    own = f"{companies}/{made['companyId']}"
    assert client.put(own, json={"properties": _named(name="Older")}).json()["companyId"] == made["companyId"]
    assert client.get(own).json()["properties"]["name"]["value"] == "Older"
    assert client.put(own, json={"properties": _named(no_such_property="x")}).status_code == 400
    assert client.put(f"{own}/contacts/{vid}").status_code == 200
    assert client.get(f"{own}/vids").json()["vids"] == [vid]
    wish = {"limit": 1, "requestOptions": {"properties": ["name"]}, "offset": {"companyId": 0}}
    found = client.post("/companies/v2/domains/old-api.example/companies", json=wish).json()
    assert [each["companyId"] for each in found["results"]] == [made["companyId"]]
    deal = {
        "associations": {"associatedCompanyIds": [made["companyId"]], "associatedVids": [vid]},
        "properties": _named(dealname="Old", pipeline="default", dealstage="appointmentscheduled"),
    }
    number = client.post("/deals/v1/deal", json=deal).json()["dealId"]
    of_company = client.get(f"/deals/v1/deal/associated/company/{made['companyId']}/paged").json()["deals"]
    assert [each["dealId"] for each in of_company] == [number]
    tie = f"/deals/v1/deal/{number}/associations/CONTACT"
    assert client.delete(tie, params={"id": vid}).status_code == 204
    assert client.get(f"/deals/v1/deal/{number}").json()["associations"]["associatedVids"] == []
    assert client.delete(f"/deals/v1/deal/{number}").status_code == 204
    assert client.delete(own).json() == {"companyId": made["companyId"], "deleted": True}
    assert client.get(own).status_code == 404


def test_an_engagement_of_the_old_api_is_the_record_of_the_new_one(shared: Running) -> None:
    client, area = shared.hubspot, "/engagements/v1/engagements"
    said = {"properties": [{"property": "email", "value": "met@old.example"}]}
    vid = client.post("/contacts/v1/contact", json=said).json()["vid"]
    meeting = {
        "engagement": {"type": "MEETING", "timestamp": 1_750_000_000_000},
        "associations": {"contactIds": [vid]},
        "metadata": {"title": "Met", "startTime": 1_750_000_000_000, "endTime": 1_750_003_600_000},
    }
    made = client.post(area, json=meeting).json()
    own = made["engagement"]["id"]
    assert made["metadata"]["startTime"] == 1_750_000_000_000
    record = client.get(f"/crm/v3/objects/meetings/{own}", params={"properties": "hs_meeting_start_time"})
    assert record.json()["properties"]["hs_meeting_start_time"] == "2025-06-15T15:06:40.000Z"
    tied = client.get(f"/crm/v4/objects/meetings/{own}/associations/contacts").json()["results"]
    assert [each["toObjectId"] for each in tied] == [vid]
    others = [
        client.get(f"/crm/v3/objects/{kind}/{own}").status_code
        for kind in ("calls", "emails", "notes", "tasks")
    ]
    assert others == [404] * 4, "one row of ids for all of them: the old API knows no more than the id"
    changed = client.patch(f"{area}/{own}", json={"metadata": {"title": "Met again"}}).json()
    assert (changed["metadata"]["title"], changed["associations"]["contactIds"]) == ("Met again", [vid])
    assert client.post(area, json={"engagement": {"type": "TELEGRAM"}}).status_code == 400
    assert client.delete(f"{area}/{own}").status_code == 204
    assert client.get(f"{area}/{own}").status_code == 404


def test_tickets_and_lists_of_the_old_api_are_tied_and_filled(shared: Running) -> None:
    client, tickets = shared.hubspot, "/crm-objects/v1/objects/tickets"
    said = {"properties": [{"property": "email", "value": "ticket@old.example"}]}
    vid = client.post("/contacts/v1/contact", json=said).json()["vid"]
    body = _named(subject="Old", hs_pipeline="0", hs_pipeline_stage="1")
    number = client.post(tickets, json=body).json()["objectId"]
    tie = {"fromObjectId": number, "toObjectId": vid, "category": "HUBSPOT_DEFINED", "definitionId": 16}
    ties = "/crm-associations/v1/associations"
    assert client.put(f"{ties}/create-batch", json=[tie]).status_code == 204
    assert client.get(f"{ties}/{number}/HUBSPOT_DEFINED/16").json()["results"] == [vid]
    assert client.put(f"{ties}/delete", json=tie).status_code == 204
    assert client.get(f"{ties}/{number}/HUBSPOT_DEFINED/16").json()["results"] == []
    shown = client.get(f"{tickets}/{number}", params={"properties": "subject"}).json()
    assert shown["properties"]["subject"]["value"] == "Old"
    lists = "/contacts/v1/lists"
    own = client.post(lists, json={"name": "By the old API"}).json()["listId"]
    wish = {"vids": [vid, 5], "emails": ["ticket@old.example", "nobody@old.example"]}
    done = client.post(f"{lists}/{own}/add", json=wish).json()
    assert (done["updated"], done["invalidVids"], done["invalidEmails"]) == (
        [vid],
        [5],
        ["nobody@old.example"],
    )
    assert [c["vid"] for c in client.get(f"{lists}/{own}/contacts/all").json()["contacts"]] == [vid]
    assert client.post(f"{lists}/{own}/remove", json={"vids": [vid]}).json()["updated"] == [vid]
    assert client.delete(f"{lists}/{own}").status_code == 204
