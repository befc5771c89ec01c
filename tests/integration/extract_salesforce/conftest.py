"""A Salesforce that serves, an extract of it, and the comparison of each value with the org's store."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from pipelines.run import Run, silent
from pipelines.settings import PROJECT_ROOT, Secret, Settings, load_settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources import spool
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.fetched import Fetched
from pipelines.sources.known import known_from
from sandbox.salesforce.org import Org
from sandbox.store import Store
from sandbox.worlds.create import Wish, open_home

API = "/services/data/v67.0"


@dataclass
class Loop:
    """The org, a client that signs in by itself, and a warehouse of its own."""

    world: Path
    url: str
    ready: dict[str, Any]
    settings: Settings
    raw: duckdb.DuckDBPyConnection

    def store(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.world / "salesforce.sqlite") as store:
            return store.execute(sql, values).fetchall()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.raw.execute(sql).fetchall()

    def org(self, do: str, **wish: Any) -> Any:
        answer = httpx.post(f"{self.url}/_sandbox/org", json={"do": do, **wish})
        assert answer.status_code == 200, answer.text
        return answer.json()["done"]

    def faults(self, *faults: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/_sandbox/faults", json=list(faults)).raise_for_status()

    def later(self, seconds: float = 60) -> None:
        httpx.post(f"{self.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()

    def now(self) -> datetime:
        return datetime.fromisoformat(httpx.get(f"{self.url}/_sandbox/clock").json()["now"])

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        form = {"grant_type": "client_credentials"} | {
            k: self.ready[k] for k in ("client_id", "client_secret")
        }
        token = httpx.post(f"{self.url}/services/oauth2/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.request(method, f"{self.url}{API}{path}", headers=headers, **more)

    def update(self, sobject: str, record_id: str, **fields: Any) -> None:
        assert self.api("PATCH", f"/sobjects/{sobject}/{record_id}", json=fields).status_code == 204

    def create(self, sobject: str, **fields: Any) -> str:
        return str(self.api("POST", f"/sobjects/{sobject}", json=fields).json()["id"])

    def delete(self, sobject: str, record_id: str) -> None:
        assert self.api("DELETE", f"/sobjects/{sobject}/{record_id}").status_code == 204

    def some(self, sobject: str, count: int, where: str = "IsDeleted = 'false'") -> list[str]:
        found = self.store(f'select Id from "{sobject}" where {where} order by Id limit {count}')
        return [row[0] for row in found]

    def fetch(self) -> Fetched:
        return fetching.fetch(self.settings, Run(), known_from(self.raw), silent)

    def load(self, fetched: Fetched) -> None:
        loading.load(fetched, self.raw, self.settings, Run(), silent)
        spool.clear(self.settings)

    def extract(self) -> Fetched:
        fetched = self.fetch()
        if fetched.has_changes:
            self.load(fetched)
        return fetched

    def status(self, table: str) -> str:
        [found] = (
            self.raw.execute(
                "select arg_max(status, loaded_at) from ops.loads where table_name = ?", [table]
            ).fetchone()
            or ()
        )
        return str(found)

    def differences(self, *, gone: bool = False, only: str = "") -> list[tuple[Any, ...]]:
        """Values the copy has otherwise than the store. `gone`: rows the store has no more are fine."""
        org = Org(Store(self.world / "salesforce.sqlite", read_only=True))
        found: list[tuple[Any, ...]] = []
        for table in CATALOGS["salesforce"]:
            if only and table.api_name != only:
                continue
            found += self._differences(org, table.name, table.api_name, gone)
        org.store.close()
        return found

    def _differences(self, org: Org, name: str, api_name: str, gone: bool) -> list[tuple[Any, ...]]:
        fields = list(org.objects[api_name].fields.values())
        listed = ", ".join(f.formula.format(t="t") if f.formula else f't."{f.name}"' for f in fields)
        there = {row[0]: row for row in self.store(f'select {listed} from "{api_name}" t')}
        names = ", ".join(f'"{f.name}"' for f in fields)
        here = {row[0]: row for row in self.rows(f'select {names} from raw_salesforce."{name}"')}
        lacking = [(api_name, key, "not here") for key in there.keys() - here.keys()]
        extra = [] if gone else [(api_name, key, "not there") for key in here.keys() - there.keys()]
        return lacking + extra + [
            (api_name, key, field.name, before, after)
            for key in there.keys() & here.keys()
            for field, before, after in zip(fields, there[key], here[key], strict=True)
            if as_stored(field.type, before, after) != after
        ]  # fmt: skip


def as_stored(kind: str, value: Any, like: Any = None) -> Any:
    """A value of the org's store as the copy must have it."""
    if value is None or value == "":
        return None
    if kind == "boolean":
        return value == "true"
    if kind == "currency":
        return Decimal(str(value)).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    if kind == "double":
        return Decimal(str(value)) if isinstance(like, Decimal) else float(value)
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return datetime.fromisoformat(value).date()
    if kind == "multipicklist":
        return value.split(";")
    return value


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("salesforce") / "world"
    open_home(home, Wish("default", "XS"), lambda _: None)
    return home


@pytest.fixture
def loop(pristine: Path, tmp_path: Path) -> Iterator[Loop]:
    """A fresh org for each test: they change it."""
    world = Path(shutil.copytree(pristine, tmp_path / "world"))
    command = [sys.executable, "-m", "sandbox", "serve", "--home", str(world), "--size", "XS"]
    process = subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())["salesforce"]
    env = {
        "CRM_HOME": str(tmp_path / "var"), "CRM_CONFIG": str(tmp_path / "config"),
        "SALESFORCE_URL": ready["url"], "SALESFORCE_CLIENT_ID": ready["client_id"],
        "SALESFORCE_CLIENT_SECRET": ready["client_secret"],
    }  # fmt: skip
    (tmp_path / "var").mkdir()
    (tmp_path / "config").mkdir()
    raw = duckdb.connect(str(tmp_path / "var" / "work.duckdb"))
    raw.execute("set timezone = 'UTC'")
    yield Loop(world, ready["url"], ready, load_settings(env, dotenv=tmp_path / "none"), raw)
    raw.close()
    process.stdin.close()
    process.wait(timeout=20)
    process.stdout.close()


def with_refresh_token(loop: Loop) -> Settings:
    """The same connection by refresh token."""
    [(token,)] = loop.store("select value from meta where key = 'refresh_token'")
    assert loop.settings.salesforce is not None
    connection = replace(loop.settings.salesforce, refresh_token=Secret(token))
    return replace(loop.settings, salesforce=connection)
