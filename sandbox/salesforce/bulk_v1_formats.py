"""Bulk v1's three formats: rows that come in, answers and results that go out; how a query is cut."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from sandbox import times, xmltree
from sandbox.call import parsed
from sandbox.salesforce import results
from sandbox.salesforce.bulk_ingest import row_of, table_of
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ingest import Outcome
from sandbox.salesforce.query import TypeOfId, shown
from sandbox.salesforce.soql.compiler import Compiled
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

SPACE = "http://www.force.com/2009/06/asyncapi/dataload"
MEDIA = {"CSV": "text/csv", "XML": "application/xml", "JSON": "application/json"}
"""Without a charset: clients of this old API compare the whole header."""
DEFAULT_CHUNK = 100_000
_CLAUSE = re.compile(r"\s(where|group\s+by|order\s+by|limit|offset)\s", re.IGNORECASE)


def xml(name: str, content: dict[str, Any], status: int) -> Response:
    inner = "".join(xmltree.written(key, value) for key, value in content.items())
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    spaces = f'xmlns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return plain(f"{head}<{name} {spaces}>{inner}</{name}>".encode(), "XML", status)


def plain(content: bytes, kind: str, status: int = 200) -> Response:
    """An answer in one of the formats, its type said without a charset."""
    return Response(content, status, {"Content-Type": MEDIA[kind]})


def told(kind: str, name: str, content: dict[str, Any], status: int) -> Response:
    """Something about a job or batch, in JSON for a JSON job, else in XML."""
    return plain(orjson.dumps(content), "JSON", status) if kind == "JSON" else xml(name, content, status)


def rows_of(kind: str, body: bytes) -> list[dict[str, Any]]:
    """The rows of a batch. Raises ValueError in the vendor's words."""
    if kind == "CSV":
        ending = "CRLF" if body.partition(b"\n")[0].endswith(b"\r") else "LF"
        names, lines = table_of(body, ",", ending)
        return [row_of(names, line) for line in lines]
    if kind == "JSON":
        try:
            found = parsed(body)
        except orjson.JSONDecodeError as problem:
            raise ValueError(f"InvalidBatch : Unable to parse JSON: {problem}") from None
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise ValueError("InvalidBatch : the batch must be a list of objects")
        return [{k: v for k, v in row.items() if k != "attributes"} for row in found]
    try:
        root = xmltree.parse(body)
    except xmltree.Malformed as problem:
        raise ValueError(f"InvalidBatch : Unable to parse XML: {problem}") from None
    return [
        {
            xmltree.local(each): _nested(each)
            if len(each)
            else None
            if xmltree.is_nil(each)
            else each.text or ""
            for each in record
        }
        for record in xmltree.children(root, "sObject")
    ]


def _nested(node: xmltree.Node) -> dict[str, Any]:
    """A related record, named by an external id."""
    inner = node[0] if xmltree.local(node[0]) == "sObject" else node
    return {xmltree.local(each): each.text or "" for each in inner if xmltree.local(each) != "type"}


def outcomes(kind: str, found: list[Outcome]) -> Response:
    """What came of each row, in their order."""
    if kind == "CSV":
        text = io.StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(["Id", "Success", "Created", "Error"])
        writer.writerows(
            [[o.id or "", str(o.success).lower(), str(o.created).lower(), o.told] for o in found]
        )
        return plain(text.getvalue().encode(), "CSV")
    if kind == "JSON":
        shown_ones = [
            {
                "success": o.success, "created": o.created, "id": o.id,
                "errors": [{**e, "extendedErrorDetails": None} for e in o.errors],
            }
            for o in found
        ]  # fmt: skip
        return plain(orjson.dumps(shown_ones), "JSON")
    each = [
        {**({"errors": o.errors} if o.errors else {}), "id": o.id, "success": o.success, "created": o.created}
        for o in found
    ]
    return xml("results", {"result": each}, 200)


def write(
    database: Path, path: Path, query: Compiled, kind: str, version: str, prepare: results.Prepare,
    types: TypeOfId,
) -> int:  # fmt: skip
    """Run a query and leave its answer in a file, of which there is none until it is whole."""
    if kind == "CSV":
        return results.write(database, path, query, prepare)
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store(database, read_only=True)
    prepare(store.db)
    try:
        records = shown(query, store.rows(query.told_sql, query.values), version, types)
    finally:
        store.close()
    if kind == "JSON":
        instants = [c.path for c in query.columns if c.type == "datetime"]
        for record in records:
            for way in instants:
                _to_epoch(record, way)
        content = orjson.dumps(records)
    else:
        content = _as_xml(records).encode()
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
    return len(records)


def _to_epoch(record: dict[str, Any], way: tuple[str, ...]) -> None:
    """Instants in JSON results of Bulk v1 are milliseconds."""
    here: Any = record
    for part in way[:-1]:
        here = here.get(part)
        if here is None:
            return
    if here.get(way[-1]) is not None:
        here[way[-1]] = times.parse(here[way[-1]])


def _as_xml(records: list[dict[str, Any]]) -> str:
    def one(record: dict[str, Any]) -> dict[str, Any]:
        fields = {k: one(v) if isinstance(v, dict) else v for k, v in record.items() if k != "attributes"}
        return {"type": record["attributes"]["type"], **fields}

    inner = "".join(xmltree.written("records", one(record)) for record in records)
    spaces = f'xmlns="{SPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return f'<?xml version="1.0" encoding="UTF-8"?><queryResult {spaces}>{inner}</queryResult>'


def chunk_size(header: str, most: int) -> int:
    match = re.search(r"chunkSize\s*=\s*(\d{1,9})", header, re.IGNORECASE)
    return max(1, min(int(match[1]), most)) if match else DEFAULT_CHUNK


def chunks(sf: Salesforce, sobject: SObject, text: str, size: int) -> Iterator[str]:
    """The query once for each so many ids of the object, deleted ones included, as PK chunking cuts it."""
    starts = [
        row[0]
        for row in sf.store.rows(
            f'select Id from (select Id, row_number() over (order by Id) - 1 as place from "{sobject.name}") '
            "where place % ? = 0 order by Id",
            (size,),
        )
    ]
    match = _CLAUSE.search(text)
    cut = match.start() if match else len(text)
    head, tail = text[:cut], text[cut:]
    where = re.match(r"\s+where\s+(.*?)(\s+(?:group\s+by|order\s+by|limit|offset)\s.*)?$", tail, re.I | re.S)
    for first, last in zip(starts, [*starts[1:], None], strict=True):
        bounds = f"Id >= '{first}'" + (f" AND Id < '{last}'" if last else "")
        if where:
            yield f"{head} WHERE ({where[1]}) AND {bounds}{where[2] or ''}"
        else:
            yield f"{head} WHERE {bounds}{tail}"
