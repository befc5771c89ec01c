"""The bytes of files: where they are kept, how they are read, and what a new version brings with it.

A field of type base64 holds them by its record's id in a table of its own; which fields those are is
`schema_files`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import errors, multipart, schema
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce
    from sandbox.salesforce.records import Rows

Row = dict[str, Any]
TABLES = """
create table if not exists bodies (
    record_id text not null, field text not null, body blob not null,
    primary key (record_id, field)) without rowid
"""
LARGEST = 25 * 1024 * 1024
"""Bytes of an attachment."""
_SHARE_OF_OWNER = "I"
_TYPES = {
    "txt": "TEXT", "doc": "WORD", "docx": "WORD_X", "xls": "EXCEL", "xlsx": "EXCEL_X", "ppt": "POWER_POINT",
    "pptx": "POWER_POINT_X", "jpeg": "JPG", "htm": "HTML", "": "UNKNOWN",
    **{same: same.upper() for same in ("pdf", "csv", "png", "jpg", "gif", "html", "xml", "zip", "mp4")},
}  # fmt: skip


def derive(rows: Rows, call: Call, sobject: SObject, row: Row, before: Row | None) -> None:
    """Set what follows from a file's bytes and name, and give a first version its document."""
    body = next((value for value in row.values() if isinstance(value, bytes)), None)
    if "BodyLength" in row and body is not None:
        if len(body) > LARGEST:
            raise RowError("FILE_SIZE_LIMIT_EXCEEDED", "File size exceeds the maximum of 25 MB", ("Body",))
        row["BodyLength"] = len(body)
    if sobject.name == "ContentVersion" and before is None:
        _version(rows, call, row, body)
    elif sobject.name == "ContentDocumentLink" and before is None:
        _link_once(rows, row)


def _version(rows: Rows, call: Call, row: Row, body: bytes | None) -> None:
    lacking = [name for name in ("PathOnClient", "VersionData") if row[name] is None]
    if row["ContentUrl"]:
        row |= {"ContentLocation": "L", "FileType": "LINK"}
    elif lacking:
        message = f"Required fields are missing: [{', '.join(lacking)}]"
        raise RowError("REQUIRED_FIELD_MISSING", message, tuple(lacking))
    else:
        path = PurePosixPath(row["PathOnClient"].replace("\\", "/"))
        kind = path.suffix.removeprefix(".").lower()
        row["Title"] = row["Title"] or path.stem or path.name
        row |= {
            "FileExtension": kind or None, "FileType": _TYPES.get(kind, "UNKNOWN"),
            "ContentSize": len(body or b""),
            "Checksum": hashlib.md5(body or b"", usedforsecurity=False).hexdigest(),
        }  # fmt: skip
    row |= {
        "Title": row["Title"] or row["ContentUrl"], "IsLatest": "true",
        "ContentModifiedDate": times.iso_seconds(call.now), "ContentModifiedById": rows.org.user_id,
    }  # fmt: skip
    store = rows.org.store
    if row["ContentDocumentId"] is None:
        row["ContentDocumentId"] = _document(rows, row)
    else:
        before = ("update ContentVersion set IsLatest = 'false' where ContentDocumentId = ?",
                  "update ContentDocument set LatestPublishedVersionId = ?, Title = ?, LastModifiedDate = ?, "
                  "SystemModstamp = ? where Id = ?")  # fmt: skip
        moment = times.iso_seconds(call.now)
        store.db.execute(before[0], (row["ContentDocumentId"],))
        store.db.execute(before[1], (row["Id"], row["Title"], moment, moment, row["ContentDocumentId"]))
    schema.index(store, "ContentVersion", "ContentDocumentId")
    count = "select count(*) + 1 from ContentVersion where ContentDocumentId = ?"
    row["VersionNumber"] = str(store.value(count, (row["ContentDocumentId"],)))


def _document(rows: Rows, version: Row) -> str:
    """The document of a first version, which is as old as it."""
    sobject = rows.org.whole["ContentDocument"]
    row: Row = {n: "false" if f.type == "boolean" else version.get(n) for n, f in sobject.fields.items()}
    row |= {"Id": rows.org.new_id(sobject), "LatestPublishedVersionId": version["Id"]}
    rows.insert(sobject, row)
    return str(row["Id"])


