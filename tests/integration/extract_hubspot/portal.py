"""An extract of a serving portal, and the comparison of each of its values with the portal's own store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import httpx
import orjson

from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources import spool
from pipelines.sources.fetched import Fetched
from pipelines.sources.known import known_from
from pipelines.state import suppression
from tests.fixtures import nursery
from tests.fixtures.nursery import served
from tests.integration.test_extract import same

OBJECTS = "/crm/objects/2026-03"
MAIN = "hubspot: {objects: [contacts, companies, deals], custom_objects: none}"
_BIN = 90 * 86_400_000
_KINDS = {"DOUBLE": "number", "BIGINT": "integer", "DECIMAL(18,2)": "money", "DECIMAL(38,8)": "price",
          "DECIMAL(38,18)": "decimal",
          "BOOLEAN": "boolean", "DATE": "date",
          "TIMESTAMP WITH TIME ZONE": "timestamp", "VARCHAR[]": "list"}  # fmt: skip
_KILLED = """
import sys
from pathlib import Path
import duckdb
from pipelines import crashpoints
from pipelines.run import Run, silent
from pipelines.settings import load_settings
from pipelines.sources.fetch import fetch
from pipelines.sources import events, reading
from pipelines.clients.hubspot import marketing
from pipelines.sources.hubspot import whole
from pipelines.sources.known import known_from
reading.PART_ROWS = whole.PART_ROWS = events.PART_ROWS = int(sys.argv[2])
marketing.OLD_PAGE = 30
crashpoints.arm("extract.part_written", nth=int(sys.argv[1]), hard=True)
raw = duckdb.connect(sys.argv[3])
fetch(load_settings(dotenv=Path("none")), Run(), known_from(raw), silent)
"""


class Portal:
    """A portal, a copy of it, and a client to do things with."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.config = folder / "config" / "extract.yml"
        self.env = {
            "CRM_HOME": str(folder / "var"), "CRM_CONFIG": str(folder / "config"), "HUBSPOT_URL": url,
            "HUBSPOT_TOKEN": str(self.store("select value from meta where key = 'token'")[0][0]),
        }  # fmt: skip
        self.settings = load_settings(self.env, dotenv=folder / "none")
        headers = {"Authorization": f"Bearer {self.env['HUBSPOT_TOKEN']}"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=30)
        self.raw = self.opened()
        self.suppression = suppression.NOBODY

    def opened(self) -> duckdb.DuckDBPyConnection:
        raw = duckdb.connect(str(self.folder / "var" / "work.duckdb"))
        raw.execute("set timezone = 'UTC'")
        return raw

    def close(self) -> None:
        self.http.close()
        self.raw.close()

    # -- what happens at HubSpot ---------------------------------------------------------------------

    def do(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def create(self, kind: str = "contacts", **properties: str) -> str:
        return str(self.do("POST", f"{OBJECTS}/{kind}", {"properties": properties})["id"])

    def update(self, kind: str, record: str, **properties: str) -> None:
        self.do("PATCH", f"{OBJECTS}/{kind}/{record}", {"properties": properties})

    def edit(self, kind: str, record: str, **properties: str) -> None:
        """Values that HubSpot calculates itself: nothing else moves."""
        wish = {"object": kind, "id": record, "action": "edit", "properties": properties}
        self.do("POST", "/_sandbox/records", wish)

    def define(self, kind: str, name: str, sort: str = "string", field: str = "text") -> None:
        wish = {"name": name, "label": name, "type": sort, "fieldType": field, "groupName": "g"}
        self.do("POST", f"/crm/properties/2026-03/{kind}", wish)

    def later(self, seconds: int = 60) -> None:
        self.do("POST", "/_sandbox/clock", {"advance_seconds": seconds})

    def faults(self, *faults: dict[str, Any]) -> None:
        self.do("POST", "/_sandbox/faults", list(faults))

    def now(self) -> int:
        return int(self.do("GET", "/_sandbox/clock")["ms"])

    def store(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return stored(self.folder, sql, *values)

    def some(self, kind: str, count: int) -> list[str]:
        """The first records that live."""
        found = self.store(f'select id from "{kind}" where archived = 0 order by id limit {count}')
        return [str(key) for (key,) in found]

    # -- the copy ------------------------------------------------------------------------------------

    def fetch(self, *, sweep: bool = False) -> Fetched:
        return fetching.fetch(
            self.settings, Run(), known_from(self.raw), silent, sweep=sweep, suppression=self.suppression
        )

    def extract(self, *, sweep: bool = False) -> Fetched:
        fetched = self.fetch(sweep=sweep)
        if fetched.has_changes:
            loading.load(fetched, self.raw, self.settings, Run(), silent)
            spool.clear(self.settings)
        return fetched

    def killed(self, nth: int, part_rows: int) -> None:
        """A fetch in a process of its own that ends itself after writing the nth part, as kill -9 would."""
        self.raw.close()
        work = str(self.folder / "var" / "work.duckdb")
        env = {**os.environ, **self.env}
        said, code = nursery.python(_KILLED, [str(nth), str(part_rows), work], env)
        self.raw = self.opened()
        assert code == 137, said

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.raw.execute(sql).fetchall()

    def differences(self, kind: str = "contacts", table: str = "") -> list[Any]:
        """Live and binned records, field by field; nothing when the copy is equal."""
        name = f'raw_hubspot."{table or kind}"'
        columns = {column: sort for column, sort, *_ in self.rows(f"describe {name}")}
        found = self.raw.execute(f"select * from {name} where coalesce(deleted_how, 'archived') = 'archived'")
        defined = {each["name"] for each in self.do("GET", f"/crm/properties/2026-03/{kind}")["results"]}
        names = [each[0] for each in found.description]
        arrived = {int(row[0]): dict(zip(names, row, strict=True)) for row in found.fetchall()}
        shown = f"archived = 0 or archived_at >= {self.now() - _BIN}"
        query = f'select id, archived, created, modified, archived_at, props from "{kind}" where {shown}'
        there = {
            key: (bool(archived), stamps, orjson.loads(props))
            for key, archived, *stamps, props in self.store(query)
        }
        apart = arrived.keys() ^ there.keys()
        wrong: list[Any] = [("rows", sorted(apart))] if apart else []
        for key in arrived.keys() & there.keys():
            archived, stamps, props = there[key]
            here = [arrived[key][name] for name in ("created_at", "updated_at", "deleted_at")]
            if arrived[key]["archived"] != archived:
                wrong.append((key, "archived"))
            if [each and each.timestamp() * 1_000 for each in here] != stamps:
                wrong.append((key, "created, updated, deleted", stamps, here))
            wrong += [
                (key, each, props.get(each), arrived[key].get(each))
                for each in defined & (props.keys() | arrived[key].keys())
                if not same(
                    _KINDS.get(columns.get(each, ""), "text"), props.get(each), arrived[key].get(each)
                )
            ]
        return wrong


def stored(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the portal's own store; what a statement changes there is kept."""
    with sqlite3.connect(folder / "world" / "hubspot.sqlite", timeout=20) as store:
        found = store.execute(sql, values).fetchall()
    store.close()
    return found


@contextmanager
def serving(folder: Path, *, limited: bool = False, config: str = MAIN) -> Iterator[Portal]:
    """The portal in `folder/world` served, and the warehouse in `folder/var` open."""
    for name in ("var", "config"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "config" / "extract.yml").write_text(config)
    with served("hubspot", folder / "world", limited=limited) as url:
        portal = Portal(folder, url)
        try:
            yield portal
        finally:
            portal.close()
