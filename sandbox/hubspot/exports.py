"""Exports and imports: many records out as CSV, many in, with what went wrong row by row.

Simplified: an export is made when it is asked for and told as done at the second look; CSV alone; one
file of one
object type is imported, at once. Absent: XLSX, associations in either, views of the portal.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import zipfile
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.hubspot import errors, multipart, requests, search
from sandbox.hubspot.records import COLUMNS, Conflict, Invalid, load

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

A_DAY, LINK_LASTS, ZIPPED = 30, 5 * times.MINUTE, 2_000_000
IMPORTS_A_DAY, MOST_ROWS = 500, 1_048_576
TABLES = """
create table if not exists exports (
    id integer primary key, name text, created integer not null, looked integer not null, body blob not null);
create table if not exists imports (id integer primary key, created integer not null, shown blob not null);
create table if not exists import_errors (import_id integer, id integer, shown blob,
primary key (import_id, id))
"""
OPERATIONS = ("CREATE", "UPDATE", "UPSERT")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    if "shown" not in [row[1] for row in hubspot.store.rows("pragma table_info(exports)")]:
        hubspot.store.script("alter table exports add column shown blob")  # of a portal made before
    found: list[Route] = [*hubspot.route("GET", "/export-files/{id}", lambda call: _file(hubspot, call))]
    give = hubspot.versioned
    task = "/export/async/tasks/{id}/status"
    return [
        *found,
        *give("POST", "/crm/exports", "/export/async", lambda call: _export(hubspot, call)),
        *give("GET", "/crm/exports", task, lambda call: _status(hubspot, call)),
        *give("GET", "/crm/exports", "/export/{id}", lambda call: _export_of(hubspot, call)),
        *give("POST", "/crm/imports", "", lambda call: _import(hubspot, call)),
        *give("GET", "/crm/imports", "", lambda call: _imports(hubspot)),
        *give("GET", "/crm/imports", "/{id}", lambda call: answer(_one(hubspot, call))),
        *give("GET", "/crm/imports", "/{id}/errors", lambda call: _errors(hubspot, call)),
        *give("POST", "/crm/imports", "/{id}/cancel", lambda call: _cancel(hubspot, call)),
    ]


def is_file(path: str) -> bool:
    """A file is fetched by its link alone."""
    return path.startswith("/export-files/")


def _export(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    called = str(body.get("objectType") or "")
    kind = hubspot.portal.type_of(called) or hubspot.portal.type_of(called.lower())
    names = requests.strings(call, body, "objectProperties")
    if kind is None or body.get("exportType") not in ("VIEW", "LIST") or not names:
        raise errors.validation(call, "exportType, objectType and objectProperties are wanted")
    if body.get("format", "CSV") != "CSV":
        raise errors.validation(call, "this sandbox writes CSV alone")
    made = hubspot.store.value("select count(*) from exports where created > ?", (call.now - times.DAY,))
    if int(made) >= A_DAY:
        raise Refused(
            errors.rate_limited(call, f"The limit of {A_DAY} exports in a day was reached", "DAILY")
        )
    wish = body.get("publicCrmSearchRequest") or {}
    if not isinstance(wish, dict):
        raise errors.validation(call, "publicCrmSearchRequest must be an object")
    if "filters" in wish:
        wish = wish | {"filterGroups": [{"filters": wish["filters"]}]}
    where, values = search.conditions(hubspot.portal, call, kind, wish)
    if body["exportType"] == "LIST":
        where += " and id in (select record_id from list_members where list_id = ?)"
        values = [*values, str(body.get("listId") or "")]
    known = [n for n in names if n in hubspot.portal.shown[kind.plural]]
    internal = requests.strings(call, body, "exportInternalValuesOptions")
    defined = hubspot.portal.properties[kind.plural]
    labels = [n if "NAMES" in internal else defined[n]["label"] for n in known]
    options = {} if "VALUES" in internal else {n: _options(defined[n]) for n in known}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Record ID", *labels])
    count = 0
    for row in hubspot.store.rows(f'select {COLUMNS} from "{kind.plural}" where {where} order by id', values):
        record = load(kind, row)
        writer.writerow([record.id, *(_told(options.get(n, {}), record.props.get(n, "")) for n in known)])
        count += 1
    hubspot.store.db.execute(
        "insert into exports (name, created, looked, body, shown) values (?, ?, 0, ?, ?)",
        (
            str(body.get("exportName") or kind.plural)[:80],
            call.now,
            text.getvalue().encode(),
            orjson.dumps(
                {
                    "exportType": body["exportType"],
                    "objectType": kind.singular.upper(),
                    "objectProperties": names,
                    "recordCount": count,
                }
            ),
        ),
    )
    number = hubspot.store.value("select last_insert_rowid()")
    call.effect = "job"
    status = f"{call.base_url}/crm/v3/exports/export/async/tasks/{number}/status"
    return answer({"id": str(number), "links": {"status": status}}, 202)


def _options(defined: dict[str, Any]) -> dict[str, str]:
    return {each["value"]: each["label"] for each in defined["options"]}


def _told(options: dict[str, str], value: str) -> str:
    """A value as people read it: the labels of its options, where it has any."""
    return ";".join(options.get(each, each) for each in value.split(";")) if options else value


def _export_of(hubspot: HubSpot, call: Call) -> Response:
    row = _row(hubspot, call)
    said = hubspot.store.value("select shown from exports where id = ?", (row[0],))
    stamp = times.iso(row[2])
    return answer({
        "id": str(row[0]), "exportName": row[1], "createdAt": stamp, "updatedAt": stamp,
        "exportState": "DONE" if row[3] else "PROCESSING", **(orjson.loads(said) if said else {}),
    })  # fmt: skip


def _row(hubspot: HubSpot, call: Call) -> tuple[Any, ...]:
    sql = "select id, name, created, looked, body from exports where id = ?"
    row = hubspot.store.row(sql, (requests.whole_id(call.params["id"]),))
    if row is None:
        raise errors.not_found(call)
    return row


def _status(hubspot: HubSpot, call: Call) -> Response:
    """Under way at the first look, done from the second on, with a link that is good for five minutes."""
    row = _row(hubspot, call)
    stamp = times.iso(row[2])
    shown = {"status": "PROCESSING", "requestedAt": stamp, "startedAt": stamp, "completedAt": stamp}
    hubspot.store.db.execute("update exports set looked = looked + 1 where id = ?", (row[0],))
    if row[3] == 0:
        return answer(shown)
    expires = call.now + LINK_LASTS
    link = f"{call.base_url}/export-files/{row[0]}?expires={expires}&sign={_sign(hubspot, row[0], expires)}"
    return answer(shown | {"status": "COMPLETE", "result": link})


def _sign(hubspot: HubSpot, number: int, expires: int) -> str:
    return hmac.new(hubspot.token.encode(), f"{number} {expires}".encode(), hashlib.sha256).hexdigest()[:32]


def _file(hubspot: HubSpot, call: Call) -> Response:
    row, expires = _row(hubspot, call), requests.whole_id(call.query.get("expires")) or 0
    sign = call.query.get("sign", "").encode()
    if expires < call.now or not hmac.compare_digest(sign, _sign(hubspot, row[0], expires).encode()):
        raise Refused(Response("the link has expired", 403, media_type="text/plain"))
    body = bytes(row[4])
    if len(body) <= ZIPPED:
        return Response(body, media_type="text/csv;charset=utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{row[1]}.csv", body)
    return Response(packed.getvalue(), media_type="application/zip")


def _parts(call: Call) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The request and the files of a multipart body."""
    fields, files = multipart.parts(call)
    try:
        wish = orjson.loads(fields.get("importRequest", ""))
    except orjson.JSONDecodeError:
        wish = None
    if not isinstance(wish, dict) or not files:
        raise errors.validation(call, "A multipart body with importRequest and files is wanted")
    return wish, files


