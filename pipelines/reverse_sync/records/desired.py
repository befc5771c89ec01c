"""Which records the other CRM lacks, or has otherwise: rows of `reverse_sync.actions_records`.

Belongs here: comparing by the object's key, and the references that come with a record. Only objects of the
model that say `records` are moved; what both sides hold alike is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.objects import staged
from pipelines.objects.sql import columns_of, quoted, text_literal
from pipelines.objects.staged import Staged
from pipelines.reverse_sync.mirror.records import make_lookups
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.objects import ObjectModel, Relationship

TABLE = "reverse_sync.actions_records"
_CREATE = f"""
create schema if not exists reverse_sync;
create or replace table {TABLE} (
    action_key varchar, sync varchar, kind varchar, vendor varchar, object varchar, record_key varchar,
    person_id varchar, payload varchar, needs varchar, provider varchar, rule varchar, reason varchar,
    reversibility varchar, due_at timestamptz
)
"""
_NUMBERS = ("number", "currency", "percent")


@dataclass(frozen=True)
class Moved:
    """What is to be moved, and what was said about it."""

    actions: int = 0
    notes: tuple[str, ...] = ()


def records(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> Moved:
    """Stage every object of the model and leave the actions of those that say `records`."""
    model = load_model(config_dir)
    customs = [key for key, each in model.objects.items() if each.is_custom]
    if not customs:
        connection.execute(f"drop table if exists {TABLE}")
        return Moved()
    connection.execute(_CREATE)
    notes: list[str] = []
    for key in customs:
        views: dict[str, Staged | None] = {
            "hubspot": staged.stage(connection, model, key, "hubspot"),
            "salesforce": staged.stage(connection, model, key, "salesforce"),
        }
        if model.objects[key].records is not None:
            notes += _move(connection, model, key, views)
    row = connection.execute(f"select count(*) from {TABLE}").fetchone()
    return Moved(int(row[0]) if row else 0, tuple(notes))


def _move(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, views: dict[str, Staged | None]
) -> list[str]:
    each = model.objects[key]
    wish = each.records
    assert wish is not None
    where = model.where("objects", key, "records")
    source = _source(connection, model, key, views)
    if source is None:
        return [f"{key} is not in {wish.origin} yet, so none of its records are moved ({where})"]
    target = names.object_name(wish.to, key, each)
    there = views[wish.to]
    if target is None or each.key is None:
        raise ConfigError(f"records of {key} need its key, and the object at {wish.to}", where=where,
                          remedy="say key: with a unique field")  # fmt: skip
    if there is None:
        return [f"{key} is not in {wish.to} yet: run crm schema apply, then the next extract ({where})"]
    if each.key not in source.fields:
        raise ConfigError(f"the rows for {key} have no {each.key}, which is its key", where=where,
                          remedy="add that column")  # fmt: skip
    references = _references(connection, each, wish.origin, wish.to, source)
    connection.execute(_sql(model, key, source, there, references, where))
    return []


def _source(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, views: dict[str, Staged | None]
) -> Staged | None:
    each = model.objects[key]
    assert each.records is not None
    if each.records.file is not None:
        path = model.folder / each.records.file
        if not path.is_file():
            raise ConfigError(f"{each.records.file} is not there",
                              where=model.where("objects", key, "records"),
                              remedy=f"put the file into {model.folder.name}/")  # fmt: skip
        return staged.stage_file(connection, each, path, key)
    if each.records.table is not None:
        if not columns_of(connection, each.records.table):
            return None
        return staged.stage_table(connection, each, each.records.table, key)
    return views[each.records.origin]


@dataclass(frozen=True)
class Reference:
    """A lookup of the target that comes with a record. `sql` gives (record_id, target_id)."""

    field: str
    relationship: str
    sql: str
    required: bool


def _references(
    connection: duckdb.DuckDBPyConnection, each: ObjectModel, origin: str, to: str, source: Staged
) -> list[Reference]:
    """What a HubSpot record is associated with, as Salesforce's lookups hold it."""
    if (origin, to) != ("hubspot", "salesforce"):
        return []
    found: list[Reference] = []
    lookups = {"company": ("companies", "mirror_accounts"), "contact": ("contacts", "mirror_persons")}
    wanted = {r.to for r in each.relationships.values() if r.kind != "association"} & lookups.keys()
    make_lookups(connection, {"account" if w == "company" else "person" for w in wanted})
    for key, relationship in each.relationships.items():
        if relationship.kind == "association" or "salesforce" not in relationship.crms:
            continue
        if relationship.to in lookups:
            end, lookup = lookups[relationship.to]
            found.append(_reference(key, relationship, end, lookup, source.object))
    return found


