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
    # First what attribution.yml says, then what somebody decided, then what a mapping keeps in step: renamed,
    # it stays one campaign.
    for told in (
        "select left_key, right_key, verdict from rules.identity_decisions where entity = 'campaign'",
        "select least(left_key, right_key), greatest(left_key, right_key), 'same' from rules.mirrored_pairs "
        "where contains(left_key || '|' || right_key, ':Campaign:')",
    ):
        connection.execute(
            "insert into rules.campaign_decisions (left_key, right_key, verdict) "
            f"select t.* from ({told}) as t(left_key, right_key, verdict) "
            "where not exists (select 1 from rules.campaign_decisions c "
            "where c.left_key = t.left_key and c.right_key = t.right_key)"
        )