def _import(hubspot: HubSpot, call: Call) -> Response:
    wish, files = _parts(call)
    made = hubspot.store.value("select count(*) from imports where created > ?", (call.now - times.DAY,))
    if int(made) >= IMPORTS_A_DAY:
        raise Refused(errors.rate_limited(call, f"The limit of {IMPORTS_A_DAY} imports was reached", "DAILY"))
    listed = wish.get("files")
    file = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    page, name = file.get("fileImportPage"), str(file.get("fileName") or "")
    mappings = page.get("columnMappings") if isinstance(page, dict) else None
    if name not in files or not isinstance(mappings, list) or not all(isinstance(m, dict) for m in mappings):
        raise errors.validation(call, "files names a file that was not sent, or it has no columnMappings")
    kind = hubspot.portal.type_of(str(mappings[0].get("columnObjectTypeId") or "") if mappings else "")
    if kind is None:
        raise errors.validation(call, "columnObjectTypeId is no object type")
    operations = wish.get("importOperations")
    operation = operations.get(kind.type_id, "UPSERT") if isinstance(operations, dict) else "UPSERT"
    if operation not in OPERATIONS:
        raise errors.validation(call, f"importOperations must be one of {', '.join(OPERATIONS)}")
    number = int(hubspot.store.value("select coalesce(max(id), 0) + 1 from imports"))
    counters = _rows(hubspot, call, number, kind, files[name], mappings, operation)
    stamp = times.iso(call.now)
    shown = {
        "id": str(number), "state": "DONE", "importName": str(wish.get("name") or name),
        "importSource": "API",
        "createdAt": stamp, "updatedAt": stamp, "optOutImport": False, "mappedObjectTypeIds": [kind.type_id],
        "metadata": {"counters": counters, "fileIds": ["1"], "objectLists": []},
    }  # fmt: skip
    hubspot.store.db.execute("insert into imports values (?, ?, ?)", (number, call.now, orjson.dumps(shown)))
    call.effect = "job"
    return answer(shown | {"state": "STARTED"})


