"""Reads what `diff` left on the connection: the lines of a plan, what is held, samples, findings.

Belongs here: queries over the temp tables `cells` and `held`, and over the published marts that explain them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from pipelines.reverse_sync.planfile import FieldChange
from pipelines.reverse_sync.planned import Held, Sample
from pipelines.rules.syncs import Sync
from pipelines.warehouse import has_table

_SAMPLES = 3
HELD_SHOWN = 1_000
_LINES_AT_ONCE, _LINES_A_STRETCH = 10_000, 50_000

_LINE_SQL = """
select json_object(
    'sync', c.sync,
    'vendor', $vendor,
    'object', $object,
    'record_id', c.record_id,
    'record_key', any_value(c.record_key),
    'person_id', any_value(c.person_id),
    'operation', 'update',{parent}
    'fields', map_from_entries(list((
        c.field, {'before': c.before, 'after': c.after, 'provider': c.provider, 'rule': c.rule}
    ) order by c.position))
)::varchar
from cells c
join line_order o on o.sync = c.sync and o.record_id = c.record_id
where c.verdict = 'change' and c.sync = $sync and o.stretch = $stretch
group by c.sync, c.record_id
order by any_value(o.position)
"""

_SAMPLE_SQL = """
with ranked as (
    select sync, record_id, any_value(person_id) as person_id, count(*) as size
    from cells where verdict = 'change' group by sync, record_id
    qualify row_number() over (partition by sync order by size desc, record_id) <= $samples
)
select c.sync, c.record_id, coalesce(any_value(p.full_name), any_value(p.email), ''),
    list({'field': field, 'before': before, 'after': after, 'provider': provider, 'rule': rule}
        order by position) as fields
from ranked r
join cells c on c.sync = r.sync and c.record_id = r.record_id and c.verdict = 'change'
left join {people} p on p.person_id = r.person_id
group by c.sync, c.record_id
order by list_position($names, c.sync), len(fields) desc, c.record_id
"""


def lines(connection: duckdb.DuckDBPyConnection, syncs: dict[str, Sync]) -> Iterator[str]:
    """A line per record to change, in the order of `syncs`, then by parent and by record id.

    They are made stretch by stretch: all at once would be in memory at the same time.
    """
    for name, sync in syncs.items():
        parent = " 'parent', any_value(o.parent)," if sync.grouped_by else ""
        for stretch in _stretches(connection, name, sync):
            values = {"sync": name, "stretch": stretch, "vendor": sync.vendor, "object": sync.object}
            query = _LINE_SQL.replace("{parent}", parent)
            reader = connection.execute(query, values).to_arrow_reader(_LINES_AT_ONCE)
            for batch in reader:
                yield from batch.column(0).to_pylist()


def _stretches(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync) -> list[int]:
    """Temp table `line_order` (sync, record_id, parent, position, stretch) of one sync. Returns its
    stretches."""
    parent = f"any_value(e.{sync.grouped_by})::varchar" if sync.grouped_by else "null"
    join = f"left join reverse_sync.{sync.existing} e using (record_id)" if sync.grouped_by else ""
    connection.execute(
        "create or replace temp table line_order as select $sync as sync, record_id, parent, "
        "row_number() over (order by parent, record_id) as position, "
        f"(row_number() over (order by parent, record_id) - 1) // {_LINES_A_STRETCH} as stretch "
        f"from (select record_id, {parent} as parent from cells {join} "
        "where sync = $sync and verdict = 'change' group by record_id)",
        {"sync": name},
    )
    rows = connection.execute("select distinct stretch from line_order order by 1").fetchall()
    return [int(stretch) for (stretch,) in rows]


def fields(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, int, int]]:
    """(field, changes, kept by policy) of a sync, in the order of the file."""
    found: list[tuple[str, int, int]] = connection.execute(
        "select field, count(*) filter (where verdict = 'change'), count(*) filter (where verdict = 'kept') "
        "from cells where sync = ? group by field, position order by position",
        [name],
    ).fetchall()
    return found


def records(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """How many records of a sync are to change."""
    return count(connection, "cells where verdict = 'change' and sync = ?", "distinct record_id", name)


def rows_then(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync) -> int | None:
    """Of a data extension the rows it has once the plan is applied: its model also has a row for each that a
    first write makes. None where the model does not tell which are there."""
    if sync.vendor != "marketing_cloud" or not sync.existing:
        return None
    columns = connection.execute(f"describe reverse_sync.{sync.existing}").fetchall()
    if not any(str(column[0]).lower() == "is_there" for column in columns):
        return None
    row = connection.execute(
        f"select count(*) from reverse_sync.{sync.existing} where is_there or record_id in "
        "(select record_id from cells where sync = ? and verdict = 'change')", [name],
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else None


def held(connection: duckdb.DuckDBPyConnection) -> tuple[Held, ...]:
    """The first records that are held back, with the reason."""
    rows = connection.execute(
        f"select sync, record_id, record_key, reason from held order by all limit {HELD_SHOWN}"
    ).fetchall()
    return tuple(Held(*row) for row in rows)


def all_held(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str]]:
    """Each record that is held back: sync, id, key, reason."""
    rows = connection.execute(
        "select sync, record_id, coalesce(any_value(record_key), ''), min(reason) from held "
        "group by sync, record_id order by sync, record_id"
    ).fetchall()
    return [(sync, record_id, key, reason) for sync, record_id, key, reason in rows]


def samples(connection: duckdb.DuckDBPyConnection, syncs: dict[str, Sync]) -> tuple[Sample, ...]:
    """Of each sync the records with most to change: they show most."""
    people = "marts.unified_leads"
    if not has_table(connection, "marts", "unified_leads"):
        people = "(select '' as person_id, '' as full_name, '' as email)"
    query = _SAMPLE_SQL.replace("{people}", people)
    rows = connection.execute(query, {"samples": _SAMPLES, "names": list(syncs)}).fetchall()
    return tuple(
        Sample(sync, record_id, label, {f.pop("field"): FieldChange(**f) for f in changes})
        for sync, record_id, label, changes in rows
    )


def findings(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, Any], ...]:
    """Defects in the data that the marts found."""
    if not has_table(connection, "marts", "data_findings"):
        return ()
    found = connection.execute("select * from marts.data_findings order by all")
    names = [column[0] for column in found.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())


def has_people(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the world has anybody to write about."""
    return has_table(connection, "marts", "unified_leads") and count(connection, "marts.unified_leads") > 0


def count(connection: duckdb.DuckDBPyConnection, source: str, what: str = "*", *values: str) -> int:
    row = connection.execute(f"select count({what}) from {source}", list(values)).fetchone()
    return int(row[0]) if row else 0
