"""Lists besides their members: folders, other filters, other lists' members, an end to following."""

from __future__ import annotations

import uuid
from typing import Any

from tests.unit.sandbox.conftest import Running

AREA = "/crm/lists/2026-03"


def _list(shared: Running, kind: str, email: str = "") -> str:
    body: dict[str, Any] = {"name": uuid.uuid4().hex, "objectTypeId": "0-1", "processingType": kind}
    if email:
        body["filterBranch"] = _branch(email)
    answer = shared.hubspot.post(AREA, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["list"]["listId"])


def _branch(email: str) -> dict[str, Any]:
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": [email]}
    one = {"filterType": "PROPERTY", "property": "email", "operation": operation}
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [one]}
    return {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}


def _contact(shared: Running) -> tuple[str, str]:
    email = f"{uuid.uuid4().hex}@lists.example"
    made = shared.hubspot.post("/crm/v3/objects/contacts", json={"properties": {"email": email}})
    return str(made.json()["id"]), email


def test_folders_hold_lists_and_folders_and_no_folder_itself(shared: Running) -> None:
    outer = shared.hubspot.post(f"{AREA}/folders", json={"name": "Outer"}).json()["folder"]["id"]
    body = {"name": "Inner", "parentFolderId": outer}
    inner = shared.hubspot.post(f"{AREA}/folders", json=body).json()["folder"]["id"]
    number = _list(shared, "MANUAL")
    moved = shared.hubspot.put(f"{AREA}/folders/move-list", json={"listId": number, "newFolderId": inner})
    assert moved.status_code == 204
    assert shared.hubspot.put(f"{AREA}/folders/{outer}/move/{inner}").status_code == 400
    named = shared.hubspot.put(f"{AREA}/folders/{inner}/rename", params={"newFolderName": "Named"})
    assert named.json()["folder"]["name"] == "Named"
    shown = shared.hubspot.get(f"{AREA}/folders", params={"folderId": outer}).json()["folder"]
    assert [(each["name"], each["childLists"]) for each in shown["childNodes"]] == [("Named", [int(number)])]
    assert shared.hubspot.delete(f"{AREA}/folders/{inner}").status_code == 400, "a list is in it"


def test_a_list_takes_anothers_members_and_tells_when_they_joined(shared: Running) -> None:
    contact, email = _contact(shared)
    source, target = _list(shared, "DYNAMIC", email), _list(shared, "MANUAL")
    assert shared.hubspot.put(f"{AREA}/{target}/memberships/add-from/{source}").status_code == 204
    joined = shared.hubspot.get(f"{AREA}/{target}/memberships/join-order").json()
    assert [each["recordId"] for each in joined["results"]] == [contact]
    wish = {"inputs": [{"objectTypeId": "0-1", "recordId": contact}]}
    read = shared.hubspot.post(f"{AREA}/records/memberships/batch/read", json=wish).json()["results"][0]
    assert {each["listId"] for each in read["recordListMemberships"]} >= {source, target}
    mapped = shared.hubspot.post(f"{AREA}/idmapping", json=[target, "987654"]).json()
    assert mapped["missingLegacyListIds"] == ["987654"]


def test_a_dynamic_list_follows_its_new_filters_until_its_day_has_come(shared: Running) -> None:
    first, email = _contact(shared)
    second, other = _contact(shared)
    number = _list(shared, "DYNAMIC", email)
    body = {"filterBranch": _branch(other)}
    assert shared.hubspot.put(f"{AREA}/{number}/update-list-filters", json=body).status_code == 200
    members = shared.hubspot.get(f"{AREA}/{number}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [second]
    day = {"conversionType": "CONVERSION_DATE", "year": 2020, "month": 2, "day": 29}
    assert (
        shared.hubspot.put(f"{AREA}/{number}/schedule-conversion", json=day | {"day": 30}).status_code == 400
    )
    done = shared.hubspot.put(f"{AREA}/{number}/schedule-conversion", json=day).json()
    assert done["convertedAt"].startswith("2020-02-29")
    shown = shared.hubspot.get(f"{AREA}/{number}").json()["list"]
    assert (shown["processingType"], shown["size"]) == ("SNAPSHOT", 1)
    assert shared.hubspot.put(f"{AREA}/{number}/memberships/add", json=[first]).status_code == 200
    span = {"startDate": "2000-01-01T00:00:00Z", "endDate": "2100-01-01T00:00:00Z"}
    history = shared.hubspot.get(f"{AREA}/{number}/size-and-edits-history/between", params=span).json()
    assert history["sizeHistory"][-1]["size"] == 2
    assert len(history["editHistory"]) == 1
