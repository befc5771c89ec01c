"""What is extracted from HubSpot, as plain data: one `RawTable` for each table of `raw_hubspot`.

A module for each concept; here only the sum of them.
"""

from __future__ import annotations

from pipelines.sources.hubspot.catalog import campaigns, linked, marketing, messages, records, settings
from pipelines.sources.hubspot.catalog.campaigns import CAMPAIGN_PROPERTIES
from pipelines.sources.hubspot.catalog.linked import ASSOCIATIONS, HISTORY_PROPERTIES
from pipelines.sources.hubspot.catalog.records import RECORD_COLUMNS
from pipelines.sources.schema import RawTable

__all__ = ["ASSOCIATIONS", "CAMPAIGN_PROPERTIES", "HISTORY_PROPERTIES", "RECORD_COLUMNS", "TABLES"]

TABLES: tuple[RawTable, ...] = (
    *records.TABLES, *linked.TABLES, *settings.TABLES, *campaigns.TABLES, *marketing.TABLES, *messages.TABLES,
)  # fmt: skip
