"""What a plan may not exceed: a mistake upstream must not become a hundred thousand wrong writes.

Belongs here: the guards of `syncs.yml`, asked of the cells of one sync and of rows that leave an extension.
How many actions of a kind there may be is asked where actions are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import duckdb

from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.extension_rows import EMPTY, REMOVE
from pipelines.reverse_sync.diff import has_table
from pipelines.rules.syncs import Guards, Sync


def exceeded(
    connection: duckdb.DuckDBPyConnection, sync: str, rules: Sync, records: int, guards: Guards
) -> list[str]:
    """A sentence for each guard that the changes of a sync exceed; `records` is how many the CRM holds."""
    records = _held_by_crm(connection, rules) or records
    row = connection.execute(
        "select count(distinct record_id) filter (where owner = 'crm' and before is not null), "
        "count(*) filter (where after is null), count(distinct record_id) filter (where before is not null) "
        "from cells where sync = ? and verdict = 'change'",
        [sync],
    ).fetchone()
    assert row is not None
    overwritten, blanks, changed = (int(number) for number in row)
    found = []
    share = overwritten / max(records, overwritten, 1)
    if overwritten > guards.overwritten_floor and share > guards.overwritten_share:
        found.append(
            f"{sync} would overwrite values that people own on {overwritten:,} of {records:,} records "
            f"({share:.0%}, the guard allows {guards.overwritten_share:.0%})"
        )
    share = changed / max(records, changed, 1)
    if changed > guards.changed_floor and share > guards.changed_share:
        found.append(
            f"{sync} would change values that are there on {changed:,} of {records:,} records "
            f"({share:.0%}, the guard changed_share allows {guards.changed_share:.0%})"
        )
    if blanks > guards.blanks:
        found.append(f"{sync} would empty {blanks:,} fields (the guard allows {guards.blanks:,})")
    return found


def _held_by_crm(connection: duckdb.DuckDBPyConnection, sync: Sync) -> int:
    """Records of an object whose fields are all mirrored: there is no model of those that exist, and the
    mirror has left only the ones that differ. 0: some model says it, or the extract has no such table."""
    table = sync.object.lower()
    if sync.modelled or not has_table(connection, f"raw_{sync.vendor}", table):
        return 0
    row = connection.execute(
        f'select count(*) from raw_{sync.vendor}."{table}" where deleted_at is null'
    ).fetchone()
    return int(row[0]) if row else 0


def leaving(todo: Iterable[Action], guards: Guards) -> list[str]:
    """A sentence for each extension that too many rows would leave: its segment may be empty by mistake."""
    of: dict[str, int] = {}
    count: Counter[str] = Counter()
    for action in todo:
        if action.kind in (REMOVE, EMPTY):
            of[action.object] = int(action.payload.get("of") or 0)
            count[action.object] += 1
    return [
        f"{n:,} of {of[name]:,} rows would leave {name} "
        f"({n / max(of[name], n):.0%}, the guard left_share allows {guards.left_share:.0%})"
        for name, n in sorted(count.items())
        if n > guards.left_floor and n > guards.left_share * of[name]
    ]
