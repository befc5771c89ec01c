"""How much of the account's allowances is used (`/crm/v3/limits`): records, pipelines, properties, objects,
records with many associations.

Belongs here: counting and telling. What is refused beyond an allowance is where it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import pipeline_writes, properties, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.labels import MOST_LABELS

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

Json = dict[str, Any]
MOST_RECORDS, MOST_CUSTOM_RECORDS, MOST_PROPERTIES, MOST_CALCULATED = 15_000_000, 1_000_000, 10_000, 200
"""Of an object; of all custom objects; of all objects; calculated ones, of all objects."""
MOST_ASSOCIATED, NEAR = 50_000, 40_000
"""Records of one object that one record can be associated with, and how many are near that."""


def routes(hubspot: HubSpot) -> list[Route]:
    area = "/crm/limits"
    found: list[Route] = []
    told: dict[str, Callable[[HubSpot], Json]] = {
        "/custom-object-types": _objects, "/custom-properties": _properties, "/records": _records,
        "/calculated-properties": _calculated, "/pipelines": _pipelines,
        "/associations/records/from": lambda hubspot: _associated(hubspot, None),
    }  # fmt: skip
    for path, tell in told.items():
        found += hubspot.versioned("GET", area, path, _telling(hubspot, tell))
    found += hubspot.versioned("GET", area, "/associations/labels", lambda call: _labels(hubspot, call))
    to = "/associations/records/{type}/to"
    pair = "/associations/records/{type}/{other}"
    found += hubspot.versioned("GET", area, to, lambda call: _to(hubspot, call))
    return found + hubspot.versioned("GET", area, pair, lambda call: _pair(hubspot, call))


def _telling(hubspot: HubSpot, tell: Callable[[HubSpot], Json]) -> Callable[[Call], Response]:
    return lambda call: answer(tell(hubspot))


def _of(used: int, most: int, prefix: str = "") -> Json:
    names = ("limit", "usage", "percentage")
    if prefix:
        names = ("overallLimit", "overallUsage", "overallPercentage")
    return dict(zip(names, (most, used, round(100 * used / most, 2)), strict=True))


def _named(kind: ObjectType) -> Json:
    name = kind.plural.partition("_")[2] if _is_custom(kind) else kind.plural
    return {
        "objectTypeId": kind.type_id, "singularLabel": kind.singular.replace("_", " ").capitalize(),
        "pluralLabel": name.replace("_", " ").capitalize(),
    }  # fmt: skip


def _is_custom(kind: ObjectType) -> bool:
    return kind.type_id.startswith("2-")


def _objects(hubspot: HubSpot) -> Json:
    used = sum(_is_custom(each) for each in hubspot.portal.types.all.values())
    return _of(used, hubspot.portal.custom_object_limit)


def _by_property(hubspot: HubSpot, counts: dict[str, int], most: int, overall: int) -> Json:
    kinds = hubspot.portal.types.all
    by_type = [_named(kinds[plural]) | _of(used, most) for plural, used in counts.items()]
    return {"byObjectType": by_type, **_of(sum(counts.values()), overall, "overall")}


def _properties(hubspot: HubSpot) -> Json:
    counts = {
        plural: sum(not each["hubspotDefined"] and not each["archived"] for each in known.values())
        for plural, known in hubspot.portal.properties.items()
    }
    return _by_property(hubspot, counts, properties.MOST_CUSTOM, MOST_PROPERTIES)


def _calculated(hubspot: HubSpot) -> Json:
    """Those that were made here: what HubSpot defines itself is not counted."""
    counts = {
        plural: sum(
            bool(each.get("calculated")) and not each["hubspotDefined"] and not each["archived"]
            for each in known.values()
        )
        for plural, known in hubspot.portal.properties.items()
    }
    return _by_property(hubspot, counts, MOST_CALCULATED, MOST_CALCULATED)


def _by_kind(hubspot: HubSpot, counts: dict[str, int], most: int, custom: int) -> Json:
    """HubSpot's own objects each for themselves, custom ones together."""
    kinds = [each for each in hubspot.portal.types.all.values() if each.plural in counts]
    own = [_named(k) | _of(counts[k.plural], most) for k in kinds if not _is_custom(k)]
    theirs = [_named(k) | {"usage": counts[k.plural]} for k in kinds if _is_custom(k)]
    overall = _of(sum(each["usage"] for each in theirs), custom, "overall")
    return {"hubspotDefinedObjectTypes": own, "customObjectTypes": {"byObjectType": theirs, **overall}}


