"""What is extracted from Salesforce, as plain data: one `RawTable` for each table of `raw_salesforce`."""

from __future__ import annotations

from pipelines.sources.salesforce.catalog import operations, sales
from pipelines.sources.salesforce.catalog.base import CURSOR
from pipelines.sources.schema import RawTable

TABLES: tuple[RawTable, ...] = (*sales.TABLES, *operations.TABLES)

__all__ = ["CURSOR", "TABLES"]
