"""Event definitions: what may start a journey, with the data extension that keeps its entries.

What a client says of one is kept and told again; ids, times and counts are the server's. A create and a
change are answered by what was asked, without times and without what nobody said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, extensions, rows

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_NOTHING = "00000000-0000-0000-0000-000000000000"
_SOURCE = "7db1f972-f8b7-49b6-91b5-fa218e13953d"
_TYPES = {"Text": "Text", "Email": "EmailAddress", "EmailAddress": "EmailAddress", "Date": "Date",
          "Number": "Number", "Boolean": "Boolean", "Phone": "Phone", "Decimal": "Decimal",
          "Locale": "Locale"}  # fmt: skip
_APPLICATIONS = {"APIEvent": (11, _SOURCE)}
_AUDIENCE = (3, "97e942ee-6914-4d3d-9e52-37ecb71f79ed")
_KEPT = ("iconUrl", "metaData", "configurationArguments", "schedule", "isVisibleInPicker", "mode",
         "sourceApplicationExtensionId", "automationId", "isPlatformObject")  # fmt: skip
_ARGUMENTS = ("useHighWatermark", "resetHighWatermark")
_UNSAID = ("filterDefinitionTemplate", "disableDEDataLogging")
PAGE = 50
_COLUMNS = "id, key, type, name, extension, created, modified, body"


def routes(mc: MarketingCloud) -> list[Route]:
    base = "/interaction/v1/eventDefinitions"
    found = [
        *mc.route("GET", base, lambda call: _list(mc, call)),
        *mc.route("POST", base, lambda call: _create(mc, call)),
    ]
    for path in (base + "/key:{key}", base + "/{id}"):
        found += [
            *mc.route("GET", path, lambda call: answer(_shown(mc, _one(mc, call)))),
            *mc.route("PUT", path, lambda call: _update(mc, call)),
            *mc.route("DELETE", path, lambda call: _delete(mc, call)),
        ]
    return found


def page_of(call: Call, size: int) -> tuple[int, int]:
    query = {name.lower(): value for name, value in call.query.items()}
    numbers = [query.get(name) or query.get("$" + name) or str(std)
               for name, std in (("page", 1), ("pagesize", size))]  # fmt: skip
    if not all(n.isdecimal() and 0 < len(n) < 8 and int(n) > 0 for n in numbers):
        raise errors.invalid("page and pageSize must be whole numbers")
    return int(numbers[0]), min(int(numbers[1]), 500)


def _list(mc: MarketingCloud, call: Call) -> Response:
    page, size = page_of(call, PAGE)
    total = int(mc.store.value("select count(*) from event_definitions"))
    found = mc.store.rows(
        f"select {_COLUMNS} from event_definitions order by created, key limit ? offset ?",
        (size, (page - 1) * size),
    )
    call.records = len(found)
    items = [_shown(mc, row) for row in found]
    return answer({"count": total, "page": page, "pageSize": size, "links": {}, "items": items})


def _one(mc: MarketingCloud, call: Call) -> tuple[Any, ...]:
    by = "key" if "key" in call.params else "id"
    row = mc.store.row(f"select {_COLUMNS} from event_definitions where {by} = ?", (call.params[by],))
    if row is None:
        raise errors.not_found()
    return row


def _create(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    if not isinstance(given, dict) or not given.get("name") or not given.get("type"):
        raise errors.invalid("An event definition has a name and a type")
    key = str(given.get("eventDefinitionKey") or f"{given['type']}-{account.guid('event', call.request_id)}")
    if "." in key:
        raise errors.invalid("The eventDefinitionKey must not contain a period")
    if mc.store.value("select 1 from event_definitions where key = ?", (key,)):
        raise errors.invalid(f"An event definition with the key {key} exists")
    stamp = times.iso(call.now + account.CENTRAL)[:-1].translate(dict.fromkeys(map(ord, ":.")))
    made = account.guid("extension of", key.lower(), call.now).upper(), f"{given['name']} - {stamp}"
    row = make(mc.store, key, given, call.now, made)
    call.change("EventDefinition", key, "create", "name", None, str(given["name"]))
    return answer(_echo(mc, row, given), 201)


def _echo(mc: MarketingCloud, row: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
    """The answer to a create or a change."""
    shown = _shown(mc, row)
    own = "schema" in shown
    silent = [*_UNSAID, *(n for n in ("isPlatformObject",) if n not in given)]
    if not own or given.get("id"):
        silent.append("dataExtensionName")
    if given.get("id") and "sourceApplicationExtensionId" not in given:
        silent.append("sourceApplicationExtensionId")
    for name in silent:
        shown.pop(name, None)
    del shown["arguments"]["criteria"]
    stamps = {"createdDate": account.NEVER, "modifiedDate": account.NEVER, "createdBy": 0, "modifiedBy": 0}
    return shown | stamps


def make(
    store: Any, key: str, given: dict[str, Any], at: int, called: tuple[str, str] | None = None
) -> tuple[Any, ...]:  # fmt: skip
    """Store a definition; of a schema of its own a data extension is made, `called` by key and name."""
    schema, extension = given.get("schema"), given.get("dataExtensionId")
    if extension is not None and extensions.find(store, str(extension), by="id") is not None:
        schema = None  # one that is there is taken as it is
    if isinstance(schema, dict) and isinstance(schema.get("fields"), list):
        fields = [
            {
                "name": str(each.get("name")), "type": _TYPES.get(str(each.get("dataType")), "Text"),
                "length": account.whole(each.get("maxLength") or ""),
                "required": not each.get("isNullable", True), "key": bool(each.get("isPrimaryKey")),
                "standard": str(each["defaultValue"]) if "defaultValue" in each else None,
            }
            for each in schema["fields"] if isinstance(each, dict)
        ]  # fmt: skip
        if not fields or extensions.named_twice(fields):
            raise errors.invalid("The schema names at least one field, and none twice")
        send_field = schema.get("sendableCustomObjectField")
        made = extensions.create(
            store, *(called or (key, str(given["name"]))), fields, at,
            description="Created by an event definition",
            send_field=send_field if isinstance(send_field, str) else None,
        )  # fmt: skip
        extension = made.id
    elif extension is None or extensions.find(store, str(extension), by="id") is None:
        raise errors.invalid("The event definition names no data extension and has no schema")
    definition = account.guid("event definition", key.lower(), at)
    body = {"description": str(given.get("description") or ""), "schema": bool(schema), **_said(given)}
    row = (definition, key, str(given["type"]), str(given["name"]), extension, at, at, orjson.dumps(body))
    store.db.execute("insert into event_definitions values (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return row


def _said(given: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a definition as it was said."""
    told = given.get("arguments")
    arguments = {n: told[n] for n in _ARGUMENTS if n in told} if isinstance(told, dict) else {}
    return {name: given[name] for name in _KEPT if name in given} | {"arguments": arguments}


