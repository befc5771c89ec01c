"""Sequences, workflows by the old API and lists: who is put in, who is refused, what it says afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import times
from tests.unit.sandbox.conftest import Running

SEQUENCES, LISTS = "/automation/v4/sequences", "/crm/v3/lists"


def _contact(portal: Running, name: str, **more: str) -> str:
    body = {"properties": {"email": f"{name}@enrol.example", **more}}
    made: str = portal.hubspot.post("/crm/v3/objects/contacts", json=body).json()["id"]
    return made


@pytest.fixture(scope="module")
def sender(shared: Running) -> dict[str, str]:
    owner = next(o for o in shared.hubspot.get("/crm/v3/owners").json()["results"] if o.get("userId"))
    return {"userId": str(owner["userId"]), "email": owner["email"]}


def _enrol(portal: Running, sender: dict[str, str], contact: str, **more: Any) -> Any:
    sequence = portal.hubspot.get(SEQUENCES, params={"userId": sender["userId"]}).json()["results"][0]["id"]
    body = {"sequenceId": sequence, "contactId": contact, "senderEmail": sender["email"], **more}
    return portal.hubspot.post(f"{SEQUENCES}/enrollments", params={"userId": sender["userId"]}, json=body)


def test_a_contact_is_enrolled_once_and_shows_in_which_sequence(
    shared: Running, sender: dict[str, str]
) -> None:
    contact = _contact(shared, "once")
    assert shared.hubspot.get(f"{SEQUENCES}/enrollments/contact/{contact}").status_code == 404
    done = _enrol(shared, sender, contact)
    assert done.json()["toEmail"] == "once@enrol.example"
    assert _enrol(shared, sender, contact).status_code == 400
    shown = shared.hubspot.get(f"/automation/sequences/2026-03/enrollments/contact/{contact}").json()
    assert (shown["id"], shown["enrolledByEmail"]) == (done.json()["id"], sender["email"])
    assert [w["operation"] for w in shared.writes("hubspot", record_id=contact)][-1] == "enrol"


def test_nobody_is_enrolled_who_cannot_be_written_to(shared: Running, sender: dict[str, str]) -> None:
    assert _enrol(shared, sender, _contact(shared, "out", hs_email_optout="true")).status_code == 400
    assert _enrol(shared, sender, "999999999").status_code == 404
    contact = _contact(shared, "sender")
    assert _enrol(shared, sender, contact, senderEmail="stranger@enrol.example").status_code == 400
    assert _enrol(shared, sender, contact, sequenceId="1").status_code == 404
    assert shared.hubspot.post(f"{SEQUENCES}/enrollments", json={}).status_code == 400


def test_a_sequence_shows_its_steps_and_the_list_does_not(shared: Running, sender: dict[str, str]) -> None:
    listed = shared.hubspot.get(SEQUENCES, params={"userId": sender["userId"]}).json()
    assert "steps" not in listed["results"][0]
    one = shared.hubspot.get(f"{SEQUENCES}/{listed['results'][0]['id']}").json()
    assert [step["stepOrder"] for step in one["steps"]] == list(range(len(one["steps"])))
    assert shared.hubspot.get(SEQUENCES).status_code == 400


def test_the_old_api_puts_a_contact_into_a_workflow_that_is_on(shared: Running) -> None:
    wish = {"name": "Old way", "type": "CONTACT_FLOW", "objectTypeId": "0-1", "actions": []}
    flow = shared.hubspot.post("/automation/v4/flows", json=wish | {"isEnabled": True}).json()["id"]
    off = shared.hubspot.post("/automation/v4/flows", json=wish).json()["id"]
    contact = _contact(shared, "flow")
    url = "/automation/v2/workflows/{}/enrollments/contacts/flow@enrol.example"
    assert shared.hubspot.post(url.format(flow)).status_code == 204
    assert shared.hubspot.post(url.format(off)).status_code == 400
    assert shared.hubspot.post(url.format("1")).status_code == 404
    mine = f"/automation/v2/workflows/enrollments/contacts/{contact}"
    assert [str(each["id"]) for each in shared.hubspot.get(mine).json()] == [flow]
    assert shared.hubspot.delete(url.format(flow)).status_code == 204
    assert shared.hubspot.get(mine).json() == []


def _flow(portal: Running, name: str, actions: list[dict[str, Any]], **more: Any) -> str:
    body = {"name": name, "type": "CONTACT_FLOW", "objectTypeId": "0-1", "isEnabled": True,
            "startActionId": "1", "actions": actions, **more}  # fmt: skip
    made: str = portal.hubspot.post("/automation/v4/flows", json=body).json()["id"]
    return made


def _does(number: str, kind: str, following: str = "", **fields: Any) -> dict[str, Any]:
    further = {"connection": {"edgeType": "STANDARD", "nextActionId": following}} if following else {}
    return {"actionId": number, "actionTypeId": kind, "actionTypeVersion": 0, "type": "SINGLE_CONNECTION",
            "fields": fields, **further}  # fmt: skip


def _static(value: str) -> dict[str, str]:
    return {"type": "STATIC_VALUE", "staticValue": value}


def test_a_workflow_takes_in_whom_its_criteria_fit_and_goes_on_when_a_delay_is_over(shared: Running) -> None:
    wish = {"name": "Flow list", "objectTypeId": "0-1", "processingType": "MANUAL"}
    on = shared.hubspot.post(LISTS, json=wish).json()["list"]["listId"]
    rome = {"branchValue": "Rome", "connection": {"edgeType": "STANDARD", "nextActionId": "4"}}
    actions = [
        _does("1", "0-5", "2", property_name="hs_lead_status", value=_static("OPEN")),
        _does("2", "0-1", "3", delta="2", time_unit="MINUTES"),
        {"actionId": "3", "type": "STATIC_BRANCH", "inputValue": {"propertyName": "city"},
         "staticBranches": [rome], "defaultBranch": {"edgeType": "STANDARD", "nextActionId": "5"}},
        _does("4", "0-3", "5", subject="Call Rome", priority="HIGH"),
        _does("5", "0-63809083", "6", listId=on),
        _does("6", "0-5", property_name="no_such_property", value=_static("x")),
    ]  # fmt: skip
    fits = _branch(_property("email", "STRING", "ENDS_WITH", value="@flow.example"),
                   _property("city", "STRING", "IS_KNOWN"))  # fmt: skip
    flow = _flow(shared, "Runs", actions, enrollmentCriteria={"type": "LIST_BASED", "listFilterBranch": fits})
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


def _event(kind: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"eventTypeId": kind, "operator": "HAS_COMPLETED", "filterBranchType": "UNIFIED_EVENTS",
            "filterBranchOperator": "AND", "filterBranches": [], "filters": list(filters)}  # fmt: skip


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
        flows.append(_flow(shared, name, [action], enrollmentCriteria=told))

    sent = _event("4-1639801", _property("hs_form_id", "ENUMERATION", "IS_ANY_OF", values=[form]))
    flow(
        "Form",
        _does("1", "0-13", operation="ADD", list_id=on),
        eventFilterBranches=[sent],
        refinementCriteria=_branch(_property("company", "STRING", "IS_NOT_EQUAL_TO", value="Rival")),
    )
    listed = _branch({"filterType": "IN_LIST", "listId": on, "operator": "IN_LIST"})
    status = _does("1", "0-5", property_name="hs_lead_status", value=_static("OPEN"))
    flow("List", status, listMembershipFilterBranches=[listed])
    opened = _event("4-655002", _property("hs_name", "STRING", "IS_EQUAL_TO", value="hs_lead_status"),
                    _property("hs_value", "ENUMERATION", "IS_ANY_OF", values=["OPEN"]))  # fmt: skip
    flow("Value", _does("1", "0-3", subject="Opened"), eventFilterBranches=[opened], shouldReEnroll=True)

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
    everybody = _branch(_property("email", "STRING", "IS_KNOWN"))
    criteria = {"type": "LIST_BASED", "listFilterBranch": everybody}
    flow = _flow(shared, "Odd", [], enrollmentCriteria=criteria, suppressionListIds=lists)
    contact = _contact(shared, f"odd{len(str(lists))}")
    assert shared.hubspot.get(f"/crm/v3/objects/contacts/{contact}").status_code == 200
    assert shared.hubspot.delete(f"/automation/v4/flows/{flow}").status_code == 204


def test_a_workflow_is_entered_by_hand_branches_by_filters_and_sets_what_is_beside(shared: Running) -> None:
    company = shared.hubspot.post("/crm/v3/objects/companies", json={"properties": {"name": "Flow Ltd"}})
    own = company.json()["id"]
    contact = _contact(shared, "byhand", city="Bergen")
    shared.hubspot.put(
        f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{own}"
    ).raise_for_status()
    types = shared.hubspot.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()
    beside = {"associationCategory": "HUBSPOT_DEFINED",
              "associationTypeId": types["results"][0]["associationTypes"][0]["typeId"]}  # fmt: skip
    to_two = {"branchName": "North", "connection": {"edgeType": "GO_TO", "nextActionId": "2"},
              "filterBranch":
              _branch(_property("city", "STRING", "IS_ANY_OF", values=["bergen"]))}  # fmt: skip
    flow = _flow(shared, "By hand", [
        {"actionId": "1", "type": "LIST_BRANCH", "listBranches": [to_two], "defaultBranchName": "Rest"},
        _does("2", "0-5", "3", property_name="city", association=beside,
              value={"type": "OBJECT_PROPERTY", "propertyName": "city"}),
        _does("3", "0-4", "4", content_id="1"),
        _does("4", "0-5", "1", property_name="jobtitle", value=_static("Fjord pilot")),
    ])  # fmt: skip
    url = f"/automation/v2/workflows/{flow}/enrollments/contacts/byhand@enrol.example"
    assert shared.hubspot.post(url).status_code == 204
    shown = shared.hubspot.get(f"/crm/v3/objects/companies/{own}", params={"properties": "city"}).json()
    assert shown["properties"]["city"] == "Bergen"
    asked = {"properties": "jobtitle"}
    titled = shared.hubspot.get(f"/crm/v3/objects/contacts/{contact}", params=asked).json()
    assert titled["properties"]["jobtitle"] == "Fjord pilot", "an endless circle comes to an end"
    shared.hubspot.delete(f"/automation/v4/flows/{flow}")


def test_a_list_is_made_filled_emptied_deleted_and_restored(shared: Running) -> None:
    body = {"name": "Hot leads", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = shared.hubspot.post(LISTS, json=body).json()["list"]["listId"]
    assert shared.hubspot.post(LISTS, json=body).status_code == 400
    contact = _contact(shared, "listed")
    done = shared.hubspot.put(f"{LISTS}/{made}/memberships/add", json=[contact, "999999999"]).json()
    assert (done["recordsIdsAdded"], done["recordIdsMissing"]) == ([contact], ["999999999"])
    on = shared.hubspot.get(f"{LISTS}/records/0-1/{contact}/memberships").json()["results"]
    assert [each["listId"] for each in on] == [made]
    assert shared.hubspot.get(f"{LISTS}/{made}").json()["list"]["size"] == 1
    named = shared.hubspot.get(f"{LISTS}/object-type-id/0-1/name/hot leads").json()["list"]
    assert named["listId"] == made
    renamed = shared.hubspot.put(f"{LISTS}/{made}/update-list-name", params={"listName": "Warm"}).json()
    assert renamed["updatedList"]["name"] == "Warm"
    gone = shared.hubspot.put(f"{LISTS}/{made}/memberships/remove", json=[contact]).json()
    assert gone["recordIdsRemoved"] == [contact]
    assert shared.hubspot.delete(f"{LISTS}/{made}").status_code == 204
    assert shared.hubspot.get(f"{LISTS}/{made}").status_code == 404
    assert shared.hubspot.put(f"{LISTS}/{made}/restore").status_code == 204
    assert shared.hubspot.get(f"{LISTS}/{made}").json()["list"]["name"] == "Warm"


def test_a_dynamic_list_takes_no_members_by_hand(shared: Running) -> None:
    lists = shared.hubspot.post(f"{LISTS}/search", json={"count": 500}).json()["lists"]
    dynamic = next(each["listId"] for each in lists if each["processingType"] == "DYNAMIC")
    assert shared.hubspot.put(f"{LISTS}/{dynamic}/memberships/add", json=["1"]).status_code == 400
    assert shared.hubspot.put(f"{LISTS}/{dynamic}/memberships/add", json={"a": 1}).status_code == 400
    wish = {"name": "No filter", "objectTypeId": "0-1", "processingType": "DYNAMIC"}
    assert shared.hubspot.post(LISTS, json=wish).status_code == 400


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


def _branch(*filters: dict[str, Any]) -> dict[str, Any]:
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": list(filters)}
    return {"filterBranchType": "OR", "filters": [], "filterBranches": [inner]}


def _property(name: str, kind: str, operator: str, **more: Any) -> dict[str, Any]:
    operation = {"operationType": kind, "operator": operator, **more}
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


def test_a_dynamic_list_holds_whom_its_filters_fit_by_now(shared: Running) -> None:
    make = "/crm/v3/objects/contacts"
    people = [
        shared.hubspot.post(
            make, json={"properties": {"email": f"{n}@dynamic.example", "city": city}}
        ).json()["id"]
        for n, city in enumerate(("Oslo", "oslo", "Rome"))
    ]
    fits = _branch(
        _property("email", "STRING", "ENDS_WITH", value="@dynamic.example"),
        _property("city", "STRING", "IS_ANY_OF", values=["OSLO", "Bergen"]),
        _property("createdate", "TIME_POINT", "IS_AFTER", timestamp=0),
        _property("jobtitle", "STRING", "IS_UNKNOWN"),
    )
    wish = {"name": "Dynamic Oslo", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": fits}
    own = shared.hubspot.post("/crm/v3/lists", json=wish).json()["list"]["listId"]

    def members() -> set[str]:
        page = shared.hubspot.get(f"/crm/v3/lists/{own}/memberships").json()
        assert page["total"] == shared.hubspot.get(f"/crm/v3/lists/{own}").json()["list"]["size"]
        return {each["recordId"] for each in page["results"]}

    for wrong in ("0", "\u00b2"):
        bad = shared.hubspot.get(f"/crm/v3/lists/{own}/memberships", params={"limit": wrong})
        assert bad.status_code == 400
    assert members() == set(people[:2]), "a request that was refused spoils nothing"
    shared.hubspot.patch(f"{make}/{people[2]}", json={"properties": {"city": "Bergen"}})
    shared.hubspot.patch(f"{make}/{people[0]}", json={"properties": {"city": ""}})
    assert members() == {people[1], people[2]}
    kept = wish | {
        "name": "Kept",
        "filterBranch": _branch({"filterType": "PAGE_VIEW", "operator": "CONTAINS"}),
    }
    other = shared.hubspot.post("/crm/v3/lists", json=kept).json()["list"]["listId"]
    assert shared.hubspot.get(f"/crm/v3/lists/{other}/memberships").json()["total"] == 0
