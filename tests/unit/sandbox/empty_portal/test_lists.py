"""Lists of an empty portal: who is on them, their sizes and folders."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.hubspot import list_filters
from sandbox.store import Store
from tests.unit.sandbox.empty_portal.conftest import ENGAGEMENTS, LISTS, NOW, Ask, contact


def _list(ask: Ask, name: str, condition: dict[str, Any]) -> str:
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [condition]}
    wish = {"name": name, "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    answer = ask("POST", LISTS, wish)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["list"]["listId"])


_IN_OSLO = {
    "filterType": "PROPERTY", "property": "city",
    "operation": {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "Oslo"},
}  # fmt: skip


def test_every_way_to_a_dynamic_list_tells_the_size_it_has_by_now(ask: Ask) -> None:
    contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    contact(ask, "second", "Oslo")

    def sizes() -> set[str]:
        found = ask("POST", f"{LISTS}/search", {"additionalProperties": ["hs_list_size"]}).json()["lists"]
        found += ask("GET", f"{LISTS}?listIds={own}").json()["lists"]
        found += [ask("GET", f"{LISTS}/object-type-id/0-1/name/Oslo").json()["list"]]
        told = {each["additionalProperties"]["hs_list_size"] for each in found}
        return told | {str(ask("GET", f"{LISTS}/{own}").json()["list"]["size"])}

    assert ask("GET", f"{LISTS}/{own}/memberships").json()["total"] == 2
    assert [sizes(), sizes(), sizes()] == [{"2"}] * 3
    contact(ask, "third", "Oslo")
    assert ask("GET", f"{LISTS}?listIds={own}").json()["lists"][0]["additionalProperties"] == {
        "hs_list_size": "3"
    }


def test_a_list_of_who_is_on_another_follows_the_other(ask: Ask) -> None:
    inner = _list(ask, "Inner", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": inner})
    itself = str(int(outer) + 1)
    _list(ask, "Itself", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": itself})
    someone = contact(ask, "someone", "Oslo")
    members = ask("GET", f"{LISTS}/{outer}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [someone]
    far = _list(ask, "Far", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "9" * 30})
    totals = [ask("GET", f"{LISTS}/{each}/memberships").json()["total"] for each in (inner, itself, far)]
    assert totals == [1, 0, 0]


def test_a_look_at_a_dynamic_list_costs_what_was_written_since(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ids = list_filters._ids
    monkeypatch.setattr(
        list_filters, "_ids", lambda hs, sql, values: (asked.append(sql), ids(hs, sql, values))[1]
    )
    contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": own})
    asked.clear()
    second = contact(ask, "second", "Bergen")
    ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "Elsewhere"}})

    def totals() -> list[int]:
        return [ask("GET", f"{LISTS}/{each}/memberships").json()["total"] for each in (own, outer)]

    assert totals() == [1, 1]
    assert all(f"id in ({second})" in sql for sql in asked)
    asked.clear()
    ask("POST", "/crm/v3/objects/companies", {"properties": {"name": "Another"}})
    assert (totals(), asked) == ([1, 1], [])
    ask("PATCH", f"/crm/v3/objects/contacts/{second}", {"properties": {"city": "Oslo"}})
    assert totals() == [2, 2]
    ask("DELETE", f"/crm/v3/objects/contacts/{second}")
    assert totals() == [1, 1]


def test_a_list_that_turns_static_holds_whom_its_filters_met_on_the_day(ask: Ask) -> None:
    own, day = _list(ask, "Oslo", _IN_OSLO), {"conversionType": "CONVERSION_DATE", "year": 2026, "month": 7}
    ask("PUT", f"{LISTS}/{own}/schedule-conversion", day | {"day": 2})
    in_time = contact(ask, "intime", "Oslo")
    ask("POST", "/_sandbox/clock", {"now": "2026-07-03T00:00:00Z"})
    contact(ask, "late", "Oslo")
    assert ask("GET", f"{LISTS}/{own}").json()["list"]["processingType"] == "SNAPSHOT"
    members = ask("GET", f"{LISTS}/{own}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [in_time]
    refused = ask("PUT", f"{LISTS}/{own}/update-list-filters", {"filterBranch": {"filterBranchType": "OR"}})
    assert refused.status_code == 400


def test_the_sizes_of_a_list_count_from_who_is_on_it(ask: Ask, store: Store) -> None:
    ids = [contact(ask, name, "Oslo") for name in ("a", "b", "c")]
    wish = {"name": "Picked", "objectTypeId": "0-1", "processingType": "MANUAL"}
    own = ask("POST", LISTS, wish).json()["list"]["listId"]
    for each in ids[:2]:  # who is there from the beginning of the world
        store.db.execute("insert into list_members values (?, ?, ?)", (int(own), int(each), NOW))
    history = f"{LISTS}/{own}/size-and-edits-history/between?startDate=2020-01-01&endDate=2030-01-01"

    def last() -> int:
        return int(ask("GET", history).json()["sizeHistory"][-1]["size"])

    ask("PUT", f"{LISTS}/{own}/memberships/remove", ids[:1])
    assert last() == 1
    ask("PUT", f"{LISTS}/{own}/memberships/add", ids)
    assert last() == 3
    ask("DELETE", f"{LISTS}/{own}/memberships")
    assert last() == 0


def _text(operator: str, **more: Any) -> dict[str, Any]:
    operation = {"operationType": "STRING", "operator": operator, **more}
    return {"filterType": "PROPERTY", "property": "city", "operation": operation}


@pytest.mark.parametrize(
    ("branch", "members"),
    [
        ({"filters": 5}, 0),
        ({"filterBranches": 5}, 0),
        ({"filters": [_text("IS_AFTER", timePoint={"year": "x", "month": 1, "day": 1})]}, 0),
        ({"filters": [_text("IS_AFTER", value="9" * 30) | {"property": "createdate"}]}, 0),
        ({"filters": [_text("CONTAINS", values=[f"os{n}" for n in range(1_200)] + ["OSL"])]}, 1),
        ({"filters": [_text("DOES_NOT_CONTAIN", values=[f"os{n}" for n in range(1_200)])]}, 1),
        ({"filters": [_text("DOES_NOT_CONTAIN", values=["x", "osl"])]}, 0),
        ({"filters": [_IN_OSLO] * 1_200}, 1),
    ],
    ids=range(8),
)
def test_a_list_whose_filters_make_no_sense_or_are_very_many_is_worked_out_all_the_same(
    ask: Ask, branch: dict[str, Any], members: int
) -> None:
    contact(ask, "one", "Oslo")
    wish = {"filterBranchType": "AND", "filters": [], "filterBranches": []} | branch
    made = ask("POST", LISTS, {"name": "L", "objectTypeId": "0-1", "processingType": "DYNAMIC",
                               "filterBranch": wish})  # fmt: skip
    if made.status_code == 200:
        found = ask("GET", f"{LISTS}/{made.json()['list']['listId']}/memberships")
        assert (found.status_code, found.json()["total"]) == (200, members)
    else:
        assert (made.status_code, members) == (400, 0)


def test_folders_of_lists_are_five_deep_and_no_deeper(ask: Ask) -> None:
    folders = f"{LISTS}/folders"

    def made(parent: str) -> httpx.Response:
        return ask("POST", folders, {"name": "F", "parentFolderId": parent})

    chain, loose = ["0"], str(made("0").json()["folder"]["id"])
    for _ in range(5):
        chain.append(str(made(chain[-1]).json()["folder"]["id"]))
    assert made(chain[-1]).status_code == 400
    assert made(loose).status_code == 200
    assert [ask("PUT", f"{folders}/{loose}/move/{parent}").status_code for parent in chain[3:5]] == [200, 400]


@pytest.mark.parametrize(
    ("plural", "paths"),
    [
        ("tickets", ["/crm-objects/v1/objects/tickets/paged"]),
        ("companies", ["/companies/v2/companies/paged", "/companies/v2/companies/recent/modified"]),
        ("contacts", ["/contacts/v1/lists/all/contacts/all", "/contacts/v1/lists/all/contacts/recent",
                      "/contacts/v1/search/query?q=late"]),
        ("notes", [f"{ENGAGEMENTS}/paged", f"{ENGAGEMENTS}/recent/modified",
                   f"{ENGAGEMENTS}/modified/after"]),
    ],
)  # fmt: skip
def test_the_old_lists_do_not_show_rows_that_are_late(ask: Ask, plural: str, paths: list[str]) -> None:
    named = {
        "tickets": {"subject": "late", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
        "companies": {"name": "late", "domain": "late.example"},
        "contacts": {"email": "late@x.example"},
        "notes": {"hs_timestamp": "2026-06-30T12:00:00Z"},
    }

    def rows() -> list[int]:
        keys = ("objects", "companies", "contacts", "results")
        found = [ask("GET", path).json() for path in paths]
        if plural == "companies":
            found.append(ask("POST", "/companies/v2/domains/late.example/companies", {}).json())
        return [len(next(each[key] for key in keys if key in each)) for each in found]

    wish, late = {"properties": named[plural]}, {"X-Sandbox-Fault": "late_rows"}
    assert ask("POST", f"/crm/v3/objects/{plural}", wish, late).status_code == 201
    assert set(rows()) == {0}
    ask("POST", f"/crm/v3/objects/{plural}", {"properties": named[plural] | (
        {"email": "late2@x.example"} if plural == "contacts" else {})})  # fmt: skip
    assert set(rows()) == {1}
