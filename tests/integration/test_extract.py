"""Extract from the sandbox over HTTP: what lands in raw is what the CRMs hold, after faults and kills too."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.run import Run, silent
from pipelines.settings import Settings, load_settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources import spool
from pipelines.sources.fetched import Fetched
from pipelines.sources.known import known_from
from tests.fixtures import nursery


@dataclass
class World:
    """A sandbox that serves, and the settings that lead to it."""

    home: Path
    urls: dict[str, str]
    env: dict[str, str]

    def settings(self, home: Path) -> Settings:
        return load_settings({"CRM_HOME": str(home), **self.env}, dotenv=home / "none")

    def rows(self, vendor: str, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.home / f"{vendor}.sqlite") as store:
            return store.execute(sql).fetchall()

    def shown(self, kind: str) -> str:
        """The records HubSpot shows, for a FROM: what was archived 90 days ago has left the recycle bin."""
        now = httpx.get(f"{self.urls['hubspot']}/_sandbox/clock").json()["ms"]
        return f'(select * from "{kind}" where archived = 0 or archived_at >= {now - 90 * 86_400_000})'

    def advance(self, seconds: int) -> None:
        """Move the sandbox's clock, so that a window ends after what was just written."""
        now = httpx.get(f"{self.urls['hubspot']}/_sandbox/clock").json()["now"]
        later = datetime.fromisoformat(now).timestamp() + seconds
        moment = datetime.fromtimestamp(later).astimezone().isoformat()
        httpx.post(f"{self.urls['hubspot']}/_sandbox/clock", json={"now": moment}).raise_for_status()


@pytest.fixture(scope="module")
def world(smallest_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = Path(shutil.copytree(smallest_world, tmp_path_factory.mktemp("sandbox") / "home"))
    with nursery.sandbox(home, "--size", "XS", "--no-limits") as ready:
        hubspot, salesforce = ready["hubspot"], ready["salesforce"]
        yield World(
            home,
            {"hubspot": hubspot["url"], "salesforce": salesforce["url"]},
            {
                "HUBSPOT_URL": hubspot["url"], "HUBSPOT_TOKEN": hubspot["token"],
                "SALESFORCE_URL": salesforce["url"], "SALESFORCE_CLIENT_ID": salesforce["client_id"],
                "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
            },
        )  # fmt: skip


Raw = duckdb.DuckDBPyConnection


@contextmanager
def opened(home: Path) -> Iterator[Raw]:
    with duckdb.connect(str(home / "work.duckdb")) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Raw]:
    with opened(tmp_path) as connection:
        yield connection


def extract(settings: Settings, raw: Raw) -> Fetched:
    run = Run()
    fetched = fetching.fetch(settings, run, known_from(raw), silent)
    if fetched.has_changes:
        loading.load(fetched, raw, settings, run, silent)
        spool.clear(settings)
    return fetched


def same(kind: str, stored: Any, landed: Any) -> bool:
    """Whether a raw value says what the store says."""
    if stored is None or stored == "":
        return landed is None
    if kind in ("money", "price", "rate", "decimal"):
        return landed == Decimal(str(stored))
    if kind in ("number", "integer"):
        return landed == (float(stored) if kind == "number" else int(float(stored)))
    if kind == "boolean":
        return landed == (str(stored).lower() in ("true", "1"))
    if kind == "timestamp":
        return landed == datetime.fromisoformat(str(stored))
    if kind == "date":
        return str(landed) == str(stored)[:10]
    if kind == "list":
        return landed == [each for each in str(stored).split(";") if each]
    return str(landed) == str(stored)


def test_what_is_written_comes_back_with_the_next_extract_and_nothing_else(world, raw, tmp_path):
    settings = world.settings(tmp_path)
    extract(settings, raw)
    assert not extract(settings, raw).has_changes
    [contact] = raw.execute("select min(id) from raw_hubspot.contacts where not archived").fetchone() or ()
    [lead] = (
        raw.execute(
            "select min(Id) from raw_salesforce.lead where not IsDeleted and not IsConverted"
        ).fetchone()
        or ()
    )
    with open_hubspot(settings) as hubspot, open_salesforce(settings) as salesforce:
        [one] = hubspot.batch_update("contacts", [{"id": contact, "properties": {"lead_score": "41"}}])
        [two] = salesforce.update_collection("Lead", [{"Id": lead, "Lead_Score__c": 42}])
    assert (one.ok, one.values["lead_score"], two.ok) == (True, "41", True)
    world.advance(60)
    brought = extract(settings, raw).rows
    assert brought.keys() - {"hubspot associations", "hubspot contacts_property_history"} == {
        "hubspot contacts",
        "salesforce lead",
    }
    assert (brought["hubspot contacts"], brought["salesforce lead"]) == (1, 1)
    score = "select lead_score from raw_hubspot.contacts where id = ?"
    assert raw.execute(score, [contact]).fetchall() == [(41,)]
    score = "select Lead_Score__c from raw_salesforce.lead where Id = ?"
    assert raw.execute(score, [lead]).fetchall() == [(42,)]
    assert not extract(settings, raw).has_changes
