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
ENGAGEMENTS = "/engagements/v1/engagements"
TIE = {"associationCategory": "HUBSPOT_DEFINED"}


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
    """Asks the portal: a method, an address, a body to send as JSON, further headers."""
    clock = Clock.create(tmp_path / "clock", NOW)
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))
    headers = {"Authorization": f"Bearer {store.get_meta('token')}"}

    async def asked(method: str, path: str, body: Any, more: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://hs", headers=headers) as client:
            return await client.request(method, path, json=body, headers=more)

    yield lambda method, path, body=None, more=None: asyncio.run(asked(method, path, body, more or {}))
    clock.close()


def contact(ask: Ask, name: str, city: str) -> str:
    properties = {"email": f"{name}@empty.example", "city": city}
    return str(ask("POST", "/crm/v3/objects/contacts", {"properties": properties}).json()["id"])
