"""How Salesforce's events came out -> table `rules.event_outcomes`, by the field that `config/activities.yml`
names.

Belongs here: one SELECT of a raw column that no model can name because config does. Without a field in config
there are no rows; an org without the field that is named is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.errors import ConfigError
from pipelines.rules.activities import Activities

if TYPE_CHECKING:
    import duckdb

_TABLE = "create or replace table rules.event_outcomes (event_id varchar, outcome varchar)"


def write(connection: duckdb.DuckDBPyConnection, activities: Activities) -> None:
    """Replace `rules.event_outcomes`: event_id, outcome (by HubSpot's name)."""
    connection.execute(_TABLE)
    rule = activities.event_outcome
    if rule is None:
        return
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'raw_salesforce' and table_name = 'event' and lower(column_name) = lower(?)",
        [rule.field],
    ).fetchone()
    if found is None:
        raise ConfigError(
            f"event_outcome names {rule.field}, which has not been extracted of Salesforce's events",
            where="activities.yml", remedy="mend the name, or give the user that reads the right to see it",
        )  # fmt: skip
    connection.execute(
        'insert into rules.event_outcomes select e."Id", m.outcome from raw_salesforce.event e '
        "join (select unnest($values::varchar[]) as value, unnest($outcomes::varchar[]) as outcome) m "
        f'on lower(trim(e."{found[0]}")) = lower(m.value)',
        {"values": list(rule.meanings), "outcomes": list(rule.meanings.values())},
    )
