"""An org with nothing in it but what a test puts there, in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import times
from sandbox.clock import Clock
from sandbox.salesforce import app, org, schema
from sandbox.salesforce.soql.compiler import compile_query
from sandbox.salesforce.soql.parser import parse
from sandbox.store import Store

NOW = times.parse("2026-06-30T12:00:00Z")
Ask = Callable[..., httpx.Response]


def _store(folder: Path) -> Store:
    store = Store(folder / "salesforce.sqlite")
    meta = {"organization_id": "00DSB0000000001", "integration_user_id": "005SB0000000001", "currency": "USD"}
    with store.transaction():
        org.prepare(store, schema.standard_objects(), meta)
    return store


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks the org: a method, an address, and a body to send as JSON."""
    store, clock = _store(tmp_path), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        store.db.execute("insert into tokens values ('SESSION', '005', ?)", (2**41,))
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))

    async def asked(method: str, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": "Bearer SESSION"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sf", headers=headers) as client:
            return await client.request(method, path, json=body)

    yield lambda method, path, body=None: asyncio.run(asked(method, path, body))
    store.close()
    clock.close()


def _made(ask: Ask, name: str, **fields: Any) -> str:
    answer = ask("POST", f"/services/data/v67.0/sobjects/{name}", fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _done(ask: Ask, deed: str, **wish: Any) -> None:
    answer = ask("POST", "/_sandbox/org", {"do": deed, **wish})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_records_are_found_by_address_without_reading_the_whole_table(tmp_path: Path, name: str) -> None:
    store = _store(tmp_path)
    soql = f"SELECT Id, Email FROM {name} WHERE Email IN ('a@x.org', 'B@x.org') ORDER BY CreatedDate, Id"
    compiled = compile_query(org.Org(store), parse(soql), NOW)
    steps = [row[-1] for row in store.rows(f"explain query plan {compiled.sql}", compiled.values)]
    store.close()
    assert f"{name}.Email" in steps[0]
    assert "SEARCH" in steps[0]


def test_a_lookup_is_removed_though_what_it_led_to_was_deleted(ask: Ask) -> None:
    _done(ask, "add_object", name="Account_Plan__c", prefix="a0A", lines=[])
    _done(ask, "add_field", object="Account", line="Plan__c reference -> Account_Plan__c:Plan__r")
    plan = _made(ask, "Account_Plan__c", Name="Whole year")
    account = _made(ask, "Account", Name="Planned", Plan__c=plan)
    assert ask("DELETE", f"/services/data/v67.0/sobjects/Account_Plan__c/{plan}").status_code == 204
    _done(ask, "remove_field", object="Account", name="Plan__c")
    shown = ask("GET", f"/services/data/v67.0/sobjects/Account/{account}")
    assert shown.status_code == 200, shown.text
    assert "Plan__c" not in shown.json()


def test_an_older_version_does_not_see_what_nobody_sees_yet(ask: Ask) -> None:
    query = "/services/data/v45.0/query?q=select+Id+from+Account"
    account = _made(ask, "Account", Name="Later")
    assert ask("GET", query).json()["totalSize"] == 1
    _done(ask, "show_later", object="Account", ids=[account], at="2026-07-01T12:00:00Z")
    assert ask("GET", query).json()["totalSize"] == 0
    assert ask("GET", query.replace("v45.0", "v67.0")).json()["totalSize"] == 0


def test_a_version_inside_a_composite_is_that_of_a_call_of_its_own(ask: Ask) -> None:
    versions = ("latest", "abc", "v99.0", "v45.0")
    describe = "/services/data/{}/sobjects/Account/describe"
    parts = [{"method": "GET", "url": describe.format(each), "referenceId": "a"} for each in versions]
    answer = ask("POST", "/services/data/v67.0/composite", {"compositeRequest": parts})
    assert answer.status_code == 200, answer.text
    alone = [ask("GET", part["url"]) for part in parts]
    told = [(each["httpStatusCode"], each["body"]) for each in answer.json()["compositeResponse"]]
    assert told == [(each.status_code, each.json()) for each in alone]
    assert [status for status, _ in told] == [200, 404, 404, 200]


def test_who_waits_for_news_is_answered_when_the_server_is_to_stop(tmp_path: Path) -> None:
    store, clock = _store(tmp_path), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        store.db.execute("insert into tokens values ('SESSION', '005', ?)", (2**41,))
    served, ending = app.application(store, clock, limited=False), threading.Event()

    async def stopping(scope: Any, receive: Any, send: Any) -> None:
        await served({**scope, "sandbox.ending": ending}, receive, send)

    async def waited() -> Any:
        headers = {"Authorization": "Bearer SESSION"}
        transport = httpx.ASGITransport(app=stopping)
        async with httpx.AsyncClient(transport=transport, base_url="http://sf", headers=headers) as client:

            async def said(channel: str, **more: str) -> Any:
                answer = await client.post("/cometd/67.0", json=[{"channel": channel, **more}])
                return answer.json()[-1]

            own = (await said("/meta/handshake"))["clientId"]
            await said("/meta/subscribe", clientId=own, subscription="/data/LeadChangeEvent")
            news = asyncio.create_task(said("/meta/connect", clientId=own))
            await asyncio.sleep(0)
            ending.set()
            return await asyncio.wait_for(news, 5)

    assert asyncio.run(waited())["successful"]
    store.close()
    clock.close()
