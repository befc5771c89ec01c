"""What an earlier record of HubSpot is tied to, for the new record that takes its place.

Belongs here: associations of `renamed_compared`, each with its labels, read from either side. An end that is
itself a record of a renamed object is the new one of it, once that is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import orjson

from pipelines.clients.hubspot.types import TYPE_IDS
from pipelines.objects.links import is_type
from pipelines.objects.sql import columns_of, record_key_sql, text_literal
from pipelines.rules.schema.renames import ObjectRename


def make_ties(
    connection: duckdb.DuckDBPyConnection, table: str, each: ObjectRename, renamed: Sequence[ObjectRename]
) -> None:
    """Add an action for each association that the earlier record has and the new one lacks."""
    if not columns_of(connection, "raw_hubspot.associations"):
        return
    may = associable(connection, each.new)
    _pairs(connection, each, [other for other in renamed if other.vendor == "hubspot"])
    others = [
        str(row[0]) for row in connection.execute("select distinct other_type from tied_before").fetchall()
    ]
    for other in sorted(others):
        lacking = "" if other in may else f"{each.new} has no association with {other}"
        # A pair of records of the one object is read from both ends already.
        for from_new in (True,) if other == each.new else (True, False):
            _insert(connection, table, each, other, lacking, from_new=from_new)


def associable(connection: duckdb.DuckDBPyConnection, name: str) -> set[str]:
    """The types that an object of the portal can be tied to, as its schema said when it was read."""
    if not columns_of(connection, "raw_hubspot.schemas"):
        return set()
    rows = connection.execute(
        "select id, lower(name), associations::varchar from raw_hubspot.schemas"
    ).fetchall()
    called = TYPE_IDS | {str(i): str(n) for i, n, _ in rows}
    found: set[str] = set()
    for _, _, told in rows:
        for pair in orjson.loads(told or "[]"):
            ends = [called.get(str(pair.get(end))) for end in ("fromObjectTypeId", "toObjectTypeId")]
            if name in ends:
                ends.remove(name)
                found |= {end for end in ends if end is not None}
    return found


def _plain(column: str) -> str:
    """A custom object without the portal's own prefix, as the model calls it."""
    return f"regexp_replace({column}, '^p[0-9]+_', '')"


def _pairs(
    connection: duckdb.DuckDBPyConnection, each: ObjectRename, renamed: Sequence[ObjectRename]
) -> None:
    """Temp table `tied_before`: a row for each tie, with the labels of the side it was read from."""
    connection.execute(
        "create or replace temp table tied_new (own_type varchar, old_id varchar, new_id varchar)"
    )
    for other in renamed:
        earlier, later = f"raw_hubspot.custom_{other.old}", f"raw_hubspot.custom_{other.new}"
        had, have = columns_of(connection, earlier), columns_of(connection, later)
        if other.old_key.lower() in had and other.key.lower() in have:
            connection.execute(
                f"insert into tied_new select ?, a.id, b.id from {earlier} a join {later} b on "
                f'b."{other.key}"::varchar = a."{other.old_key}"::varchar '
                "where a.deleted_at is null and b.deleted_at is null",
                [other.old],
            )
    sides = " union all ".join(
        f"select {a}_id as own_id, {_plain(f'{b}_type')} as other_type, {b}_id as other_id, label, "
        f"{first} as from_new from raw_hubspot.associations "
        f"where {is_type(f'{a}_type', each.old)}"
        for a, b, first in (("from", "to", "true"), ("to", "from", "false"))
    )
    names = ", ".join(f"({text_literal(o.old)}, {text_literal(o.new)})" for o in renamed)
    connection.execute(
        "create or replace temp table tied_before as with sides as "
        f"({sides}), called as (select * from (values {names}) v(old, new)) "
        "select s.own_id, coalesce(c.new, s.other_type) as other_type, "
        "case when c.old is null then s.other_id else t.new_id end as other_id, s.from_new, "
        "list_sort(list(distinct s.label) filter (where s.label is not null and s.label <> 'Primary')) "
        "as labels "
        "from sides s left join called c on c.old = s.other_type "
        "left join tied_new t on t.own_type = s.other_type and t.old_id = s.other_id "
        "where c.old is null or t.new_id is not null group by all"
    )


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, each: ObjectRename, other: str, lacking: str, *,
    from_new: bool,
) -> None:  # fmt: skip
    """Tied from the side it was read from, so that a label means the same."""
    new_key = record_key_sql(connection, "hubspot", each.new, "c.new_id")
    other_key = record_key_sql(connection, "hubspot", other, "p.other_id")
    start, end = (each.new, other) if from_new else (other, each.new)
    own = "c.new_id" if from_new else "p.other_id"
    hangs_on = other_key if from_new else f"case when c.new_id is null then '' else {new_key} end"
    either = " or ".join(
        f"({is_type(f'a.{a}_type', each.new)} and a.{a}_id = c.new_id and "
        f"{is_type(f'a.{b}_type', other)} and a.{b}_id = p.other_id)"
        for a, b in (("from", "to"), ("to", "from"))
    )
    tied = f"exists (select 1 from raw_hubspot.associations a where {either})"
    connection.execute(
        f"insert into {table} select substr(sha256(concat_ws('|', 'renamed tie', ?, key, ?, p.other_id, "
        f"p.labels::varchar)), 1, 32), ?, 'associate', 'hubspot', ?, {hangs_on}, '', "
        f"json_object('to', ?::varchar, 'from_id', {own}, 'labels', coalesce(p.labels, []), "
        "'lacking', ?::varchar)::varchar, "
        "case when c.new_id is null then c.action_key else '' end, 'records', ?, ?, 'final', null "
        "from renamed_compared c join tied_before p on p.own_id = c.old_id "
        f"where p.other_type = ? and p.from_new = ? and (c.new_id is not null or c.action_key is not null) "
        f"and not {tied}",
        [each.new, other, f"rename hubspot {each.new}", start, end, lacking, each.where,
         f"from {each.old}", other, from_new],
    )  # fmt: skip
