"""Workflows: who is taken in, by what, and what the steps leave behind."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from sandbox import times
from tests.unit.sandbox.conftest import Running

from .flows import LISTS, branch, does, filtered, happened, made_contact, made_flow, static


def test_the_old_api_puts_a_contact_into_a_workflow_that_is_on(shared: Running) -> None:
    wish = {"name": "Old way", "type": "CONTACT_FLOW", "objectTypeId": "0-1", "actions": []}
    flow = shared.hubspot.post("/automation/v4/flows", json=wish | {"isEnabled": True}).json()["id"]
    off = shared.hubspot.post("/automation/v4/flows", json=wish).json()["id"]
    contact = made_contact(shared, "flow")
    url = "/automation/v2/workflows/{}/enrollments/contacts/flow@enrol.example"
    assert shared.hubspot.post(url.format(flow)).status_code == 204
    assert shared.hubspot.post(url.format(off)).status_code == 400
    assert shared.hubspot.post(url.format("1")).status_code == 404
    mine = f"/automation/v2/workflows/enrollments/contacts/{contact}"
    assert [str(each["id"]) for each in shared.hubspot.get(mine).json()] == [flow]
    assert shared.hubspot.delete(url.format(flow)).status_code == 204
    assert shared.hubspot.get(mine).json() == []


def test_a_workflow_takes_in_whom_its_criteria_fit_and_goes_on_when_a_delay_is_over(shared: Running) -> None:
    wish = {"name": "Flow list", "objectTypeId": "0-1", "processingType": "MANUAL"}
    on = shared.hubspot.post(LISTS, json=wish).json()["list"]["listId"]
    rome = {"branchValue": "Rome", "connection": {"edgeType": "STANDARD", "nextActionId": "4"}}
    actions = [
        does("1", "0-5", "2", property_name="hs_lead_status", value=static("OPEN")),
        does("2", "0-1", "3", delta="2", time_unit="MINUTES"),
        {"actionId": "3", "type": "STATIC_BRANCH", "inputValue": {"propertyName": "city"},
         "staticBranches": [rome], "defaultBranch": {"edgeType": "STANDARD", "nextActionId": "5"}},
        does("4", "0-3", "5", subject="Call Rome", priority="HIGH"),
        does("5", "0-63809083", "6", listId=on),
        does("6", "0-5", property_name="no_such_property", value=static("x")),
    ]  # fmt: skip
    fits = branch(filtered("email", "STRING", "ENDS_WITH", value="@flow.example"),
                  filtered("city", "STRING", "IS_KNOWN"))  # fmt: skip
    flow = made_flow(
        shared, "Runs", actions, enrollmentCriteria={"type": "LIST_BASED", "listFilterBranch": fits}
    )
    make = "/crm/v3/objects/contacts"

    def joins(city: str) -> str:
        properties = {"email": f"{city or 'nowhere'}@flow.example", "city": city}
        return str(shared.hubspot.post(make, json={"properties": properties}).json()["id"])

    people = {city: joins(city) for city in ("Rome", "Oslo", "")}

    def status(city: str) -> Any:
        asked = {"propertiesWithHistory": "hs_lead_status"}
        shown = shared.hubspot.get(f"{make}/{people[city]}", params=asked).json()
        return (shown["propertiesWithHistory"].get("hs_lead_status") or [{}])[0]

    assert (status("Rome")["value"], status("Oslo")["value"], status("")) == ("OPEN", "OPEN", {})
    assert status("Rome")["sourceType"] == "AUTOMATION_PLATFORM"

    def members() -> set[str]:
        page = shared.hubspot.get(f"{LISTS}/{on}/memberships").json()["results"]
        return {each["recordId"] for each in page}

    assert members() == set()
    now = shared.hubspot.get("/_sandbox/clock").json()["ms"]
    shared.hubspot.post("/_sandbox/clock", json={"advance_seconds": 180})
    assert members() == {people["Rome"], people["Oslo"]}
    found = shared.hubspot.get(f"/crm/v4/objects/contacts/{people['Rome']}/associations/tasks").json()
    task = shared.hubspot.get(
        f"/crm/v3/objects/tasks/{found['results'][0]['toObjectId']}",
        params={"properties": "hs_task_subject,hs_timestamp"},
    ).json()
    assert task["properties"]["hs_task_subject"] == "Call Rome"
    due = times.parse(task["properties"]["hs_timestamp"]) - now
    assert times.MINUTE < due <= 2 * times.MINUTE, "at the moment it was due, not when asked"
    shared.hubspot.delete(f"/automation/v4/flows/{flow}", headers={"X-Sandbox-Fault": "noop"})
    people["Bonn"] = joins("Bonn")
    assert status("Bonn")["value"] == "OPEN", "a deletion that was not kept has ended it"
    shared.hubspot.delete(f"/automation/v4/flows/{flow}")


def test_a_form_a_changed_value_and_a_list_put_records_into_workflows(shared: Running) -> None:
    client, flows = shared.hubspot, []
    wish = {"name": "Event list", "objectTypeId": "0-1", "processingType": "MANUAL"}
    on = client.post(LISTS, json=wish).json()["list"]["listId"]
    form, other = [each["id"] for each in client.get("/marketing/v3/forms").json()["results"][:2]]

    def flow(name: str, action: dict[str, Any], **criteria: Any) -> None:
        told = {
            "type": "EVENT_BASED",
            "eventFilterBranches": [],
            "listMembershipFilterBranches": [],
            **criteria,
        }
        flows.append(made_flow(shared, name, [action], enrollmentCriteria=told))

    sent = happened("4-1639801", filtered("hs_form_id", "ENUMERATION", "IS_ANY_OF", values=[form]))
    flow(
        "Form",
        does("1", "0-13", operation="ADD", list_id=on),
        eventFilterBranches=[sent],
        refinementCriteria=branch(filtered("company", "STRING", "IS_NOT_EQUAL_TO", value="Rival")),
    )
    listed = branch({"filterType": "IN_LIST", "listId": on, "operator": "IN_LIST"})
    status = does("1", "0-5", property_name="hs_lead_status", value=static("OPEN"))
    flow("List", status, listMembershipFilterBranches=[listed])
    opened = happened("4-655002", filtered("hs_name", "STRING", "IS_EQUAL_TO", value="hs_lead_status"),
                      filtered("hs_value", "ENUMERATION", "IS_ANY_OF", values=["OPEN"]))  # fmt: skip
    flow("Value", does("1", "0-3", subject="Opened"), eventFilterBranches=[opened], shouldReEnroll=True)

    def send(which: str, name: str, company: str = "Own") -> str:
        fields = [{"name": "email", "value": f"{name}@event.example"}, {"name": "company", "value": company}]
        fields += [{"name": n, "value": "x"} for n in ("firstname", "lastname")]
        portal = shared.ready["hubspot"]["portal_id"]
        path = f"/submissions/v3/integration/submit/{portal}/{which}"
        assert client.post(path, json={"fields": fields}).status_code == 200
        found = client.get(f"/crm/v3/objects/contacts/{name}@event.example", params={"idProperty": "email"})
        return str(found.json()["id"])

    def tasks(contact: str) -> int:
        path = f"/crm/v4/objects/contacts/{contact}/associations/tasks"
        return len(client.get(path).json()["results"])

    in_, _, rival = send(form, "in"), send(other, "out"), send(form, "rival", "Rival")
    members = {m["recordId"] for m in client.get(f"{LISTS}/{on}/memberships").json()["results"]}
    assert members == {in_}, "the form that is named, by whom the refinement lets"
    assert tasks(in_) == 1, "one workflow set the list off, the list the value, the value the task"
    send(form, "in")
    assert tasks(in_) == 1, "the form's workflow takes nobody in twice"
    for value in ("NEW", "OPEN"):
        body = {"properties": {"hs_lead_status": value}}
        assert client.patch(f"/crm/v3/objects/contacts/{in_}", json=body).status_code == 200
    assert (tasks(in_), tasks(rival)) == (2, 0), "the value's workflow takes in again"
    for each in flows:
        client.delete(f"/automation/v4/flows/{each}")


@pytest.mark.parametrize("lists", [["100000000000000000000"], 5])
def test_a_workflow_that_makes_no_sense_stops_neither_others_nor_who_removes_it(
    shared: Running, lists: Any
) -> None:
    everybody = branch(filtered("email", "STRING", "IS_KNOWN"))
    criteria = {"type": "LIST_BASED", "listFilterBranch": everybody}
    flow = made_flow(shared, "Odd", [], enrollmentCriteria=criteria, suppressionListIds=lists)
    contact = made_contact(shared, f"odd{len(str(lists))}")
    assert shared.hubspot.get(f"/crm/v3/objects/contacts/{contact}").status_code == 200
    assert shared.hubspot.delete(f"/automation/v4/flows/{flow}").status_code == 204


def test_a_workflow_is_entered_by_hand_branches_by_filters_and_sets_what_is_beside(shared: Running) -> None:
    company = shared.hubspot.post("/crm/v3/objects/companies", json={"properties": {"name": "Flow Ltd"}})
    own = company.json()["id"]
    contact = made_contact(shared, "byhand", city="Bergen")
    shared.hubspot.put(
        f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{own}"
    ).raise_for_status()
    types = shared.hubspot.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()
    beside = {"associationCategory": "HUBSPOT_DEFINED",
              "associationTypeId": types["results"][0]["associationTypes"][0]["typeId"]}  # fmt: skip
    to_two = {"branchName": "North", "connection": {"edgeType": "GO_TO", "nextActionId": "2"},
              "filterBranch":
              branch(filtered("city", "STRING", "IS_ANY_OF", values=["bergen"]))}  # fmt: skip
    flow = made_flow(shared, "By hand", [
        {"actionId": "1", "type": "LIST_BRANCH", "listBranches": [to_two], "defaultBranchName": "Rest"},
        does("2", "0-5", "3", property_name="city", association=beside,
             value={"type": "OBJECT_PROPERTY", "propertyName": "city"}),
        does("3", "0-4", "4", content_id="1"),
        does("4", "0-5", "1", property_name="jobtitle", value=static("Fjord pilot")),
    ])  # fmt: skip
    url = f"/automation/v2/workflows/{flow}/enrollments/contacts/byhand@enrol.example"
    assert shared.hubspot.post(url).status_code == 204
    shown = shared.hubspot.get(f"/crm/v3/objects/companies/{own}", params={"properties": "city"}).json()
    assert shown["properties"]["city"] == "Bergen"
    asked = {"properties": "jobtitle"}
    titled = shared.hubspot.get(f"/crm/v3/objects/contacts/{contact}", params=asked).json()
    assert titled["properties"]["jobtitle"] == "Fjord pilot", "an endless circle comes to an end"
    shared.hubspot.delete(f"/automation/v4/flows/{flow}")


def test_an_action_that_an_app_brings_is_defined_told_of_records_and_completed(shared: Running) -> None:
    ready = shared.ready["hubspot"]
    area, hook = f"/automation/v4/actions/{ready['app_id']}", shared.ready["webhooks"]["hook_url"] + "action"
    field = {"typeDefinition": {"name": "size", "type": "string", "fieldType": "text"}, "isRequired": True}
    wish = {"actionUrl": hook, "objectTypes": ["CONTACT"], "inputFields": [field], "published": True,
            "labels": {"en": {"actionName": "Print"}}, "objectRequestOptions": {"properties": ["city"]},
            "functions": [{"functionType": "PRE_ACTION_EXECUTION",
                           "functionSource": "exports.main = 1"}]}  # fmt: skip
    own = shared.hubspot.post(area, json=wish).json()
    assert shared.hubspot.post(area, json=wish | {"actionUrl": None}).status_code == 400
    one = f"/automation/actions/2026-03/{ready['app_id']}/{own['id']}"
    assert shared.hubspot.patch(one, json={"published": False}).json()["revisionId"] == "2"
    assert [each["id"] for each in shared.hubspot.get(f"{one}/revisions").json()["results"]] == ["2", "1"]
    source = shared.hubspot.get(f"{one}/functions/PRE_ACTION_EXECUTION").json()["functionSource"]
    assert source == "exports.main = 1"
    flow = made_flow(shared, "Of an app", [does("1", f"1-{own['id']}", size=static("A4"))])
    contact = made_contact(shared, "printed", city="Rome")
    url = f"/automation/v2/workflows/{flow}/enrollments/contacts/printed@enrol.example"
    assert shared.hubspot.post(url).status_code == 204
    deadline, told = time.monotonic() + 30, []
    while not told:
        assert time.monotonic() < deadline
        hooks = httpx.get(shared.ready["webhooks"]["url"] + "/_sandbox/hooks", timeout=30).json()["hooks"]
        told = [each["json"] for each in hooks if each["path"].endswith("/action")]
    assert told[0]["object"] == {
        "objectId": int(contact),
        "objectType": "CONTACT",
        "properties": {"city": "Rome"},
    }
    assert told[0]["inputFields"] == {"size": "A4"}
    done, outputs = f"/automation/v4/actions/callbacks/{told[0]['callbackId']}/complete", {"outputFields": {}}
    assert shared.hubspot.post(done, json=outputs).status_code == 204
    assert shared.hubspot.post(done.replace("ap-", "no-"), json=outputs).status_code == 404
    assert shared.hubspot.delete(one).status_code == 204
    assert shared.hubspot.get(one).status_code == 404
