"""sObject Collections: up to 200 rows at once, answered in order, all or none if asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.salesforce import errors, files, sobjects
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ingest import Keys
from sandbox.salesforce.records import id_for

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

MOST, MOST_READ = 200, 2_000
Result = dict[str, Any]
Writer = Callable[[Any], Result]


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/composite/sobjects"
    return [
        *sf.route("POST", base, lambda call: _create(sf, call)),
        *sf.route("PATCH", base, lambda call: _update(sf, call)),
        *sf.route("DELETE", base, lambda call: _delete(sf, call)),
        *sf.route("PATCH", base + "/{object}/{field}", lambda call: _upsert(sf, call)),
        *sf.route("POST", base + "/{object}", lambda call: _read(sf, call)),
        *sf.route("GET", base + "/{object}", lambda call: _read(sf, call)),
    ]


def _success(record_id: str, **more: Any) -> Result:
    return {"id": record_id, "success": True, "errors": [], **more}


def _records(call: Call) -> tuple[list[Any], bool]:
    parts = files.parts_of(call)
    body = sobjects.body_of(call if parts is None else replace(call, body=parts.get("collection", b"")))
    records = body.get("records")
    if not isinstance(records, list):
        raise errors.error(400, "INVALID_INPUT", "records is required")
    for row in records if parts else ():
        said = row.get("attributes") if isinstance(row, dict) else None
        if parts and isinstance(said, dict) and (part := parts.get(str(said.get("binaryPartName")))):
            row[str(said.get("binaryPartNameAlias"))] = part
    return records, body.get("allOrNone") is True


def _write(sf: Salesforce, call: Call, rows: list[Any], all_or_none: bool, writer: Writer) -> Response:
    """Run the writer over the rows, each in a savepoint of its own."""
    if len(rows) > MOST:
        raise errors.error(
            400,
            "LIMIT_EXCEEDED",
            f"record limit reached. cannot submit more than {MOST} records",
        )
    results: list[Result] = []
    for row in rows:
        before = len(call.changes)
        try:
            with sf.store.transaction():
                results.append(writer(row))
        except RowError as problem:
            del call.changes[before:]
            results.append({"success": False, "errors": [problem.shown()]})
    if all_or_none and not all(result["success"] for result in results):
        # Taken back as a whole: the rows that went well say why they are not there.
        rolled = {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was using "
            "AllOrNone header",
            "fields": [],
        }
        results = [r if not r["success"] else {"success": False, "errors": [rolled]} for r in results]
        raise Refused(answer(results, charset="UTF-8"))
    call.records = sum(1 for result in results if result["success"])
    return answer(results, charset="UTF-8")


def _typed(sf: Salesforce, call: Call, row: Any) -> SObject:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    sobject = sobjects.org_of(sf, call).object(str(name)) if name else None
    if sobject is None:
        raise RowError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if k.lower() not in ("attributes", "id")}


def _create(sf: Salesforce, call: Call) -> Response:
    rows, all_or_none = _records(call)

    def writer(row: Any) -> Result:
        sobject = _typed(sf, call, row)
        if any(k.lower() == "id" for k in row):
            raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
        return _success(sf.rows.create(call, sobject, row))

    return _write(sf, call, rows, all_or_none, writer)


def _update(sf: Salesforce, call: Call) -> Response:
    rows, all_or_none = _records(call)
    seen: set[str] = set()

    def writer(row: Any) -> Result:
        sobject = _typed(sf, call, row)
        given = next((v for k, v in row.items() if k.lower() == "id"), None)
        if given is None:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
        _, record_id = id_for(sf.org, sobject, given)
        if record_id in seen:
            raise RowError("DUPLICATE_VALUE", f"duplicate id in list: {record_id}")
        seen.add(record_id)
        sf.rows.update(call, sobject, record_id, _fields(row))
        return _success(record_id)

    return _write(sf, call, rows, all_or_none, writer)


def _upsert(sf: Salesforce, call: Call) -> Response:
    rows, all_or_none = _records(call)
    sobject = sobjects.object_of(sf, call)
    field = sobjects.external_id(sobject, call)
    keys = Keys(sobject, field.name)

    def writer(row: Any) -> Result:
        if _typed(sf, call, row).name != sobject.name:
            raise RowError("INVALID_TYPE", f"only {sobject.name} records can be upserted here")
        keys.take(row)
        record_id, created = sf.rows.upsert(call, sobject, field.name, row)
        return _success(record_id, created=created)

    return _write(sf, call, rows, all_or_none, writer)


def _delete(sf: Salesforce, call: Call) -> Response:
    def writer(row: Any) -> Result:
        sobject, record_id = id_for(sf.org, None, row)
        sf.rows.delete(call, sobject, record_id)
        return _success(record_id)

    return _write(sf, call, call.query_list("ids"), call.query.get("allOrNone") == "true", writer)


def _read(sf: Salesforce, call: Call) -> Response:
    """Rows by id in the order asked for; null for what is not there."""
    sobject = sobjects.object_of(sf, call)
    if call.method == "GET":
        wanted, names = call.query_list("ids"), call.query_list("fields")
    else:
        body = sobjects.body_of(call)
        wanted, names = sobjects.texts(body, "ids"), sobjects.texts(body, "fields")
    if len(wanted) > MOST_READ:
        raise errors.error(400, "LIMIT_EXCEEDED", f"cannot read more than {MOST_READ} records")
    fields = sobjects.fields_of(sobject, [*names, "Id"] if "Id" not in names else names)
    results: list[Result | None] = []
    for text in wanted:
        try:
            _, record_id = id_for(sf.org, sobject, text)
        except RowError:
            results.append(None)
            continue
        row = sf.rows.get(sobject, record_id)
        gone = row is None or row.get("IsDeleted") == "true"
        results.append(
            None if row is None or gone else sobjects.shown(sobject, fields, row, call.params["version"])
        )
    return answer(results, charset="UTF-8")
