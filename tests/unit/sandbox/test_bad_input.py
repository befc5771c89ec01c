"""Whatever a client sends gets the vendor's answer, never a broken server."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from tests.unit.sandbox.conftest import API, Running

BODIES: list[Any] = [
    None,
    1,
    "x",
    [],
    {},
    [None],
    {"inputs": 5},
    {"inputs": [1]},
    {"inputs": [{"id": None}]},
    {"inputs": [{"id": "1", "properties": None}]},
    {"inputs": [{"id": "1", "properties": {"email": [1]}}]},
    {"inputs": [{"id": "9" * 30, "properties": {}}]},
    {"inputs": [{"id": "1", "idProperty": 5}]},
    {"inputs": [{"from": 1, "to": 2}]},
    {"inputs": [{"from": {"id": "x"}, "to": {"id": "1"}}]},
    {"properties": {"firstname": "a"}, "associations": 5},
    {"properties": {"firstname": "a"}, "associations": [1]},
    {"properties": 5},
    {"filterGroups": 5},
    {"filterGroups": [{"filters": 5}]},
    {"filterGroups": [{"filters": [5]}]},
    {"filterGroups": [{"filters": [{"propertyName": 5, "operator": 5}]}]},
    {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "IN", "values": [{}, None]}]}]},
    {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "9" * 20}]}]},
    {
        "filterGroups": [
            {"filters": [{"propertyName": "associations.companies", "operator": "EQ", "value": {}}]}
        ]
    },
    {"sorts": 5},
    {"sorts": [5]},
    {"query": {}},
    {"limit": "5"},
    {"after": {}},
    {"after": "9" * 20},
    {"name": "n", "label": 1, "type": 1, "fieldType": 1, "groupName": 1},
    {"name": "n", "label": "n", "type": "enumeration", "fieldType": "select", "groupName": "g", "options": 5},
    {"records": 5},
    {"records": [5]},
    {"records": [{"attributes": 5}]},
    {"records": [{"attributes": {"type": 5}}]},
    {"records": [{"attributes": {"type": "Lead"}, "Id": 5}]},
    {"records": [{"attributes": {"type": "Lead"}, "External_Id__c": {}}]},
    {"records": [{"attributes": {"type": "Lead"}, "LastName": {}, "Company": []}]},
    {"records": [{"attributes": {"type": "Lead"}, "LastName": "a", "Company": "b", "AnnualRevenue": "nan"}]},
    {"ids": 5, "fields": 5},
    {"ids": [5], "fields": [5]},
    {"operation": "query", "query": 5},
    {"operation": 5},
    {"operation": "query", "query": "", "contentType": 5},
    {"state": "Aborted"},
    {"LastName": 5, "Company": True},
]

HUBSPOT = [
    ("POST", "objects/contacts"),
    ("PATCH", "objects/contacts/100001"),
    ("POST", "objects/contacts/search"),
    *(("POST", f"objects/contacts/batch/{n}") for n in ("read", "create", "update", "upsert", "archive")),
    ("POST", "properties/contacts"),
    ("POST", "associations/contacts/companies/batch/read"),
    ("POST", "associations/contacts/companies/batch/associate/default"),
]
HUBSPOT_URLS = [
    "objects/contacts?limit=x",
    "objects/contacts?after=-1",
    f"objects/contacts?after={'9' * 30}",
    "objects/contacts?associations=x,contacts",
    f"objects/contacts/{'9' * 30}",
    "objects/contacts/x?idProperty=y",
    "objects/contacts/%27?idProperty=email",
    f"owners?after={'9' * 30}",
    f"owners/{'9' * 30}",
    "pipelines/contacts",
    "properties/x",
    "objects/contacts/100001/associations/companies?after=x",
]
SALESFORCE = [
    ("POST", "sobjects/Lead"),
    ("PATCH", "sobjects/Lead/00QSB0000000001"),
    ("PATCH", "sobjects/Lead/External_Id__c/z"),
    ("POST", "composite/sobjects"),
    ("PATCH", "composite/sobjects"),
    ("POST", "composite/sobjects/Lead"),
    ("PATCH", "composite/sobjects/Lead/External_Id__c"),
    ("PATCH", "composite/sobjects/Lead/Id"),
    ("POST", "jobs/query"),
    ("PATCH", "jobs/query/750SB0000000001"),
]
SALESFORCE_URLS = [
    "query",
    "query?q=",
    "query/x",
    "query/a-b",
    "sobjects/Lead/x",
    "sobjects/Lead/x/y/z",
    "jobs/query/x/results",
    "sobjects/Lead/updated",
    "jobs/query/750SB0000000001/results?locator=%25",
    "composite/sobjects/Lead?ids=x&fields=y",
    "jobs/query/750SB0000000001/resultPages?maxRecords=0",
    "sobjects/Lead/00QSB0000000001?fields=nope",
    *(
        f"query?q=select Id from Lead {tail}"
        for tail in (
            "limit 99999999999999999999",
            "where Name in ()",
            "order by count(Id)",
            "having count(Id) > 1",
            "where count(Id) > 1",
            "where CreatedDate = LAST_N_YEARS:99999",
            "where CreatedDate > 2026-99-99",
            "where CreatedDate > 2026-01-01T99:99:99Z",
            "where Id in (select Id, Name from Lead)",
            "group by Id",
            "where IsConverted > true",
            "where " + "(" * 500 + "Id = null" + ")" * 500,
            "where " + "not " * 500 + "Id = null",
        )
    ),
]


def test_hubspot_answers_every_body(shared: Running) -> None:
    broken = []
    for (method, path), body in product(HUBSPOT, BODIES):
        answer = shared.hubspot.request(method, f"/crm/v3/{path}", json=body)
        if answer.status_code >= 500:
            broken.append((method, path, body))
    assert broken == []


def test_salesforce_answers_every_body(shared: Running) -> None:
    broken = []
    for (method, path), body in product(SALESFORCE, BODIES):
        answer = shared.salesforce.request(method, f"{API}/{path}", content=json.dumps(body))
        if answer.status_code >= 500:
            broken.append((method, path, body))
    assert broken == []


@pytest.mark.parametrize("path", [*(f"/crm/v3/{u}" for u in HUBSPOT_URLS), "/_sandbox/writes?after=x"])
def test_hubspot_answers_every_address(shared: Running, path: str) -> None:
    assert shared.hubspot.get(path).status_code < 500


@pytest.mark.parametrize("path", SALESFORCE_URLS)
def test_salesforce_answers_every_address(shared: Running, path: str) -> None:
    assert shared.salesforce.get(f"{API}/{path}").status_code < 500


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"grant_type=x", b"assertion=a.b.c"])
def test_the_token_endpoint_answers_everything(shared: Running, body: bytes) -> None:
    assert shared.salesforce.post("/services/oauth2/token", content=body).status_code == 400
