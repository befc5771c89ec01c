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
from sandbox.hubspot import app
from sandbox.store import Store
from sandbox.worlds import portal

NOW = times.parse("2026-06-30T12:00:00Z")
LISTS = "/crm/v3/lists"
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks the portal: a method, an address, and a body to send as JSON."""
    store, clock = Store(tmp_path / "hubspot.sqlite"), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        portal.prepare(store, 1, NOW)
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))
    headers = {"Authorization": f"Bearer {store.get_meta('token')}"}

    async def asked(method: str, path: str, body: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://hs", headers=headers) as client:
            return await client.request(method, path, json=body)

    yield lambda method, path, body=None: asyncio.run(asked(method, path, body))
    store.close()
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
