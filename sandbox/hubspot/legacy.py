"""The old v1 and v2 read paths that connectors still ask: companies, deals, forms, pipelines, properties.

All from the same store as the newer ones; in the shapes of their time, with instants in milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, pipelines, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.records import COLUMNS, Record, load

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

RECENT = 10_000
_LINKED = {
    "contacts": "contactIds", "companies": "companyIds", "deals": "dealIds", "tickets": "ticketIds",
}  # fmt: skip

_EVERY_TYPE = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    for area, plural in (("/companies/v2/companies", "companies"), ("/deals/v1/deal", "deals")):
        found += hubspot.route("GET", area + "/paged", _bound(hubspot, plural, _paged))
        found += hubspot.route("GET", area + "/recent/modified", _bound(hubspot, plural, _recent))
        found += hubspot.route("GET", area + "/recent/created", _bound(hubspot, plural, _recent))
        found += hubspot.route("GET", area + "/{id}", _bound(hubspot, plural, _one))
    found += hubspot.route("GET", "/companies/v2/properties", _bound(hubspot, "companies", _properties))
    return [
        *found,
        *hubspot.route("GET", "/properties/v1/{type}/properties", lambda call: _properties_of(hubspot, call)),
        *hubspot.route("GET", "/properties/v2/{type}/properties", lambda call: _properties_of(hubspot, call)),
        *hubspot.route(
            "GET",
            "/deals/v1/pipelines",
            _bound(hubspot, "deals", lambda hubspot, call, kind: answer(_pipelines(hubspot, kind))),
        ),
        *hubspot.route("GET", "/crm-pipelines/v1/pipelines/{type}", lambda call: _wrapped(hubspot, call)),
        *hubspot.route(
            "GET", "/properties/v1/{type}/properties/named/{name}", lambda call: _property(hubspot, call)
        ),
        *hubspot.route("GET", "/forms/v2/forms", lambda call: _forms(hubspot)),
        *hubspot.route(
            "GET", "/forms/v2/forms/{id}", lambda call: answer(_form(hubspot, _one_form(hubspot, call)))
        ),
        *hubspot.route(
            "GET", "/forms/v2/fields/{id}", lambda call: answer(_fields(_one_form(hubspot, call)))
        ),
    ]


def _bound(hubspot: HubSpot, plural: str, handler: Any) -> Any:
    kind = hubspot.portal.type_of(plural)
    return lambda call: handler(hubspot, call, kind)


def _defined(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition as the old API shows it: of a client's own property it does not say whose it is."""
    return definition | {"hubspotDefined": definition["hubspotDefined"] or None}


