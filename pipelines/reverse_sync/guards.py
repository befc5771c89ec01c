"""What a plan may not exceed: a mistake upstream must not become a hundred thousand wrong writes.

Belongs here: the guards of `syncs.yml`, asked of the cells of each sync, of those of all together (each may
stay below its floor, and all be one mistake), and of rows that leave an extension.
How many actions of a kind there may be is asked where actions are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import duckdb

from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.extension_rows import EMPTY, REMOVE
from pipelines.rules.syncs import Guards, Sync
from pipelines.warehouse import has_table


class Touched(NamedTuple):
    """What the changes of a sync come to: records the CRM holds, those of which a value that people own, or
    any value, would change, those of which an empty field would be filled; fields that would be emptied."""

    records: int
    overwritten: int
    changed: int
    filled: int
    blanks: int

    def plus(self, other: Touched) -> Touched:
        return Touched(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def exceeded(
    connection: duckdb.DuckDBPyConnection,
    syncs: Mapping[str, tuple[Sync, int]],
    guards: Guards,
    was_written: Callable[[Sync], int],
) -> list[str]:
    """A sentence for each guard that the changes of these syncs (and how many records there are) exceed.
    `was_written`: of how many records we have ever written a field of a sync."""
    found, whole = [], Touched(0, 0, 0, 0, 0)
    for name, (sync, records) in syncs.items():
        touched = _touched(connection, name, sync, records)
        if touched is not None:
            found += _sentences(name, touched, guards)
            found += _filling(name, sync, touched, guards, was_written)
            whole = whole.plus(touched)
    return found or _sentences("the plan as a whole", whole, guards)


def _touched(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync, records: int) -> Touched | None:
    row = connection.execute(
        "select count(distinct record_id) filter (where owner = 'crm' and before is not null), "
        "count(distinct record_id) filter (where before is not null), "
        "count(distinct record_id) filter (where before is null), count(*) filter (where after is null) "
        "from cells where sync = ? and verdict = 'change'",
        [name],
    ).fetchone()
    assert row is not None
    return Touched(_held_by_crm(connection, sync) or records, *row) if any(row) else None


def _sentences(name: str, of: Touched, guards: Guards) -> list[str]:
    found = []
    share = of.overwritten / max(of.records, of.overwritten, 1)
    if of.overwritten > guards.overwritten_floor and share > guards.overwritten_share:
        found.append(
            f"{name} would overwrite values that people own on {of.overwritten:,} of {of.records:,} records "
            f"({share:.0%}, the guard allows {guards.overwritten_share:.0%})"
        )
    share = of.changed / max(of.records, of.changed, 1)
    if of.changed > guards.changed_floor and share > guards.changed_share:
        found.append(
            f"{name} would change values that are there on {of.changed:,} of {of.records:,} records "
            f"({share:.0%}, the guard changed_share allows {guards.changed_share:.0%})"
        )
    if of.blanks > guards.blanks:
        found.append(f"{name} would empty {of.blanks:,} fields (the guard allows {guards.blanks:,})")
    return found


def _filling(
    name: str, sync: Sync, of: Touched, guards: Guards, was_written: Callable[[Sync], int]
) -> list[str]:
    """Once a sync has reached half of its records its beginning is over, which a person has read: to fill
    many of them at once is a new field then, or a mistake."""
    share = of.filled / max(of.records, of.filled, 1)
    if of.filled <= guards.filled_floor or share <= guards.filled_share:
        return []
    if was_written(sync) * 2 < of.records:
        return []
    return [
        f"{name} would fill empty fields of {of.filled:,} of {of.records:,} records ({share:.0%}, the guard "
        f"filled_share allows {guards.filled_share:.0%} of a sync that has been written before)"
    ]


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
