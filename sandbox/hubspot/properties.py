"""The properties API: definitions listed, read and created."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import catalog, errors, requests

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
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/properties"
    return [
        *hubspot.versioned("GET", area, "/{type}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("POST", area, "/{type}", lambda call: _create(hubspot, call)),
        *hubspot.versioned("GET", area, "/{type}/{name}", lambda call: _read(hubspot, call)),
        *hubspot.versioned("PATCH", area, "/{type}/{name}", lambda call: _update(hubspot, call)),
        *hubspot.versioned("DELETE", area, "/{type}/{name}", lambda call: _archive(hubspot, call)),
    ]


def _list(hubspot: HubSpot, call: Call) -> Response:
    archived = call.query.get("archived") == "true"
    known = hubspot.portal.properties[requests.kind_of(call).plural]
    return answer({"results": [known[name] for name in sorted(known) if known[name]["archived"] == archived]})


def _read(hubspot: HubSpot, call: Call) -> Response:
    found = hubspot.portal.properties[requests.kind_of(call).plural].get(call.params["name"])
    if found is None:
        raise errors.not_found(call)
    return answer(found)


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(call), requests.body_of(call)
    lacking = [n for n in ("name", "label", "type", "fieldType", "groupName") if not body.get(n)]
    if lacking:
        raise errors.validation(call, f"Some required fields were not set: [{', '.join(lacking)}]")
    name = str(body["name"])
    known = hubspot.portal.properties[kind.plural].get(name)
    if known is not None and known["archived"]:
        return answer(_store(hubspot, call, kind.plural, known | {"archived": False}, "restore"), 201)
    if known is not None:
        raise errors.error(
            call, 409, f'A property named "{name}" already exists.', "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )  # fmt: skip
    _check(call, name, body)
    definition = catalog.definition(
        name,
        body["type"],
        body["fieldType"],
        str(body["groupName"]),
        "u" if body.get("hasUniqueValue") else "",
        label=str(body["label"]),
        defined_by_hubspot=False,
    )
    definition |= {"createdAt": times.iso(call.now), "updatedAt": times.iso(call.now)}
    definition["options"] = body.get("options") or []
    definition["description"] = str(body.get("description") or "")
    return answer(_store(hubspot, call, kind.plural, definition, "create"), 201)


def _custom(hubspot: HubSpot, call: Call) -> tuple[str, dict[str, Any]]:
    """The object type and definition of a property that a client may change."""
    plural = requests.kind_of(call).plural
    found = hubspot.portal.properties[plural].get(call.params["name"])
    if found is None or found["archived"]:
        raise errors.not_found(call)
    if found["modificationMetadata"]["readOnlyDefinition"]:
        raise errors.validation(call, f"{found['name']} is defined by HubSpot and cannot be changed")
    return plural, found


def _update(hubspot: HubSpot, call: Call) -> Response:
    """Label, group, type and options; values stay as they are."""
    plural, found = _custom(hubspot, call)
    body = requests.body_of(call)
    changed = found | {
        n: body[n] for n in ("label", "groupName", "type", "fieldType", "options") if n in body
    }
    _check(call, str(found["name"]), changed)
    return answer(_store(hubspot, call, plural, changed, "update"))


def _archive(hubspot: HubSpot, call: Call) -> Response:
    plural, found = _custom(hubspot, call)
    _store(hubspot, call, plural, found | {"archived": True}, "archive")
    return Response(status_code=204)


def _store(
    hubspot: HubSpot, call: Call, plural: str, definition: dict[str, Any], operation: str
) -> dict[str, Any]:
    name = str(definition["name"])
    definition |= {"updatedAt": times.iso(call.now)}
    hubspot.store.db.execute(
        "insert or replace into properties values (?, ?, ?)", (plural, name, orjson.dumps(definition))
    )
    hubspot.portal.define(plural, definition)
    call.records = 1
    call.change("properties", f"{plural}.{name}", operation, "name", None, name)
    return definition


def _check(call: Call, name: str, body: dict[str, Any]) -> None:
    if not _NAME.fullmatch(name):
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
