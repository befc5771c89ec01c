"""An extract of a serving Salesforce, and the comparison of each of its values with the org's own store."""

from __future__ import annotations

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

from pipelines.run import Run, silent
from pipelines.settings import Settings, load_settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources import spool
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.fetched import Fetched
from pipelines.sources.known import known_from
from pipelines.sources.salesforce.shape import ABOUT_THE_READER, DERIVED, SKIPPED
from sandbox.salesforce.org import Org
from sandbox.store import Store
from tests.fixtures.nursery import served

API = "/services/data/v67.0"


@dataclass
class Loop:
    """The org, a client that signs in by itself, and a warehouse of its own."""

    world: Path
    url: str
    settings: Settings
    raw: duckdb.DuckDBPyConnection
    env: dict[str, str]
    signed: str = ""

    def reopen(self) -> None:
        """Take up the warehouse again after another process had it."""
        self.raw = _opened(Path(self.env["CRM_HOME"]))

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

    def known_faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_sandbox/faults").json()["faults"]
        return found

    def set(self, sobject: str, ids: list[str], **values: Any) -> None:
        """Values stored as they are, without a stamp of their own."""
        self.org("set_values", object=sobject, ids=ids, values=values)

    def later(self, seconds: float = 60) -> None:
        httpx.post(f"{self.url}/_sandbox/clock", json={"advance_seconds": seconds}).raise_for_status()

    def now(self) -> datetime:
        return datetime.fromisoformat(httpx.get(f"{self.url}/_sandbox/clock").json()["now"])

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        if not self.signed:
            form = {"grant_type": "client_credentials"} | _client(self.world)
            answer = httpx.post(f"{self.url}/services/oauth2/token", data=form)
            self.signed = str(answer.json()["access_token"])
        headers = {"Authorization": f"Bearer {self.signed}"}
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

    def fetch(self, *, sweep: bool = False) -> Fetched:
        return fetching.fetch(self.settings, Run(), known_from(self.raw), silent, sweep=sweep)

    def load(self, fetched: Fetched) -> None:
        loading.load(fetched, self.raw, self.settings, Run(), silent)
        spool.clear(self.settings)

    def extract(self, *, sweep: bool = False) -> Fetched:
        fetched = self.fetch(sweep=sweep)
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
        fields = [
            f
            for f in org.objects[api_name].fields.values()
            if f.type not in SKIPPED
            and f.name.casefold() not in ABOUT_THE_READER
            and f.name.casefold() not in DERIVED.get(api_name, ())
        ]
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
        return Decimal(str(value))
    if kind == "double":
        return Decimal(str(value)) if isinstance(like, Decimal) else float(value)
    if kind == "datetime":
        return datetime.fromisoformat(value)
    if kind == "date":
        return datetime.fromisoformat(value).date()
    if kind == "multipicklist":
        return value.split(";")
    return value


@contextmanager
def serving(folder: Path) -> Iterator[Loop]:
    """The org in `folder/world` served, and the warehouse in `folder/var` open."""
    world, var, config = folder / "world", folder / "var", folder / "config"
    client = _client(world)
    var.mkdir(exist_ok=True)
    config.mkdir(exist_ok=True)
    with served("salesforce", world, limited=True) as url:
        env = {
            "CRM_HOME": str(var), "CRM_CONFIG": str(config), "SALESFORCE_URL": url,
            "SALESFORCE_CLIENT_ID": client["client_id"],
            "SALESFORCE_CLIENT_SECRET": client["client_secret"],
        }  # fmt: skip
        loop = Loop(world, url, load_settings(env, dotenv=folder / "none"), _opened(var), env)
        try:
            yield loop
        finally:
            loop.raw.close()


def _opened(var: Path) -> duckdb.DuckDBPyConnection:
    raw = duckdb.connect(str(var / "work.duckdb"))
    raw.execute("set timezone = 'UTC'")
    return raw


def _client(world: Path) -> dict[str, str]:
    with sqlite3.connect(world / "salesforce.sqlite") as store:
        known = dict(store.execute("select key, value from meta").fetchall())
    return {name: str(known[name]) for name in ("client_id", "client_secret")}
