"""How a portal is set up: teams, currencies, rates, meeting links, custom objects, kinds of subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.catalogs import table_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.small.marketing import columns
from pipelines.sources.reading import Reading

Json = dict[str, Any]
Read = Callable[[HubSpotClient], Iterable[Json]]
_NAMES: dict[str, dict[str, str]] = {
    "teams": {"id": "id", "name": "name", "user_ids": "userIds", "secondary_user_ids": "secondaryUserIds"},
    "exchange_rates": {
        "id": "id", "from_currency": "fromCurrencyCode", "to_currency": "toCurrencyCode",
        "rate": "conversionRate", "effective_at": "effectiveAt", "visible_in_ui": "visibleInUI",
        "created_at": "createdAt", "updated_at": "updatedAt",
    },
    "currencies": {"code": "code", "is_company_currency": "own"},
    "meeting_links": {
        "id": "id", "slug": "slug", "link": "link", "name": "name", "type": "type",
        "organizer_user_id": "organizerUserId", "member_user_ids": "userIdsOfLinkMembers",
        "default_link": "defaultLink", "created_at": "createdAt", "updated_at": "updatedAt",
    },
    "schemas": {
        "id": "objectTypeId", "name": "name", "fully_qualified_name": "fullyQualifiedName", "label": "label",
        "primary_property": "primaryDisplayProperty", "required_properties": "requiredProperties",
        "associations": "associations", "archived": "archived", "created_at": "createdAt",
        "updated_at": "updatedAt",
    },
    "subscription_types": {
        "id": "id", "name": "name", "description": "description", "purpose": "purpose",
        "communication_method": "communicationMethod", "is_active": "isActive", "is_default": "isDefault",
        "is_internal": "isInternal", "created_at": "createdAt", "updated_at": "updatedAt",
    },
}  # fmt: skip


def _schemas(client: HubSpotClient) -> Iterable[Json]:
    return shown_schemas(client.get(client.path("schemas")).get("results") or [])


def shown_schemas(found: Iterable[Json]) -> list[Json]:
    return [{**each, "label": (each.get("labels") or {}).get("plural")} for each in found]


def _currencies(client: HubSpotClient) -> Iterable[Json]:
    own = client.portal.get("companyCurrency")
    others = client.portal.get("additionalCurrencies") or []
    return [{"code": each, "own": each == own} for each in dict.fromkeys([own, *others]) if each]


READS: dict[str, Read] = {
    "teams": lambda client: client.get(client.path("teams")).get("results") or [],
    "currencies": _currencies,
    "exchange_rates": lambda client: client.pages(client.path("exchange_rates"), 100),
    "meeting_links": lambda client: client.pages(client.path("meeting_links"), 100),
    "schemas": _schemas,
    "subscription_types": lambda client: (
        client.get(client.path("preferences") + "/definitions").get("results") or []
    ),
}
BY_ITSELF = tuple(name for name in READS if name != "subscription_types")
"""Those nothing else is read by."""


def read(
    reading: Reading, client: HubSpotClient, name: str, known: Iterable[Json] | None = None
) -> list[TableFetch]:
    """One of READS, whole. `known`: what HubSpot has just answered to the same question."""
    before, table = reading.calls_here(), table_of("hubspot", name)
    found = columns(table, READS[name](client) if known is None else known, _NAMES[name])
    return [reading.whole(table, found, calls=reading.calls_here() - before)]
