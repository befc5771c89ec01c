"""An org with nothing in it but what a test puts there, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from sandbox import times
from sandbox.clock import Clock
from sandbox.salesforce import app, org, schema
from sandbox.store import Store

NOW = times.parse("2026-06-30T12:00:00Z")


Ask = Callable[..., httpx.Response]


def new_store(folder: Path) -> Store:
    store = Store(folder / "salesforce.sqlite")
    meta = {"organization_id": "00DSB0000000001", "integration_user_id": "005SB0000000001", "currency": "USD",
            "client_id": "APP", "client_secret": "SECRET", "refresh_token": "REFRESH"}  # fmt: skip
    with store.transaction():
        org.prepare(store, schema.standard_objects(), meta)
    return store


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks the org: a method, an address, and a body to send, as JSON unless it is a text."""
    store, clock = new_store(tmp_path), Clock.create(tmp_path / "clock", NOW)
    with store.transaction():
        store.db.execute("insert into tokens values ('SESSION', '005', ?)", (2**41,))
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))

    async def asked(method: str, path: str, body: Any) -> httpx.Response:
        headers = {"Authorization": "Bearer SESSION"}
        async with httpx.AsyncClient(transport=transport, base_url="http://sf", headers=headers) as client:
            if isinstance(body, str):
                return await client.request(method, path, content=body)
            return await client.request(method, path, json=body)

    yield lambda method, path, body=None: asyncio.run(asked(method, path, body))
    store.close()
    clock.close()


def made(ask: Ask, name: str, **fields: Any) -> str:
    answer = ask("POST", f"/services/data/v67.0/sobjects/{name}", fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def done(ask: Ask, deed: str, **wish: Any) -> None:
    answer = ask("POST", "/_sandbox/org", {"do": deed, **wish})
    assert answer.status_code == 200, answer.text


def queried(ask: Ask, soql: str) -> list[dict[str, Any]]:
    answer = ask("GET", f"/services/data/v67.0/query?{urlencode({'q': soql})}")
    assert answer.status_code == 200, answer.text
    records: list[dict[str, Any]] = answer.json()["records"]
    return records
