"""Custom objects, which only the portal's schemas know: a table for each, and what they are associated with.

Belongs here: what a schema says. How their records are read is `records`, like any other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.types import TYPE_IDS
from pipelines.sources.hubspot.catalog import RECORD_COLUMNS
from pipelines.sources.schema import RawTable

Json = dict[str, Any]


def schemas(client: HubSpotClient) -> list[Json] | None:
    """What HubSpot answers; None where the portal's plan has none or the token may not ask."""
    try:
        return client.schemas()
    except (errors.NotFound, errors.Forbidden, errors.DailyLimitReached):
        return None


def in_use(found: list[Json] | None) -> list[Json]:
    return [each for each in found or [] if not each.get("archived")]


def tables(found: Sequence[Json]) -> list[RawTable]:
    return [
        RawTable(
            f"custom_{str(each['name']).lower()}",
            _called(each),
            RECORD_COLUMNS | {"hs_lastmodifieddate": "timestamp", "hs_merged_object_ids": "list"},
            cursor="hs_lastmodifieddate",
        )
        for each in found
    ]


def links(found: Sequence[Json]) -> dict[str, Sequence[str]]:
    """What each custom object is associated with, read from its side; of two of them from the first's."""
    names = TYPE_IDS | {str(each["objectTypeId"]): _called(each) for each in found}
    pairs: dict[str, list[str]] = {}
    for each in found:
        own = str(each["objectTypeId"])
        ends = [
            str(pair["toObjectTypeId"])
            for pair in each.get("associations") or []
            if str(pair["fromObjectTypeId"]) == own
        ]
        others = dict.fromkeys(names.get(end, end) for end in ends)
        pairs[_called(each)] = [other for other in others if _called(each) not in pairs.get(other, ())]
    return {name: tuple(ends) for name, ends in pairs.items() if ends}


def _called(schema: Json) -> str:
    return str(schema.get("fullyQualifiedName") or schema["objectTypeId"])
