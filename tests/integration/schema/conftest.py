"""A sandbox and a team's config with a model, for each test its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.clients.hubspot import client as hubspot_client
from pipelines.clients.rate_limit import Window
from pipelines.rules.schema.load import Model
from pipelines.schema import run
from pipelines.schema.apply import Applied
from pipelines.schema.plan import Plan
from pipelines.schema.run import Session
from pipelines.settings import PROJECT_ROOT, Settings
from tests.fixtures.sandbox import served

MODEL = Path(__file__).parent / "model"


class Clock:
    """Waits for nobody."""

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None: ...


@dataclass
class Crms:
    """A running sandbox, the settings that lead to it, and the folder of the model."""

    settings: Settings
    ready: dict[str, Any]

    @property
    def config(self) -> Path:
        return self.settings.config_dir

    @property
    def model(self) -> Model:
        return run.load(self.config)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with run.opened(self.settings, clock=Clock()) as session:
            yield session

    def plan(self, **options: Any) -> Plan:
        with self.session() as session:
            return run.plan(session, self.model, **options)

    def apply(self, **options: Any) -> Applied:
        with self.session() as session:
            run.settle(session)
            found = run.plan(session, self.model)
            return run.apply(session, self.model, found, **options)

    def drift(self) -> set[tuple[str, str]]:
        with self.session() as session:
            return {(each.how, each.name) for each in run.diff(session, self.model).found}

    def org(self, **deed: Any) -> None:
        """What an administrator does at Salesforce."""
        answer = httpx.post(f"{self.ready['salesforce']['url']}/_sandbox/org", json=deed, timeout=30)
        assert answer.status_code == 200, answer.text

    def portal(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What somebody does at HubSpot."""
        answer = httpx.request(
            method, self.ready["hubspot"]["url"] + path, json=body, timeout=30,
            headers={"Authorization": f"Bearer {self.ready['hubspot']['token']}"},
        )  # fmt: skip
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def rewrite(self, old: str, new: str, file: str = "custom_objects.yml") -> None:
        path = self.config / file
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new, 1))


@pytest.fixture(autouse=True, scope="session")
def at_once() -> Iterator[None]:
    """The portals here have no rate limit, so nobody waits for one. What a header says still counts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hubspot_client, "windows", lambda: {n: Window(10**6, 1.0) for n in ("calls", "search")})
        yield


@pytest.fixture
def crms(smallest_world: Path, tmp_path: Path) -> Iterator[Crms]:
    home = tmp_path / "var"
    shutil.copytree(smallest_world, home / "sandbox")
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    shutil.copytree(MODEL, config, dirs_exist_ok=True)
    with served(home, config) as (settings, ready):
        yield Crms(settings, ready)
