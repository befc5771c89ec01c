"""Objects of the model in the warehouse: staged by the names of the file, made marts, checked.

Belongs here: what dbt cannot know of, because the file says which objects there are. Making them at a CRM is
`pipelines.schema`, moving their records `pipelines.reverse_sync.records`.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.objects import findings, marts
from pipelines.rules.schema.load import load_model


def find(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Look for records that break what the file says: `ops.object_findings`."""
    return findings.find(connection, load_model(config_dir))


def make_marts(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> dict[str, int]:
    """Make `marts.custom_<object>` of each object of the file; counts for the step, none without objects."""
    made = marts.make(connection, load_model(config_dir))
    return {"marts of custom objects": made} if made else {}
