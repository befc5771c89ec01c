"""Whatever a client sends to any route, the vendor's answer comes back, never an error of ours.

The routes are those of the applications' own description; what is sent is drawn from a seed: parameters that
are there and others, bodies that nearly make sense, and rubbish. Handlers run in this process, on a copy.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sandbox import openapi, vendor
from sandbox.catchers import app as catchers
from sandbox.clock import Clock
from sandbox.hubspot import app as hubspot
from sandbox.marketing_cloud import app as marketing_cloud
from sandbox.salesforce import app as salesforce
from sandbox.store import Store

APPLICATIONS = {"hubspot": hubspot, "salesforce": salesforce, "catchers": catchers,
                "marketing_cloud": marketing_cloud}  # fmt: skip
TRIES = 5
_WORDS = (
    "contacts", "deals", "0-1", "Lead", "Account", "Contact", "Id", "v67.0", "v3", "2026-03", "v99.0",
    "100001",
    "00QSB0000000001YAA", "001SB0000000001YAA", "750SB0000000001YAA", "", "-1", "0", "9" * 30, "null",
    "true", "ä/é",
    "a" * 300, "'; drop table contacts; --", "{}", "[]", "%00", "..", "email", "all", "batch", "u", "59.0",
    "External_Id__c", "email@x.example", "2026-06-01T00:00:00Z", "name", "default", "search", "1", "2",
    "lists",
)  # fmt: skip
_KEYS = (
    "properties", "inputs", "id", "idProperty", "filterGroups", "filters", "propertyName", "operator",
    "value",
    "values", "highValue", "sorts", "limit", "after", "query", "records", "attributes", "type",
    "allOrNone", "object",
    "operation", "contentType", "externalIdFieldName", "state", "compositeRequest", "batchRequests",
    "method", "url",
    "referenceId", "body", "name", "label", "from", "to", "types", "associations", "associationTypeId",
    "objectTypeId",
    "processingType", "ids", "fields", "sequenceId", "contactId", "senderEmail", "primaryObjectId",
    "objectIdToMerge",
    "objectId", "email", "LastName", "Company", "Name", "q", "channel", "text", "blocks", "ts",
    "actions", "graphs",
    "subscriptionType", "items", "keys", "ContactKey", "EventDefinitionKey", "Data", "count", "offset",
    "options",
    "exportType", "format", "importOperations", "files", "webhookUrl", "start", "end", "soql", "users",
    "definition", "contactKey", "DefinitionKey", "eventDefinitionKey", "key", "activityTypes", "columns",
    "$page", "$pageSize", "$filter", "$orderBy", "entryMode", "triggers", "metaData", "activities",
    "attributeSets", "definitionId", "schema", "dataExtensionId", "message", "emailId", "contactProperties",
    "subscriptionId", "filter", "snapshotRequests", "subcategory", "publishDate", "parentFolderId",
    "parentPath", "objectType", "tokens", "eventTemplateId", "actionUrl", "inputFields", "labels",
)  # fmt: skip
_SOQL = (
    "select Id from Lead", "select count() from Account",
    "select Id, (select Id from Contacts) from Account limit 3",
    "select Name n, count(Id) from Account group by Name having count(Id) > 1", "select from",
    "FIND {x} RETURNING Lead",
    "select FIELDS(ALL) from Lead limit 2", "select Id from Lead where CreatedDate = LAST_N_DAYS:9999999999",
    "select typeof What when Account then Name end from Task limit 2", 
    "select Id from Lead limit 2 offset 99999999",
)  # fmt: skip


def _value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return rng.choice(_WORDS)
    if kind == 2:
        return rng.choice((0, 1, -1, 2**63 - 1, 2**53, 1.5, -0.0))
    if kind == 3:
        return rng.choice((None, True, False))
    if kind in (4, 5):
        return rng.choice((*_SOQL, *_WORDS))
    if kind == 6:
        return [_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(_KEYS): _value(rng, depth + 1) for _ in range(rng.randrange(6))}


def _body(rng: random.Random) -> tuple[bytes, str]:
    kind = rng.randrange(11)
    if kind == 10:
        return _form(rng), "multipart/form-data; boundary=b"
    if kind == 8:
        return _exact_target(rng), "text/xml"
    if kind == 9:
        item = {rng.choice(_KEYS): _value(rng, 2) for _ in range(4)} | {
            "ContactKey": "003A",
            "EventDefinitionKey": "crm-high-score",
            "DefinitionKey": "crm-nurture",
            "key": "crm-nurture",
            "name": "n",
            "Data": {"EntryId": rng.choice(_WORDS)},
            "values": {rng.choice(_WORDS): "x"},
            "keys": {"ContactKey": rng.choice(_WORDS)},
            "items": [{"ContactKey": rng.choice(_WORDS)}],
        }
        return orjson.dumps(rng.choice((item, [item, item])), default=str), "application/json"
    if kind == 0:
        return b"", "application/json"
    if kind == 1:
        return rng.choice((b"{", b"\xff\xfe", b"nul", b"[" * 2_000, b'{"a":')), "application/json"
    if kind == 2:
        words = "&".join(f"{rng.choice(_KEYS)}={rng.choice(_WORDS)}" for _ in range(4))
        return words.encode(), "application/x-www-form-urlencoded"
    if kind == 3:
        inner = "".join(
            f"<{key}>x</{key}>" for key in rng.sample(("operation", "object", "state", "sObject"), 2)
        )
        return (
            f"<a><Body><{rng.choice(('query', 'create', 'login', 'merge'))}>{inner}</x></Body></a>".encode(),
            "text/xml",
        )
    if kind == 4:
        operation = rng.choice(
            ("query", "create", "upsert", "merge", "convertLead", "delete", "retrieve", "login")
        )
        parts = "".join(
            f"<{n}>{_WORDS[rng.randrange(12)]}</{n}>" for n in ("ids", "type", "Id", "queryString")
        )
        rows = "".join(f"<{n}>{parts}</{n}>" for n in ("sObjects", "request", "leadConverts")) + parts
        head = "<Header><SessionHeader><sessionId>SESSION</sessionId></SessionHeader></Header>"
        return f"<E>{head}<Body><{operation}>{rows}</{operation}></Body></E>".encode(), "text/xml"
    return orjson.dumps(_value(rng) if kind == 5 else _nearly(rng), default=str), "application/json"


def _form(rng: random.Random) -> bytes:
    """An upload, nearly: fields and a file, perhaps without its end."""
    options = rng.choice(
        ('{"access": "PRIVATE"}', '{"access": 1}', "{", "[]", '{"access": "PRIVATE", "overwrite": true}')
    )
    fields = {"options": options, "folderPath": rng.choice(_WORDS), "importRequest": rng.choice(("{}", "["))}
    parts = [f'form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'form-data; name="file"; filename="{rng.choice(_WORDS)}"\r\n\r\n\x00\r\r\n')
    sent = "".join(f"--b\r\nContent-Disposition: {part}\r\n" for part in parts if rng.random() < 0.9)
    return (sent + rng.choice(("--b--\r\n", ""))).encode()


def _exact_target(rng: random.Random) -> bytes:
    """What Marketing Cloud's SOAP takes, nearly."""
    kind = rng.choice(("Subscriber", "DataExtension", "SentEvent", "DataExtensionField", "Nothing"))
    names = "".join(f"<Properties>{rng.choice((*_KEYS, 'ID', 'SubscriberKey'))}</Properties>" for _ in "ab")
    operator = rng.choice(("equals", "IN", "greaterThan", "between", ""))
    where = f"<Filter xsi:type='SimpleFilterPart'><Property>ID</Property><SimpleOperator>{operator}" \
            f"</SimpleOperator><Value>{rng.randrange(9)}</Value></Filter>"  # fmt: skip
    asked = f"<ContinueRequest>{rng.randrange(9)}</ContinueRequest>" if rng.random() < 0.2 else ""
    body = {
        0: f"<RetrieveRequestMsg><RetrieveRequest>{asked}<ObjectType>{kind}</ObjectType>{names}{where}"
           "</RetrieveRequest></RetrieveRequestMsg>",
        1: f"<CreateRequest><Objects xsi:type='{kind}'><CustomerKey>k</CustomerKey><Fields><Field>"
           f"<Name>a</Name><FieldType>{operator}</FieldType></Field></Fields></Objects></CreateRequest>",
        2: f"<DeleteRequest><Objects xsi:type='{kind}'/></DeleteRequest>",
        3: "<PerformRequestMsg><Action>start</Action><Definitions/></PerformRequestMsg>",
    }[rng.randrange(4)]  # fmt: skip
    return ("<E xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><Header><fueloauth>SESSION</fueloauth>"
            f"</Header><Body>{body}</Body></E>").encode()  # fmt: skip


