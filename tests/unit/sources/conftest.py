"""Two small CRMs in memory, behind httpx.MockTransport: enough to fetch from, with knobs to misbehave."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import httpx
import orjson
import pytest

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.run import Run, silent
from pipelines.settings import HubSpotConnection, SalesforceConnection, Secret, Settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.fetched import Fetched
from pipelines.sources.hubspot.rows import property_names
from pipelines.sources.known import known_from
from pipelines.sources.salesforce.rows import field_names

START = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
HUBSPOT, SALESFORCE = "http://127.0.0.1:1", "http://127.0.0.1:2"


class NoWait:
    """A clock whose waiting takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class FakeHubSpot:
    """Records by type and id; `intercept` may answer a request in its stead."""

    now: datetime = START
    portal: int = 4242
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    archived: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    linked: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    campaigns: list[dict[str, Any]] | None = field(default_factory=list)
    lacking: set[str] = field(default_factory=set)
    page_size: int = 100
    search_ceiling: int = 10_000
    seen: list[tuple[str, str]] = field(default_factory=list)
    intercept: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def put(self, kind: str, record_id: str, **properties: str | None) -> None:
        stamp = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        before = self.records[kind].get(record_id, {"createdAt": iso(self.now), "properties": {}})
        self.records[kind][record_id] = {
            "id": record_id, "createdAt": before["createdAt"], "updatedAt": iso(self.now), "archived": False,
            "properties": before["properties"] | properties | {stamp: iso(self.now)},
        }  # fmt: skip

    def archive(self, kind: str, record_id: str) -> None:
        record = self.records[kind].pop(record_id)
        self.archived[kind][record_id] = record | {"archived": True, "archivedAt": iso(self.now)}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        response = self.intercept(request)
        if response is None:
            response = self._answer(request)
        response.headers["Date"] = format_datetime(self.now, usegmt=True)
        return response

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, dict(request.url.params)
        body = orjson.loads(request.content) if request.content else {}
        if path.startswith("/account-info/"):
            return httpx.Response(
                200, json={"portalId": self.portal, "timeZone": "Europe/Berlin", "companyCurrency": "EUR"}
            )
        if path.startswith("/crm/properties/"):
            return httpx.Response(200, json={"results": self._properties(path.rsplit("/", 1)[1])})
        if path.startswith("/crm/owners/"):
            found = (
                []
                if query["archived"] == "true"
                else [{"id": "1", "email": "ann@x.example", "archived": False}]
            )
            return httpx.Response(200, json={"results": found})
        if path.startswith("/crm/pipelines/"):
            stage = {
                "id": "closedwon",
                "label": "Won",
                "metadata": {"isClosed": "true", "probability": "1.0"},
            }
            return httpx.Response(
                200, json={"results": [{"id": "default", "label": "Sales", "stages": [stage]}]}
            )
        if path.startswith("/marketing/campaigns/"):
            if self.campaigns is None:
                return httpx.Response(403, json={"category": "MISSING_SCOPES", "message": "no"})
            return httpx.Response(200, json={"results": self.campaigns})
        if path.startswith("/crm/associations/"):
            return httpx.Response(200, json={"results": self._associations(path, body)})
        if not path.startswith("/crm/objects/"):
            return httpx.Response(404, json={"category": "OBJECT_NOT_FOUND", "message": "not in this portal"})
        return self._objects(path, query, body)

    def _properties(self, kind: str) -> list[dict[str, Any]]:
        table = next(table for table in CATALOGS["hubspot"] if table.name == kind)
        names = [name for name in property_names(table) if name not in self.lacking]
        return [{"name": name, "label": name, "type": "string"} for name in names]

    def _associations(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        _, _, _, _, kind, to, *_ = path.split("/")
        types = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}]
        return [
            {
                "from": {"id": each["id"]},
                "to": [
                    {"toObjectId": to_id, "associationTypes": types}
                    for to_id in self.linked[kind, to, each["id"]]
                ],
            }
            for each in body["inputs"]
            if (kind, to, each["id"]) in self.linked
        ]  # fmt: skip

    def _objects(self, path: str, query: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        _, _, _, _, kind, *rest = path.split("/")
        if rest == ["search"]:
            return self._search(kind, body)
        if rest == ["batch", "read"]:
            wanted = [each["id"] for each in body["inputs"]]
            pool = (self.archived if query.get("archived") == "true" else self.records)[kind]
            found = [pool[key] for key in wanted if key in pool]
            return httpx.Response(200, json={"results": [self._historic(each, body) for each in found]})
        pool = self.archived if query.get("archived") == "true" else self.records
        ids = sorted((key for key in pool[kind] if int(key) >= int(query.get("after", 0))), key=int)
        size = min(int(query["limit"]), self.page_size)
        ends = [each for each in query.get("associations", "").split(",") if each]
        found = [self._linked(kind, self._historic(pool[kind][key], query), ends) for key in ids[:size]]
        page: dict[str, Any] = {"results": found}
        if len(ids) > size:
            page["paging"] = {"next": {"after": ids[size]}}
        return httpx.Response(200, json=page)

    def _linked(self, kind: str, record: dict[str, Any], ends: list[str]) -> dict[str, Any]:
        shown = {
            to: {"results": [{"id": to_id, "type": f"{kind}_to_{to}"} for to_id in there]}
            for to in ends
            if (there := self.linked.get((kind, to, record["id"])))
        }
        return record | {"associations": shown} if shown else record

    def _historic(self, record: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
        if "propertiesWithHistory" not in asked:
            return record
        item = {
            "value": record["properties"].get("dealstage"),
            "timestamp": record["updatedAt"],
            "sourceType": "CRM_UI",
        }
        return record | {"propertiesWithHistory": {"dealstage": [item, item]}}

    def _search(self, kind: str, body: dict[str, Any]) -> httpx.Response:
        sort = body["sorts"][0]
        by_id = sort["propertyName"] == "hs_object_id"
        found = sorted(
            self.records[kind].values(),
            key=lambda each: int(each["id"]) if by_id else each["updatedAt"],
            reverse=sort["direction"] == "DESCENDING",
        )
        for group in body["filterGroups"]:
            for rule in group["filters"]:
                found = [each for each in found if _passes(each, rule)]
        after, limit = int(body.get("after", 0)), min(body["limit"], self.page_size)
        if after + limit > self.search_ceiling:
            return httpx.Response(400, json={"category": "VALIDATION_ERROR", "message": "beyond 10,000"})
        page: dict[str, Any] = {"total": len(found), "results": found[after : after + limit]}
        if after + limit < len(found):
            page["paging"] = {"next": {"after": str(after + limit)}}
        return httpx.Response(200, json=page)


def _passes(record: dict[str, Any], rule: dict[str, Any]) -> bool:
    if rule["propertyName"] == "hs_object_id":
        number, value = int(record["id"]), int(rule["value"])
        return {"GT": number > value, "GTE": number >= value, "LT": number < value}[rule["operator"]]
    moment = datetime.fromisoformat(record["properties"][rule["propertyName"]])
    at = int(moment.timestamp() * 1000)
    return at >= int(rule["value"]) if rule["operator"] == "GTE" else at < int(rule["value"])


@dataclass
class FakeSalesforce:
    """Rows by object and id; `hidden` fields are not shown, `missing` objects do not exist."""

    now: datetime = START
    org: str = "00DSB0000001aZ9EAI"
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    batch: int = 2_000
    bulk_page: int = 4_000
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    intercept: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def put(self, sobject: str, record_id: str, **fields: Any) -> None:
        stamp = self.now.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        before = self.rows.setdefault(sobject, {}).get(record_id, {"CreatedDate": stamp, "IsDeleted": False})
        self.rows[sobject][record_id] = (
            before | fields | {"Id": record_id, "SystemModstamp": stamp, "LastModifiedDate": stamp}
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path))
        response = self.intercept(request)
        if response is None:
            response = self._answer(request)
        response.headers["Date"] = format_datetime(self.now, usegmt=True)
        return response

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/composite"):
            return self._together(orjson.loads(request.content)["compositeRequest"])
        if path == "/services/oauth2/token":
            assert parse_qs(request.content.decode())["grant_type"] == ["client_credentials"]
            return httpx.Response(200, json={"access_token": "session-1", "instance_url": SALESFORCE})
        if request.headers.get("Authorization") != "Bearer session-1":
            return httpx.Response(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}])
        if path.endswith("/describe"):
            return self._describe(path.split("/")[-2])
        if "/jobs/query" in path:
            return self._bulk(request, path)
        if "-" in path.rsplit("/", 1)[1]:
            job, start = path.rsplit("/", 1)[1].split("-")
            return self._page(job, int(start))
        return self._query(request.url.params["q"], deleted=path.endswith("queryAll"))

    def _together(self, parts: list[dict[str, Any]]) -> httpx.Response:
        """A composite: each part is answered as if it came alone, and is seen as it would be."""
        answers = []
        for part in parts:
            inner = httpx.Request(
                "GET", SALESFORCE + part["url"], headers={"Authorization": "Bearer session-1"}
            )
            one = self.intercept(inner) or self._answer(inner)
            answers.append(
                {"body": one.json(), "httpStatusCode": one.status_code, "referenceId": part["referenceId"]}
            )
        return httpx.Response(200, json={"compositeResponse": answers})

    def _describe(self, sobject: str) -> httpx.Response:
        if sobject in self.missing:
            return httpx.Response(404, json=[{"errorCode": "NOT_FOUND", "message": "no such object"}])
        table = next(table for table in CATALOGS["salesforce"] if table.api_name == sobject)
        return httpx.Response(
            200,
            json={"fields": [{"name": name} for name in field_names(table) if name not in self.hidden]}
            | {"replicateable": False},
        )

    def select(self, soql: str, *, deleted: bool) -> list[dict[str, Any]] | httpx.Response:
        found = re.match(r"SELECT (.+) FROM (\w+)(?: WHERE (.+))?$", soql)
        assert found, soql
        fields, sobject, where = found[1].split(", "), found[2], found[3]
        if sobject in self.missing:
            return httpx.Response(
                400, json=[{"errorCode": "INVALID_TYPE", "message": "sObject type is not supported"}]
            )
        for name in fields:
            if name in self.hidden:
                return httpx.Response(
                    400, json=[{"errorCode": "INVALID_FIELD", "message": f"No such column '{name}'"}]
                )
        rows = [each for each in self.rows.get(sobject, {}).values() if deleted or not each.get("IsDeleted")]
        if where:
            low, high = re.findall(r"\d{4}-\S+Z", where)
            rows = [each for each in rows if low[:19] <= each["SystemModstamp"][:19] < high[:19]]
        return [{name: each.get(name) for name in fields} for each in rows]

    def _query(self, soql: str, *, deleted: bool) -> httpx.Response:
        if "FROM Organization" in soql:
            record = {
                "Id": self.org,
                "Name": "Northwind",
                "TimeZoneSidKey": "Europe/Berlin",
                "CurrencyIsoCode": "EUR",
            }
            if "DefaultCurrencyIsoCode" in soql:
                record["DefaultCurrencyIsoCode"] = "EUR"
            return httpx.Response(200, json={"totalSize": 1, "done": True, "records": [record]})
        rows = self.select(soql, deleted=deleted)
        if isinstance(rows, httpx.Response):
            return rows
        self.jobs[job := f"q{len(self.jobs)}"] = rows
        return self._page(job, 0)

    def _page(self, job: str, start: int) -> httpx.Response:
        rows = self.jobs[job]
        following = start + self.batch
        page: dict[str, Any] = {
            "totalSize": len(rows),
            "done": following >= len(rows),
            "records": rows[start:following],
        }
        if following < len(rows):
            page["nextRecordsUrl"] = f"/services/data/v67.0/query/{job}-{following}"
        return httpx.Response(200, json=page)

    def _bulk(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "POST":
            body = orjson.loads(request.content)
            rows = self.select(body["query"], deleted=body["operation"] == "queryAll")
            if isinstance(rows, httpx.Response):
                return rows
            self.jobs[job := f"b{len(self.jobs)}"] = rows
            return httpx.Response(200, json={"id": job, "state": "UploadComplete"})
        job = path.split("/jobs/query/")[1].split("/")[0]
        if job not in self.jobs:
            return httpx.Response(404, json=[{"errorCode": "NOT_FOUND", "message": "job"}])
        rows = self.jobs[job]
        if "/results" not in path:
            return httpx.Response(
                200, json={"id": job, "state": "JobComplete", "numberRecordsProcessed": len(rows)}
            )
        start = int(request.url.params.get("locator", 0))
        some, end = rows[start : start + self.bulk_page], start + self.bulk_page
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows([{key: _csv(value) for key, value in each.items()} for each in some])
        headers = {
            "Sforce-Locator": str(end) if end < len(rows) else "null",
            "Sforce-NumberOfRecords": str(len(some)),
        }
        return httpx.Response(200, content=text.getvalue().encode(), headers=headers)


def _csv(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


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
