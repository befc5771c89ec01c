"""Custom events: their definitions, and occurrences that an app sends."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST, MOST_DEFINITIONS = 500, 500
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_STANDARD = (
    "hs_asset_description", "hs_asset_type", "hs_browser", "hs_campaign_id", "hs_city", "hs_country",
    "hs_device_name", "hs_device_type", "hs_element_id", "hs_element_text", "hs_language", "hs_page_id",
    "hs_page_title", "hs_page_url", "hs_referrer", "hs_region", "hs_url", "hs_utm_campaign", "hs_utm_medium",
    "hs_utm_source",
)  # fmt: skip
"""Properties that every custom event has."""
_KINDS = ("string", "number", "enumeration", "datetime")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(
        "create table if not exists event_types "
        "(id text primary key, number integer, shown blob) without rowid"
    )
    definitions = "/events/{version}/event-definitions"
    return [
        *hubspot.route("POST", "/events/{version}/send", lambda call: _send(hubspot, call)),
        *hubspot.route("POST", "/events/{version}/send/batch", lambda call: _batch(hubspot, call)),
        *hubspot.route("POST", definitions, lambda call: _define(hubspot, call)),
        *hubspot.route("GET", definitions, lambda call: _list(hubspot, call)),
        *hubspot.route("GET", f"{definitions}/{{name}}", lambda call: answer(_found(hubspot, call))),
        *hubspot.route("PATCH", f"{definitions}/{{name}}", lambda call: _change(hubspot, call)),
        *hubspot.route("DELETE", f"{definitions}/{{name}}", lambda call: _delete(hubspot, call)),
        *hubspot.route("POST", f"{definitions}/{{name}}/property", lambda call: _add(hubspot, call)),
        *hubspot.route(
            "PATCH", f"{definitions}/{{name}}/property/{{own}}", lambda call: _edit(hubspot, call)
        ),
        *hubspot.route(
            "DELETE", f"{definitions}/{{name}}/property/{{own}}", lambda call: _drop(hubspot, call)
        ),
    ]


def _define(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    name, label = str(body.get("name") or ""), str(body.get("label") or "")
    if not label or (name and not _NAME.fullmatch(name)):
        raise errors.validation(
            call, "An event needs a label, and a name of lower-case letters, digits, - and _"
        )
    name = name or re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_") or "event"
    full = f"pe{hubspot.portal.id}_{name}"
    if hubspot.store.value("select 1 from event_types where id = ?", (full,)):
        raise errors.error(
            call, 409, f"An event with the name {name} exists already", "OBJECT_ALREADY_EXISTS"
        )
    count = int(hubspot.store.value("select count(*) from event_types"))
    if count >= MOST_DEFINITIONS:
        raise errors.validation(call, f"An account has at most {MOST_DEFINITIONS} custom events")
    kind = hubspot.portal.type_of(str(body.get("primaryObject") or "CONTACT").lower())
    if kind is None:
        raise errors.validation(call, f"Unknown primaryObject: {str(body.get('primaryObject'))[:60]}")
    stamp = times.iso(call.now)
    number = numbers.following(hubspot.store, "event_types", column="number")
    shown = {
        "id": str(number), "fullyQualifiedName": full, "name": name, "objectTypeId": f"6-{number}",
        "labels": {"singular": label, "plural": label}, "description": str(body.get("description") or ""),
        "archived": False, "primaryObject": kind.singular.upper(), "primaryObjectId": kind.type_id,
        "trackingType": "MANUAL", "createdAt": stamp, "updatedAt": stamp,
        "properties": [
            _property(call, each) for each in requests.objects_in(call, body, "propertyDefinitions")
        ],
    }  # fmt: skip
    hubspot.store.db.execute("insert into event_types values (?, ?, ?)", (full, number, orjson.dumps(shown)))
    call.change("event-definitions", full, "create", "label", None, label)
    return answer(shown, 201)


def _property(call: Call, wish: dict[str, Any]) -> dict[str, Any]:
    name, kind = str(wish.get("name") or ""), str(wish.get("type") or "string")
    if not _NAME.fullmatch(name) or kind not in _KINDS:
        raise errors.validation(call, f"A property needs a name and a type of {', '.join(_KINDS)}")
    options = requests.objects_in(call, wish, "options")
    return {
        "name": name, "label": str(wish.get("label") or name), "type": kind,
        "description": str(wish.get("description") or ""),
        "options": [{name: str(each.get(name) or "") for name in ("label", "value")} for each in options],
    }  # fmt: skip


def _found(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    row = hubspot.store.row("select shown from event_types where id = ?", (call.params["name"],))
    if row is None:
        raise errors.not_found(call)
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _list(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "event_types", order="number", default=100, total=True)


def _save(hubspot: HubSpot, call: Call, shown: dict[str, Any]) -> Response:
    shown["updatedAt"] = times.iso(call.now)
    full = shown["fullyQualifiedName"]
    hubspot.store.db.execute("update event_types set shown = ? where id = ?", (orjson.dumps(shown), full))
    return answer(shown)


def _change(hubspot: HubSpot, call: Call) -> Response:
    shown, body = _found(hubspot, call), requests.body_of(call)
    if isinstance(body.get("label"), str):
        shown["labels"] = {"singular": body["label"], "plural": body["label"]}
    if isinstance(body.get("description"), str):
        shown["description"] = body["description"]
    call.change("event-definitions", shown["fullyQualifiedName"], "update", "label", None, body.get("label"))
    return _save(hubspot, call, shown)


def _add(hubspot: HubSpot, call: Call) -> Response:
    shown, new = _found(hubspot, call), _property(call, requests.body_of(call))
    if any(each["name"] == new["name"] for each in shown["properties"]):
        raise errors.error(call, 409, f"Property {new['name']} exists already", "OBJECT_ALREADY_EXISTS")
    shown["properties"].append(new)
    call.change("event-definitions", shown["fullyQualifiedName"], "update", new["name"], None, new["type"])
    _save(hubspot, call, shown)
    return answer(new, 201)


def _own_property(hubspot: HubSpot, call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    shown = _found(hubspot, call)
    for each in shown["properties"]:
        if each["name"] == call.params["own"]:
            return shown, each
    raise errors.not_found(call)


def _edit(hubspot: HubSpot, call: Call) -> Response:
    """Label, description and options; never name and type."""
    shown, own = _own_property(hubspot, call)
    body = requests.body_of(call)
    own |= {name: str(body[name]) for name in ("label", "description") if body.get(name) is not None}
    if "options" in body:
        options = requests.objects_in(call, body, "options")
        own["options"] = [
            {name: str(each.get(name) or "") for name in ("label", "value")} for each in options
        ]
    call.change("event-definitions", shown["fullyQualifiedName"], "update", own["name"], None, own["label"])
    _save(hubspot, call, shown)
    return answer(own)


def _drop(hubspot: HubSpot, call: Call) -> Response:
    shown, own = _own_property(hubspot, call)
    shown["properties"].remove(own)
    call.change("event-definitions", shown["fullyQualifiedName"], "update", own["name"], own["type"], None)
    _save(hubspot, call, shown)
    return Response(status_code=204)


def _delete(hubspot: HubSpot, call: Call) -> Response:
    """The definition and all that happened."""
    definition = _found(hubspot, call)
    full = definition["fullyQualifiedName"]
    hubspot.store.db.execute("delete from event_types where id = ?", (full,))
    numbers.removed(hubspot.store, "event_types", int(definition["id"]))
    hubspot.store.db.execute("delete from behaviours where type = ?", (full,))
    call.change("event-definitions", full, "delete", "archived", "false", "true")
    return Response(status_code=204)


def _send(hubspot: HubSpot, call: Call) -> Response:
    _occur(hubspot, call, requests.body_of(call))
    return Response(status_code=204)


def _batch(hubspot: HubSpot, call: Call) -> Response:
    """All of them or none."""
    for each in requests.inputs_of(call, requests.body_of(call), MOST):
        _occur(hubspot, call, each)
    return Response(status_code=204)


def _occur(hubspot: HubSpot, call: Call, wish: dict[str, Any]) -> None:
    name = str(wish.get("eventName") or "")
    row = hubspot.store.row("select shown from event_types where id = ?", (name,))
    definition = orjson.loads(row[0]) if row else _by_the_world(hubspot, name)
    if definition is None:
        raise errors.validation(call, f"Event definition {name[:80]} does not exist")
    given = wish.get("properties") or {}
    if not isinstance(given, dict):
        raise errors.validation(call, "properties must be an object")
    own_properties = definition["properties"]
    allowed = {*_STANDARD, *(each["name"] for each in own_properties or ())}
    unknown = sorted(set(given) - allowed)
    if unknown and own_properties is not None:
        raise errors.validation(call, f"Property {unknown[0][:60]} is not defined for {name}")
    kind = hubspot.portal.type_of(definition["primaryObject"].lower())
    assert kind is not None
    record = _who(hubspot, call, wish, kind)
    at = _when(call, wish)
    own = str(wish.get("uuid") or uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{len(call.changes)}"))[
        :64
    ]
    shown = {
        "id": own, "occurredAt": times.iso(at), "eventType": name, "objectType": kind.singular.upper(),
        "objectId": str(record), "properties": {str(n): str(v) for n, v in given.items()},
    }  # fmt: skip
    # The same uuid again is the same event.
    hubspot.store.db.execute(
        "insert or ignore into behaviours values (?, ?, ?, ?, ?, ?)",
        (own, at, name, kind.singular, record, orjson.dumps(shown)),
    )
    call.change("events", own, "create", "eventType", None, name)
    call.records += 1


def _by_the_world(hubspot: HubSpot, name: str) -> dict[str, Any] | None:
    """An event that happened before anybody asked for definitions takes any property."""
    there = hubspot.store.value("select 1 from behaviours where type = ? limit 1", (name,))
    return {"primaryObject": "CONTACT", "properties": None} if there and name.startswith("pe") else None


def _who(hubspot: HubSpot, call: Call, wish: dict[str, Any], kind: Any) -> int:
    own, email = str(wish.get("objectId") or ""), str(wish.get("email") or "")
    if own:
        record = hubspot.records.get(kind, own)
    elif email and kind.plural == "contacts":
        record = hubspot.records.get(kind, email, "email")
    else:
        raise errors.validation(call, "One of objectId, email and utk must say whose event it is")
    if record is None or record.archived:
        raise errors.validation(call, f"No {kind.singular} was found for {(own or email)[:80]}")
    return record.id


def _when(call: Call, wish: dict[str, Any]) -> int:
    said = wish.get("occurredAt")
    if said is None:
        return call.now
    try:
        return min(times.parse(str(said)), call.now)
    except ValueError:
        raise errors.validation(call, "occurredAt must be an ISO 8601 timestamp") from None
