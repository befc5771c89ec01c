"""Custom objects, which only the portal's schemas know: a table for each, and what they are associated with.

Belongs here: what a schema says, and what follows when one is gone. How their records are read is `records`,
like any other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.types import TYPE_IDS
from pipelines.sources.arrow import ARROW_TYPES
from pipelines.sources.catalogs import table_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.catalog import RECORD_COLUMNS
from pipelines.sources.reading import Reading
from pipelines.sources.schema import ColumnType, RawTable

Json = dict[str, Any]
PREFIX = "custom_"


def schemas(client: HubSpotClient) -> list[Json] | None:
    """What HubSpot answers; None where the portal's plan has none or the token may not ask."""
    try:
        return client.schemas()
    except (errors.NotFound, errors.Forbidden, errors.DailyLimitReached):
        return None


def in_use(found: list[Json] | None) -> list[Json]:
    return [each for each in found or [] if not each.get("archived")]


def tables(found: Sequence[Json]) -> list[RawTable]:
    return [_table(f"{PREFIX}{str(each['name']).lower()}", _called(each)) for each in found]


def _table(name: str, api_name: str) -> RawTable:
    columns: dict[str, ColumnType] = {"hs_lastmodifieddate": "timestamp", "hs_merged_object_ids": "list"}
    return RawTable(name, api_name, RECORD_COLUMNS | columns, cursor="hs_lastmodifieddate")


def gone(reading: Reading, found: list[Json] | None) -> list[TableFetch]:
    """What is left here of objects whose schema was deleted. HubSpot lets nobody do so before all records are
    deleted, but no list shows them any more: they are marked, and their associations go."""
    if found is None:
        return []  # nobody told us of schemas
    there = {table.name for table in tables(in_use(found))}
    names = [n for v, n in reading.known.tables if v == "hubspot" and n.startswith(PREFIX) and n not in there]
    return [each for name in names for each in _gone(reading, name)]


def _gone(reading: Reading, name: str) -> list[TableFetch]:
    import pyarrow as pa

    table, linked = _table(name, name), table_of("hubspot", "associations")
    note = "HubSpot has no such object any more: its records are marked as deleted"
    spool = reading.window(table, reading.upper, 0, name="gone")
    living = list(reading.known.all_versions("hubspot", table))
    ends = [reading.known.distinct("hubspot", linked, each) for each in ("from_type", "to_type")]
    called = f"p{reading.org.org_id}_{name.removeprefix(PREFIX)}"
    types = [next((each for each in some if each.casefold() == called), None) for some in ends]
    if living:
        at = pa.array([reading.upper] * len(living), ARROW_TYPES["timestamp"])
        marks = {"id": living, "deleted_at": at, "deleted_how": ["swept"] * len(living)}
        spool.write(name, "mark", pa.table(marks))
    if any(types):
        pairs = {"from_type": [types[0], None], "to_type": [None, types[1]]}
        scope = pa.table({key: pa.array(ends, pa.string()) for key, ends in pairs.items()})
        spool.write(linked.name, "scope", scope.filter(pa.array([bool(each) for each in types])))
    if not spool.has_news:
        return [reading.outcome(table, "absent", notes=(note,))]
    spool.commit(complete=True)
    return [
        reading.outcome(table, "absent", spool.parts(name), notes=(note,)),
        reading.outcome(linked, "loaded", spool.parts(linked.name)),
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
