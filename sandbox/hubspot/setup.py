"""How a portal is set up: currencies and rates, teams, meeting links, schemas of custom objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, pages
from sandbox.hubspot.associations import TYPE_IDS
from sandbox.hubspot.catalog import CREATED_AT, TYPES, ObjectType, object_type

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot


def routes(hubspot: HubSpot) -> list[Route]:
    links = "/scheduler/{version}/meetings/meeting-links"
    rates = "/exchange-rates"
    found = [
        *hubspot.versioned("GET", "/settings/currencies", rates, lambda call: _rates(hubspot, call)),
        *hubspot.versioned(
            "GET", "/settings/currencies", "/company-currency",
            lambda call: answer({"currencyCode": hubspot.store.get_meta("currency")}),
        ),
        *hubspot.versioned("GET", "/settings/users", "/teams", lambda call: _teams(hubspot)),
        *hubspot.route("GET", links, lambda call: _links(hubspot, call)),
    ]  # fmt: skip
    for area in ("/crm-object-schemas/{version}/schemas", "/crm/{version}/schemas"):
        found += hubspot.route("GET", area, lambda call: _schemas(hubspot))
        found += hubspot.route("GET", f"{area}/{{type}}", lambda call: _schema(hubspot, call))
    return found


def _rates(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "exchange_rates", total=True)


def _teams(hubspot: HubSpot) -> Response:
    return answer({"results": pages.shown(hubspot.store.rows("select shown from teams order by id"))})


def _links(hubspot: HubSpot, call: Call) -> Response:
    return pages.by_after(call, hubspot.store, "meeting_links", default=10, total=True)


def _schemas(hubspot: HubSpot) -> Response:
    """Custom objects only, as HubSpot lists them."""
    return answer({"results": [_shown(hubspot, t) for t in TYPES.values() if t.type_id.startswith("2-")]})


def _schema(hubspot: HubSpot, call: Call) -> Response:
    kind = object_type(call.params["type"])
    if kind is None:
        raise errors.not_found(call)
    return answer(_shown(hubspot, kind))


def _shown(hubspot: HubSpot, kind: ObjectType) -> dict[str, Any]:
    is_custom = kind.type_id.startswith("2-")
    name = kind.plural.partition("_")[2] if is_custom else kind.plural
    properties = hubspot.portal.properties[kind.plural]
    return {
        "id": kind.type_id.partition("-")[2], "objectTypeId": kind.type_id, "name": name,
        "fullyQualifiedName": kind.plural if is_custom else kind.singular.upper(),
        "labels": {"singular": kind.singular.capitalize(), "plural": name.capitalize()},
        "primaryDisplayProperty": kind.searchable[0] if kind.searchable else None,
        "secondaryDisplayProperties": [], "searchableProperties": list(kind.searchable),
        "requiredProperties": list(kind.required), "archived": False, "portalId": hubspot.portal.id,
        "createdAt": CREATED_AT, "updatedAt": CREATED_AT,
        "properties": [properties[each] for each in sorted(properties)],
        "associations": [
            {
                "id": str(plain), "fromObjectTypeId": TYPES[a].type_id, "toObjectTypeId": TYPES[b].type_id,
                "name": f"{TYPES[a].singular}_to_{TYPES[b].singular}",
            }
            for (a, b), (plain, _) in TYPE_IDS.items()
            if a == kind.plural
        ],
    }  # fmt: skip
