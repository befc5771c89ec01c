"""Timeline events that an app shows on records, as their templates say.

An event of an id that is there takes its place; a token that its template maps to a property changes the
record.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, objects, pages, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.records import Conflict, Invalid, Record
from sandbox.hubspot.timeline_templates import AREAS, Json, by_id, kind_of

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists timeline_events (
    template integer, id text, at integer, object text, object_id integer, shown blob,
    primary key (template, id)) without rowid;
create index if not exists timeline_events_of on timeline_events (object, object_id)
"""
MOST = 500
_PLACE = re.compile(r"\{\{\s*#?(?:formatDate\s+)?([A-Za-z0-9._-]+)\s*\}\}")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    found: list[Route] = []
    give = hubspot.route
    for area in AREAS:
        events, own = area + "/events", "/{template}/{event}"
        found += give("POST", events, lambda call: _send(hubspot, call))
        found += give("POST", events + "/batch/create", lambda call: _batch(hubspot, call))
        found += give("POST", events + "/batch", lambda call: _batch(hubspot, call))
        found += give("GET", events + own, lambda call: answer(_event(hubspot, call)))
        found += give("GET", events + own + "/detail", lambda call: _detail(hubspot, call))
        found += give("GET", events + own + "/render", lambda call: _rendered(hubspot, call))
    return found


def _whose(hubspot: HubSpot, call: Call, kind: ObjectType, wish: Json) -> Record:
    """The record of an event; an address that no contact has makes one."""
    own, email = wish.get("objectId"), wish.get("email")
    if own is not None:
        record = hubspot.records.get(kind, str(own))
    elif kind.plural == "contacts" and isinstance(email, str) and email:
        record = hubspot.records.get(kind, email, "email")
        if record is None:
            record = hubspot.records.create(call, kind, {"email": email})
    else:
        raise errors.validation(call, "One of objectId, email and utk must say whose event it is")
    if record is None or record.archived:
        raise errors.validation(call, f"No {kind.singular} was found for {str(own or email)[:80]}")
    return record


def _happen(hubspot: HubSpot, call: Call, wish: Json) -> Json:
    template = by_id(hubspot, wish.get("eventTemplateId"))
    tokens = wish.get("tokens")
    if template is None or not isinstance(tokens, dict):
        raise errors.validation(call, "An eventTemplateId that there is and tokens are wanted")
    kind = kind_of(hubspot, call, template["objectType"])
    known = {each["name"]: each for each in template["tokens"]}
    given = {name: str(value) for name, value in tokens.items() if name in known and value is not None}
    mapped = {known[n]["objectPropertyName"]: v for n, v in given.items() if "objectPropertyName" in known[n]}
    try:
        record = _whose(hubspot, call, kind, wish)
        if mapped:
            hubspot.records.update(call, record, mapped)
    except (Invalid, Conflict) as problem:
        raise objects.invalid(hubspot, call, problem) from None
    at = _moment(call, wish.get("timestamp"))
    own = str(wish.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{len(call.changes)}"))[:64]
    shown = {
        "id": own, "eventTemplateId": template["id"], "objectType": kind.singular.upper(),
        "objectId": str(record.id), "email": record.props.get("email"), "tokens": given,
        "timestamp": times.iso(at), "createdAt": times.iso(call.now), "domain": wish.get("domain"),
        "utk": wish.get("utk"), "extraData": wish.get("extraData"),
        "timelineIFrame": wish.get("timelineIFrame"),
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert or replace into timeline_events values (?, ?, ?, ?, ?, ?)",
        (int(template["id"]), own, at, kind.plural, record.id, orjson.dumps(shown)),
    )
    call.change("timeline events", own, "create", "eventTemplateId", None, template["id"])
    call.records += 1
    return shown


def _moment(call: Call, said: Any) -> int:
    own = requests.whole_id(said)
    try:
        found = call.now if said is None else times.parse(str(said)) if own is None else own
    except ValueError:
        found = times.LAST + 1
    if found > times.LAST:
        raise errors.validation(call, "timestamp must be an ISO 8601 timestamp")
    return found


def _send(hubspot: HubSpot, call: Call) -> Response:
    return answer(_happen(hubspot, call, requests.body_of(call)), 201)


def _batch(hubspot: HubSpot, call: Call) -> Response:
    """All of them or none."""
    inputs = requests.inputs_of(call, requests.body_of(call), MOST)
    return pages.done(call, [_happen(hubspot, call, each) for each in inputs], status=201)


def _event(hubspot: HubSpot, call: Call) -> Json:
    row = hubspot.store.row(
        "select shown from timeline_events where template = ? and id = ?",
        (requests.whole_id(call.params["template"]), call.params["event"]),
    )
    if row is None:
        raise errors.not_found(call)
    found: Json = orjson.loads(row[0])
    return found


def _filled(hubspot: HubSpot, event: Json, name: str) -> str:
    """A text of the template with the event's tokens in their places."""
    template = by_id(hubspot, event["eventTemplateId"]) or {}
    return _PLACE.sub(lambda found: event["tokens"].get(found[1], ""), template.get(name) or "")


def _detail(hubspot: HubSpot, call: Call) -> Response:
    return answer({"details": _filled(hubspot, _event(hubspot, call), "detailTemplate")})


def _rendered(hubspot: HubSpot, call: Call) -> Response:
    """The header, or with `detail=true` the details, as a page."""
    name = "detailTemplate" if call.says("detail") else "headerTemplate"
    return Response(_filled(hubspot, _event(hubspot, call), name), media_type="text/html")