def _update(mc: MarketingCloud, call: Call) -> Response:
    row, given = _one(mc, call), rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("An event definition is an object")
    known = orjson.loads(row[7])
    body = (
        known
        | {"description": str(given.get("description") or known["description"]), "metaData": {}}
        | _said(given)
    )
    mc.store.db.execute(
        "update event_definitions set name = ?, modified = ?, body = ? where id = ?",
        (str(given.get("name") or row[3]), call.now, orjson.dumps(body), row[0]),
    )
    call.change("EventDefinition", row[1], "update", "name", row[3], str(given.get("name") or row[3]))
    after = (*row[:3], given.get("name") or row[3], row[4], row[5], call.now, orjson.dumps(body))
    return answer(_echo(mc, after, {"id": row[0], **given}))


def _delete(mc: MarketingCloud, call: Call) -> Response:
    row = _one(mc, call)
    mc.store.db.execute("delete from event_definitions where id = ?", (row[0],))
    call.change("EventDefinition", row[1], "delete", "name", row[3], None)
    return Response(b"", 200)


def _shown(mc: MarketingCloud, row: tuple[Any, ...]) -> dict[str, Any]:
    definition, key, kind, name, extension, created, modified, kept = row
    body = orjson.loads(kept)
    found = extensions.find(mc.store, extension, by="id") if extension else None
    users = [
        status for (status,) in mc.store.rows("select status from interactions where event_key = ?", (key,))
    ]
    number, source = _APPLICATIONS.get(kind, _AUDIENCE)
    automation = body.get("automationId", _NOTHING)
    shown: dict[str, Any] = {
        "id": definition, "type": kind, "name": name, "description": body.get("description", ""),
        "createdDate": account.shown(created), "createdBy": 710_420_432,
        "modifiedDate": account.shown(modified), "modifiedBy": 710_420_432,
        "mode": body.get("mode", "Production"),
        "eventDefinitionKey": key, "dataExtensionId": extension or _NOTHING,
        "dataExtensionName": found.name if found else "",
        "sourceApplicationExtensionId": body.get("sourceApplicationExtensionId", source),
        "filterDefinitionId": _NOTHING, "filterDefinitionTemplate": "",
        "iconUrl": body.get("iconUrl", "/images/icon_journeyBuilder-event-api-blue.svg"),
        "arguments": {
            **body.get("arguments", {}), "serializedObjectType": number, "eventDefinitionKey": key,
            "eventDefinitionId": definition,
            "dataExtensionId": _NOTHING if body.get("schema") else extension or _NOTHING, "criteria": "",
        },
        "metaData": body.get("metaData", {}), "interactionCount": len(users),
        "isVisibleInPicker": body.get("isVisibleInPicker", True),
        "isPlatformObject": body.get("isPlatformObject", False),
        "category": "Event" if kind == "APIEvent" else "Audience",
        "publishedInteractionCount": users.count("Published"), "automationId": automation,
        "disableDEDataLogging": False,
    }  # fmt: skip
    for said in ("configurationArguments", "schedule"):
        if said in body:
            shown[said] = body[said]
    if automation != _NOTHING:
        shown["arguments"] |= {"serializedObjectType": 9, "automationId": automation}
    if body.get("schema") and found is not None:
        shown["schema"] = _schema(found)
    return shown


def _schema(found: extensions.Extension) -> dict[str, Any]:
    names = {"EmailAddress": "Email"}
    fields = [
        {
            "name": f.name, "dataType": names.get(f.type, f.type),
            **({} if f.type == "Date" else {"maxLength": str(f.length or "")}),
            "isNullable": not f.required, **({} if f.standard is None else {"defaultValue": f.standard}),
            "isPrimaryKey": f.is_key, "isDevicePreference": False,
        }
        for f in found.fields.values()
    ]  # fmt: skip
    keyed = next((f.name for f in found.fields.values() if f.is_key), "")
    return {
        "id": found.id, "name": found.name, "fields": fields, "sendableCustomObjectField": keyed,
        "sendableSubscriberField": "_SubscriberKey", "isPlatformObject": False,
    }  # fmt: skip
