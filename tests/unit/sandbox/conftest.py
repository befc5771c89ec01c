"""A sandbox on real sockets: one shared, fresh ones for tests that break things."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures import marketing_cloud as mcs
from tests.fixtures import nursery

API = "/services/data/v67.0"


@dataclass
class Running:
    """A started sandbox and signed-in clients for both vendors."""

    ready: dict[str, Any]
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
    with nursery.sandbox(home, "--size", "XS", *extra) as ready, signed_in(ready) as running:
        yield running


@contextmanager
def signed_in(ready: dict[str, Any]) -> Iterator[Running]:
    """Clients of a sandbox that runs."""
    signed = {"Authorization": f"Bearer {ready['hubspot']['token']}"}
    with (
        httpx.Client(base_url=ready["hubspot"]["url"], headers=signed, timeout=30) as hubspot,
        httpx.Client(base_url=ready["salesforce"]["url"], timeout=30) as salesforce,
    ):
        form = {"grant_type": "client_credentials"}
        form |= {name: ready["salesforce"][name] for name in ("client_id", "client_secret")}
        token = salesforce.post("/services/oauth2/token", data=form).json()["access_token"]
        salesforce.headers["Authorization"] = f"Bearer {token}"
        yield Running(ready, hubspot, salesforce)


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
