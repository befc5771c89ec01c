"""Raw tables of all vendors: one step brings them all, each is an asset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration import keys
from orchestration.reporting import materialised
from orchestration.resources import RunLoop
from pipelines.sources.hubspot.catalog import TABLES as HUBSPOT
from pipelines.sources.marketing_cloud.catalog import TABLES as MARKETING_CLOUD
from pipelines.sources.salesforce.catalog import TABLES as SALESFORCE
from pipelines.sources.schema import RawTable

CATALOGS = {"hubspot": HUBSPOT, "salesforce": SALESFORCE, "marketing_cloud": MARKETING_CLOUD}
NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "marketing_cloud": "Marketing Cloud"}


def raw_specs() -> list[dg.AssetSpec]:
    """An asset for each table of the catalogs, and the ledger of loads."""
    raw = [
        keys.spec(
            keys.table(f"raw_{vendor}.{table.name}"), keys.EXTRACT[vendor], {vendor, "dlt"},
            _description(vendor, table),
        )
        for vendor, tables in CATALOGS.items()
        for table in tables
    ]  # fmt: skip
    loads = keys.spec(
        keys.LOADS, keys.QUALITY, {"dlt", "duckdb"},
        "One row per object and extract: how many rows it brought, up to when, in how many calls.",
    )  # fmt: skip
    return [*raw, loads]


def _description(vendor: str, table: RawTable) -> str:
    note = f" {table.note[:1].upper()}{table.note[1:]}." if table.note else ""
    key = ", ".join(table.key)
    return f"{NAMES[vendor]} {table.api_name} as the API gives them, typed, merged on {key}.{note}"


def build() -> list[dg.AssetsDefinition]:
    specs = raw_specs()

    @dg.multi_asset(name="extract", specs=specs)
    def extract(run_loop: dg.ResourceParam[RunLoop]) -> Iterator[dg.MaterializeResult[Any]]:
        """Fetch what is new in the CRMs and load it into the refresh in the works."""
        step = run_loop.extract()
        yield from materialised([spec.key for spec in specs], step, run_loop.loop.warehouse)

    return [extract]
