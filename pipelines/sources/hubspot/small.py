"""Reads HubSpot's small tables whole: owners, pipelines and stages, property definitions, campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.catalogs import table_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot import rows
from pipelines.sources.hubspot.catalog import CAMPAIGN_PROPERTIES
from pipelines.sources.reading import Reading

PIPELINE_OBJECTS = ("deals",)


def read_owners(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Owners, also those who left: their names still stand on records."""
    before = reading.calls_here()
    found = [*client.owners(), *client.owners(archived=True)]
    table = table_of("hubspot", "owners")
    built = rows.owners(table, found)
    return [reading.whole(table, built, calls=reading.calls_here() - before)]


def read_pipelines(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Pipelines and their stages come in one answer."""
    before = reading.calls_here()
    pipelines, stages = (table_of("hubspot", name) for name in ("pipelines", "pipeline_stages"))
    [object_type] = PIPELINE_OBJECTS
    found = client.pipelines(object_type)
    calls = reading.calls_here() - before
    return [
        reading.whole(pipelines, rows.pipelines(pipelines, object_type, found), calls=calls),
        reading.whole(stages, rows.stages(stages, object_type, found)),
    ]


def read_properties(reading: Reading, found: Mapping[str, Sequence[Any]]) -> list[TableFetch]:
    """Definitions that were read already, for reading records needs them."""
    table = table_of("hubspot", "properties")
    return [reading.whole(table, rows.properties(table, found), calls=len(found))]


def read_campaigns(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    before = reading.calls_here()
    table = table_of("hubspot", "campaigns")
    found = client.campaigns(tuple(CAMPAIGN_PROPERTIES.values()))
    built = rows.campaigns(table, found)
    return [reading.whole(table, built, calls=reading.calls_here() - before)]
