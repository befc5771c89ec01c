"""HubSpot's associations, properties, pipelines, owners, campaigns, account, and its limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.hubspot.app import TEN_SECONDS
from tests.unit.sandbox.conftest import Running

CONTACTS = "/crm/objects/2026-03/contacts"


def _make(shared: Running, kind: str, **properties: str) -> str:
    answer = shared.hubspot.post(f"/crm/objects/2026-03/{kind}", json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_default_association_is_seen_from_both_ends(shared: Running) -> None:
    contact = _make(shared, "contacts", email="end@assoc.example")
    company = _make(shared, "companies", name="Both Ends")
    url = f"/crm/objects/2026-03/contacts/{contact}/associations/default/companies/{company}"
    assert shared.hubspot.put(url).status_code == 200
    for a, i, b, j in (
        ("contacts", contact, "companies", company),
        ("companies", company, "contacts", contact),
    ):
        answer = shared.hubspot.post(
            f"/crm/associations/2026-03/{a}/{b}/batch/read", json={"inputs": [{"id": i}]}
        )
        assert answer.status_code == 200
        (found,) = answer.json()["results"][0]["to"]
        assert found["toObjectId"] == int(j)
        assert {t["label"] for t in found["associationTypes"]} == {None, "Primary"}
    inline = shared.hubspot.get(f"{CONTACTS}/{contact}", params={"associations": "companies"}).json()
    assert {r["id"] for r in inline["associations"]["companies"]["results"]} == {company}


def test_records_without_associations_are_named_in_a_207(shared: Running) -> None:
    contact = _make(shared, "contacts", email="alone@assoc.example")
    answer = shared.hubspot.post(
        "/crm/v4/associations/contacts/companies/batch/read", json={"inputs": [{"id": contact}]}
    )
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["fromObjectId"] == [contact]
    alike = "/crm/v4/associations/contacts/contacts/batch/read"
    assert shared.hubspot.post(alike, json={"inputs": [{"id": contact}]}).status_code == 207
    wrong = shared.hubspot.post("/crm/v4/associations/leads/deals/batch/read", json={"inputs": []})
    assert wrong.status_code == 400
    assert "No association type exists between leads and deals" in wrong.json()["message"]


def test_association_reads_page_at_five_hundred(shared: Running) -> None:
    company = _make(shared, "companies", name="Crowded")
    ids = []
    for start in range(0, 600, 100):
        inputs = [{"properties": {"email": f"crowd{n}@assoc.example"}} for n in range(start, start + 100)]
        made = shared.hubspot.post(f"{CONTACTS}/batch/create", json={"inputs": inputs}).json()["results"]
        ids += [r["id"] for r in made]
    pairs = [{"from": {"id": i}, "to": {"id": company}} for i in ids]
    url = "/crm/associations/2026-03/contacts/companies/batch/associate/default"
    assert shared.hubspot.post(url, json={"inputs": pairs}).status_code == 200
    read = "/crm/associations/2026-03/companies/contacts/batch/read"
    first = shared.hubspot.post(read, json={"inputs": [{"id": company}]}).json()["results"][0]
    assert len(first["to"]) == 500
    after = first["paging"]["next"]["after"]
    second = shared.hubspot.post(read, json={"inputs": [{"id": company, "after": after}]}).json()["results"][
        0
    ]
    assert sorted(str(t["toObjectId"]) for p in (first, second) for t in p["to"]) == sorted(ids)
    assert "paging" not in second


def test_a_record_may_be_created_with_its_associations(shared: Running) -> None:
    company = _make(shared, "companies", name="Born With")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    body: dict[str, Any] = {"properties": {"email": "born@assoc.example"},
                            "associations": [{"to": {"id": company}, "types": types}]}  # fmt: skip
    made = shared.hubspot.post(CONTACTS, json=body).json()["id"]
    found = shared.hubspot.get(f"/crm/v4/objects/contacts/{made}/associations/companies").json()["results"]
    assert [t["toObjectId"] for t in found] == [int(company)]


def test_properties_are_listed_read_and_created_once(shared: Running) -> None:
    listed = shared.hubspot.get("/crm/properties/2026-03/contacts").json()["results"]
    score = next(p for p in listed if p["name"] == "lead_score")
    assert score == shared.hubspot.get("/crm/v3/properties/contacts/lead_score").json()
    assert (score["type"], score["modificationMetadata"]["readOnlyValue"]) == ("number", False)
    entered = next(p for p in listed if p["name"] == "hs_v2_date_entered_lead")
    assert entered["modificationMetadata"]["readOnlyValue"]
    wanted = {"name": "shoe_size", "label": "Shoe size", "type": "number", "fieldType": "number",
              "groupName": "contactinformation"}  # fmt: skip
    assert shared.hubspot.post("/crm/properties/2026-03/contacts", json=wanted).status_code == 201
    again = shared.hubspot.post("/crm/properties/2026-03/contacts", json=wanted)
    assert (again.status_code, again.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    odd = shared.hubspot.post("/crm/properties/2026-03/contacts", json=wanted | {"name": "Odd One"})
    assert odd.status_code == 400
    contact = _make(shared, "contacts", email="shoe@assoc.example", shoe_size="43")
    assert shared.hubspot.get(f"{CONTACTS}/{contact}", params={"properties": "shoe_size"}).json()[
        "properties"
    ]["shoe_size"]


def test_moving_a_deal_changes_what_its_stage_means(shared: Running) -> None:
    deal = _make(shared, "deals", dealname="Move", pipeline="default", dealstage="appointmentscheduled")
    url = f"/crm/objects/2026-03/deals/{deal}"
    shared.hubspot.patch(url, json={"properties": {"dealstage": "closedwon"}})
    names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability"
    shown = shared.hubspot.get(url, params={"properties": names}).json()["properties"]
    assert [shown[n] for n in names.split(",")] == ["true", "true", "1.0"]
    lacking = shared.hubspot.post("/crm/objects/2026-03/deals", json={"properties": {"dealname": "No stage"}})
    assert lacking.status_code == 400
    wrong = shared.hubspot.patch(url, json={"properties": {"dealstage": "nirvana"}})
    assert wrong.status_code == 400


def test_pipelines_owners_campaigns_and_account(shared: Running) -> None:
    (pipeline,) = shared.hubspot.get("/crm/pipelines/2026-03/deals").json()["results"]
    assert [s["id"] for s in pipeline["stages"]][-2:] == ["closedwon", "closedlost"]
    assert pipeline["stages"][-1]["metadata"] == {"isClosed": "true", "probability": "0.0"}
    owners = shared.hubspot.get("/crm/owners/2026-03", params={"limit": 10}).json()
    more = shared.hubspot.get(owners["paging"]["next"]["link"]).json()["results"]
    assert len(owners["results"]) + len(more) == 17
    one = shared.hubspot.get("/crm/v3/owners/", params={"email": "MAYA.OKAFOR@northwind.example"}).json()[
        "results"
    ]
    assert [o["firstName"] for o in one] == ["Maya"]
    page = shared.hubspot.get(
        "/marketing/v3/campaigns/", params={"limit": 30, "properties": "hs_name,hs_utm"}
    ).json()
    assert (page["total"], len(page["results"])) == (40, 30)
    campaign = page["results"][0]
    assert set(campaign["properties"]) == {"hs_name", "hs_utm"}
    totals = shared.hubspot.get(f"/marketing/campaigns/2026-03/{campaign['id']}/budget/totals").json()
    assert totals["spendTotal"] > 0
    details = shared.hubspot.get("/account-info/v3/details").json()
    assert (details["portalId"], details["companyCurrency"]) == (48290173, "USD")


def test_limits_refuse_in_hubspots_words_and_count_in_headers(fresh: Path, start: Callable[..., Any]) -> None:
    with start(fresh) as running:
        first = running.hubspot.get("/crm/v3/owners")
        assert first.headers["X-HubSpot-RateLimit-Max"] == str(TEN_SECONDS)
        assert int(first.headers["X-HubSpot-RateLimit-Remaining"]) == TEN_SECONDS - 1
        answers = [running.hubspot.get("/crm/v3/owners") for _ in range(TEN_SECONDS + 5)]
        refused = [a for a in answers if a.status_code == 429]
        assert refused
        assert refused[0].json()["policyName"] == "TEN_SECONDLY_ROLLING"
        journal = running.hubspot.get("/webhooks-journal/journal/2026-03/earliest")
        assert journal.status_code == 204, "no limit counts the journal"
        searches = [running.hubspot.post(f"{CONTACTS}/search", json={}) for _ in range(8)]
        assert searches[0].status_code == 200
        assert searches[-1].status_code == 429
        assert "X-HubSpot-RateLimit-Max" not in searches[0].headers


def test_account_limits_count_what_is_there(shared: Running) -> None:
    def told(path: str) -> Any:
        both = [shared.hubspot.get(f"/crm/{each}/{path}") for each in ("v3/limits", "limits/2026-03")]
        assert [answer.status_code for answer in both] == [200, 200]
        assert both[0].json() == both[1].json()
        return both[0].json()

    records = told("records")
    (contacts,) = [e for e in records["hubspotDefinedObjectTypes"] if e["objectTypeId"] == "0-1"]
    seen, after = 0, None
    while after != "":
        page = shared.hubspot.get(
            "/crm/v3/objects/contacts", params={"limit": 100} | ({"after": after} if after else {})
        ).json()
        seen += len(page["results"])
        after = page.get("paging", {}).get("next", {}).get("after", "")
    assert contacts["usage"] == seen
    custom = records["customObjectTypes"]
    assert custom["overallUsage"] == sum(each["usage"] for each in custom["byObjectType"]) > 0
    deals = [e for e in told("pipelines")["hubspotDefinedObjectTypes"] if e["objectTypeId"] == "0-3"]
    assert deals[0]["usage"] == len(shared.hubspot.get("/crm/v3/pipelines/deals").json()["results"])
    own = told("custom-properties")
    assert own["overallUsage"] == sum(each["usage"] for each in own["byObjectType"])
    assert {"overallLimit", "byObjectType"} <= set(told("calculated-properties"))
    assert told("associations/records/from") == told("associations/records/contacts/to") == {"results": []}
    assert set(told("custom-object-types")) == {"limit", "usage", "percentage"}
