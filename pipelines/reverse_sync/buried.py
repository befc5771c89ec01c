"""Holds back what a CRM refused before, and what a person took back, until `crm retry` releases it.

Belongs here: asking the dead letters about the cells of a plan. Another value of the same field is tried.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from pipelines.state.dead_letters import Buried


def hold(connection: duckdb.DuckDBPyConnection, letters: Sequence[Buried]) -> None:
    """Move cells that would send a buried value again from `cells` to `held`."""
    if not letters:
        return
    columns = {
        name: pa.array([getattr(each, name) for each in letters], pa.string()) for name in Buried._fields
    }
    connection.register("buried", pa.table(columns))
    connection.execute(
        "create or replace temp table refused as select c.sync, c.record_id, c.record_key, c.field, "
        "c.field || ': ' || b.code || ' before; ' || b.remedy as reason from cells c "
        "join buried b on b.record_key = c.record_key and b.field = c.field "
        "and c.after is not distinct from b.value where c.verdict = 'change'"
    )
    connection.execute(
        "insert into held select sync, record_id, any_value(record_key), "
        "string_agg(reason, '; ' order by field) from refused group by sync, record_id"
    )
    connection.execute(
        "delete from cells using refused r where cells.sync = r.sync and cells.record_id = r.record_id "
        "and cells.field = r.field"
    )
    connection.unregister("buried")
