"""What a plan may not exceed: a mistake upstream must not become a hundred thousand wrong writes.

Belongs here: the guards of `syncs.yml`, asked of the cells of one sync. Deleting is not among the operations
of a plan, so there is nothing to guard.
"""

from __future__ import annotations

import duckdb

from pipelines.rules.syncs import Guards


def exceeded(connection: duckdb.DuckDBPyConnection, sync: str, records: int, guards: Guards) -> list[str]:
    """A sentence for each guard that the changes of a sync exceed; `records` is how many the CRM holds."""
    row = connection.execute(
        "select count(distinct record_id) filter (where owner = 'crm' and before is not null), "
        "count(*) filter (where after is null) from cells where sync = ? and verdict = 'change'",
        [sync],
    ).fetchone()
    assert row is not None
    overwritten, blanks = int(row[0]), int(row[1])
    found = []
    share = overwritten / records if records else 0.0
    if overwritten > guards.overwritten_floor and share > guards.overwritten_share:
        found.append(
            f"{sync} would overwrite values that people own on {overwritten:,} of {records:,} records "
            f"({share:.0%}, the guard allows {guards.overwritten_share:.0%})"
        )
    if blanks > guards.blanks:
        found.append(f"{sync} would empty {blanks:,} fields (the guard allows {guards.blanks:,})")
    return found