def _nearly(rng: random.Random) -> dict[str, Any]:
    """A body with the shape of one that makes sense."""
    item = {rng.choice(_KEYS): _value(rng, 2) for _ in range(5)}
    return {
        rng.choice(_KEYS): _value(rng), "inputs": [item, item],
        "properties": {rng.choice(_KEYS): _value(rng, 3)},
        "records": [item | {"attributes": {"type": rng.choice(_WORDS)}}], "limit": rng.choice((1, 0, -1,
        "x")),
        "filterGroups": [{"filters": [item | {"propertyName": rng.choice(("email", "amount", "createdate")),
                                              "operator": rng.choice(("EQ", "IN", "BETWEEN", "X"))}]}],
        "compositeRequest": [{"method": "GET", "url": rng.choice(_WORDS), "referenceId": "a", "body": item}],
        "graphs": [{"graphId": "1", "compositeRequest": [item]}],
    }  # fmt: skip


class _Fuzzed:
    """One application in this process, signed in, and what went wrong inside it."""

    def __init__(self, name: str, home: Path) -> None:
        self.store, self.clock = Store(home / f"{name}.sqlite"), Clock(home / "clock")
        self.app = APPLICATIONS[name].application(self.store, self.clock, limited=False)  # type: ignore[attr-defined]
        self.headers: dict[str, str] = {}
        token = self.store.value("select value from meta where key = 'token'")
        if name == "hubspot":
            self.headers = {"Authorization": f"Bearer {token}"}
        elif name == "salesforce":
            self.store.db.execute("insert or replace into tokens values ('SESSION', '005', ?)", (2**41,))
            self.headers = {"Authorization": "Bearer SESSION"}
        elif name == "marketing_cloud":
            self.store.db.execute("insert into tokens values ('SESSION', ?)", (2**62,))
            self.headers = {"Authorization": "Bearer SESSION"}
        else:
            self.headers = {vendor.ACTOR_HEADER: vendor.BUSINESS}
        described = openapi.described(self.app.routes, name)["paths"]
        self.routes = [
            (method.upper(), path)
            for path, operations in described.items()
            if path != "/" and "_sandbox/tick" not in path
            for method in operations
        ]

    def close(self) -> None:
        self.store.close()
        self.clock.close()


