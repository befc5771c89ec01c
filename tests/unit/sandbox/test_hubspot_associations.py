"""Associations as clients make them: by version, by label, primary, within limits, page by page."""

from __future__ import annotations

import uuid
from typing import Any

from tests.unit.sandbox.conftest import Running

DEFINED, OWN = "HUBSPOT_DEFINED", "USER_DEFINED"
TO_COMPANY = "associations/companies"


def _made(shared: Running, kind: str, **properties: str) -> str:
    answer = shared.hubspot.post(f"/crm/v3/objects/{kind}", json={"properties": properties})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _contact(shared: Running) -> str:
    return _made(shared, "contacts", email=f"{uuid.uuid4().hex}@labels.example")


def _company(shared: Running) -> str:
    return _made(shared, "companies", name=f"Labels {uuid.uuid4().hex}")


def _label(shared: Running, pair: str = "contacts/companies", **more: str) -> int:
    name = f"label_{uuid.uuid4().hex[:12]}"
    answer = shared.hubspot.post(
        f"/crm/v4/associations/{pair}/labels", json={"name": name, "label": name, **more}
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["results"][0]["typeId"])


def _counted(shared: Running) -> dict[tuple[str, str], int]:
    told = shared.hubspot.get("/crm/limits/2026-03/associations/labels").json()["results"]
    ends = ("fromObjectType", "toObjectType")
    return {(each[ends[0]]["objectTypeId"], each[ends[1]]["objectTypeId"]): each["usage"] for each in told}


def _types(shared: Running, contact: str, to: str = "companies") -> dict[int, set[str | None]]:
    answer = shared.hubspot.get(f"/crm/v4/objects/contacts/{contact}/associations/{to}")
    return {
        each["toObjectId"]: {kind["label"] for kind in each["associationTypes"]}
        for each in answer.json()["results"]
    }


def _put(shared: Running, contact: str, to: str, number: int, category: str = DEFINED) -> Any:
    types = [{"associationCategory": category, "associationTypeId": number}]
    return shared.hubspot.put(f"/crm/v4/objects/contacts/{contact}/{TO_COMPANY}/{to}", json=types)


def test_the_company_that_is_named_primary_takes_the_place_of_the_one_before(shared: Running) -> None:
    contact, first, second = _contact(shared), _company(shared), _company(shared)
    default = f"/crm/objects/2026-03/companies/{first}/associations/default/contacts/{contact}"
    assert shared.hubspot.put(default).status_code == 200
    assert _types(shared, contact) == {int(first): {None, "Primary"}}
    answer = _put(shared, contact, second, 1)
    assert (answer.status_code, answer.json()["labels"]) == (201, ["Primary"])
    assert _types(shared, contact) == {int(first): {None}, int(second): {None, "Primary"}}


def test_labels_are_put_on_renamed_taken_off_and_deleted_with_what_bears_them(shared: Running) -> None:
    contact, company, number = _contact(shared), _company(shared), _label(shared)
    assert _put(shared, contact, company, number, OWN).status_code == 201
    assert _put(shared, contact, company, number).status_code == 400, "the category is another"
    labels = "/crm/v4/associations/contacts/companies"
    renamed = {"associationTypeId": number, "label": "Signs"}
    assert shared.hubspot.put(f"{labels}/labels", json=renamed).status_code == 204
    assert _types(shared, contact)[int(company)] == {None, "Primary", "Signs"}
    wish = {"from": {"id": contact}, "to": {"id": company}}
    off = [{"associationCategory": OWN, "associationTypeId": number}]
    batch = f"{labels}/batch/labels/archive"
    assert shared.hubspot.post(batch, json={"inputs": [wish | {"types": off}]}).status_code == 204
    assert _types(shared, contact)[int(company)] == {None, "Primary"}
    assert _put(shared, contact, company, number, OWN).status_code == 201
    assert shared.hubspot.delete(f"{labels}/labels/{number}").status_code == 204
    assert _types(shared, contact)[int(company)] == {None, "Primary"}
    plain = [{"associationCategory": DEFINED, "associationTypeId": 279}]
    assert shared.hubspot.post(batch, json={"inputs": [wish | {"types": plain}]}).status_code == 204
    assert _types(shared, contact) == {}, "the unlabelled one takes the others along"


def test_a_record_is_created_with_all_the_types_it_asks_for(shared: Running) -> None:
    company, number = _company(shared), _label(shared)
    types = [
        {"associationCategory": OWN, "associationTypeId": number},
        {"associationCategory": DEFINED, "associationTypeId": 1},
    ]
    body = {
        "properties": {"email": f"{uuid.uuid4().hex}@labels.example"},
        "associations": [{"to": {"id": company}, "types": types}],
    }
    made = shared.hubspot.post("/crm/objects/2026-09/contacts", json=body)
    assert made.status_code == 201, made.text
    assert len(_types(shared, made.json()["id"])[int(company)]) == 3


def test_an_activity_is_tied_by_the_number_of_any_activity_too(shared: Running) -> None:
    contact = _contact(shared)
    tie = {
        "to": {"id": contact},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 10}],
    }
    wish = {"properties": {"hs_timestamp": "2026-01-01T00:00:00Z"}, "associations": [tie]}
    made = shared.hubspot.post("/crm/v3/objects/meetings", json=wish).json()["id"]
    (found,) = shared.hubspot.get(f"/crm/v4/objects/contacts/{contact}/associations/meetings").json()[
        "results"
    ]
    assert (str(found["toObjectId"]), found["associationTypes"][0]["typeId"]) == (made, 199)


