"""Fetch and load against two small CRMs in memory, with a clock that waits for nobody.

Belongs here: what the tests are given. How the CRMs answer is in `fake_hubspot` and `fake_salesforce`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.run import Run, silent
from pipelines.settings import HubSpotConnection, SalesforceConnection, Secret, Settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources.fetched import Fetched
from pipelines.sources.known import known_from
from tests.unit.sources.fake_hubspot import HUBSPOT, FakeHubSpot
from tests.unit.sources.fake_salesforce import SALESFORCE, FakeSalesforce


class NoWait:
    """A clock whose waiting takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Loop:
    """Fetch and load against the two fakes, with a warehouse in a file."""

    settings: Settings
    hubspot: FakeHubSpot
    salesforce: FakeSalesforce
    connection: duckdb.DuckDBPyConnection

    def fetch(self) -> Fetched:
        return fetching.fetch(self.settings, Run(), known_from(self.connection), silent)

    def load(self, fetched: Fetched) -> dict[str, int]:
        return loading.load(fetched, self.connection, self.settings, Run(), silent).rows

    def extract(self) -> Fetched:
        fetched = self.fetch()
        if fetched.has_changes:
            self.load(fetched)
        return fetched

    def later(self, **passed: float) -> None:
        self.hubspot.now += timedelta(**passed)
        self.salesforce.now += timedelta(**passed)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    hubspot, salesforce = FakeHubSpot(), FakeSalesforce()
    settings = Settings(
        home=tmp_path, config_dir=tmp_path,
        hubspot=HubSpotConnection(url=HUBSPOT, token=Secret("pat-secret"), environment="sandbox"),
        salesforce=SalesforceConnection(
            url=SALESFORCE, client_id="id", client_secret=Secret("hush-hush"), environment="sandbox"
        ),
    )  # fmt: skip

    def open_hubspot(settings: Settings) -> HubSpotClient:
        assert settings.hubspot is not None
        return HubSpotClient(
            settings.hubspot, True, budget=RateBudget({}), http=httpx.MockTransport(hubspot), clock=NoWait()
        )

    def open_salesforce(settings: Settings) -> SalesforceClient:
        assert settings.salesforce is not None
        return SalesforceClient(
            settings.salesforce,
            True,
            budget=RateBudget({}),
            http=httpx.MockTransport(salesforce),
            clock=NoWait(),
        )

    monkeypatch.setattr(fetching, "open_hubspot", open_hubspot)
    monkeypatch.setattr(fetching, "open_salesforce", open_salesforce)
    connection = duckdb.connect(str(tmp_path / "work.duckdb"))
    connection.execute("set timezone = 'UTC'")
    yield Loop(settings, hubspot, salesforce, connection)
    connection.close()
