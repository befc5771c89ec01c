"""The properties API: definitions read, made, changed and archived, one by one and in batches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import catalog, errors, pages, requests
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

FIELD_TYPES = {
    "string": ("text", "textarea", "phonenumber", "html", "file", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "bool": ("booleancheckbox", "calculation_equation"),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
MOST_UNIQUE, MOST_CUSTOM, MOST_IN_BATCH = 10, 1_000, 100
_HINTS = (
    "numberDisplayHint", "showCurrencySymbol", "currencyPropertyName", "textDisplayHint",
    "calculationFormula",
    "displayOrder", "hidden", "formField", "description",
)  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/properties"
    return [
        *hubspot.versioned("POST", area, "/{type}/batch/create", lambda call: _create_many(hubspot, call)),
        *hubspot.versioned("POST", area, "/{type}/batch/read", lambda call: _read_many(hubspot, call)),
        *hubspot.versioned("POST", area, "/{type}/batch/archive", lambda call: _archive_many(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("POST", area, "/{type}", lambda call: _create(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/{name}", lambda call: _read(hubspot, call)),
        *hubspot.versioned("PATCH", area, "/{type}/{name}", lambda call: _update(hubspot, call)),
        *hubspot.versioned("DELETE", area, "/{type}/{name}", lambda call: _archive(hubspot, call)),
    ]


def _list(hubspot: HubSpot, call: Call) -> Response:
    archived = call.says("archived")
    known = hubspot.portal.properties[requests.kind_of(hubspot.portal, call).plural]
    return answer({"results": [known[name] for name in sorted(known) if known[name]["archived"] == archived]})


def _read(hubspot: HubSpot, call: Call) -> Response:
    found = hubspot.portal.properties[requests.kind_of(hubspot.portal, call).plural].get(call.params["name"])
    if found is None or found["archived"] != call.says("archived"):
        raise errors.not_found(call)
    return answer(found)


def _read_many(hubspot: HubSpot, call: Call) -> Response:
    """Those there are; a name of none is told beside them."""
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    known, archived = hubspot.portal.properties[kind.plural], body.get("archived") is True
    names = [str(item.get("name") or "") for item in requests.inputs_of(call, body, MOST_IN_BATCH)]
    found = [known[name] for name in names if name in known and known[name]["archived"] == archived]
    absent = [name for name in names if name not in known or known[name]["archived"] != archived]
    stamp = times.iso(call.now)
    shown: dict[str, Any] = {
        "status": "COMPLETE", "results": found, "startedAt": stamp, "completedAt": stamp,
    }  # fmt: skip
    if absent:
        problems = [
            {
                "status": "error", "category": "OBJECT_NOT_FOUND",
                "message": f"Property {name} does not exist",
                "context": {"name": [name], "objectType": [kind.plural]},
            }
            for name in absent
        ]  # fmt: skip
        shown |= {"numErrors": len(problems), "errors": problems}
    call.records = len(found)
    return answer(shown, 207 if absent else 200)


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    return answer(_created(hubspot, call, kind.plural, body), 201)


def _created(hubspot: HubSpot, call: Call, plural: str, body: dict[str, Any]) -> dict[str, Any]:
    """A new property, or an archived one of that name restored."""
    name = str(body.get("name") or "")
    known = hubspot.portal.properties[plural]
    there = known.get(name)
    if there is not None and there["archived"]:
        return _store(hubspot, call, plural, there | {"archived": False}, "restore")
    if there is not None:
        raise errors.error(
            call, 409, f'A property named "{name}" already exists.', "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITHNAME_EXISTS",
        )  # fmt: skip
    definition = made(call, body)
    _has_room(call, plural, known, definition)
    return _store(hubspot, call, plural, definition, "create")


def made(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The definition a client asks for. Refuses what no property can be."""
    lacking = [n for n in ("name", "label", "type", "fieldType", "groupName") if not body.get(n)]
    if lacking:
        raise errors.validation(call, f"Some required fields were not set: [{', '.join(lacking)}]")
    name = str(body["name"])
    _check(call, name, body)
    if name.startswith("hs_"):
        raise errors.validation(call, f'Invalid property name "{name}": hs_ is reserved for HubSpot')
    if body["fieldType"] == "calculation_equation" and not body.get("calculationFormula"):
        raise errors.validation(call, "A calculated property needs calculationFormula")
    flags = "u" if body.get("hasUniqueValue") else ""
    flags += "c" if body["fieldType"] == "calculation_equation" else ""
    definition = catalog.definition(
        name,
        body["type"],
        body["fieldType"],
        str(body["groupName"]),
        flags,
        label=str(body["label"]),
        defined_by_hubspot=False,
    )
    definition |= {"createdAt": times.iso(call.now), "updatedAt": times.iso(call.now)}
    definition["options"] = _options(body)
    return definition | {n: body[n] for n in _HINTS if body.get(n) is not None}


