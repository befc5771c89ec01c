"""Schemas of custom objects: listed, read, made, changed, archived and purged."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import catalog, errors, pages, properties, requests
from sandbox.hubspot.catalog import CREATED_AT, ObjectType
from sandbox.hubspot.types import USER_DEFINED

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,49}")
_OWN = """
hs_object_id number number r
hs_createdate datetime date r
hs_lastmodifieddate datetime date r
hubspot_owner_id enumeration select
hs_created_by_user_id number number r
hs_merged_object_ids enumeration checkbox c
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
"""
_MOST, _MOST_SECONDARY = 10, 2


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for area in ("/crm-object-schemas/{version}/schemas", "/crm/{version}/schemas"):
        one = f"{area}/{{type}}"
        found += hubspot.route("GET", area, lambda call: _list(hubspot))
        found += hubspot.route("POST", area, lambda call: _create(hubspot, call))
        found += hubspot.route("POST", f"{area}/batch/read", lambda call: _read_many(hubspot, call))
        found += hubspot.route("GET", one, lambda call: answer(shown(hubspot, _kind(hubspot, call))))
        found += hubspot.route("PATCH", one, lambda call: _update(hubspot, call))
        found += hubspot.route("DELETE", one, lambda call: _archive(hubspot, call))
        found += hubspot.route("POST", f"{one}/associations", lambda call: _associate(hubspot, call))
        found += hubspot.route(
            "DELETE", f"{one}/associations/{{type_id}}", lambda call: _dissociate(hubspot, call)
        )
    return found


def _list(hubspot: HubSpot) -> Response:
    """Custom objects only, as HubSpot lists them."""
    customs = [each for each in hubspot.portal.types.all.values() if each.type_id.startswith("2-")]
    return answer({"results": [shown(hubspot, each) for each in customs]})


def _read_many(hubspot: HubSpot, call: Call) -> Response:
    """Those there are, by any of their names; the others are told beside them."""
    results, problems = [], []
    inputs = requests.strings(call, requests.body_of(call), "inputs")
    if len(inputs) > 100:
        raise errors.validation(call, "The maximum number of inputs supported in a batch request is 100.")
    for name in inputs:
        kind = hubspot.portal.type_of(name)
        if kind is not None:
            results.append(shown(hubspot, kind))
        else:
            problems.append({
                "status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": [name]},
                "message": f"Unable to infer object type from: {name[:80]}",
            })  # fmt: skip
    return pages.done(call, results, problems)


def _kind(hubspot: HubSpot, call: Call) -> ObjectType:
    kind = hubspot.portal.type_of(call.params["type"])
    if kind is None:
        raise errors.not_found(call)
    return kind


def shown(hubspot: HubSpot, kind: ObjectType) -> dict[str, Any]:
    is_custom = kind.type_id.startswith("2-")
    name = kind.plural.partition("_")[2] if is_custom else kind.plural
    defined = hubspot.portal.properties[kind.plural]
    kept = hubspot.portal.types.shown.get(kind.plural, {})
    return {
        "id": kind.type_id.partition("-")[2], "objectTypeId": kind.type_id, "name": name,
        "fullyQualifiedName": kind.plural if is_custom else kind.singular.upper(),
        "labels": {"singular": kind.singular.capitalize(), "plural": name.capitalize()},
        "description": None,
        "primaryDisplayProperty": kind.searchable[0] if kind.searchable else None,
        "secondaryDisplayProperties": [], "searchableProperties": list(kind.searchable),
        "requiredProperties": list(kind.required), "archived": False, "portalId": hubspot.portal.id,
        "allowsSensitiveProperties": False,
        "createdAt": CREATED_AT, "updatedAt": CREATED_AT, **kept,
        "properties": [defined[each] for each in sorted(defined) if not defined[each]["archived"]],
        "associations": _associations(hubspot, kind),
    }  # fmt: skip


def _associations(hubspot: HubSpot, kind: ObjectType) -> list[dict[str, Any]]:
    types = hubspot.portal.types
    found = [
        {
            "id": str(plain), "fromObjectTypeId": types.all[a].type_id,
            "toObjectTypeId": types.all[b].type_id,
            "name": f"{types.all[a].singular}_to_{types.all[b].singular}",
        }
        for (a, b), (plain, _) in types.pairs.items()
        if a == kind.plural
    ]  # fmt: skip
    for to, number, name in hubspot.store.rows(
        "select to_type, type_id, name from association_types where from_type = ? and name is not null",
        (kind.plural,),
    ):
        found.append(
            {"id": str(number), "fromObjectTypeId": kind.type_id,
             "toObjectTypeId": types.all[to].type_id, "name": name}
        )  # fmt: skip
    return found


def _create(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    labels = body.get("labels")
    lacking = [n for n in ("name", "labels", "properties", "requiredProperties") if body.get(n) is None]
    if lacking:
        raise errors.validation(call, f"Some required fields were not set: [{', '.join(lacking)}]")
    name = str(body["name"])
    if not _NAME.fullmatch(name):
        raise errors.validation(
            call, f'Invalid object name "{name}": letters, digits and underscores, a letter first'
        )
    if not isinstance(labels, dict) or not labels.get("singular") or not labels.get("plural"):
        raise errors.validation(call, "labels need singular and plural")
    _may_be_one_more(hubspot, call, name)
    types = hubspot.portal.types
    plural = f"p{hubspot.portal.id}_{name.lower()}"
    definitions = _definitions(hubspot, call, name, body)
    _names_known(call, body, {each["name"] for each in definitions})
    others = [hubspot.portal.type_of(each) for each in requests.strings(call, body, "associatedObjects")]
    if None in others:
        raise errors.validation(call, "associatedObjects names an object type that does not exist")
    kind = ObjectType(
        plural, name.lower(), types.next_type(), _defaults(body), created="hs_createdate",
        required=tuple(body["requiredProperties"]),
        searchable=tuple(requests.strings(call, body, "searchableProperties")),
    )  # fmt: skip
    stamp = times.iso(call.now)
    types.keep(kind, _kept(body, {}) | {"createdAt": stamp, "updatedAt": stamp})
    for definition in definitions:
        properties.keep(hubspot.store, plural, definition)
    types.all[plural] = kind
    for other in others:
        assert other is not None
        types.associate(plural, other.plural)
    hubspot.portal.reload()
    call.records = 1
    call.change("schemas", plural, "create", "name", None, name)
    return answer(shown(hubspot, kind), 201)


def _may_be_one_more(hubspot: HubSpot, call: Call, name: str) -> None:
    customs = [each for each in hubspot.portal.types.all.values() if each.type_id.startswith("2-")]
    if any(each.plural.partition("_")[2] == name.lower() for each in customs):
        raise errors.error(call, 409, f"Object type {name} already exists", "OBJECT_ALREADY_EXISTS")
    most = hubspot.portal.custom_object_limit
    if len(customs) >= most:
        message = f"The limit of {most} custom objects of this account has been reached"
        raise errors.validation(call, message, subCategory="ObjectTypeDefinition.LIMIT_EXCEEDED")


def _definitions(hubspot: HubSpot, call: Call, name: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    group = f"{name.lower()}_information"
    found = []
    for line in _OWN.strip().splitlines():
        own, kind, shown_as, *flags = line.split()
        found.append(catalog.definition(own, kind, shown_as, group, flags[0] if flags else ""))
    for wish in requests.objects_in(call, body, "properties"):
        found.append(properties.made(call, {"groupName": group, **wish}))
    unique = sum(each["hasUniqueValue"] for each in found)
    if unique > properties.MOST_UNIQUE:
        raise errors.validation(call, f"At most {properties.MOST_UNIQUE} properties may be unique")
    return found


def _names_known(call: Call, body: dict[str, Any], known: set[str]) -> None:
    named = [*requests.strings(call, body, "requiredProperties")]
    named += requests.strings(call, body, "searchableProperties")
    named += requests.strings(call, body, "secondaryDisplayProperties")
    named += [body["primaryDisplayProperty"]] if body.get("primaryDisplayProperty") else []
    unknown = [each for each in named if each not in known]
    if unknown:
        raise errors.validation(call, f"Property {unknown[0]} is not defined by this schema")


def _defaults(body: dict[str, Any]) -> tuple[str, ...]:
    return tuple(n for n in [body.get("primaryDisplayProperty")] if n)


def _kept(body: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    names = (
        "labels", "description", "primaryDisplayProperty", "secondaryDisplayProperties",
        "searchableProperties", "requiredProperties",
    )  # fmt: skip
    return before | {name: body[name] for name in names if name in body}


def _own(hubspot: HubSpot, call: Call) -> ObjectType:
    """A type that a client made: others cannot be changed."""
    kind = _kind(hubspot, call)
    if kind.plural not in hubspot.portal.types.shown:
        raise errors.validation(call, f"{kind.plural} is defined by HubSpot and cannot be changed")
    return kind


def _update(hubspot: HubSpot, call: Call) -> Response:
    """Labels, description and which properties are required, searchable and shown; never the name."""
    kind, body = _own(hubspot, call), requests.body_of(call)
    known = hubspot.portal.properties[kind.plural]
    _names_known(call, body, {name for name, each in known.items() if not each["archived"]})
    kept = _kept(body, hubspot.portal.types.shown[kind.plural])
    changed = replace(
        kind, required=tuple(kept.get("requiredProperties", kind.required)),
        searchable=tuple(kept.get("searchableProperties", kind.searchable)),
    )  # fmt: skip
    hubspot.portal.types.keep(changed, kept | {"updatedAt": times.iso(call.now)})
    hubspot.portal.reload()
    call.records = 1
    call.change("schemas", kind.plural, "update", "schema", None, orjson.dumps(body).decode())
    return answer(shown(hubspot, changed))


def _archive(hubspot: HubSpot, call: Call) -> Response:
    kind = _own(hubspot, call)
    if hubspot.store.value(f'select 1 from "{kind.plural}" where archived = 0 limit 1'):
        raise errors.validation(
            call, f"Object type {kind.plural} still has records; delete them before the schema",
            subCategory="ObjectTypeDefinition.HAS_RECORDS",
        )  # fmt: skip
    db = hubspot.store.db
    db.execute("update object_types set archived = 1 where plural = ?", (kind.plural,))
    db.execute("delete from properties where object = ?", (kind.plural,))
    db.execute("delete from association_types where from_type = ? or to_type = ?", (kind.plural, kind.plural))
    hubspot.portal.reload()
    call.records = 1
    call.change("schemas", kind.plural, "archive", "name", kind.plural, None)
    return Response(status_code=204)


def _associate(hubspot: HubSpot, call: Call) -> Response:
    """An association of a schema with another type, made after the schema."""
    kind, body = _kind(hubspot, call), requests.body_of(call)
    ends = [hubspot.portal.type_of(str(body.get(n) or "")) for n in ("fromObjectTypeId", "toObjectTypeId")]
    if None in ends or kind not in ends:
        raise errors.validation(call, "fromObjectTypeId and toObjectTypeId name two object types")
    first, second = ends
    assert first is not None
    assert second is not None
    hubspot.portal.types.associate(first.plural, second.plural)
    hubspot.portal.reload()
    plain, _ = hubspot.portal.types.pairs[first.plural, second.plural]
    call.records = 1
    call.change("schemas", kind.plural, "associate", "associations", None, second.plural)
    stamp = times.iso(call.now)
    return answer(
        {"id": str(plain), "fromObjectTypeId": first.type_id, "toObjectTypeId": second.type_id,
         "name": f"{first.singular}_to_{second.singular}", "createdAt": stamp, "updatedAt": stamp}, 201,
    )  # fmt: skip


def _dissociate(hubspot: HubSpot, call: Call) -> Response:
    """An association that a client made is taken off a schema, and off every record."""
    kind = _kind(hubspot, call)
    found = hubspot.store.row(
        "select from_type, to_type from association_types where type_id = ? and category = ? "
        "and name is null",
        (requests.whole_id(call.params["type_id"]), USER_DEFINED),
    )
    if found is None or kind.plural not in found:
        raise errors.not_found(call)
    for a, b in (tuple(found), tuple(reversed(found))):
        for table in ("associations", "association_types"):
            hubspot.store.db.execute(f"delete from {table} where from_type = ? and to_type = ?", (a, b))
    hubspot.portal.reload()
    call.records = 1
    call.change("schemas", kind.plural, "dissociate", "associations", str(found[1]), None)
    return Response(status_code=204)