def _rows(
    hubspot: HubSpot, call: Call, number: int, kind: Any, content: bytes, mappings: list[Any], operation: str
) -> dict[str, int]:
    """Store row by row; what fails is kept as an error of the import."""
    counts = {"TOTAL_ROWS": 0, "CREATED_OBJECTS": 0, "UPDATED_OBJECTS": 0, "ERRORS": 0}
    by_column = {str(m.get("columnName")): m for m in mappings}
    try:
        lines = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise errors.validation(call, "The file is not CSV in UTF-8") from None
    if len(lines) > MOST_ROWS:
        raise errors.validation(call, f"A file may have {MOST_ROWS} rows")
    for line, row in enumerate(lines, 2):
        counts["TOTAL_ROWS"] += 1
        before = len(call.changes)
        try:
            with hubspot.store.transaction():
                counts[_stored(hubspot, call, kind, row, by_column, operation)] += 1
        except (Invalid, Conflict) as problem:
            del call.changes[before:]
            counts["ERRORS"] += 1
            _keep_error(hubspot, call, number, counts["ERRORS"], line, kind, problem)
    call.records = counts["CREATED_OBJECTS"] + counts["UPDATED_OBJECTS"]
    return counts


def _stored(
    hubspot: HubSpot, call: Call, kind: Any, row: dict[str, Any], by_column: dict[str, Any], operation: str
) -> str:
    props: dict[str, Any] = {}
    key: tuple[str, str] | None = None
    for column, value in row.items():
        mapping = by_column.get(str(column))
        if mapping is None or not isinstance(value, str) or value == "":
            continue
        name = str(mapping.get("propertyName") or "")
        if mapping.get("columnType") == "HUBSPOT_OBJECT_ID":
            key = ("hs_object_id", value)
            continue
        if mapping.get("columnType") == "HUBSPOT_ALTERNATE_ID" or (key is None and name == "email"):
            key = (name, value)
        props[name] = value
    found = hubspot.records.get(kind, key[1], key[0]) if key and key[0] in _known(hubspot, kind) else None
    if found is not None and operation == "CREATE":
        raise Conflict(f"{kind.singular} already exists. Existing ID: {found.id}")
    if found is None and operation == "UPDATE":
        raise Invalid(
            [{"name": key[0] if key else "", "error": "OBJECT_NOT_FOUND", "message": "no such record"}]
        )
    if found is None:
        hubspot.records.create(call, kind, props)
        return "CREATED_OBJECTS"
    hubspot.records.update(call, found, props)
    return "UPDATED_OBJECTS"


def _known(hubspot: HubSpot, kind: Any) -> frozenset[str]:
    return hubspot.portal.shown[kind.plural]


def _keep_error(
    hubspot: HubSpot, call: Call, number: int, own: int, line: int, kind: Any, problem: Invalid | Conflict
) -> None:
    first = problem.problems[0] if isinstance(problem, Invalid) else {"error": "DUPLICATE_RECORD", "name": ""}
    message = first.get("message", "") if isinstance(problem, Invalid) else str(problem)
    shown = {
        "id": str(own), "errorType": first["error"], "objectType": kind.type_id, "createdAt": call.now,
        "errorMessage": message, "invalidPropertyValue": {"name": first["name"]},
        "sourceData": {"lineNumber": line, "pageName": "", "fileId": 1, "rowData": []},
    }  # fmt: skip
    hubspot.store.db.execute("insert into import_errors values (?, ?, ?)", (number, own, orjson.dumps(shown)))


def _imports(hubspot: HubSpot) -> Response:
    rows = hubspot.store.rows("select shown from imports order by id desc limit 100")
    return answer({"results": [orjson.loads(shown) for (shown,) in rows]})


def _one(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    sql = "select shown from imports where id = ?"
    row = hubspot.store.row(sql, (requests.whole_id(call.params["id"]),))
    if row is None:
        raise errors.not_found(call)
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _errors(hubspot: HubSpot, call: Call) -> Response:
    number = int(_one(hubspot, call)["id"])
    rows = hubspot.store.rows("select shown from import_errors where import_id = ? order by id", (number,))
    return answer({"results": [orjson.loads(shown) for (shown,) in rows]})


def _cancel(hubspot: HubSpot, call: Call) -> Response:
    raise errors.validation(call, f"Import {_one(hubspot, call)['id']} is DONE and cannot be canceled")
