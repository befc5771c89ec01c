"""Desired and existing consent to single purposes: two tables for each place that `consent.yml` names.

Belongs here: handing each sync its rows. What is refused, and where it is to be said, is worked out in dbt
(`purpose_consents`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.objects.sql import quoted, rows_in, text_literal
from pipelines.rules import consent_syncs
from pipelines.rules.consent import Place


def rows(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Replace the tables of every place. Returns the rows desired."""
    for name in _left(connection):
        connection.execute(f"drop table reverse_sync.{quoted(name)}")
    total = 0
    for name, place in consent_syncs.named(config_dir):
        for kind, column in (("existing", "held"), ("sync", "wanted")):
            connection.execute(_table(f"{kind}_{name}", name, place, column))
        total += rows_in(connection, f"reverse_sync.sync_{name}")
    return total


def _left(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Tables that an earlier config made."""
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'reverse_sync' and regexp_matches(table_name, '^(existing|sync)_consent_')"
    ).fetchall()
    return [name for (name,) in found]


def _table(table: str, sync: str, place: Place, column: str) -> str:
    kind = "boolean" if consent_syncs.type_of(place) == "boolean" else "varchar"
    value = f"cast({column} as {kind}) as {quoted(consent_syncs.field_of(place))}"
    return (
        f"create table reverse_sync.{quoted(table)} as select record_id, record_key, person_id, {value} "
        f"from reverse_sync.purpose_consents where sync = {text_literal(sync)}"
    )