def _properties(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """Definitions, as a list."""
    names = sorted(hubspot.portal.shown[kind.plural])
    return answer([_defined(hubspot.portal.properties[kind.plural][name]) for name in names])


def _properties_of(hubspot: HubSpot, call: Call) -> Response:
    if call.params["type"] in ("form", "forms"):  # no records here, yet it has what every type has
        known = hubspot.portal.properties["deal_splits"]
        return answer([known[name] for name in _EVERY_TYPE])
    kind = hubspot.portal.type_of(call.params["type"])
    if kind is None:
        raise errors.not_found(call)
    return _properties(hubspot, call, kind)


def value_of(hubspot: HubSpot, record: Record, name: str, value: str) -> dict[str, Any]:
    """A value with when it was set: its own time for the stamps, else the record's last change."""
    at = record.created if name == "createdate" else record.modified
    return {
        "value": _as_ms(hubspot, record, name, value),
        "timestamp": at,
        "source": "API",
        "sourceId": None,
        "versions": [],
    }


def shown(hubspot: HubSpot, record: Record, names: list[str] | None) -> dict[str, Any]:
    """A record as the APIs of its time show it; of these properties, or of all."""
    kept = record.props if names is None else {n: record.props[n] for n in names if n in record.props}
    properties = {name: value_of(hubspot, record, name, v) for name, v in kept.items()}
    told = {
        "portalId": hubspot.portal.id, f"{record.type.singular}Id": record.id, "isDeleted": record.archived,
        "properties": properties, "additionalDomains": [], "stateChanges": [], "mergeAudits": [],
    }  # fmt: skip
    if record.type.plural == "deals":
        linked = associated(hubspot, record)
        told |= {
            "imports": [],
            "associations": {
                "associatedVids": linked["contactIds"], "associatedCompanyIds": linked["companyIds"],
                "associatedDealIds": [], "associatedTicketIds": linked["ticketIds"],
            },
        }  # fmt: skip
    return told


def _as_ms(hubspot: HubSpot, record: Record, name: str, value: str) -> str:
    defined = hubspot.portal.properties[record.type.plural].get(name)
    if defined is None or defined["type"] not in ("date", "datetime"):
        return value
    try:
        return str(times.parse(value))
    except ValueError:
        return value


def associated(hubspot: HubSpot, record: Record) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {name: [] for name in _LINKED.values()}
    for to_type, to_id in hubspot.store.rows(
        "select distinct to_type, to_id from associations where from_type = ? and from_id = ? order by 1, 2",
        (record.type.plural, record.id),
    ):
        if to_type in _LINKED:
            found[_LINKED[to_type]].append(to_id)
    return found


def _paged(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """By id, those after `offset`; companies and deals spell the word for more differently."""
    limit, offset = requests.number_of(call, "limit", 100, 250), requests.whole(call, "offset")
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "{kind.plural}" where id > ? and +archived = 0'
        f"{hubspot.seen.listed(kind.plural, archived=False)} order by id limit ?",
        (offset, limit + 1),
    )
    names = None if call.says("includeAllProperties") else call.query_list("properties")
    found = [load(kind, row) for row in rows[:limit]]
    return answer({
        kind.plural: [shown(hubspot, record, names) for record in found],
        "has-more" if kind.plural == "companies" else "hasMore": len(rows) > limit,
        "offset": found[-1].id if found else offset,
    })  # fmt: skip


def _recent(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """The latest changed or made, newest first, at most ten thousand."""
    column = "created" if call.path.rstrip("/").endswith("created") else "modified"
    count, offset = requests.number_of(call, "count", 100, 250), requests.whole(call, "offset")
    since = requests.whole(call, "since")
    source = f'"{kind.plural}" where archived = 0 and {column} >= ?'
    source += hubspot.seen.listed(kind.plural, archived=False)
    total = int(hubspot.store.value(f"select count(*) from {source}", (since,)))
    rows = hubspot.store.rows(
        f"select {COLUMNS} from {source} order by {column} desc, id desc limit ? offset ?",
        (since, count, offset),
    )
    end = offset + len(rows)
    return answer({
        "results": [shown(hubspot, load(kind, row), None) for row in rows],
        "hasMore": end < min(total, RECENT), "offset": end, "total": min(total, RECENT),
    })  # fmt: skip


def _one(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    record = hubspot.records.get(kind, call.params["id"])
    if record is None or record.archived:
        raise errors.not_found(call)
    return answer(shown(hubspot, record, None))


def _wrapped(hubspot: HubSpot, call: Call) -> Response:
    return answer({"results": _pipelines(hubspot, requests.kind_of(hubspot.portal, call))})


def _pipelines(hubspot: HubSpot, kind: ObjectType) -> list[dict[str, Any]]:
    found = []
    for own, label, order, archived, created, updated in hubspot.store.rows(
        "select id, label, display_order, archived, created, updated from pipelines where object = ? "
        "order by display_order, id",
        (kind.plural,),
    ):
        stages = hubspot.store.rows(
            "select id, label, display_order, probability, is_closed, archived, created, updated from stages "
            "where object = ? and pipeline = ? order by display_order, id",
            (kind.plural, own),
        )
        found.append({
            "pipelineId": own, "label": label, "displayOrder": order, "active": not archived,
            "createdAt": created, "updatedAt": updated, "objectType": kind.singular.upper(),
            "objectTypeId": kind.type_id,
            "default": own == "default",
            "stages": [
                {
                    "stageId": s[0], "label": s[1], "displayOrder": s[2], "probability": s[3],
                    "closedWon": bool(s[4]) and s[3] == 1.0, "active": not s[5], "createdAt": s[6],
                    "updatedAt": s[7],
                    "metadata": pipelines.metadata(kind.plural, s[4], s[3]),
                }
                for s in stages
            ],
        })  # fmt: skip
    return found


def _form(hubspot: HubSpot, form: dict[str, Any]) -> dict[str, Any]:
    return {
        "portalId": hubspot.portal.id, "guid": form["id"], "name": form["name"], "method": "POST",
        "createdAt": times.parse(form["createdAt"]), "updatedAt": times.parse(form["updatedAt"]),
        "deletable": True, "formType": form.get("formType", "hubspot").upper(),
        "formFieldGroups": [{"fields": _fields(form), "default": True, "isSmartGroup": False}],
    }  # fmt: skip


def _fields(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [field for group in form.get("fieldGroups", []) for field in group.get("fields", [])]


def _forms(hubspot: HubSpot) -> Response:
    rows = hubspot.store.rows("select shown from forms where archived = 0 order by id")
    return answer([_form(hubspot, orjson.loads(blob)) for (blob,) in rows])


def _one_form(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    row = hubspot.store.row(
        "select shown from forms where id = ? and archived = 0", (call.params["id"][:64],)
    )
    if row is None:
        raise errors.not_found(call)
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _property(hubspot: HubSpot, call: Call) -> Response:
    kind = hubspot.portal.type_of(call.params["type"])
    if kind is None or call.params["name"] not in hubspot.portal.shown[kind.plural]:
        raise errors.not_found(call)
    return answer(_defined(hubspot.portal.properties[kind.plural][call.params["name"]]))