def _reference(key: str, relationship: Relationship, end: str, lookup: str, owner: str) -> Reference:
    """Of several the lowest id, so that what is chosen stays."""
    pairs = " union all ".join(
        f"select {a}_id as own, {b}_id as other from raw_hubspot.associations where {b}_type = '{end}' "
        f"and ({a}_type = {text_literal(owner)} or ends_with({a}_type, {text_literal('_' + owner)}))"
        for a, b in (("from", "to"), ("to", "from"))
    )
    sql = (
        f"select p.own as record_id, min(l.right_id) as target_id from ({pairs}) p "
        f"join {lookup} l on l.left_id = p.other group by 1"
    )
    must = relationship.required or relationship.kind == "master_detail"
    return Reference(names.lookup_name(key, relationship), key, sql, must)


def _sql(
    model: Model, key: str, source: Staged, there: Staged, references: list[Reference], where: str
) -> str:
    """One insert: creates for keys the target lacks, updates for fields that differ."""
    each = model.objects[key]
    wish = each.records
    assert wish is not None
    assert each.key is not None
    own = quoted(each.key)
    at_target = staged.fields_of(each, wish.to)
    copied = [n for n in source.fields if n in at_target and n in there.fields]
    is_new = "t.record_id is null"
    wanted, before = ["'{}'"], ["'{}'"]
    for name in copied:
        s, t = f"s.{quoted(name)}", f"t.{quoted(name)}"
        same = f"{s} is not distinct from {t}"
        if name in each.fields and each.fields[name].type in _NUMBERS:
            same = f"try_cast({s} as double) is not distinct from try_cast({t} as double)"
        literal = text_literal(at_target[name])
        value = _json(each, name, s)
        wanted.append(
            f"case when {s} is null or ({same}) then '{{}}' else json_object({literal}, {value}) end"
        )
        before.append(f"case when {is_new} or {s} is null or ({same}) then '{{}}' "
                      f"else json_object({literal}, {_json(each, name, t)}) end")  # fmt: skip
    joins, missing = "", []
    for number, reference in enumerate(references):
        joins += f" left join ({reference.sql}) r{number} on r{number}.record_id = s.record_id"
        one = f"json_object({text_literal(reference.field)}, r{number}.target_id)"
        wanted.append(f"case when {is_new} and r{number}.target_id is not null then {one} else '{{}}' end")
        if reference.required:
            missing.append(f"case when {is_new} and r{number}.target_id is null then "
                           f"{text_literal(reference.relationship)} end")  # fmt: skip
    lacking = f"concat_ws(', ', {', '.join(missing)})" if missing else "''"
    return f"""
insert into {TABLE}
with compared as (
    select s.record_id, s.record_key as source_key, s.modified_at, s.{own} as key_value,
        t.record_key as target_key, t.record_id as target_id, {lacking} as lacking,
        json_merge_patch({", ".join(wanted)}, '{{}}') as wanted,
        json_merge_patch({", ".join(before)}, '{{}}') as held
    from {source.view} s left join {there.view} t on t.{own} = s.{own}{joins}
    where s.{own} is not null
    qualify row_number() over (partition by s.{own} order by s.record_id) = 1
)
select substr(sha256(concat_ws('|', {text_literal(key)}, '{wish.to}', key_value, wanted, held, modified_at)),
        1, 32),
    {text_literal("records " + key)}, 'record', '{wish.to}', {text_literal(there.object)},
    coalesce(target_key, ''), '',
    json_object('properties', wanted, 'before', case when target_id is null then null else held end,
        'key_field', {text_literal(at_target[each.key])}, 'key', key_value, 'lacking', lacking)::varchar,
    '', 'records', {text_literal(where)}, coalesce(source_key, {text_literal(wish.origin)}),
    'compensable', null
from compared where wanted <> '{{}}'
"""


def _json(each: ObjectModel, name: str, column: str) -> str:
    """A value as JSON has it: numbers and truth as themselves, everything else as text."""
    field = each.fields.get(name)
    if field is not None and field.type in _NUMBERS:
        return f"try_cast({column} as double)"
    if field is not None and field.type == "checkbox":
        return f"try_cast({column} as boolean)"
    return column
