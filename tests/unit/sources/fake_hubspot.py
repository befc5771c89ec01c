"""A small HubSpot in memory, behind httpx.MockTransport: enough to fetch from, with knobs to misbehave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx
import orjson

from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.hubspot.rows import property_names

START = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
HUBSPOT = "http://127.0.0.1:1"


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
