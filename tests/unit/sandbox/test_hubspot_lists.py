"""Lists: who is put in by hand, and whom a dynamic one holds by now."""

from __future__ import annotations

from tests.unit.sandbox.conftest import Running

from .flows import LISTS, branch, filtered, made_contact


def test_a_list_is_made_filled_emptied_deleted_and_restored(shared: Running) -> None:
    body = {"name": "Hot leads", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = shared.hubspot.post(LISTS, json=body).json()["list"]["listId"]
    assert shared.hubspot.post(LISTS, json=body).status_code == 400
    contact = made_contact(shared, "listed")
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


def test_a_dynamic_list_holds_whom_its_filters_fit_by_now(shared: Running) -> None:
    make = "/crm/v3/objects/contacts"
    people = [
        shared.hubspot.post(
            make, json={"properties": {"email": f"{n}@dynamic.example", "city": city}}
        ).json()["id"]
        for n, city in enumerate(("Oslo", "oslo", "Rome"))
    ]
    fits = branch(
        filtered("email", "STRING", "ENDS_WITH", value="@dynamic.example"),
        filtered("city", "STRING", "IS_ANY_OF", values=["OSLO", "Bergen"]),
        filtered("createdate", "TIME_POINT", "IS_AFTER", timestamp=0),
        filtered("jobtitle", "STRING", "IS_UNKNOWN"),
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
        "filterBranch": branch({"filterType": "PAGE_VIEW", "operator": "CONTAINS"}),
    }
    other = shared.hubspot.post("/crm/v3/lists", json=kept).json()["list"]["listId"]
    assert shared.hubspot.get(f"/crm/v3/lists/{other}/memberships").json()["total"] == 0
