"""What config means and Marketing Cloud does not have: people whom `journeys.yml` would let in, keys.

Belongs here: saying it in a plan. What there is of it is worked out in dbt (`journeys_unreached`).
"""

from __future__ import annotations

import duckdb

from pipelines.warehouse import has_table

_SAID = {
    "keyed by address": "Marketing Cloud knows its {number:,} subscribers by address and none by the id of a "
    "lead or contact: nobody enters a journey and no row of people is written, for both go by the id",
    "no contact": "journeys: {number:,} people whom journeys.yml would let in have no active contact in "
    "Marketing Cloud by the id of their lead or contact; its synchronisation with Salesforce makes it",
}


def notes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """A sentence for each."""
    if not has_table(connection, "reverse_sync", "journeys_unreached"):
        return ()
    rows = connection.execute(
        "select finding, number from reverse_sync.journeys_unreached order by finding"
    ).fetchall()
    return tuple(_SAID[finding].format(number=number) for finding, number in rows)
