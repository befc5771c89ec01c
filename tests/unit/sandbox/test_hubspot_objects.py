"""HubSpot's objects API, one record at a time and in lists."""

from __future__ import annotations

import json

import pytest

from tests.unit.sandbox.conftest import Running

DATED, OLD = "/crm/objects/2026-03/contacts", "/crm/v3/objects/contacts"


def _create(shared: Running, **properties: str) -> dict:
    answer = shared.hubspot.post(DATED, json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_list_pages_through_every_record_once_in_order(shared: Running) -> None:
    seen, url = [], f"{shared.ready['hubspot']['url']}{DATED}?limit=100&properties=email"
    while url:
        page = shared.hubspot.get(url).json()
        seen += [int(record["id"]) for record in page["results"]]
        assert len(page["results"]) <= 100
        following = page.get("paging", {}).get("next")
        url = following["link"] if following else ""
        assert not following or following["after"] in url
    assert seen == sorted(set(seen))
    assert len(seen) > 200


def test_dated_and_old_paths_answer_from_one_store(shared: Running) -> None:
    record = _create(shared, email="paths@one.example", firstname="Path")
    old = shared.hubspot.get(f"{OLD}/{record['id']}/", params={"properties": "firstname"}).json()
    singular = shared.hubspot.get(
        f"/crm/objects/2026-03/0-1/{record['id']}", params={"properties": "firstname"}
    ).json()
    assert old == singular
    assert old["properties"]["firstname"] == "Path"


def test_an_empty_property_is_null_and_an_unknown_one_is_left_out(shared: Running) -> None:
    record = _create(shared, email="null@one.example")
    shown = shared.hubspot.get(
        f"{DATED}/{record['id']}", params={"properties": "jobtitle,no_such_thing"}
    ).json()
    assert shown["properties"]["jobtitle"] is None
    assert "no_such_thing" not in shown["properties"]
    assert {"createdate", "lastmodifieddate", "hs_object_id"} <= set(shown["properties"])


def test_an_update_moves_the_time_and_a_repeated_one_moves_nothing(shared: Running) -> None:
    record = _create(shared, email="again@one.example")
    url = f"{DATED}/{record['id']}"
    shared.hubspot.post("/_sandbox/clock", json={"advance_seconds": 1})
    first = shared.hubspot.patch(url, json={"properties": {"jobtitle": "Buyer"}})
    second = shared.hubspot.patch(url, json={"properties": {"jobtitle": "Buyer"}})
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["updatedAt"] > record["updatedAt"]
    assert second.json()["updatedAt"] == first.json()["updatedAt"]
    assert [w["after"] for w in shared.writes("hubspot", record_id=record["id"], field="jobtitle")] == [
        "Buyer"
    ]
    everything = shared.writes("hubspot", record_id=record["id"], field="jobtitle", noop=1)
    assert [w["operation"] for w in everything] == ["update", "noop"]


def test_lifecycle_stage_moves_forward_only_unless_cleared_first(shared: Running) -> None:
    record = _create(shared, email="stage@one.example", lifecyclestage="opportunity")
    url = f"{DATED}/{record['id']}"

    def write(value: str) -> str | None:
        answer = shared.hubspot.patch(url, json={"properties": {"lifecyclestage": value}})
        assert answer.status_code == 200
        return answer.json()["properties"]["lifecyclestage"]

    assert write("lead") == "opportunity"
    assert write("customer") == "customer"
    assert write("") is None
    assert write("lead") == "lead"
    shown = shared.hubspot.get(
        url, params={"properties": "hs_v2_date_entered_customer,hs_v2_date_entered_lead"}
    )
    assert all(shown.json()["properties"].values())


def test_history_is_newest_first_and_keeps_the_first_value(shared: Running) -> None:
    record = _create(shared, email="history@one.example", jobtitle="Intern")
    for title in ("Buyer", "Head of Procurement"):
        shared.hubspot.patch(f"{DATED}/{record['id']}", json={"properties": {"jobtitle": title}})
    shown = shared.hubspot.get(
        f"{DATED}/{record['id']}", params={"propertiesWithHistory": "jobtitle,email"}
    ).json()
    assert [item["value"] for item in shown["propertiesWithHistory"]["jobtitle"]] == [
        "Head of Procurement", "Buyer", "Intern",
    ]  # fmt: skip
    (first,) = shown["propertiesWithHistory"]["email"]
    assert (first["value"], first["sourceType"]) == ("history@one.example", "INTEGRATION")
    assert shown["propertiesWithHistory"]["jobtitle"][-1] == first | {"value": "Intern"}, (
        "by whom it was made"
    )


def test_deal_stages_of_the_world_have_history(shared: Running) -> None:
    page = shared.hubspot.get(
        "/crm/objects/2026-03/deals", params={"limit": 50, "propertiesWithHistory": "dealstage,closedate"}
    ).json()
    paths = [[i["value"] for i in r["propertiesWithHistory"]["dealstage"]] for r in page["results"]]
    assert any(len(path) > 2 for path in paths)
    assert all(
        path[0] == r["properties"]["dealstage"] for path, r in zip(paths, page["results"], strict=True)
    )


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"no_such": "x"}, "PROPERTY_DOESNT_EXIST"),
        ({"email": "nobody"}, "INVALID_EMAIL"),
        ({"email": "a@b.example", "lifecyclestage": "Lead"}, "INVALID_OPTION"),
        ({"email": "a@b.example", "lead_score": "many"}, "INVALID_DOUBLE"),
        ({"email": "a@b.example", "createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
        ({"email": "a@b.example", "hubspot_owner_id": "1"}, "INVALID_OWNER_ID"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(shared: Running, properties: dict, code: str) -> None:
    answer = shared.hubspot.post(DATED, json={"properties": properties})
    body = answer.json()
    assert answer.status_code == 400
    assert body["category"] == "VALIDATION_ERROR"
    assert body["errors"][0]["code"] == code
    assert f'"error":"{code}"' in body["message"]
    assert body["correlationId"]


def test_an_email_belongs_to_one_contact_whatever_its_case(shared: Running) -> None:
    record = _create(shared, email="Unique@One.example")
    assert record["properties"]["email"] == "unique@one.example"
    answer = shared.hubspot.post(DATED, json={"properties": {"email": "UNIQUE@one.example"}})
    assert answer.status_code == 409
    assert answer.json()["category"] == "CONFLICT"
    assert answer.json()["message"].endswith(f"Existing ID: {record['id']}")
    by_email = shared.hubspot.get(f"{DATED}/unique@one.example", params={"idProperty": "email"})
    assert by_email.json()["id"] == record["id"]


def test_an_archived_record_leaves_the_list_and_frees_its_email(shared: Running) -> None:
    record = _create(shared, email="gone@one.example")
    url = f"{DATED}/{record['id']}"
    # Both calls may fall into one millisecond, and then nothing tells which time is which.
    shared.hubspot.post("/_sandbox/clock", json={"advance_seconds": 1}).raise_for_status()
    assert shared.hubspot.delete(url).status_code == 204
    assert shared.hubspot.delete(url).status_code == 204
    assert shared.hubspot.get(url).status_code == 404
    shown = shared.hubspot.get(url, params={"archived": "true"}).json()
    assert shown["archived"]
    assert shown["updatedAt"] == record["updatedAt"]
    assert shown["archivedAt"] > shown["updatedAt"]
    assert _create(shared, email="gone@one.example")["id"] != record["id"]


def test_an_id_that_was_merged_away_leads_to_the_survivor(shared: Running) -> None:
    merged, after = None, "0"
    while merged is None and after:
        page = shared.hubspot.get(
            DATED, params={"limit": 100, "after": after, "properties": "hs_merged_object_ids"}
        ).json()
        merged = next((r for r in page["results"] if r["properties"]["hs_merged_object_ids"]), None)
        after = page.get("paging", {}).get("next", {}).get("after", "")
    assert merged, "the world has no merged contact"
    for old in merged["properties"]["hs_merged_object_ids"].split(";"):
        assert shared.hubspot.get(f"{DATED}/{old}").json()["id"] == merged["id"]


def test_refusals_have_hubspots_shape(shared: Running) -> None:
    wrong = shared.hubspot.get(DATED, headers={"Authorization": "Bearer nope"})
    assert wrong.status_code == 401
    assert wrong.json()["category"] == "INVALID_AUTHENTICATION"
    assert shared.hubspot.get("/crm/objects/2026-03/unicorns").status_code == 400
    assert shared.hubspot.get("/crm/objects/1999-01/contacts").status_code == 404
    assert shared.hubspot.get("/nothing/here").json()["category"] == "OBJECT_NOT_FOUND"
    assert shared.hubspot.get(f"{DATED}/999999999").json()["message"] == "resource not found"
    assert shared.hubspot.get(DATED, params={"limit": 101}).status_code == 400
    assert (
        shared.hubspot.get(DATED, params={"limit": 51, "propertiesWithHistory": "email"}).status_code == 400
    )
    assert shared.hubspot.post(DATED, content=b"not json").status_code == 400
    assert shared.hubspot.get(DATED, params={"properties": "x" * 16_500}).status_code == 414


def test_values_are_appended_refused_and_kept_apart_as_hubspot_does(shared: Running) -> None:
    area = "/crm/objects/2026-03/p48290173_installations"
    made = {"installation_name": "Values", "modules": "reporting"}
    own = shared.hubspot.post(area, json={"properties": made}).json()["id"]

    def write(**properties: str) -> tuple[int, dict[str, str]]:
        answer = shared.hubspot.patch(f"{area}/{own}", json={"properties": properties})
        return answer.status_code, answer.json().get("properties", {})

    assert write(modules=";sandbox;reporting")[1]["modules"] == "reporting;sandbox"
    assert write(modules="forecasting")[1]["modules"] == "forecasting"
    assert write(installed_on="1750000000000")[0] == 400, "a date in milliseconds is at midnight"
    assert write(installed_on="1749945600000")[1]["installed_on"] == "2025-06-15"
    nameless = shared.hubspot.post("/crm/v3/objects/companies", json={"properties": {"city": "Oslo"}})
    assert nameless.status_code == 400, "a company has a name or a domain"
    two = {"email": "first@both.example", "hs_additional_emails": "Second@both.example"}
    one = shared.hubspot.post("/crm/v3/objects/contacts", json={"properties": two}).json()["id"]
    for taken in ({"email": "second@both.example"}, two | {"email": "x@both.example"}):
        assert shared.hubspot.post("/crm/v3/objects/contacts", json={"properties": taken}).status_code == 409
    found = shared.hubspot.get("/crm/v3/objects/contacts/second@both.example", params={"idProperty": "email"})
    assert found.json()["id"] == one


def test_what_no_document_settles_is_switched(shared: Running) -> None:
    portal = "/_sandbox/portal"
    one = _create(shared, email="one@switch.example", lifecyclestage="customer")["id"]
    two = _create(shared, email="two@switch.example")["id"]
    wish = {"primaryObjectId": one, "objectIdToMerge": two}
    survivor = shared.hubspot.post(f"{DATED}/merge", json=wish).json()["id"]
    inputs = {"inputs": [{"id": two, "properties": {"city": "Oslo"}}]}
    back = {"properties": {"lifecyclestage": "lead"}}
    usual = {"lifecycle_backwards": "ignore", "merged_updates": "follow"}
    told = shared.hubspot.post(portal, json={"lifecycle_backwards": "refuse", "merged_updates": "drop"})
    try:
        assert told.json()["merged_updates"] == "drop"
        assert shared.hubspot.patch(f"{DATED}/{survivor}", json=back).status_code == 400
        dropped = shared.hubspot.post(f"{DATED}/batch/update", json=inputs)
        assert (dropped.status_code, dropped.json()["results"]) == (200, [])
    finally:
        assert shared.hubspot.post(portal, json=usual).status_code == 200
    assert shared.hubspot.patch(f"{DATED}/{survivor}", json=back).status_code == 200
    followed = shared.hubspot.post(f"{DATED}/batch/update", json=inputs).json()["results"]
    assert [each["id"] for each in followed] == [survivor]
    for wrong in ({"merged_updates": "perhaps"}, {"search_lagg_ms": 5}):
        assert shared.hubspot.post(portal, json=wrong).status_code == 400


def test_what_integrators_write_besides_is_there(shared: Running) -> None:
    written = {
        "contacts": {"email": "besides@one.example", "salutation": "Dr", "industry": "any",
                     "numemployees": "5-25"},
        "companies": {"name": "B", "website": "b.example", "type": "PARTNER", "industry": "ACCOUNTING"},
        "deals": {"dealname": "B", "dealstage": "appointmentscheduled", "pipeline": "default",
                  "hs_priority": "high", "hs_next_step": "call"},
        "calls": {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_call_status": "QUEUED",
                  "hs_call_from_number": "+1"},
    }  # fmt: skip
    for plural, properties in written.items():
        made = shared.hubspot.post(f"/crm/v3/objects/{plural}", json={"properties": properties})
        assert made.status_code == 201, made.text
    wrong = {"properties": {"name": "B", "industry": "NO_SUCH_INDUSTRY"}}
    assert shared.hubspot.post("/crm/v3/objects/companies", json=wrong).status_code == 400
    headers = {
        "from": {"email": "a@b.example", "firstName": "A"},
        "to": [{"email": "c@d.example"}, {"email": "e@f.example"}],
    }
    email = {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_email_direction": "EMAIL",
             "hs_email_headers": json.dumps(headers)}  # fmt: skip
    own = shared.hubspot.post("/crm/v3/objects/emails", json={"properties": email}).json()["id"]
    names = ("hs_email_from_email", "hs_email_from_firstname", "hs_email_to_email")
    read = shared.hubspot.get(f"/crm/v3/objects/emails/{own}", params={"properties": ",".join(names)}).json()
    assert [read["properties"][name] for name in names] == ["a@b.example", "A", "c@d.example;e@f.example"]
