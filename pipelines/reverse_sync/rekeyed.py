"""Key drift: records that belong to somebody else than when they were last written.

Belongs here: the guard of `syncs.yml` on them. One or two are merges and splits; many at once mean that what
records are matched by has gone wrong, and each would get values of another person, company or deal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb
from sqlalchemy import Connection

from pipelines.rules.syncs import Guards
from pipelines.state import agreed
from pipelines.warehouse import has_table

_IDENTITIES = ("lead_identities", "account_identities", "opportunity_identities")


def exceeded(
    connection: duckdb.DuckDBPyConnection, state: Connection, syncs: Sequence[tuple[str, int]], guards: Guards
) -> list[str]:
    """A sentence for each of these syncs (name, records the CRM holds) that exceeds the guard."""
    first = agreed.first(state)
    if first is None:  # nothing was ever written
        return []
    found = []
    for name, records in syncs:
        joined = _joined(connection, name, first)
        if len(joined) <= guards.rekeyed_floor:
            continue
        written: dict[str, datetime] = {}
        for (key, _), value in agreed.of_records(state, list(joined)).items():
            written[key] = max(value.agreed_at, written.get(key, value.agreed_at))
        others = sum(1 for key, moment in written.items() if joined[key] > moment)
        share = others / max(records, others, 1)
        if others > guards.rekeyed_floor and share > guards.rekeyed_share:
            found.append(
                f"{name} would write to {others:,} of {records:,} records that belong to another person, "
                f"company or deal than when they were last written ({share:.0%}, the guard rekeyed_share "
                f"allows {guards.rekeyed_share:.0%})"
            )
    return found


def _joined(connection: duckdb.DuckDBPyConnection, sync: str, since: datetime) -> dict[str, datetime]:
    """Record key -> when it came to be whose it is, of records to change that came there after `since`."""
    found: dict[str, datetime] = {}
    for table in _IDENTITIES:
        if has_table(connection, "marts", table):
            rows = connection.execute(
                f"select distinct c.record_key, i.joined_at from cells c join marts.{table} i "
                "using (record_key) where c.sync = ? and c.verdict = 'change' and i.joined_at > ?",
                [sync, since],
            ).fetchall()
            found |= dict(rows)
    return found
