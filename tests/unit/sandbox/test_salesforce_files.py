"""Files of a Salesforce org: attachments, notes, content with its versions and links, and their bytes."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import orjson
import pytest

from tests.unit.sandbox.conftest import API, Running

BYTES = bytes(range(256)) * 3
ENCODED = base64.b64encode(BYTES).decode()


def _made(shared: Running, name: str, **fields: Any) -> str:
    answer = shared.salesforce.post(f"{API}/sobjects/{name}", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _read(shared: Running, name: str, own: str) -> dict[str, Any]:
    found: dict[str, Any] = shared.salesforce.get(f"{API}/sobjects/{name}/{own}").json()
    return found


def test_an_attachment_gives_its_bytes_by_the_address_its_record_tells(shared: Running) -> None:
    lead = _made(shared, "Lead", LastName="Filed", Company="Filed")
    own = _made(shared, "Attachment", ParentId=lead, Name="a.bin", ContentType="image/png", Body=ENCODED)
    row = _read(shared, "Attachment", own)
    assert (row["BodyLength"], row["Body"]) == (768, f"{API}/sobjects/Attachment/{own}/Body")
    body = shared.salesforce.get(row["Body"])
    assert (body.content, body.headers["content-type"]) == (BYTES, "image/png")
    children = shared.soql(f"SELECT Id, (SELECT Name, Body FROM Attachments) FROM Lead WHERE Id = '{lead}'")
    assert children["records"][0]["Attachments"]["records"][0]["Body"] == row["Body"]
    assert (
        shared.salesforce.patch(f"{API}/sobjects/Attachment/{own}", json={"Body": "YQ=="}).status_code == 204
    )
    assert shared.salesforce.get(row["Body"]).content == b"a"
    refused = shared.salesforce.post(
        f"{API}/sobjects/Attachment", json={"ParentId": lead, "Name": "x", "Body": "no base64!"}
    )
    assert refused.status_code == 400
    note = _made(shared, "Note", ParentId=lead, Title="Said", Body="words")
    shared.salesforce.delete(f"{API}/sobjects/Lead/{lead}")
    assert [_read(shared, n, i)[0]["errorCode"] for n, i in (("Note", note), ("Attachment", own))] == [  # type: ignore[index]
        "ENTITY_IS_DELETED"
    ] * 2


def test_a_version_brings_its_document_and_its_links_and_the_next_one_takes_its_place(
    shared: Running,
) -> None:
    lead = _made(shared, "Lead", LastName="Filed", Company="Filed")
    said = orjson.dumps({"PathOnClient": "plan.PDF", "FirstPublishLocationId": lead})
    form = {"entity_content": (None, said, "application/json"),
            "VersionData": ("plan.PDF", BYTES, "application/octet-stream")}  # fmt: skip
    first = shared.salesforce.post(f"{API}/sobjects/ContentVersion", files=form).json()["id"]
    version = _read(shared, "ContentVersion", first)
    document = version["ContentDocumentId"]
    assert [version[n] for n in ("Title", "FileExtension", "FileType", "ContentSize", "IsLatest")] == [
        "plan", "pdf", "PDF", 768, True
    ]  # fmt: skip
    assert shared.salesforce.get(version["VersionData"]).content == BYTES
    second = _made(
        shared, "ContentVersion", ContentDocumentId=document, PathOnClient="b.txt", VersionData="YQ=="
    )
    told = _read(shared, "ContentDocument", document)
    assert [told[n] for n in ("LatestPublishedVersionId", "Title", "ContentSize")] == [second, "b", 1]
    versions = shared.soql(
        "SELECT VersionNumber, IsLatest FROM ContentVersion "
        f"WHERE ContentDocumentId = '{document}' ORDER BY Id"
    )["records"]
    assert [(v["VersionNumber"], v["IsLatest"]) for v in versions] == [("1", False), ("2", True)]
    links = shared.soql(
        f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"
    )
    assert lead in [each["LinkedEntityId"] for each in links["records"]]
    assert links["totalSize"] == 2
    again = {"ContentDocumentId": document, "LinkedEntityId": lead}
    refusals = [
        shared.salesforce.post(f"{API}/sobjects/ContentDocumentLink", json=again),
        shared.salesforce.post(f"{API}/sobjects/ContentDocument", json={"Title": "x"}),
        shared.salesforce.delete(f"{API}/sobjects/ContentVersion/{first}"),
        shared.salesforce.get(f"{API}/query", params={"q": "SELECT Id FROM ContentDocumentLink"}),
    ]
    assert [each.json()[0]["errorCode"] for each in refusals] == [
        "DUPLICATE_VALUE", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "MALFORMED_QUERY",
    ]  # fmt: skip
    assert shared.salesforce.delete(f"{API}/sobjects/ContentDocument/{document}").status_code == 204
    assert (
        shared.soql(f"SELECT Id FROM ContentVersion WHERE ContentDocumentId = '{document}'")["totalSize"] == 0
    )
    asked = {"q": f"SELECT Id FROM ContentDocumentLink WHERE ContentDocumentId = '{document}'"}
    assert shared.salesforce.get(f"{API}/queryAll", params=asked).json()["totalSize"] == 2
    wish = {"do": "purge", "object": "ContentDocument", "ids": [document]}
    shared.salesforce.post("/_sandbox/org", json=wish).raise_for_status()
    assert shared.salesforce.get(f"{API}/queryAll", params=asked).json()["totalSize"] == 0, "links go along"


def test_files_come_in_a_collection_and_not_in_bulk(shared: Running) -> None:
    named = {"type": "ContentVersion", "binaryPartName": "one", "binaryPartNameAlias": "VersionData"}
    row = {"attributes": named, "PathOnClient": "c.csv"}  # fmt: skip
    form: dict[str, Any] = {
        "collection": (None, orjson.dumps({"records": [row]}), "application/json"),
        "one": ("c.csv", b"1,2"),
    }
    (made,) = shared.salesforce.post(f"{API}/composite/sobjects", files=form).json()
    assert shared.salesforce.get(f"{API}/sobjects/ContentVersion/{made['id']}/VersionData").content == b"1,2"
    job = {"operation": "query", "query": "SELECT VersionData FROM ContentVersion"}
    assert (
        shared.salesforce.post(f"{API}/jobs/query", json=job).json()[0]["message"].startswith("Binary field")
    )


def test_soap_has_files_in_their_records(shared: Running) -> None:
    own = _made(shared, "ContentVersion", PathOnClient="d.txt", VersionData=ENCODED)
    token = shared.salesforce.headers["Authorization"].partition(" ")[2]
    body = (
        f"<E><Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader></Header><Body><query>"
        f"<queryString>SELECT VersionData FROM ContentVersion WHERE Id = '{own}'</queryString></query>"
        "</Body></E>"
    )
    answer: httpx.Response = shared.salesforce.post("/services/Soap/u/59.0", content=body)
    assert ENCODED in answer.text


@pytest.mark.parametrize("version", ["31.0", "68.0"])
def test_a_file_is_described_as_one(shared: Running, version: str) -> None:
    found = shared.salesforce.get(f"/services/data/v{version}/sobjects/Attachment/describe").json()
    (body,) = [f for f in found["fields"] if f["name"] == "Body"]
    told = [body[n] for n in ("type", "soapType", "createable", "filterable", "sortable", "nillable")]
    assert told == ["base64", "xsd:base64Binary", True, False, False, False]
    assert {"Lead", "Opportunity"} <= set(
        next(f for f in found["fields"] if f["name"] == "ParentId")["referenceTo"]
    )
