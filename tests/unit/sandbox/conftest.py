"""A sandbox on real sockets: one shared, fresh ones for tests that break things."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures import marketing_cloud as mcs

API = "/services/data/v67.0"


@dataclass
class Running:
    """A started sandbox and signed-in clients for both vendors."""

    ready: dict[str, Any]
    process: subprocess.Popen[str]
    hubspot: httpx.Client
    salesforce: httpx.Client

    def soql(self, text: str, **params: str) -> dict[str, Any]:
        answer = self.salesforce.get(f"{API}/query", params={"q": text, **params})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def writes(self, vendor: str, **query: Any) -> list[dict[str, Any]]:
        client = self.hubspot if vendor == "hubspot" else self.salesforce
        found: list[dict[str, Any]] = client.get(
            "/_sandbox/writes", params={"limit": 100_000, **query}
        ).json()["writes"]
        return found


@contextmanager
def serving(home: Path, *extra: str) -> Iterator[Running]:
    """Serve a home until the block ends."""
    command = [sys.executable, "-m", "sandbox", "serve", "--home", str(home), "--size", "XS", *extra]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    hubspot = httpx.Client(
        base_url=ready["hubspot"]["url"],
        headers={"Authorization": f"Bearer {ready['hubspot']['token']}"},
        timeout=30,
    )
    salesforce = httpx.Client(base_url=ready["salesforce"]["url"], timeout=30)
    form = {"grant_type": "client_credentials"}
    form |= {name: ready["salesforce"][name] for name in ("client_id", "client_secret")}
    token = salesforce.post("/services/oauth2/token", data=form).json()["access_token"]
    salesforce.headers["Authorization"] = f"Bearer {token}"
    try:
        yield Running(ready, process, hubspot, salesforce)
    finally:
        hubspot.close()
        salesforce.close()
        process.stdin.close()
        process.wait(15)
        process.stdout.close()


@pytest.fixture(scope="session")
def world(smallest_world: Path) -> Path:
    """A home with the smallest default world. Copy it before changing it."""
    return smallest_world


@pytest.fixture
def fresh(world: Path, tmp_path: Path) -> Path:
    """A copy of the world that the test may spoil."""
    return Path(shutil.copytree(world, tmp_path / "home"))


@pytest.fixture(scope="session")
def shared(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One sandbox for all tests that add records of their own and leave the others alone."""
    home = Path(shutil.copytree(world, tmp_path_factory.mktemp("shared") / "home"))
    with serving(home, "--no-limits") as running:
        yield running


@pytest.fixture(scope="session")
def start() -> Callable[..., Any]:
    return serving


@pytest.fixture(scope="session")
def marketing_cloud(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[mcs.MarketingCloud]:
    with mcs.account(mcs.copy_of(world, tmp_path_factory.mktemp("account") / "mc")) as found:
        yield found


@pytest.fixture
def mc_once(marketing_cloud: mcs.MarketingCloud) -> Iterator[mcs.MarketingCloud]:
    """One Marketing Cloud for all tests; what a test stores in it is taken back."""
    store = marketing_cloud.store
    store.db.execute("savepoint a_test")
    yield marketing_cloud
    store.db.execute("rollback to a_test")
    store.db.execute("release a_test")
