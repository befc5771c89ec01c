"""The CRMs' own lead scores -> table `rules.crm_scores`, from the fields that `config/lead_score.yml` names.

Belongs here: one SELECT per object, of a raw column that no model can name because config does. A portal or
org without that field has no rows, unless its score is the score of record: then that is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import ConfigError
from pipelines.rules.lead_score import LeadScore

if TYPE_CHECKING:
    import duckdb

_OBJECTS = {
    "hubspot": (("raw_hubspot.contacts", "contacts"),),
    "salesforce": (("raw_salesforce.lead", "Lead"), ("raw_salesforce.contact", "Contact")),
}
_EMPTY = "select null::varchar as vendor, null::varchar as record_key, null::bigint as score where false"


def write(connection: duckdb.DuckDBPyConnection, rules: LeadScore) -> None:
    """Replace `rules.crm_scores`: vendor, record_key, score (a whole number). Needs `rules.connections`."""
    selects = [_EMPTY]
    for vendor, objects in _OBJECTS.items():
        field = getattr(rules.crm_scores, vendor)
        found = [
            _select(vendor, table, kind, field) for table, kind in objects if _has(connection, table, field)
        ]
        if not found and rules.score_of_record == vendor:
            raise ConfigError(
                f"score_of_record is {vendor}, but no {field} has been extracted from it",
                where="lead_score.yml", remedy="mend crm_scores, or make ours the score of record",
            )  # fmt: skip
        selects += found
    connection.execute(f"create or replace table rules.crm_scores as {' union all '.join(selects)}")


def _has(connection: duckdb.DuckDBPyConnection, table: str, field: str | None) -> bool:
    schema, _, name = table.partition(".")
    return bool(
        connection.execute(
            "select 1 from duckdb_columns() where database_name = current_database() and schema_name = $1 "
            "and lower(table_name) = $2 and lower(column_name) = lower($3)",
            [schema, name, field or ""],
        ).fetchone()
    )


def _select(vendor: str, table: str, kind: str, field: str) -> str:
    org = f"(select any_value(org_id) from rules.connections where vendor = '{vendor}')"
    return (
        f"select '{vendor}' as vendor, '{vendor}:' || {org} || ':{kind}:' || id as record_key, "
        f'round(try_cast("{field}" as double))::bigint as score from {table} '
        f'where deleted_at is null and try_cast("{field}" as double) is not null'
    )
