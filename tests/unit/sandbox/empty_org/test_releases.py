"""What an org has from its first start on, and what each version sees of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.clock import Clock
from sandbox.salesforce import app, org, org_setup, picklists, schema
from sandbox.store import Store
from tests.unit.sandbox.empty_org.conftest import NOW, Ask, done, made, new_store


def test_an_org_whose_first_start_was_cut_short_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, insert = new_store(tmp_path), org_setup._insert

    def killed_at(last: str) -> Callable[[Store, str, dict[str, Any]], None]:
        def inserted(store: Store, table: str, row: dict[str, Any]) -> None:
            if table == last:
                raise KeyboardInterrupt
            insert(store, table, row)

        return inserted

    for last in ("Profile", "CaseStatus"):
        with monkeypatch.context() as patched:
            patched.setattr(org_setup, "_insert", killed_at(last))
            with pytest.raises(KeyboardInterrupt):
                org_setup.bring_up(store)
        assert store.value("select count(*) from UserLicense") == 0
    org_setup.bring_up(store)
    counts = [store.value(f"select count(*) from {n}") for n in ("UserLicense", "Profile", "TaskPriority")]
    store.close()
    assert counts == [1, 2, len(picklists.PICKLISTS["Task"]["Priority"])]


def test_a_lookup_is_removed_though_what_it_led_to_was_deleted(ask: Ask) -> None:
    done(ask, "add_object", name="Account_Plan__c", prefix="a0A", lines=[])
    done(ask, "add_field", object="Account", line="Plan__c reference -> Account_Plan__c:Plan__r")
    plan = made(ask, "Account_Plan__c", Name="Whole year")
    account = made(ask, "Account", Name="Planned", Plan__c=plan)
    assert ask("DELETE", f"/services/data/v67.0/sobjects/Account_Plan__c/{plan}").status_code == 204
    done(ask, "remove_field", object="Account", name="Plan__c")
    shown = ask("GET", f"/services/data/v67.0/sobjects/Account/{account}")
    assert shown.status_code == 200, shown.text
    assert "Plan__c" not in shown.json()


def test_an_org_of_an_older_release_gets_what_this_one_knows(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    whole = schema.standard_objects()["Lead"]
    with store.transaction():
        fewer = {n: f for n, f in whole.fields.items() if n not in ("DoNotCall", "Fax")}
        org.define(store, replace(whole, fields=fewer))
        for name in ("DoNotCall", "Fax"):
            schema.drop_column(store, "Lead", name)
        store.db.execute("delete from sobjects where name = 'Profile'")
        store.db.execute('drop table "Profile"')
        store.db.execute("insert into Lead (Id, LastName) values ('00QSB0000000001', 'Old')")
        org_setup.bring_up(store)
    read = org.Org(store)
    assert read.objects["Lead"].fields.keys() == whole.fields.keys()
    assert store.row("select DoNotCall, Fax from Lead") == ("false", None)
    assert store.value("select count(*) from Profile") == 2
    with store.transaction():  # what is taken away afterwards stays away
        org.define(store, replace(whole, fields=fewer))
        org_setup.bring_up(store)
    assert "Fax" not in org.Org(store).objects["Lead"].fields
    store.close()


def test_an_older_version_does_not_see_what_nobody_sees_yet(ask: Ask) -> None:
    query = "/services/data/v45.0/query?q=select+Id+from+Account"
    account = made(ask, "Account", Name="Later")
    assert ask("GET", query).json()["totalSize"] == 1
    done(ask, "show_later", object="Account", ids=[account], at="2026-07-01T12:00:00Z")
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
    store, clock = new_store(tmp_path), Clock.create(tmp_path / "clock", NOW)
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