def _link_once(rows: Rows, row: Row) -> None:
    """A document is linked to a record once."""
    schema.index(rows.org.store, "ContentDocumentLink", "ContentDocumentId")
    there = rows.org.store.value(
        "select 1 from ContentDocumentLink where ContentDocumentId = ? and LinkedEntityId = ? "
        "and IsDeleted = 'false'", (row["ContentDocumentId"], row["LinkedEntityId"])
    )  # fmt: skip
    if there:
        message = "Document with ID: {} is already linked with the entity with ID: {}"
        said = message.format(row["ContentDocumentId"][:15], row["LinkedEntityId"][:15])
        raise RowError("DUPLICATE_VALUE", said)


def after(rows: Rows, call: Call, sobject: SObject, row: Row, before: Row | None) -> None:
    """Keep the bytes of a stored row; link a new document to its owner and to where it was published."""
    for name, value in row.items():
        if isinstance(value, bytes):
            rows.org.store.db.execute(
                "insert or replace into bodies values (?, ?, ?)", (row["Id"], name, value)
            )
    if sobject.name == "ContentDocument" and before is not None:
        rows.org.store.db.execute(
            "update ContentVersion set Title = ? where Id = ?",
            (row["Title"], row["LatestPublishedVersionId"]),
        )
    if sobject.name != "ContentVersion" or before is not None or row["VersionNumber"] != "1":
        return
    link, there = rows.org.whole["ContentDocumentLink"], row["FirstPublishLocationId"]
    for entity, share in ((row["OwnerId"], _SHARE_OF_OWNER), (there, "V")):
        if entity and not (entity == there and share == _SHARE_OF_OWNER):
            wanted = {
                "ContentDocumentId": row["ContentDocumentId"], "LinkedEntityId": entity, "ShareType": share,
            }  # fmt: skip
            rows.create(call, link, wanted)


def kept(store: Store, record_id: str, field: Field) -> bytes:
    """The bytes of a record's field; none where nobody gave any."""
    found = store.value("select body from bodies where record_id = ? and field = ?", (record_id, field.name))
    return bytes(found or b"")


def told(sf: Salesforce, field: Field, row: Row) -> Response:
    """A file as it is, by the address that its record tells."""
    kind = row.get("ContentType") or "application/octet-stream"
    good = kind.isascii() and kind.isprintable()
    return Response(kept(sf.store, row["Id"], field), media_type=kind if good else None)


def forget(store: Store, record_id: str) -> None:
    store.db.execute("delete from bodies where record_id = ?", (record_id,))


def refuse(sobject: SObject, names: Iterable[str]) -> None:
    """Raise ValueError, in the words of bulk jobs, for a column of files: these want archives."""
    for name in names:
        field = sobject.field(name)
        if field is not None and field.type == "base64":
            message = f"Binary field {field.name} is only supported for content types ZIP_XML and ZIP_CSV"
            raise ValueError(f"InvalidBatch : {message}")


def inline(sf: Salesforce, record: Any) -> None:
    """Put the bytes, as base64, where a record of a JSON answer has their addresses: SOAP has them so."""
    if not isinstance(record, dict):
        return
    url = (record.get("attributes") or {}).get("url", "")
    sobject = sf.org.object_of(url.rpartition("/")[2]) if url else None
    for name, value in record.items():
        if isinstance(value, dict):
            for each in value.get("records", [value]):
                inline(sf, each)
        elif sobject is not None and value == f"{url}/{name}":
            field = sobject.field(name)
            if field is not None and field.type == "base64":
                body = kept(sf.store, url.rpartition("/")[2], field)
                record[name] = base64.b64encode(body).decode()


def parts_of(call: Call) -> dict[str, bytes] | None:
    """The parts of a multipart request; nothing of another."""
    kind = call.headers.get("content-type", "").lower()
    return multipart.parts(call) if kind.startswith("multipart/form-data") else None


def body_of(call: Call, sobject: SObject) -> dict[str, Any] | None:
    """What a multipart request says of a record: its fields as JSON in one part, its bytes in others."""
    parts = parts_of(call)
    if parts is None:
        return None
    found: dict[str, Any] = {}
    for name, part in parts.items():
        field = sobject.field(name)
        if field is not None and field.type == "base64":
            found[field.name] = part
            continue
        try:
            found |= orjson.loads(part)
        except (ValueError, TypeError):
            raise errors.bad_json("The non-binary part must be a JSON object") from None
    return found
