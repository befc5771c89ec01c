"""Records on their way from an object to the one that takes its place, in the same CRM.

Belongs here: which records the new object lacks, which of their values, and at HubSpot what they are tied to:
rows of `reverse_sync.actions_records`. Whether all is copied is asked of the CRM, by `pipelines.schema`.
A value of the earlier record counts where the new one has none, or where the earlier one changed last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.objects.staged import json_of, text_of
from pipelines.reverse_sync.mirror.records import Source, source_of
from pipelines.reverse_sync.records.renamed_ties import make_ties
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.renames import ObjectRename

COMPARED = "renamed_compared"


@dataclass(frozen=True)
class _Cell:
    """A field of the new object: SQL of the earlier text and of what is there, and its model's field."""

    name: str
    old: str
    new: str
    field: FieldModel | None

    @property
    def differs(self) -> str:
        lacks = f"{self.old} is not null and (n.own_id is null or {self.new} is null)"
        other = f"{self.old} is not null and {self.old} is distinct from {self.new}"
        return f"(({lacks}) or coalesce({other} and o.own_modified > n.own_modified, false))"

    def json(self, text: str) -> str:
        return f"json_object({text_literal(self.name)}, {json_of(self.field, text)})"


def carry(connection: duckdb.DuckDBPyConnection, table: str, renamed: Sequence[ObjectRename]) -> None:
    """Add the actions of every rename whose new object is there."""
    for each in renamed:
        earlier = source_of(each.vendor, each.old)
        if not columns_of(connection, earlier.table):
            continue  # no record has been read of it, or it is gone
        _compare(connection, each, renamed)
        _insert(connection, table, each)
        if each.vendor == "hubspot":
            make_ties(connection, table, each, renamed)


def _compare(
    connection: duckdb.DuckDBPyConnection, each: ObjectRename, renamed: Sequence[ObjectRename]
) -> None:
    """Temp table `renamed_compared`: each earlier record, the new one, and what the new one lacks."""
    earlier, later = source_of(each.vendor, each.old), source_of(each.vendor, each.new)
    had, have = columns_of(connection, earlier.table), columns_of(connection, later.table)
    cells = _cells(connection, each, renamed, had, have)
    wanted = ["'{}'", *(f"case when {c.differs} then {c.json(c.old)} else '{{}}' end" for c in cells)]
    held = ["'{}'", *(f"case when {c.differs} and {c.new} is not null then {c.json(c.new)} else '{{}}' end"
                      for c in cells)]  # fmt: skip
    connection.execute(
        f"create or replace temp table {COMPARED} as with o as ({rows_sql(each.old_key, earlier, had)}), "
        f"n as ({rows_sql(each.key, later, have)}) "
        "select o.own_id as old_id, o.own_key as key, n.own_id as new_id, "
        "o.own_modified::varchar as modified, "
        f"json_merge_patch({', '.join(wanted)}, '{{}}') as wanted, "
        f"json_merge_patch({', '.join(held)}, '{{}}') as held, null::varchar as action_key "
        "from o left join n on n.own_key = o.own_key"
    )
    connection.execute(
        f"update {COMPARED} set action_key = substr(sha256(concat_ws('|', 'renamed', ?, ?, key, wanted, "
        "case when new_id is not null then modified end)), 1, 32) where wanted <> '{}'",
        [each.vendor, each.new],
    )


def rows_sql(key: str, source: Source, have: dict[str, str]) -> str:
    """The living records of an object that have its key; none where the warehouse has no table of it."""
    if key.lower() not in have:
        nothing = ", ".join(f"null::varchar as {name}" for name in ("own_id", "own_key"))
        return f"select {nothing}, null::timestamptz as own_modified where false"
    return (
        f"select *, {quoted(source.id)} as own_id, {text_of(key, have[key.lower()])} as own_key, "
        f"{quoted(source.modified)}::timestamptz as own_modified from {source.table} where {source.alive} "
        f"and {text_of(key, have[key.lower()])} is not null "
        f"qualify row_number() over (partition by {text_of(key, have[key.lower()])} "
        f"order by {quoted(source.id)}) = 1"
    )


