"""A small Salesforce in memory, behind httpx.MockTransport: enough to fetch from, with knobs to misbehave."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson

from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.salesforce.rows import field_names
from tests.unit.sources.fake_hubspot import START

SALESFORCE = "http://127.0.0.1:2"


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