@pytest.fixture
def fuzzed(request: pytest.FixtureRequest, world: Path, tmp_path: Path) -> Iterator[_Fuzzed]:
    home = Path(shutil.copytree(world, tmp_path / "home"))
    found = _Fuzzed(request.param, home)
    yield found
    found.close()


_LIKELY = {
    "type": ("contacts", "deals", "companies"), "to": ("companies", "contacts"), "object": ("Lead",
    "Account"),
    "id": ("100001", "1", "00QSB0000000001YAA"), "field": ("External_Id__c", "Id"), "number": ("59.0",),
    "kind": ("u", "c"), "name": ("chat.postMessage", "email"), "what": ("slack", "mail", "hooks"),
    "api": ("v3",), "key": ("crm_people", "crm-nurture", "crm-high-score"),
    "primary": ("ContactKey:003A", "x"),
}  # fmt: skip


def _filled(rng: random.Random, path: str) -> str:
    """The path with something for each of its parameters: mostly what may be there."""
    parts = []
    for part in path.split("/"):
        name = part.strip("{}").partition(":")[0]
        if not part.startswith("{"):
            parts.append(part)
            continue
        likely = _LIKELY.get(name, ("100001",))
        if name == "version":
            likely = ("v67.0",) if path.startswith("/services") else ("v3", "v4", "2026-03")
        word = rng.choice(likely) if rng.random() < 0.8 else rng.choice(_WORDS)
        parts.append(httpx.URL(path="/" + word).raw_path.decode()[1:] or "x")
    return "/".join(parts)


@pytest.mark.parametrize("fuzzed", APPLICATIONS, indirect=True)
def test_no_route_answers_with_an_error_of_ours(fuzzed: _Fuzzed, monkeypatch: pytest.MonkeyPatch) -> None:
    import traceback

    broken: list[str] = []
    now: list[str] = []
    monkeypatch.setattr(
        vendor.traceback, "print_exc", lambda **_: broken.append(f"{now[0]}\n{traceback.format_exc()}")
    )

    async def send_all() -> None:
        transport = httpx.ASGITransport(app=fuzzed.app, raise_app_exceptions=False)
        base = "http://vendor"
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=fuzzed.headers) as client:
            for method, path in fuzzed.routes:
                rng = random.Random(f"{method} {path}")
                for _ in range(TRIES):
                    body, kind = _body(rng)
                    query = {
                        rng.choice(_KEYS): rng.choice((*_WORDS, *_SOQL)) for _ in range(rng.randrange(4))
                    }
                    where = _filled(rng, path)
                    now[:] = [f"{method} {where} {query} {body[:400]!r}"]
                    answer = await client.request(
                        method, where, params=query, content=body, headers={"Content-Type": kind}
                    )
                    if answer.status_code >= 500 and b"faultcode" not in answer.content and not broken:
                        broken.append(f"{now[0]} -> {answer.status_code} {answer.text[:300]}")

    asyncio.run(send_all())
    assert len(fuzzed.routes) > 10
    assert broken == [], f"{len(broken)} requests; the first: {broken[0]}"