def _options(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"displayOrder": i, "hidden": False, "description": None, **option}
        for i, option in enumerate(body.get("options") or [])
    ]


def _has_room(call: Call, plural: str, known: dict[str, dict[str, Any]], new: dict[str, Any]) -> None:
    own = [each for each in known.values() if not each["hubspotDefined"] and not each["archived"]]
    if len(own) >= MOST_CUSTOM:
        message = f"The limit of {MOST_CUSTOM} custom properties of {plural} has been reached"
        raise errors.validation(call, message, subCategory="Properties.LIMIT_EXCEEDED")
    if new["hasUniqueValue"] and sum(each["hasUniqueValue"] for each in own) >= MOST_UNIQUE:
        message = f"The limit of {MOST_UNIQUE} unique properties of {plural} has been reached"
        raise errors.validation(call, message, subCategory="Properties.LIMIT_EXCEEDED")


def _create_many(hubspot: HubSpot, call: Call) -> Response:
    """All or nothing: one that cannot be made refuses the batch."""
    kind = requests.kind_of(hubspot.portal, call)
    inputs = requests.inputs_of(call, requests.body_of(call), MOST_IN_BATCH)
    results = [_created(hubspot, call, kind.plural, item) for item in inputs]
    call.records = len(results)
    return pages.done(call, results, status=201)


def _custom(hubspot: HubSpot, call: Call) -> tuple[str, dict[str, Any]]:
    """The object type and definition of a property that a client may change."""
    plural = requests.kind_of(hubspot.portal, call).plural
    found = hubspot.portal.properties[plural].get(call.params["name"])
    if found is None or found["archived"]:
        raise errors.not_found(call)
    _refuse_own(call, found)
    return plural, found


def _refuse_own(call: Call, found: dict[str, Any]) -> None:
    if found["modificationMetadata"]["readOnlyDefinition"]:
        raise errors.validation(call, f"{found['name']} is defined by HubSpot and cannot be changed")


def _update(hubspot: HubSpot, call: Call) -> Response:
    """Label, group, type, options and how it is shown; values stay as they are, and so does uniqueness."""
    plural, found = _custom(hubspot, call)
    body = requests.body_of(call)
    changed = found | {n: body[n] for n in ("label", "groupName", "type", "fieldType", *_HINTS) if n in body}
    changed["options"] = _options(body) if "options" in body else found["options"]
    _check(call, str(found["name"]), changed)
    return answer(_store(hubspot, call, plural, changed, "update"))


def _archive(hubspot: HubSpot, call: Call) -> Response:
    plural, found = _custom(hubspot, call)
    _store(hubspot, call, plural, found | {"archived": True}, "archive")
    return Response(status_code=204)


def _archive_many(hubspot: HubSpot, call: Call) -> Response:
    """All that are there; one that is not, or not any more, is none to complain of."""
    plural = requests.kind_of(hubspot.portal, call).plural
    known = hubspot.portal.properties[plural]
    names = [
        str(i.get("name") or "") for i in requests.inputs_of(call, requests.body_of(call), MOST_IN_BATCH)
    ]
    there = [known[name] for name in dict.fromkeys(names) if name in known and not known[name]["archived"]]
    for found in there:
        _refuse_own(call, found)
    for found in there:
        _store(hubspot, call, plural, found | {"archived": True}, "archive")
    call.records = len(there)
    return Response(status_code=204)


def _store(
    hubspot: HubSpot, call: Call, plural: str, definition: dict[str, Any], operation: str
) -> dict[str, Any]:
    name = str(definition["name"])
    definition |= {"updatedAt": times.iso(call.now)}
    keep(hubspot.store, plural, definition)
    hubspot.portal.define(plural, definition)
    call.records = 1
    call.change("properties", f"{plural}.{name}", operation, "name", None, name)
    return definition


def keep(store: Store, plural: str, definition: dict[str, Any]) -> None:
    """Store a definition."""
    store.db.execute(
        "insert or replace into properties values (?, ?, ?)",
        (plural, definition["name"], orjson.dumps(definition)),
    )


def _check(call: Call, name: str, body: dict[str, Any]) -> None:
    if not NAME.fullmatch(name):
        raise errors.validation(
            call, f'Invalid property name "{name}": lower-case letters, digits and underscores'
        )
    if body["fieldType"] not in FIELD_TYPES.get(str(body["type"]), ()):
        raise errors.validation(call, f"fieldType {body['fieldType']} does not go with type {body['type']}")
    options = requests.objects_in(call, body, "options")
    if body["type"] == "enumeration" and not options:
        raise errors.validation(call, "A property of type enumeration needs options")
    if not all(isinstance(o.get("value"), str) and o.get("label") for o in options):
        raise errors.validation(call, "Each option needs a label and a value")
