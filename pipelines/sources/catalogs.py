"""The tables of all vendors in one place: what a refresh promises to have."""

from __future__ import annotations

from pipelines.sources.hubspot import catalog as hubspot
from pipelines.sources.marketing_cloud import catalog as marketing_cloud
from pipelines.sources.salesforce import catalog as salesforce
from pipelines.sources.schema import RawTable

CATALOGS: dict[str, tuple[RawTable, ...]] = {
    "hubspot": hubspot.TABLES, "salesforce": salesforce.TABLES, "marketing_cloud": marketing_cloud.TABLES,
}  # fmt: skip


def schema_of(vendor: str) -> str:
    """The schema a vendor's tables are in."""
    return f"raw_{vendor}"


def table_of(vendor: str, name: str) -> RawTable:
    return next(table for table in CATALOGS[vendor] if table.name == name)