def _records(hubspot: HubSpot) -> Json:
    counts = {
        plural: int(hubspot.store.value(f'select count(*) from "{plural}" where archived = 0'))
        for plural in hubspot.portal.types.all
    }
    return _by_kind(hubspot, counts, MOST_RECORDS, MOST_CUSTOM_RECORDS)


def _pipelines(hubspot: HubSpot) -> Json:
    counts = dict(
        hubspot.store.rows("select object, count(*) from pipelines where archived = 0 group by object")
    )
    return _by_kind(hubspot, counts, pipeline_writes.MOST_PIPELINES, pipeline_writes.MOST_PIPELINES)


def _to(hubspot: HubSpot, call: Call) -> Response:
    return answer(_associated(hubspot, requests.kind_of(hubspot.portal, call)))


def _associated(hubspot: HubSpot, origin: ObjectType | None) -> Json:
    """Objects with records that have many associations; or, of one, the objects these lead to."""
    which, where = ("from_type", "") if origin is None else ("to_type", " where from_type = ?")
    rows = hubspot.store.rows(
        f"select kind, max(many) from (select {which} as kind, count(distinct to_id) as many "
        f"from associations{where} group by from_type, from_id, to_type) group by kind having max(many) >= ?",
        ((origin.plural,) if origin else ()) + (NEAR,),
    )
    kinds = hubspot.portal.types.all
    results = [
        _named(kinds[name]) | {"hasRecordsAtLimit": many >= MOST_ASSOCIATED, "hasRecordsNearLimit": True}
        for name, many in rows
        if name in kinds
    ]
    return {"results": results}


def _labels(hubspot: HubSpot, call: Call) -> Response:
    """Of each pair of objects with labels how many it has, of ten; of one pair when it is named."""
    wanted = [call.query.get(name) for name in ("fromObjectTypeId", "toObjectTypeId")]
    kinds = hubspot.portal.types.all
    results = []
    for a, b, names in hubspot.store.rows(
        "select from_type, to_type, json_group_array(label) from association_types where name is not null "
        "group by from_type, to_type order by 1, 2"
    ):
        ends = [kinds[name] for name in (a, b) if name in kinds]
        if len(ends) < 2 or any(w not in (None, end.type_id) for w, end in zip(wanted, ends, strict=True)):
            continue
        told = orjson.loads(names)
        results.append(
            {"fromObjectType": _named(ends[0]), "toObjectType": _named(ends[1]), "allLabels": told}
            | _of(len(told), MOST_LABELS)
        )
    return answer({"results": results})


def _pair(hubspot: HubSpot, call: Call) -> Response:
    """Records of one object that are near the most of another they can be associated with, or at it."""
    kind, other = (requests.kind_of(hubspot.portal, call, name) for name in ("type", "other"))
    rows = hubspot.store.rows(
        "select from_id, count(distinct to_id) as many from associations where from_type = ? and to_type = ? "
        "group by from_id having many >= ? order by many desc, from_id",
        (kind.plural, other.plural, NEAR),
    )
    at = [(own, many) for own, many in rows if many >= MOST_ASSOCIATED]
    near = [(own, many) for own, many in rows if many < MOST_ASSOCIATED]
    return answer({
        "limit": MOST_ASSOCIATED, "totalRecordsAtLimit": len(at), "totalRecordsNearLimit": len(near),
        "atLimitFromRecordSamples": [{"objectId": own, "label": str(own)} for own, _ in at[:10]],
        "nearLimitFromRecordSamples": [
            {"objectId": own, "label": str(own)} | _of(many, MOST_ASSOCIATED) for own, many in near[:10]
        ],
    })  # fmt: skip
