"""Companies, deals and tickets written by the old APIs (v2, v1), as clients of that time do.

Belongs here: making, changing and deleting, the tickets' own paths, a domain's companies. Reading companies
and deals is `legacy`; what ties records together in the old way is `legacy_ties`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, legacy, legacy_ties, objects, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.records import COLUMNS, Conflict, Invalid, Record, load

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TICKETS = "/crm-objects/v1/objects/tickets"
Json = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    give = hubspot.route
    found: list[Route] = []
    for area, plural in (("/companies/v2/companies", "companies"), ("/deals/v1/deal", "deals")):
        found += give("POST", area, _bound(hubspot, plural, _create))
        found += give("PUT", area + "/{id}", _bound(hubspot, plural, _update))
        found += give("DELETE", area + "/{id}", _bound(hubspot, plural, _delete))
    domain = "/companies/v2/domains/{domain}/companies"
    return [
        *found,
        *give("POST", domain, lambda call: _of_domain(hubspot, call)),
        *give("POST", TICKETS, _bound(hubspot, "tickets", _create)),
        *give("GET", f"{TICKETS}/paged", lambda call: _tickets(hubspot, call)),
        *give("GET", f"{TICKETS}/{{id}}", _bound(hubspot, "tickets", _read)),
        *give("PUT", f"{TICKETS}/{{id}}", _bound(hubspot, "tickets", _update)),
        *give("DELETE", f"{TICKETS}/{{id}}", _bound(hubspot, "tickets", _delete)),
    ]


def _bound(hubspot: HubSpot, plural: str, handler: Any) -> Any:
    kind = hubspot.portal.type_of(plural)
    return lambda call: handler(hubspot, call, kind)


def _wanted(call: Call) -> tuple[Json, Json]:
    """The properties of a body, and the body. Tickets send the bare list of them."""
    try:
        body = call.json()
    except ValueError:
        body = None
    items = (
        body if isinstance(body, list) else (body or {}).get("properties") if isinstance(body, dict) else None
    )
    if not isinstance(items, list) or not all(isinstance(each, dict) and each.get("name") for each in items):
        raise errors.validation(call, "properties must be a list of name and value")
    wanted = {str(each["name"]): each.get("value") for each in items}
    checked = requests.properties_of(call, {"properties": wanted})
    return checked, body if isinstance(body, dict) else {}


def _told(hubspot: HubSpot, record: Record, names: list[str] | None = None) -> Json:
    shown = legacy.shown(hubspot, record, names)
    if record.type.plural != "tickets":
        return shown
    return {
        "objectType": "TICKET", "portalId": hubspot.portal.id, "objectId": record.id, "version": 1,
        "isDeleted": record.archived, "properties": shown["properties"],
    }  # fmt: skip


def _create(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    wanted, body = _wanted(call)
    try:
        record = hubspot.records.create(call, kind, wanted)
    except (Invalid, Conflict) as problem:
        raise objects.invalid(hubspot, call, problem) from None
    ties = body.get("associations")
    if isinstance(ties, dict):
        legacy_ties.tie(hubspot, call, record, ties)
    call.records = 1
    return answer(_told(hubspot, record))


def _found(hubspot: HubSpot, call: Call, kind: ObjectType) -> Record:
    record = hubspot.records.get(kind, call.params["id"])
    if record is None or record.archived:
        raise errors.not_found(call)
    return record


def _read(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    names = call.query_list("properties")
    return answer(_told(hubspot, _found(hubspot, call, kind), names or list(kind.defaults)))


def _update(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    record = _found(hubspot, call, kind)
    wanted, _ = _wanted(call)
    try:
        record = hubspot.records.update(call, record, wanted)
    except (Invalid, Conflict) as problem:
        raise objects.invalid(hubspot, call, problem) from None
    call.records = 1
    return answer(_told(hubspot, record))


def _delete(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    record = _found(hubspot, call, kind)
    hubspot.records.archive(call, record)
    call.records = 1
    if kind.plural == "companies":
        return answer({"companyId": record.id, "deleted": True})
    return Response(status_code=204)


def _of_domain(hubspot: HubSpot, call: Call) -> Response:
    """Companies of a domain by id, those after the offset's company."""
    body = requests.body_of(call)
    limit, offset, options = body.get("limit", 100), body.get("offset"), body.get("requestOptions")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= 100:
        raise errors.validation(call, "limit must be between 1 and 100")
    after = requests.whole_id(offset.get("companyId")) if isinstance(offset, dict) else 0
    if after is None:
        raise errors.validation(call, "offset.companyId must be a number")
    names = requests.strings(call, options, "properties") if isinstance(options, dict) else []
    kind = hubspot.portal.type_of("companies")
    assert kind is not None
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "companies" where archived = 0 and id > ?'
        f"{hubspot.seen.listed('companies', archived=False)} "
        "and lower(json_extract(props, '$.domain')) = lower(?) order by id limit ?",
        (after, call.params["domain"], limit + 1),
    )
    found = [load(kind, row) for row in rows[:limit]]
    return answer({
        "results": [legacy.shown(hubspot, record, names or ["name", "domain"]) for record in found],
        "hasMore": len(rows) > limit,
        "offset": {"companyId": found[-1].id if found else after, "isPrimary": True},
    })  # fmt: skip


def _tickets(hubspot: HubSpot, call: Call) -> Response:
    """A hundred a page by id, those after `offset`."""
    kind, offset = hubspot.portal.type_of("tickets"), requests.whole(call, "offset")
    assert kind is not None
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "tickets" where id > ? and +archived = 0'
        f"{hubspot.seen.listed('tickets', archived=False)} order by id limit 101",
        (offset,),
    )
    found = [load(kind, row) for row in rows[:100]]
    names = call.query_list("properties")
    return answer({
        "objects": [_told(hubspot, record, names or list(kind.defaults)) for record in found],
        "hasMore": len(rows) > 100, "offset": found[-1].id if found else offset,
    })  # fmt: skip
