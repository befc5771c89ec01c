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
from sandbox.hubspot import errors, requests
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
        *hubspot.route("GET", "/deals/v1/pipelines", lambda call: answer(_pipelines(hubspot))),
        *hubspot.route("GET", "/crm-pipelines/v1/pipelines/deals", lambda call: _wrapped(hubspot)),
        *hubspot.route("GET", "/forms/v2/forms", lambda call: _forms(hubspot)),
    ]


def before_v4(hubspot: HubSpot) -> list[Route]:
    """Associations of v3, whose path v4's pattern would take."""
    path = "/crm/v3/associations/{type}/{to}/batch/read"
    return hubspot.route("POST", path, lambda call: _linked(hubspot, call))


def _bound(hubspot: HubSpot, plural: str, handler: Any) -> Any:
    kind = hubspot.portal.type_of(plural)
    return lambda call: handler(hubspot, call, kind)


def _properties(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """Definitions, as a list."""
    names = sorted(hubspot.portal.shown[kind.plural])
    return answer([hubspot.portal.properties[kind.plural][name] for name in names])


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


def _shown(hubspot: HubSpot, record: Record, names: list[str] | None) -> dict[str, Any]:
    kept = record.props if names is None else {n: record.props[n] for n in names if n in record.props}
    properties = {name: value_of(hubspot, record, name, v) for name, v in kept.items()}
    shown = {
        "portalId": hubspot.portal.id, f"{record.type.singular}Id": record.id, "isDeleted": record.archived,
        "properties": properties, "additionalDomains": [], "stateChanges": [], "mergeAudits": [],
    }  # fmt: skip
    if record.type.plural == "deals":
        linked = associated(hubspot, record)
        shown |= {
            "imports": [],
            "associations": {
                "associatedVids": linked["contactIds"], "associatedCompanyIds": linked["companyIds"],
                "associatedDealIds": [], "associatedTicketIds": linked["ticketIds"],
            },
        }  # fmt: skip
    return shown


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


def _offset(call: Call, name: str = "offset") -> int:
    text = call.query.get(name) or "0"
    if not text.isdecimal() or len(text) > 15:
        raise errors.validation(call, f"Invalid {name}")
    return int(text)


def _paged(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """By id, those after `offset`; companies and deals spell the word for more differently."""
    limit, offset = requests.number_of(call, "limit", 100, 250), _offset(call)
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "{kind.plural}" where id > ? and +archived = 0 order by id limit ?',
        (offset, limit + 1),
    )
    names = None if call.says("includeAllProperties") else call.query_list("properties")
    found = [load(kind, row) for row in rows[:limit]]
    return answer({
        kind.plural: [_shown(hubspot, record, names) for record in found],
        "has-more" if kind.plural == "companies" else "hasMore": len(rows) > limit,
        "offset": found[-1].id if found else offset,
    })  # fmt: skip


def _recent(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    """The latest changed or made, newest first, at most ten thousand."""
    column = "created" if call.path.rstrip("/").endswith("created") else "modified"
    count, offset = requests.number_of(call, "count", 100, 250), _offset(call)
    since = _offset(call, "since")
    total = int(
        hubspot.store.value(
            f'select count(*) from "{kind.plural}" where archived = 0 and {column} >= ?', (since,)
        )
    )
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "{kind.plural}" where archived = 0 and {column} >= ? '
        f"order by {column} desc, id desc limit ? offset ?",
        (since, count, offset),
    )
    end = offset + len(rows)
    return answer({
        "results": [_shown(hubspot, load(kind, row), None) for row in rows],
        "hasMore": end < min(total, RECENT), "offset": end, "total": min(total, RECENT),
    })  # fmt: skip


def _one(hubspot: HubSpot, call: Call, kind: ObjectType) -> Response:
    record = hubspot.records.get(kind, call.params["id"])
    if record is None or record.archived:
        raise errors.not_found(call)
    return answer(_shown(hubspot, record, None))


def _wrapped(hubspot: HubSpot) -> Response:
    return answer({"results": _pipelines(hubspot)})


def _pipelines(hubspot: HubSpot) -> list[dict[str, Any]]:
    found = []
    for own, label, order, archived, created, updated in hubspot.store.rows(
        "select id, label, display_order, archived, created, updated from pipelines where object = 'deals' "
        "order by display_order, id"
    ):
        stages = hubspot.store.rows(
            "select id, label, display_order, probability, is_closed, archived, created, updated from stages "
            "where object = 'deals' and pipeline = ? order by display_order, id",
            (own,),
        )
        found.append({
            "pipelineId": own, "label": label, "displayOrder": order, "active": not archived,
            "createdAt": created, "updatedAt": updated, "objectType": "DEAL", "objectTypeId": "0-3",
            "default": own == "default",
            "stages": [
                {
                    "stageId": s[0], "label": s[1], "displayOrder": s[2], "probability": s[3],
                    "closedWon": bool(s[4]) and s[3] == 1.0, "active": not s[5], "createdAt": s[6],
                    "updatedAt": s[7],
                    "metadata": {"isClosed": str(bool(s[4])).lower(), "probability": str(s[3])},
                }
                for s in stages
            ],
        })  # fmt: skip
    return found


def _forms(hubspot: HubSpot) -> Response:
    found = []
    for (blob,) in hubspot.store.rows("select shown from forms where archived = 0 order by id"):
        form = orjson.loads(blob)
        fields = [field for group in form.get("fieldGroups", []) for field in group.get("fields", [])]
        found.append({
            "portalId": hubspot.portal.id, "guid": form["id"], "name": form["name"], "method": "POST",
            "createdAt": times.parse(form["createdAt"]), "updatedAt": times.parse(form["updatedAt"]),
            "deletable": True, "formType": form.get("formType", "hubspot").upper(),
            "formFieldGroups": [{"fields": fields, "default": True, "isSmartGroup": False}],
        })  # fmt: skip
    return answer(found)


def _linked(hubspot: HubSpot, call: Call) -> Response:
    """Associations as v3 has them: an id and the name of the type."""
    kind, to = requests.kind_of(hubspot.portal, call), requests.kind_of(hubspot.portal, call, "to")
    ids = [str(item.get("id", "")) for item in requests.inputs_of(call, requests.body_of(call), 1_000)]
    if not all(each.isdecimal() and len(each) < 16 for each in ids):
        raise errors.validation(call, "Invalid id in inputs")
    name, results = f"{kind.singular}_to_{to.singular}", []
    for each in ids:
        rows = hubspot.store.rows(
            "select distinct to_id from associations where from_type = ? and from_id = ? and to_type = ? "
            "order by to_id",
            (kind.plural, int(each), to.plural),
        )
        if rows:
            linked = [{"id": str(to_id), "type": name} for (to_id,) in rows]
            results.append({"from": {"id": each}, "to": linked})
    stamp = times.iso(call.now)
    return answer({"status": "COMPLETE", "results": results, "startedAt": stamp, "completedAt": stamp})
