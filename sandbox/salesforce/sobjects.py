"""`/sobjects`: objects, describe, one row at a time, upsert by external id, getUpdated, getDeleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.salesforce import describe, errors, files, ids, recent, values, versions
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.records import id_for

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

_NEAR = times.MINUTE


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/sobjects"
    one = base + "/{object}"
    return [
        *sf.route("GET", base, lambda call: _global(sf, call)),
        *sf.route("GET", one, lambda call: _basic(sf, call)),
        *sf.route("POST", one, lambda call: _create(sf, call)),
        *sf.route("GET", one + "/describe", lambda call: _describe(sf, call)),
        *sf.route("GET", one + "/updated", lambda call: updated(sf, call)),
        *sf.route("GET", one + "/deleted", lambda call: deleted(sf, call)),
        *sf.route("GET", one + "/{id}", lambda call: _read(sf, call)),
        *sf.route("PATCH", one + "/{id}", lambda call: _update(sf, call)),
        *sf.route("DELETE", one + "/{id}", lambda call: _delete(sf, call)),
        *sf.route("GET", one + "/{field}/{key:path}", lambda call: _read_by_key(sf, call)),
        *sf.route("PATCH", one + "/{field}/{key:path}", lambda call: _upsert(sf, call)),
    ]


def org_of(sf: Salesforce, call: Call) -> Org:
    """The org as the version of the call sees it."""
    return versions.org_at(sf.org, versions.number_of(call.params["version"]))


def object_of(sf: Salesforce, call: Call) -> SObject:
    found = org_of(sf, call).object(call.params["object"])
    if found is None:
        raise errors.not_found()
    return found


def body_of(call: Call) -> dict[str, Any]:
    try:
        found = call.json()
    except ValueError:
        raise errors.bad_json("Unexpected character in the body: it is not JSON") from None
    if not isinstance(found, dict):
        raise errors.bad_json("The body must be a JSON object")
    return found


def texts(body: dict[str, Any], name: str) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise errors.bad_json(f"{name} must be a list of strings")
    return found


def external_id(sobject: SObject, call: Call) -> Field:
    """The field of an upsert: Id or an external id."""
    field = sobject.field(call.params["field"])
    if field is None or not (field.external_id or field.name == "Id"):
        message = f"Provided external ID field does not exist or is not accessible: {call.params['field']}"
        raise errors.error(404, "NOT_FOUND", message)
    return field


def fields_of(sobject: SObject, names: list[str]) -> list[Field]:
    found = []
    for name in names:
        field = sobject.field(name)
        if field is None:
            raise errors.error(
                400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}"
            )
        found.append(field)
    return found


def shown(sobject: SObject, fields: list[Field], row: dict[str, Any], version: str) -> dict[str, Any]:
    url = f"/services/data/{version}/sobjects/{sobject.name}/{row['Id']}"
    return {
        "attributes": {"type": sobject.name, "url": url},
        **{f.name: values.shown(f.type, version)(row[f.name]) for f in fields},
    }


def _global(sf: Salesforce, call: Call) -> Response:
    number = call.params["version"].removeprefix("v")
    entries = [describe.global_entry(sobject, number) for sobject in org_of(sf, call).objects.values()]
    return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}, charset="UTF-8")


def _basic(sf: Salesforce, call: Call) -> Response:
    entry = describe.global_entry(object_of(sf, call), call.params["version"].removeprefix("v"))
    return answer(
        {"objectDescribe": entry, "recentItems": recent.items(sf, call, entry["name"])}, charset="UTF-8"
    )


def _describe(sf: Salesforce, call: Call) -> Response:
    sobject = object_of(sf, call)
    return answer(
        describe.object_describe(org_of(sf, call), sobject, call.params["version"].removeprefix("v")),
        charset="UTF-8",
    )


def _window(sf: Salesforce, call: Call) -> tuple[SObject, str, str, str]:
    sobject = object_of(sf, call)
    try:
        start, end = (times.parse(call.query[name].replace(" ", "+")) for name in ("start", "end"))
    except (KeyError, ValueError):
        raise errors.error(400, "INVALID_REPLICATION_DATE", "start and end must be ISO datetimes") from None
    if end - start < _NEAR or call.now - start > 30 * times.DAY:
        message = "startDate must be within the last 30 days and at least one minute before endDate"
        raise errors.error(400, "INVALID_REPLICATION_DATE", message)
    # Covered up to now at most, and to the minute, so that the next window can begin where this one ended.
    covered = min(end, call.now)
    return (
        sobject,
        times.iso(start),
        times.iso(end),
        times.iso(covered - covered % times.MINUTE)[:-1] + "+0000",
    )


def updated(sf: Salesforce, call: Call) -> Response:
    """Ids of what was made or changed in a window."""
    sobject, start, end, covered = _window(sf, call)
    live = " and IsDeleted = 'false'" if "IsDeleted" in sobject.fields else ""
    rows = sf.store.rows(
        f'select Id from "{sobject.name}" where SystemModstamp >= ? and SystemModstamp < ?{live} '
        "order by SystemModstamp, Id",
        (start, end),
    )
    return answer({"ids": [row[0] for row in rows], "latestDateCovered": covered}, charset="UTF-8")


def deleted(sf: Salesforce, call: Call) -> Response:
    """What was deleted in a window."""
    sobject, start, end, covered = _window(sf, call)
    if "SystemModstamp" not in sobject.fields or "IsDeleted" not in sobject.fields:
        message = f"object type '{sobject.name}' is not supported for this operation"
        raise errors.error(400, "INVALID_TYPE_FOR_OPERATION", message)
    since = sf.store.value("select value from meta where key = 'deletions_since'")
    reach = max(call.now - 15 * times.DAY, int(since or 0))
    rows = sf.store.rows(
        f"select Id, SystemModstamp as at from \"{sobject.name}\" where IsDeleted = 'true' "
        "and SystemModstamp >= ? and SystemModstamp < ? "
        "union all select id, at from purged where object = ? and at >= ? and at < ? order by 2, 1",
        (start, end, sobject.name, start, end),
    )
    deleted = [{"id": row[0], "deletedDate": row[1][:-1] + "+0000"} for row in rows]
    earliest = times.iso_seconds(reach)[:-1] + "+0000"
    return answer(
        {"deletedRecords": deleted, "earliestDateAvailable": earliest, "latestDateCovered": covered},
        charset="UTF-8",
    )


def _own(sf: Salesforce, call: Call) -> tuple[SObject, str]:
    """The live record in the path."""
    sobject = object_of(sf, call)
    try:
        _, record_id = id_for(sf.org, sobject, call.params["id"])
    except RowError:
        message = f"Provided external ID field does not exist or is not accessible: {call.params['id']}"
        raise errors.error(404, "NOT_FOUND", message) from None
    gone = sf.rows.deleted(sobject, record_id)
    if gone is None:
        raise errors.not_found("Provided record does not exist")
    if gone:
        raise errors.error(404, "ENTITY_IS_DELETED", "entity is deleted")
    return sobject, record_id


def _row(sf: Salesforce, call: Call) -> tuple[SObject, dict[str, Any]]:
    sobject, record_id = _own(sf, call)
    return sobject, sf.rows.get(sobject, record_id) or {}


def _read(sf: Salesforce, call: Call) -> Response:
    sobject, row = _row(sf, call)
    recent.by_header(sf, call, sobject, row["Id"])
    names = call.query_list("fields")
    fields = fields_of(sobject, names) if names else list(sobject.fields.values())
    return answer(shown(sobject, fields, row, call.params["version"]), charset="UTF-8")


def _fields_given(call: Call, sobject: SObject) -> dict[str, Any]:
    """What the body says of a record; its files may come in parts of their own."""
    parts = files.body_of(call, sobject)
    return body_of(call) if parts is None else parts


def _create(sf: Salesforce, call: Call) -> Response:
    sobject = object_of(sf, call)
    try:
        record_id = sf.rows.create(call, sobject, _fields_given(call, sobject))
    except RowError as problem:
        raise errors.row(problem) from None
    call.records = 1
    recent.by_header(sf, call, sobject, record_id)
    return answer({"id": record_id, "success": True, "errors": []}, 201, charset="UTF-8")


def _update(sf: Salesforce, call: Call) -> Response:
    sobject, own = _own(sf, call)
    try:
        sf.rows.update(call, sobject, own, _fields_given(call, sobject))
    except RowError as problem:
        raise errors.row(problem) from None
    call.records = 1
    recent.by_header(sf, call, sobject, own)
    return Response(status_code=204)


def _delete(sf: Salesforce, call: Call) -> Response:
    sobject, own = _own(sf, call)
    try:
        sf.rows.delete(call, sobject, own)
    except RowError as problem:
        raise errors.row(problem) from None
    call.records = 1
    return Response(status_code=204)


def _matches(sf: Salesforce, call: Call) -> tuple[SObject, Field, str]:
    """The id of the row with the external id in the path, or nothing; several are answered 300 with their
    addresses."""
    sobject = object_of(sf, call)
    field = external_id(sobject, call)
    if field.name == "Id":
        own = ids.normal(call.params["key"]) or ""
        return sobject, field, "" if sf.rows.deleted(sobject, own) is None else own
    found = sf.rows.ids_by_key(sobject, field, call.params["key"])
    if len(found) > 1:
        version = call.params["version"]
        urls = [f"/services/data/{version}/sobjects/{sobject.name}/{own}" for own in found]
        raise Refused(answer(urls, 300, charset="UTF-8"))
    return sobject, field, found[0] if found else ""


def _read_by_key(sf: Salesforce, call: Call) -> Response:
    from sandbox.salesforce import related

    own = ids.normal(call.params["field"])
    if own and object_of(sf, call).field(call.params["field"]) is None:
        field = object_of(sf, call).field(call.params["key"])
        if field is not None and field.type == "base64":
            return files.told(sf, field, _row(sf, replace(call, params={**call.params, "id": own}))[1])
        if versions.number_of(call.params["version"]) < related.SINCE:
            raise errors.not_found()
        sobject, row = _row(sf, replace(call, params={**call.params, "id": own}))
        return related.read(sf, call, sobject, row, call.params["key"])
    sobject, _, found = _matches(sf, call)
    if not found:
        raise errors.not_found("Provided record does not exist")
    return _read(sf, replace(call, params={**call.params, "id": found}))


def _upsert(sf: Salesforce, call: Call) -> Response:
    sobject, field, found = _matches(sf, call)
    body = body_of(call)
    if any(name.lower() in ("id", field.name.lower()) for name in body):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise errors.error(400, "INVALID_FIELD", message)
    if not found and (field.name == "Id" or call.query.get("updateOnly") == "true"):
        raise errors.not_found("Provided record does not exist")
    modern = float(call.params["version"].removeprefix("v")) >= 46
    try:
        if found:
            sf.rows.update(call, sobject, found, body)
            record_id, created = found, False
        else:
            record_id, created = sf.rows.create(call, sobject, body | {field.name: call.params["key"]}), True
    except RowError as problem:
        raise errors.row(problem) from None
    call.records = 1
    if not created and not modern:
        return Response(status_code=204)
    shown_created = {"created": created} if modern else {}
    result = {"id": record_id, "success": True, "errors": [], **shown_created}
    return answer(result, 201 if created else 200, charset="UTF-8")
