"""A portal with nothing in it but what a test puts there, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import times
from sandbox.clock import Clock
from sandbox.hubspot import app, list_filters
from sandbox.store import Store
from sandbox.worlds import portal

NOW = times.parse("2026-06-30T12:00:00Z")
LISTS = "/crm/v3/lists"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "hubspot.sqlite")
    with made.transaction():
        portal.prepare(made, 1, NOW)
    yield made
    made.close()


@pytest.fixture
def ask(store: Store, tmp_path: Path) -> Iterator[Ask]:
    """Asks the portal: a method, an address, and a body to send as JSON."""
    clock = Clock.create(tmp_path / "clock", NOW)
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))
    headers = {"Authorization": f"Bearer {store.get_meta('token')}"}

    async def asked(method: str, path: str, body: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://hs", headers=headers) as client:
            return await client.request(method, path, json=body)

    yield lambda method, path, body=None: asyncio.run(asked(method, path, body))
    clock.close()


def _contact(ask: Ask, name: str, city: str) -> str:
    properties = {"email": f"{name}@empty.example", "city": city}
    return str(ask("POST", "/crm/v3/objects/contacts", {"properties": properties}).json()["id"])


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
    _contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    _contact(ask, "second", "Oslo")

    def sizes() -> set[str]:
        found = ask("POST", f"{LISTS}/search", {"additionalProperties": ["hs_list_size"]}).json()["lists"]
        found += ask("GET", f"{LISTS}?listIds={own}").json()["lists"]
        found += [ask("GET", f"{LISTS}/object-type-id/0-1/name/Oslo").json()["list"]]
        told = {each["additionalProperties"]["hs_list_size"] for each in found}
        return told | {str(ask("GET", f"{LISTS}/{own}").json()["list"]["size"])}

    assert ask("GET", f"{LISTS}/{own}/memberships").json()["total"] == 2
    assert [sizes(), sizes(), sizes()] == [{"2"}] * 3
    _contact(ask, "third", "Oslo")
    assert ask("GET", f"{LISTS}?listIds={own}").json()["lists"][0]["additionalProperties"] == {
        "hs_list_size": "3"
    }


def test_a_list_of_who_is_on_another_follows_the_other(ask: Ask) -> None:
    inner = _list(ask, "Inner", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": inner})
    itself = str(int(outer) + 1)
    _list(ask, "Itself", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": itself})
    someone = _contact(ask, "someone", "Oslo")
    members = ask("GET", f"{LISTS}/{outer}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [someone]
    far = _list(ask, "Far", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "9" * 30})
    totals = [ask("GET", f"{LISTS}/{each}/memberships").json()["total"] for each in (inner, itself, far)]
    assert totals == [1, 0, 0]


@pytest.mark.parametrize("ends", [("1", "9" * 30), ("9" * 30, "1")])
def test_an_id_longer_than_any_is_refused_where_associations_are_taken_off(
    ask: Ask, ends: tuple[str, str]
) -> None:
    wish = {"inputs": [{"from": {"id": ends[0]}, "to": [{"id": ends[1]}]}]}
    answer = ask("POST", "/crm/v4/associations/contacts/companies/batch/archive", wish)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_look_at_a_dynamic_list_costs_what_was_written_since(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ids = list_filters._ids
    monkeypatch.setattr(
        list_filters, "_ids", lambda hs, sql, values: (asked.append(sql), ids(hs, sql, values))[1]
    )
    _contact(ask, "first", "Oslo")
    own = _list(ask, "Oslo", _IN_OSLO)
    outer = _list(ask, "Outer", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": own})
    asked.clear()
    second = _contact(ask, "second", "Bergen")
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
    in_time = _contact(ask, "intime", "Oslo")
    ask("POST", "/_sandbox/clock", {"now": "2026-07-03T00:00:00Z"})
    _contact(ask, "late", "Oslo")
    assert ask("GET", f"{LISTS}/{own}").json()["list"]["processingType"] == "SNAPSHOT"
    members = ask("GET", f"{LISTS}/{own}/memberships").json()["results"]
    assert [each["recordId"] for each in members] == [in_time]
    refused = ask("PUT", f"{LISTS}/{own}/update-list-filters", {"filterBranch": {"filterBranchType": "OR"}})
    assert refused.status_code == 400


def test_the_sizes_of_a_list_count_from_who_is_on_it(ask: Ask, store: Store) -> None:
    ids = [_contact(ask, name, "Oslo") for name in ("a", "b", "c")]
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
