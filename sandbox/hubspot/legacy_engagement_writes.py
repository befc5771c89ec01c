"""Engagements made, changed and deleted by v1: one path for calls, e-mails, meetings, notes and tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, legacy_engagements, legacy_ties, objects, requests
from sandbox.hubspot.legacy_engagements import ENGAGEMENTS, WORDS
from sandbox.hubspot.records import Conflict, Invalid, Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

Json = dict[str, Any]
_BY_HUBSPOT = ("from", "to")
"""Words whose properties HubSpot sets itself, of what it is told of an e-mail."""


def routes(hubspot: HubSpot) -> list[Route]:
    base = "/engagements/v1/engagements"
    return [
        *hubspot.route("POST", base, lambda call: _create(hubspot, call)),
        *hubspot.route("PATCH", base + "/{id}", lambda call: _update(hubspot, call)),
        *hubspot.route("DELETE", base + "/{id}", lambda call: _delete(hubspot, call)),
    ]


def _part(call: Call, body: Json, name: str) -> Json:
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise errors.validation(call, f"{name} must be an object")
    return found


def _values(call: Call, plural: str, body: Json) -> tuple[Json, dict[str, str]]:
    """Properties that a client may set, and those that follow of what it says."""
    head, said = _part(call, body, "engagement"), _part(call, body, "metadata")
    words = {word: (name, kind) for name, (word, kind) in WORDS[plural].items()}
    values: Json = {}
    own: dict[str, str] = {}
    for word, value in said.items():
        name, kind = words.get(word, ("", ""))
        if kind in _BY_HUBSPOT:
            people = value if isinstance(value, list) else [value]
            own[name] = ";".join(str(each.get("email", "")) for each in people if isinstance(each, dict))
        elif kind == "ms":
            values[name] = times.iso(_moment(call, word, value))
        elif name:
            values[name] = value
    if head.get("ownerId") is not None:
        values["hubspot_owner_id"] = str(head["ownerId"])
    if head.get("timestamp") is not None:
        values["hs_timestamp"] = times.iso(_moment(call, "timestamp", head["timestamp"]))
    return requests.properties_of(call, {"properties": values}), own


def _moment(call: Call, name: str, value: Any) -> int:
    found = requests.whole_id(value)
    if found is None:
        raise errors.validation(call, f"{name} must be milliseconds since 1970")
    if found > times.LAST:
        raise errors.validation(call, f"{name} is after the year 9999")
    return found


def _create(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    called = _part(call, body, "engagement").get("type")
    plural = next((plural for plural, name in ENGAGEMENTS.items() if name == called), None)
    kind = hubspot.portal.type_of(plural) if plural else None
    if kind is None:
        raise errors.validation(call, f"engagement.type must be one of {', '.join(ENGAGEMENTS.values())}")
    values, own = _values(call, kind.plural, body)
    values.setdefault("hs_timestamp", times.iso(call.now))
    if kind.plural == "emails":
        values.setdefault("hs_email_direction", "EMAIL")
    return _stored(hubspot, call, partial(hubspot.records.create, call, kind, values), own, body)


def _update(hubspot: HubSpot, call: Call) -> Response:
    record, body = legacy_engagements.found(hubspot, call), requests.body_of(call)
    values, own = _values(call, record.type.plural, body)
    return _stored(hubspot, call, partial(hubspot.records.update, call, record, values), own, body)


def _stored(
    hubspot: HubSpot, call: Call, write: Callable[[], Record], own: dict[str, str], body: Json
) -> Response:
    """Write the record, what this version alone keeps of it, and its associations; the answer shows it."""
    try:
        record = write()
    except (Invalid, Conflict) as problem:
        raise objects.invalid(hubspot, call, problem) from None
    hubspot.records.note(call, record, own)
    legacy_ties.tie(hubspot, call, record, _part(call, body, "associations"))
    call.records = 1
    return answer(legacy_engagements.shown(hubspot, record))


def _delete(hubspot: HubSpot, call: Call) -> Response:
    hubspot.records.archive(call, legacy_engagements.found(hubspot, call))
    call.records = 1
    return Response(status_code=204)
