"""Links that campaigns of one CRM keep to those of the other -> table `rules.campaign_links`; pairs that the
state remembers -> `rules.campaign_decisions`.

Belongs here: one SELECT per CRM, of the raw column that `config/attribution.yml` names under `link_fields`. A
portal or org without that field has no links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.rules.attribution import Attribution

if TYPE_CHECKING:
    import duckdb

_TABLES = {
    "hubspot": ("campaigns", "id"), "salesforce": ("campaign", "Id"), "marketing_cloud": ("campaigns", "id"),
}  # fmt: skip
_EMPTY = "select null::varchar as vendor, null::varchar as record_id, null::varchar as other_id where false"


def write(connection: duckdb.DuckDBPyConnection, rules: Attribution) -> None:
    """Replace `rules.campaign_links`: vendor, record_id, other_id (an id or record key of another CRM's)."""
    selects = [_EMPTY]
    for vendor, field in rules.campaigns.link_fields.items():
        table, key = _TABLES[vendor]
        there = connection.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = $1 and lower(table_name) = $2 and lower(column_name) = lower($3)",
            [f"raw_{vendor}", table, field],
        ).fetchone()
        if there:
            said = f'trim("{there[0]}"::varchar)'
            selects.append(
                f"select '{vendor}' as vendor, \"{key}\" as record_id, {said} as other_id "
                f"from raw_{vendor}.{table} where {said} != ''"
            )
    connection.execute(f"create or replace table rules.campaign_links as {' union all '.join(selects)}")
    # What was one campaign stays one when somebody renames it; what attribution.yml says goes before.
    connection.execute(
        "insert into rules.campaign_decisions (left_key, right_key, verdict) "
        "select d.left_key, d.right_key, d.verdict from rules.identity_decisions d "
        "where d.entity = 'campaign' and not exists (select 1 from rules.campaign_decisions c "
        "where c.left_key = d.left_key and c.right_key = d.right_key)"
    )
