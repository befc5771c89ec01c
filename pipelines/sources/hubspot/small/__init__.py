"""Reads HubSpot's small tables whole: owners, pipelines and stages, property definitions, campaigns.

Belongs here: what every portal has. Marketing's is in `marketing`, how a portal is set up in `settings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.types import type_name
from pipelines.sources.catalogs import table_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot import rows
from pipelines.sources.hubspot.begun import Begun
from pipelines.sources.hubspot.catalog import CAMPAIGN_PROPERTIES
from pipelines.sources.hubspot.small import marketing
from pipelines.sources.reading import Reading

PIPELINE_OBJECTS = ("deals", "tickets", "leads")


def read_owners(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Owners, also those who left: their names still stand on records."""
    before = reading.calls_here()
    found = [*client.owners(), *client.owners(archived=True)]
    table = table_of("hubspot", "owners")
    built = rows.owners(table, found)
    return [reading.whole(table, built, calls=reading.calls_here() - before)]


def read_pipelines(reading: Reading, client: HubSpotClient, customs: Sequence[str] = ()) -> list[TableFetch]:
    """Pipelines and their stages come in one answer, of custom objects too."""
    before = reading.calls_here()
    pipelines, stages = (table_of("hubspot", name) for name in ("pipelines", "pipeline_stages"))
    found, notes = {}, []
    renamed = map(type_name, reading.rules.hubspot.renamed)
    for object_type in dict.fromkeys((*PIPELINE_OBJECTS, *renamed, *customs)):
        try:
            found[object_type] = client.pipelines(object_type)
        except (errors.NotFound, errors.Forbidden) as error:
            if object_type == "deals":
                raise
            notes.append(f"pipelines of {object_type}: {error}")
    calls = reading.calls_here() - before
    return [
        reading.whole(pipelines, rows.pipelines(pipelines, found), notes, calls=calls),
        reading.whole(stages, rows.stages(stages, found)),
    ]


def read_properties(reading: Reading, found: Mapping[str, Sequence[Any]]) -> list[TableFetch]:
    """Definitions that were read already, for reading records needs them."""
    table = table_of("hubspot", "properties")
    return [reading.whole(table, rows.properties(table, found), calls=len(found))]


def read_campaigns(reading: Reading, client: HubSpotClient) -> Begun:
    """Campaigns, and what they are made of."""
    before = reading.calls_here()
    table = table_of("hubspot", "campaigns")
    found = client.campaigns(tuple(CAMPAIGN_PROPERTIES.values()))
    built = rows.campaigns(table, found)
    fetched = reading.whole(table, built, calls=reading.calls_here() - before)
    return marketing.read_campaign_parts(reading, client, fetched, found)