def test_two_of_one_type_are_called_differently_from_either_end(shared: Running) -> None:
    boss, report = _contact(shared), _contact(shared)
    before = _counted(shared).get(("0-1", "0-1"), 0)
    number = _label(shared, "contacts/contacts", inverseLabel="reports to")
    types = [{"associationCategory": OWN, "associationTypeId": number}]
    path = f"/crm/v4/objects/contacts/{boss}/associations/contacts/{report}"
    assert shared.hubspot.put(path, json=types).status_code == 201
    assert _types(shared, report, "contacts") == {int(boss): {None, "reports to"}}
    assert _counted(shared)["0-1", "0-1"] == before + 2
    assert shared.hubspot.delete(path).status_code == 204
    assert _types(shared, report, "contacts") == {}


def test_a_limit_that_was_set_refuses_what_is_beyond_it(shared: Running) -> None:
    contact, number = _contact(shared), _label(shared)
    limits = "/crm/v4/associations/definitions/configurations/contacts/companies"
    limit = {"category": OWN, "typeId": number}
    body = {"inputs": [limit | {"maxToObjectIds": 1}]}
    assert shared.hubspot.post(f"{limits}/batch/create", json=body).status_code == 201
    assert number in [each["typeId"] for each in shared.hubspot.get(limits).json()["results"]]
    assert _put(shared, contact, _company(shared), number, OWN).status_code == 201
    assert _put(shared, contact, _company(shared), number, OWN).status_code == 400
    assert shared.hubspot.post(f"{limits}/batch/purge", json={"inputs": [limit]}).status_code == 204
    assert _put(shared, contact, _company(shared), number, OWN).status_code == 201


def test_version_3_tells_ids_and_names_of_types_and_takes_names(shared: Running) -> None:
    contact, first, second = _contact(shared), _company(shared), _company(shared)
    own = f"/crm/v3/objects/contacts/{contact}/{TO_COMPANY}"
    put = shared.hubspot.put(f"{own}/{first}/contact_to_company")
    assert put.json()["associations"]["companies"]["results"][0] == {
        "id": first,
        "type": "contact_to_company",
    }
    pair = "/crm/v3/associations/contacts/companies"
    wish = {"from": {"id": contact}, "to": {"id": second}, "type": "contact_to_company_unlabeled"}
    assert shared.hubspot.post(f"{pair}/batch/create", json={"inputs": [wish]}).status_code == 201
    page = shared.hubspot.get(own, params={"limit": 1}).json()
    assert {each["id"] for each in page["results"]} == {first}
    assert "limit=1" in page["paging"]["next"]["link"], "whoever follows the link asks for the same"
    rest = shared.hubspot.get(page["paging"]["next"]["link"]).json()
    assert rest == {"results": [{"id": second, "type": "contact_to_company_unlabeled"}]}
    read = shared.hubspot.post(f"{pair}/batch/read", json={"inputs": [{"id": contact}, {"id": "1"}]})
    assert (read.status_code, read.json()["numErrors"]) == (207, 1)
    assert {each["id"] for each in read.json()["results"][0]["to"]} == {first, second}
    assert {"id": "1", "name": "contact_to_company"} in shared.hubspot.get(f"{pair}/types").json()["results"]
    assert shared.hubspot.delete(f"{own}/{first}/contact_to_company").status_code == 204
    assert shared.hubspot.post(f"{pair}/batch/archive", json={"inputs": [wish]}).status_code == 204
    assert shared.hubspot.get(own).json() == {"results": []}


def test_a_record_shows_a_hundred_associations_and_where_the_others_are(shared: Running) -> None:
    company = _company(shared)
    emails = [f"{uuid.uuid4().hex}@page.example" for _ in range(101)]
    people: list[str] = []
    for some in (emails[:100], emails[100:]):
        inputs = [{"properties": {"email": each}} for each in some]
        made = shared.hubspot.post("/crm/v3/objects/contacts/batch/create", json={"inputs": inputs})
        people += [each["id"] for each in made.json()["results"]]
    inputs = [
        {"from": {"id": each}, "to": {"id": company}, "type": "contact_to_company_unlabeled"}
        for each in people
    ]
    pair = "/crm/v3/associations/contacts/companies"
    assert shared.hubspot.post(f"{pair}/batch/create", json={"inputs": inputs}).status_code == 201
    read = shared.hubspot.get(f"/crm/v3/objects/companies/{company}", params={"associations": "contacts"})
    inline = read.json()["associations"]["contacts"]
    shown = {each["id"] for each in inline["results"]}
    rest = shared.hubspot.get(inline["paging"]["next"]["link"]).json()
    assert "paging" not in rest
    assert shown < set(people)
    assert shown | {each["id"] for each in rest["results"]} == set(people)


def test_a_lead_is_made_of_a_contact_and_tells_which(shared: Running) -> None:
    contact, lead = _contact(shared), {"properties": {"hs_lead_name": "Of somebody"}}
    types = [{"associationCategory": DEFINED, "associationTypeId": 578}]
    tie = {"associations": [{"to": {"id": contact}, "types": types}]}
    assert shared.hubspot.post("/crm/v3/objects/leads", json=lead).status_code == 400
    made = shared.hubspot.post("/crm/v3/objects/leads", json=lead | tie)
    assert made.status_code == 201, made.text
    own = f"/crm/v3/objects/leads/{made.json()['id']}"
    read = shared.hubspot.get(own, params={"properties": "hs_primary_contact_id"}).json()
    assert read["properties"]["hs_primary_contact_id"] == contact
    inputs = {"inputs": [lead, lead | tie]}
    assert shared.hubspot.post("/crm/v3/objects/leads/batch/create", json=inputs).status_code == 400