def _cells(
    connection: duckdb.DuckDBPyConnection, each: ObjectRename, renamed: Sequence[ObjectRename],
    had: dict[str, str], have: dict[str, str],
) -> list[_Cell]:  # fmt: skip
    """What both objects have; of a new object that no record has been read of, what the model says of it."""
    found = [_Cell(new, _text("o", old, had), _text("n", new, have), field)
             for new, old, field in each.fields if old.lower() in had]  # fmt: skip
    if each.owner.lower() in had and (not have or each.owner.lower() in have):
        found.append(_Cell(each.owner, _text("o", each.owner, had), _text("n", each.owner, have), None))
    through = {r.model: r for r in renamed if r.vendor == each.vendor}
    for new, old, to in each.lookups:
        if old.lower() in had:
            value = _text("o", old, had)
            other = through.get(to)
            old_value = value if other is None else translated(connection, other, value)
            found.append(_Cell(new, old_value, _text("n", new, have), None))
    if each.vendor == "salesforce" and "recordtypeid" in had:
        found += _record_type(connection, each, had, have)
    if each.vendor == "hubspot" and "hs_pipeline_stage" in had:
        found += _stage(connection, each, had, have)
    return found


def _text(alias: str, name: str, have: dict[str, str]) -> str:
    """A column as text; nothing where there is no such column."""
    if name.lower() not in have:
        return "null::varchar"
    return text_of(name, have[name.lower()], alias)


def translated(connection: duckdb.DuckDBPyConnection, other: ObjectRename, value: str) -> str:
    """The id of the new record that stands for an earlier one, which some lookup leads to."""
    earlier, later = source_of(other.vendor, other.old), source_of(other.vendor, other.new)
    had, have = columns_of(connection, earlier.table), columns_of(connection, later.table)
    if other.old_key.lower() not in had or other.key.lower() not in have:
        return "null::varchar"
    return (
        f"(select min(b.own_id) from ({rows_sql(other.old_key, earlier, had)}) a "
        f"join ({rows_sql(other.key, later, have)}) b on b.own_key = a.own_key where a.own_id = {value})"
    )


def _record_type(
    connection: duckdb.DuckDBPyConnection, each: ObjectRename, had: dict[str, str], have: dict[str, str]
) -> list[_Cell]:
    """The record type of the same developer name."""
    if not columns_of(connection, "raw_salesforce.record_type"):
        return []
    value = (
        "(select min(b.Id) from raw_salesforce.record_type a join raw_salesforce.record_type b "
        f"on b.DeveloperName = a.DeveloperName and b.SobjectType = {text_literal(each.new)} "
        f"where a.Id = {_text('o', 'RecordTypeId', had)})"
    )
    return [_Cell("RecordTypeId", value, _text("n", "RecordTypeId", have), None)]


def _stage(
    connection: duckdb.DuckDBPyConnection, each: ObjectRename, had: dict[str, str], have: dict[str, str]
) -> list[_Cell]:
    """The stage of the same label in the pipeline of the same label."""
    if not columns_of(connection, "raw_hubspot.pipeline_stages"):
        return []
    stage, new_type = _text("o", "hs_pipeline_stage", had), text_literal(f"p_{each.new}")
    value = (
        "(select min({}) from raw_hubspot.pipeline_stages s "
        "join raw_hubspot.pipelines p on p.id = s.pipeline_id and p.object_type = s.object_type "
        f"join raw_hubspot.pipelines q on q.label = p.label and q.object_type = {new_type} "
        "join raw_hubspot.pipeline_stages t on t.pipeline_id = q.id and t.object_type = q.object_type "
        f"and t.label = s.label where s.id = {stage} and s.object_type = {text_literal(f'p_{each.old}')})"
    )
    return [
        _Cell("hs_pipeline", value.format("q.id"), _text("n", "hs_pipeline", have), None),
        _Cell("hs_pipeline_stage", value.format("t.id"), _text("n", "hs_pipeline_stage", have), None),
    ]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, each: ObjectRename) -> None:
    key = record_key_sql(connection, each.vendor, each.new, "new_id")
    connection.execute(
        f"insert into {table} select action_key, ?, 'record', ?, ?, "
        f"case when new_id is null then '' else {key} end, '', json_object('properties', wanted, "
        "'before', case when new_id is null then null else held end, 'key_field', ?::varchar, 'key', key, "
        "'lacking', '')::varchar, '', 'records', ?, ?, 'compensable', null "
        f"from {COMPARED} where action_key is not null",
        [f"rename {each.vendor} {each.new}", each.vendor, each.new, each.key, each.where, f"from {each.old}"],
    )
