"""What a client may make of a portal: objects, properties, labels, limits, pipelines, rules, workflows."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .conftest import Running

SCHEMAS = "/crm-object-schemas/2026-03/schemas"
LICENCES = {
    "name": "licences", "labels": {"singular": "Licence", "plural": "Licences"},
    "primaryDisplayProperty": "code", "requiredProperties": ["code"], "searchableProperties": ["code"],
    "properties": [
        {"name": "code", "label": "Code", "type": "string", "fieldType": "text", "hasUniqueValue": True},
        {"name": "seats", "label": "Seats", "type": "number", "fieldType": "number"},
    ],
    "associatedObjects": ["companies"],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(shared: Running) -> dict[str, Any]:
    answer = shared.hubspot.post(SCHEMAS, json=LICENCES)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def post(shared: Running, path: str, body: dict[str, Any]) -> httpx.Response:
    return shared.hubspot.post(path, json=body)


def test_records_of_a_new_object_are_made_found_and_associated(shared: Running, made: dict[str, Any]) -> None:
    name = made["fullyQualifiedName"]
    assert [each["name"] for each in made["properties"] if not each["hubspotDefined"]] == ["code", "seats"]
    company = post(shared, "/crm/objects/2026-03/companies", {"properties": {"name": "Licensed"}}).json()[
        "id"
    ]
    own = next(
        each["typeId"]
        for each in shared.hubspot.get(f"/crm/associations/2026-03/{name}/companies/labels").json()["results"]
    )
    wish = {"to": {"id": company}, "types": [{"associationTypeId": own}]}
    body = {"properties": {"code": "L-1", "seats": "3"}, "associations": [wish]}
    record = post(shared, f"/crm/objects/2026-03/{made['objectTypeId']}", body)
    assert record.status_code == 201, record.text
    read = shared.hubspot.get(
        f"/crm/objects/2026-03/p_licences/{record.json()['id']}", params={"associations": "companies"}
    )
    assert read.json()["associations"]["companies"]["results"][0]["id"] == company
    twice = post(shared, f"/crm/objects/2026-03/{name}", {"properties": {"code": "L-1"}})
    assert twice.status_code == 409
    listed = shared.hubspot.get(SCHEMAS).json()["results"]
    assert name in {each["fullyQualifiedName"] for each in listed}


def test_a_schema_that_has_records_is_not_archived(shared: Running) -> None:
    wish = LICENCES | {"name": "held_ones"}
    found = post(shared, SCHEMAS, wish).json()
    record = post(
        shared, f"/crm/objects/2026-03/{found['objectTypeId']}", {"properties": {"code": "H"}}
    ).json()
    refused = shared.hubspot.delete(f"{SCHEMAS}/{found['objectTypeId']}")
    assert refused.status_code == 400
    shared.hubspot.delete(f"/crm/objects/2026-03/{found['objectTypeId']}/{record['id']}")
    assert shared.hubspot.delete(f"{SCHEMAS}/{found['objectTypeId']}").status_code == 204
    assert shared.hubspot.get(f"{SCHEMAS}/{found['objectTypeId']}").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "licences"}, 409), ({"name": "1st"}, 400),
        ({"name": "z", "requiredProperties": ["absent"]}, 400),
        ({"name": "x", "associatedObjects": ["nothing"]}, 400), ({"name": "y", "labels": {}}, 400),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_is_refused_and_leaves_nothing(
    shared: Running, made: dict[str, Any], change: dict[str, Any], status: int
) -> None:
    before = shared.hubspot.get(SCHEMAS).json()
    assert post(shared, SCHEMAS, LICENCES | change).status_code == status
    assert shared.hubspot.get(SCHEMAS).json() == before


def test_a_batch_of_properties_is_made_whole_or_not_at_all(shared: Running, made: dict[str, Any]) -> None:
    area = f"/crm/properties/2026-03/{made['objectTypeId']}"
    one = {"label": "A", "type": "string", "fieldType": "text", "groupName": "licences_information"}
    bad = post(shared, f"{area}/batch/create", {"inputs": [one | {"name": "aa"}, one | {"name": "hs_b"}]})
    assert bad.status_code == 400
    assert shared.hubspot.get(f"{area}/aa").status_code == 404
    good = post(shared, f"{area}/batch/create", {"inputs": [one | {"name": "aa"}, one | {"name": "bb"}]})
    assert good.status_code == 201
    assert shared.hubspot.get(f"{area}/aa").json()["label"] == "A"
    unique = [one | {"name": f"u{n}", "hasUniqueValue": True} for n in range(10)]
    over = post(shared, f"{area}/batch/create", {"inputs": unique})
    assert "unique" in over.json()["message"]


def test_labels_and_limits_of_associations_are_kept_both_ways(shared: Running, made: dict[str, Any]) -> None:
    pair = f"/crm/associations/2026-03/{made['objectTypeId']}/contacts"
    assert shared.hubspot.get(f"{pair}/labels").status_code == 400
    joined = post(
        shared, f"{SCHEMAS}/{made['objectTypeId']}/associations",
        {"fromObjectTypeId": made["objectTypeId"], "toObjectTypeId": "0-1"},
    )  # fmt: skip
    assert joined.status_code == 201
    body = {"label": "Administrator", "inverseLabel": "Administers", "name": "administrator"}
    there, back = post(shared, f"{pair}/labels", body).json()["results"]
    assert (there["label"], back["label"]) == ("Administrator", "Administers")
    assert post(shared, f"{pair}/labels", body).status_code == 409
    renamed = {"associationTypeId": there["typeId"], "label": "Admin"}
    assert shared.hubspot.put(f"{pair}/labels", json=renamed).status_code == 204
    labels = {each["label"] for each in shared.hubspot.get(f"{pair}/labels").json()["results"]}
    assert labels == {None, "Admin"}
    limits = f"/crm/associations/2026-03/definitions/configurations/{made['objectTypeId']}/contacts"
    wish = {"category": "USER_DEFINED", "typeId": there["typeId"], "maxToObjectIds": 2}
    assert post(shared, f"{limits}/batch/create", {"inputs": [wish]}).status_code == 201
    kept = shared.hubspot.get("/crm/associations/2026-03/definitions/configurations/all").json()["results"]
    assert [each["userEnforcedMaxToObjectIds"] for each in kept if each["typeId"] == there["typeId"]] == [2]
    assert shared.hubspot.delete(f"{pair}/labels/{there['typeId']}").status_code == 204


def test_records_are_tied_with_a_label_and_taken_apart_again(shared: Running) -> None:
    found = post(shared, SCHEMAS, LICENCES | {"name": "tied_ones"}).json()
    kind = found["objectTypeId"]
    own = post(shared, f"/crm/objects/2026-03/{kind}", {"properties": {"code": "T"}}).json()["id"]
    company = post(shared, "/crm/objects/2026-03/companies", {"properties": {"name": "T"}}).json()["id"]
    pair = f"/crm/associations/2026-03/{kind}/companies"
    label, _ = post(shared, f"{pair}/labels", {"label": "Buys", "name": "buys"}).json()["results"]
    type_ = {"associationCategory": "USER_DEFINED", "associationTypeId": label["typeId"]}
    tie = {"from": {"id": own}, "to": {"id": company}, "types": [type_]}
    assert post(shared, f"{pair}/batch/create", {"inputs": [tie]}).status_code == 201
    unknown = {**tie, "types": [{**type_, "associationTypeId": 99_999}]}
    assert post(shared, f"{pair}/batch/create", {"inputs": [unknown]}).status_code == 400

    def labels() -> list[str | None]:
        ties = post(shared, f"{pair}/batch/read", {"inputs": [{"id": own}]}).json()["results"]
        return [each["label"] for tie in ties for to in tie["to"] for each in to["associationTypes"]]

    assert set(labels()) >= {None, "Buys"}
    apart = {"inputs": [{"from": {"id": own}, "to": [{"id": company}]}]}
    assert [post(shared, f"{pair}/batch/archive", apart).status_code for _ in range(2)] == [204, 204]
    assert labels() == []
    listed = shared.hubspot.get(f"{pair}/labels").json()["results"]
    plain = next(each["typeId"] for each in listed if each["label"] is None)
    assert shared.hubspot.delete(f"{SCHEMAS}/{kind}/associations/{plain}").status_code == 204
    assert shared.hubspot.get(f"{pair}/labels").status_code == 400


def test_a_stage_with_records_is_not_deleted(shared: Running) -> None:
    stages = [
        {"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.2"}},
        {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"}},
    ]
    area = "/crm/pipelines/2026-03/deals"
    made = post(shared, area, {"label": "Renewals", "displayOrder": 1, "stages": stages})
    assert made.status_code == 201, made.text
    pipeline, first = made.json()["id"], made.json()["stages"][0]["id"]
    deal = {"dealname": "R", "pipeline": pipeline, "dealstage": first}
    record = post(shared, "/crm/objects/2026-03/deals", {"properties": deal}).json()["id"]
    assert shared.hubspot.delete(f"{area}/{pipeline}/stages/{first}").status_code == 409
    assert shared.hubspot.delete(f"{area}/{pipeline}").status_code == 409
    changed = shared.hubspot.patch(f"{area}/{pipeline}/stages/{first}", json={"label": "Begun"})
    assert changed.json()["label"] == "Begun"
    assert shared.hubspot.put(f"{area}/{pipeline}/stages/{first}", json={"label": "X"}).status_code == 400
    again = stages[0] | {"label": "Again", "displayOrder": 2}
    assert shared.hubspot.put(f"{area}/{pipeline}/stages/{first}", json=again).status_code == 200
    assert shared.hubspot.get(f"{area}/{pipeline}/stages/{first}").json()["label"] == "Again"
    audits = shared.hubspot.get(f"{area}/{pipeline}/stages/{first}/audit").json()["results"]
    assert [each["action"] for each in audits] == ["UPDATE", "UPDATE", "CREATE"]
    assert shared.hubspot.patch(f"{area}/{pipeline}", json={"displayOrder": "first"}).status_code == 400
    anew = {"label": "Anew", "displayOrder": 1, "stages": stages}
    assert shared.hubspot.put(f"{area}/{pipeline}", json=anew).status_code == 409
    shared.hubspot.delete(f"/crm/objects/2026-03/deals/{record}")
    replaced = shared.hubspot.put(f"{area}/{pipeline}", json=anew).json()
    assert first not in [each["id"] for each in replaced["stages"]], "numbers are not given twice"
    assert shared.hubspot.get(f"{area}/{pipeline}/audit").json()["results"][0]["message"] == "Updated Anew"
    assert shared.hubspot.delete(f"{area}/{pipeline}").status_code == 204


def test_a_validation_rule_holds_for_values_that_are_written(shared: Running, made: dict[str, Any]) -> None:
    kind = made["objectTypeId"]
    rule = f"/crm/property-validations/2026-03/{kind}/seats/rule-type/MIN_NUMBER"
    assert shared.hubspot.put(rule, json={"ruleArguments": ["1"]}).status_code == 204
    listed = shared.hubspot.get(f"/crm/property-validations/2026-03/{kind}").json()["results"]
    assert listed[0]["propertyValidationRules"][0]["ruleArguments"] == ["1"]
    refused = post(shared, f"/crm/objects/2026-03/{kind}", {"properties": {"code": "L-9", "seats": "0"}})
    assert refused.status_code == 400
    assert shared.hubspot.put(rule, json={"ruleArguments": []}).status_code == 204
    taken = post(shared, f"/crm/objects/2026-03/{kind}", {"properties": {"code": "L-9", "seats": "0"}})
    assert taken.status_code == 201


def test_a_workflow_is_replaced_by_its_current_revision_only(shared: Running) -> None:
    area = "/automation/v4/flows"
    action = {"actionId": "1", "type": "SINGLE_CONNECTION", "actionTypeId": "0-5", "fields": {}}
    body = {"name": "W", "type": "CONTACT_FLOW", "objectTypeId": "0-1", "startActionId": "1",
            "actions": [action]}  # fmt: skip
    made = post(shared, area, body).json()
    old = shared.hubspot.put(f"{area}/{made['id']}", json=body | {"revisionId": "0"})
    assert old.status_code == 400
    new = shared.hubspot.put(f"{area}/{made['id']}", json=body | {"revisionId": "1", "isEnabled": True})
    assert (new.json()["revisionId"], new.json()["isEnabled"]) == ("2", True)
    assert shared.hubspot.delete(f"{area}/{made['id']}").status_code == 204


def test_what_was_made_is_there_after_a_restart(world, tmp_path) -> None:
    import shutil

    from .conftest import serving

    home = shutil.copytree(world, tmp_path / "home")
    with serving(home) as first:
        kind = post(first, SCHEMAS, LICENCES).json()["objectTypeId"]
    with serving(home) as second:
        made = post(second, f"/crm/objects/2026-03/{kind}", {"properties": {"code": "after"}})
        assert made.status_code == 201
