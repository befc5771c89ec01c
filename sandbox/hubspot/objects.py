"""CRM objects one at a time and as a list: `/crm/objects/{version}/{type}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, Refused, answer
from sandbox.hubspot import association_kinds, errors, pages, render, requests
from sandbox.hubspot.records import COLUMNS, Conflict, Invalid, Record, is_hidden, load
from sandbox.hubspot.render import View

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA = "/crm/objects"
HISTORY_PAGE, PAGE, DEFAULT_PAGE = 50, 100, 10
LISTED_REVISIONS = 20


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.versioned("GET", AREA, "/{type}", lambda call: _list(hubspot, call)),
        *hubspot.versioned("POST", AREA, "/{type}", lambda call: _create(hubspot, call)),
        *hubspot.versioned("GET", AREA, "/{type}/{id}", lambda call: _read(hubspot, call)),
        *hubspot.versioned("PATCH", AREA, "/{type}/{id}", lambda call: _update(hubspot, call)),
        *hubspot.versioned("DELETE", AREA, "/{type}/{id}", lambda call: _archive(hubspot, call)),
    ]


def invalid(hubspot: HubSpot, call: Call, problem: Invalid | Conflict) -> Refused:
    """The refusal of a whole request for values that cannot be stored."""
    if isinstance(problem, Conflict):
        return errors.error(call, 409, problem.message, "CONFLICT")
    found = errors.invalid_properties(hubspot.portal.id, problem.problems)
    return errors.validation(call, found["message"], errors=found["errors"])


def _list(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.kind_of(hubspot.portal, call)
    history = call.query_list("propertiesWithHistory")
    limit = requests.number_of(call, "limit", DEFAULT_PAGE, HISTORY_PAGE if history else PAGE)
    after = requests.position_of(call)
    archived = call.says("archived")
    view = View.of(
        hubspot.portal, kind, call.query_list("properties"), history, call.query_list("associations"),
        revisions=LISTED_REVISIONS,
    )  # fmt: skip
    # The plus keeps SQLite on the primary key: the index on archived would make it sort the whole table.
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "{kind.plural}" where id >= ? and +archived = ?'
        f"{hubspot.seen.listed(kind.plural, archived=archived)} order by id limit ?",
        (after, archived, limit + 1),
    )
    page: dict[str, Any] = {
        "results": render.records(
            hubspot.portal, view, [load(kind, row) for row in rows[:limit]], call.base_url
        )
    }
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(rows[limit][0]))
    return answer(page)


def _found(hubspot: HubSpot, call: Call) -> Record:
    kind = requests.kind_of(hubspot.portal, call)
    id_property = call.query.get("idProperty", "hs_object_id")
    if id_property not in hubspot.portal.properties[kind.plural]:
        raise errors.validation(call, f"Property {id_property} does not exist")
    record = hubspot.records.get(kind, call.params["id"], id_property)
    if record is None or record.archived != (call.says("archived")):
        raise errors.not_found(call)
    return record


def _read(hubspot: HubSpot, call: Call) -> Response:
    record = _found(hubspot, call)
    view = View.of(
        hubspot.portal, record.type, call.query_list("properties"), call.query_list("propertiesWithHistory"),
        call.query_list("associations"),
    )  # fmt: skip
    return answer(render.records(hubspot.portal, view, [record], call.base_url)[0])


def _create(hubspot: HubSpot, call: Call) -> Response:
    kind = requests.written_kind(hubspot.portal, call)
    body = requests.body_of(call)
    properties = requests.properties_of(call, body)
    try:
        record = hubspot.records.create(call, kind, properties)
    except (Invalid, Conflict) as problem:
        raise invalid(hubspot, call, problem) from None
    wishes = requests.objects_in(call, body, "associations")
    association_kinds.on_create(hubspot, call, record, wishes)
    call.records = 1
    return answer(_shown(hubspot, record, properties), 201)


def _update(hubspot: HubSpot, call: Call) -> Response:
    requests.written_kind(hubspot.portal, call)
    record = _found(hubspot, call)
    if is_hidden(call):
        raise errors.not_found(call)
    properties = requests.properties_of(call, requests.body_of(call))
    try:
        record = hubspot.records.update(call, record, properties)
    except (Invalid, Conflict) as problem:
        raise invalid(hubspot, call, problem) from None
    call.records = 1
    return answer(_shown(hubspot, record, properties))


def _shown(hubspot: HubSpot, record: Record, properties: dict[str, Any]) -> dict[str, Any]:
    view = View.of(hubspot.portal, record.type, [*record.type.defaults, *properties])
    return render.records(hubspot.portal, view, [record])[0]


def _archive(hubspot: HubSpot, call: Call) -> Response:
    record = hubspot.records.get(requests.written_kind(hubspot.portal, call), call.params["id"])
    if record is not None:
        hubspot.records.archive(call, record)
        call.records = 1
    return Response(status_code=204)
