"""Which records the other CRM lacks, or has otherwise: rows of `reverse_sync.actions_records`.

Belongs here: comparing by the object's key, and the references that come with a record. Only objects of the
model that say `records` are moved; what both sides hold alike is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.objects import links, staged
from pipelines.objects.sql import columns_of, quoted, record_key_sql, rows_in, text_literal
from pipelines.objects.staged import Staged, json_of
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.records import standard as filled
from pipelines.reverse_sync.records.backfill import backfill
from pipelines.reverse_sync.records.references import Reference, references
from pipelines.reverse_sync.records.renamed import carry
from pipelines.rules.schema import names
from pipelines.rules.schema.fields import NUMERIC
from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.objects import ObjectModel
from pipelines.rules.schema.renames import lookup_renames, object_renames, renames

TABLE = "reverse_sync.actions_records"


@dataclass(frozen=True)
class Moved:
    """What is to be moved, and what was said about it."""

    actions: int = 0
    notes: tuple[str, ...] = ()


def records(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> Moved:
    """Stage every object of the model; leave the actions of those that say `records`, and of renames."""
    model = load_model(config_dir)
    customs = [key for key, each in model.objects.items() if each.is_custom]
    renamed = [*renames(model), *lookup_renames(model)]
    taken_over = object_renames(model)
    standard = [k for k, each in model.objects.items() if not each.is_custom and each.records is not None]
    if not customs and not renamed and not standard:
        connection.execute(f"drop table if exists {TABLE}")
        return Moved()
    connection.execute(empty_table_sql(TABLE))
    notes: list[str] = []
    staging: dict[str, dict[str, Staged | None]] = {
        key: {vendor: staged.stage(connection, model, key, vendor) for vendor in VENDORS} for key in customs
    }
    there = [each for each in taken_over if staging[each.model][each.vendor] is not None]
    carry(connection, TABLE, there)
    for key in customs:
        views = staging[key]
        if model.objects[key].records is not None:
            notes += _move(connection, model, key, views)
    for key in standard:
        wish = model.objects[key].records
        assert wish is not None
        notes += _move(connection, model, key, {wish.to: filled.stage(connection, model, key)})
    backfill(connection, TABLE, renamed)
    return Moved(rows_in(connection, TABLE), tuple(notes))


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
    assert target is not None
    assert each.key is not None
    if there is None:
        return [f"{key} is not in {wish.to} yet: run crm schema apply, then the next extract ({where})"]
    if each.key not in source.fields:
        raise ConfigError(f"the rows for {key} have no {each.key}, which is its key", where=where,
                          remedy="add that column")  # fmt: skip
    refs = references(connection, model, key, wish.to, source)
    _compare(connection, model, key, source, there, refs)
    _insert(connection, model, key, there, where)
    if wish.to == "hubspot":
        _associate(connection, model, key, there, refs, where)
    return [] if each.is_custom else _unknown(connection, model, key, source, there)


def _unknown(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, source: Staged, there: Staged
) -> list[str]:  # fmt: skip
    """A sentence on rows that are about nobody: records of a standard object are not made of a file."""
    each = model.objects[key]
    wish = each.records
    assert wish is not None
    row = connection.execute(
        f"select count(*), count(*) filter (where not exists (select 1 from {there.view} t "
        f"where {_is_same(each)})) from {source.view} s"
    ).fetchone()
    rows, unknown = row if row is not None else (0, 0)
    if not unknown:
        return []
    where = model.where("objects", key, "records")
    return [f"{unknown:,} of {rows:,} rows of {wish.said_source} are about no {each.extends} that {wish.to} "
            f"has by that {each.key} ({where})"]  # fmt: skip


def _is_same(each: ObjectModel) -> str:
    """SQL of a row of the source and a record of the target being one; an address is one in any case."""
    own = quoted(str(each.key))
    return f"lower(t.{own}) = lower(s.{own})" if each.key == "email" else f"t.{own} = s.{own}"


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


def _compare(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, source: Staged, there: Staged,
    refs: Sequence[Reference],
) -> None:  # fmt: skip
    """Temp table `records_compared`: each record of the source, what the target gets and what it holds."""
    each = model.objects[key]
    wish = each.records
    assert wish is not None
    assert each.key is not None
    own = quoted(each.key)
    at_target = staged.fields_of(each, wish.to)
    cells = [
        _Cell(
            at_target[name], json_of(each.fields.get(name), f"s.{quoted(name)}"),
            json_of(each.fields.get(name), f"t.{quoted(name)}"),
            _differs(each, name),
        )
        for name in source.fields
        if name in at_target and name in there.fields and (each.is_custom or name != each.key)
    ]  # fmt: skip
    joins, missing, targets = "", [], []
    held_there = columns_of(connection, there.view)
    for number, reference in enumerate(refs):
        joins += f" left join ({reference.sql}) r{number} on r{number}.record_id = s.record_id"
        targets += [f"r{number}.targets[1] as target{number}", f"r{number}.targets as targets{number}"]
        if wish.to == "salesforce":
            cells.append(_lookup(reference, f"r{number}.targets", held_there))
        if reference.required:
            missing.append(f"case when t.record_id is null and r{number}.targets is null then "
                           f"{text_literal(reference.relationship)} end")  # fmt: skip
    wanted = ["'{}'", *(f"case when {c.differs} then {c.json(c.value)} else '{{}}' end" for c in cells)]
    held = ["'{}'", *(f"case when t.record_id is not null and {c.differs} then {c.json(c.held)} "
                      "else '{}' end" for c in cells)]  # fmt: skip
    lacking = f"concat_ws(', ', {', '.join(missing)})" if missing else "''"
    more = f", {', '.join(targets)}" if targets else ""
    connection.execute(
        "create or replace temp table records_compared as "
        f"select s.record_id, s.record_key as source_key, s.modified_at, s.{own} as key_value, "
        f"t.record_key as target_key, t.record_id as target_id, {lacking} as lacking, "
        f"json_merge_patch({', '.join(wanted)}, '{{}}') as wanted, "
        f"json_merge_patch({', '.join(held)}, '{{}}') as held{more}, null::varchar as action_key "
        f"from {source.view} s {'left' if each.is_custom else ''} join {there.view} t "
        f"on {_is_same(each)}{joins} where s.{own} is not null "
        f"qualify row_number() over (partition by s.{own}{'' if each.is_custom else ', t.record_id'} "
        "order by s.record_id) = 1"
    )
    one = "" if each.is_custom else ", target_id"  # of several contacts of one address each is filled
    connection.execute(
        "update records_compared set action_key = substr(sha256(concat_ws('|', ?, ?, key_value, wanted, "
        f"held, modified_at{one})), 1, 32) where wanted <> '{{}}' and (? or target_id is null)",
        [key, wish.to, wish.changes],
    )


@dataclass(frozen=True)
class _Cell:
    """A field of the target: SQL of its JSON on either side, and when it is to be written."""

    field: str
    value: str
    held: str
    differs: str

    def json(self, value: str) -> str:
        return f"json_object({text_literal(self.field)}, {value})"


def _differs(each: ObjectModel, name: str) -> str:
    """What the source does not say is left alone."""
    s, t = f"s.{quoted(name)}", f"t.{quoted(name)}"
    if name in each.fields and each.fields[name].type in NUMERIC:
        return f"({s} is not null and try_cast({s} as double) is distinct from try_cast({t} as double))"
    return f"({s} is not null and {s} is distinct from {t})"


def _lookup(reference: Reference, targets: str, held_there: Mapping[str, str]) -> _Cell:
    """A lookup is right when it leads to any of what the source leads to; else it gets the first by id."""
    is_known = reference.relationship.lower() in held_there
    held = f"t.{quoted(reference.relationship)}" if is_known else "null"
    other = f"not coalesce(list_contains({targets}, {held}), false)" if is_known else "t.record_id is null"
    return _Cell(reference.field, f"{targets}[1]", held, f"({targets} is not null and {other})")


def _insert(connection: duckdb.DuckDBPyConnection, model: Model, key: str, there: Staged, where: str) -> None:
    """Creates for keys the target lacks, updates for fields that differ."""
    each = model.objects[key]
    assert each.records is not None
    assert each.key is not None
    key_field, key_sql = names.key_name(each.records.to, each), "key_value"
    if not each.is_custom:  # of several records of one address this one is meant
        key_field, key_sql = ("hs_object_id" if each.records.to == "hubspot" else "Id"), "target_id"
    connection.execute(
        f"insert into {TABLE} select action_key, ?, 'record', ?, ?, coalesce(target_key, ''), '', "
        "json_object('properties', wanted, 'before', case when target_id is null then null else held end, "
        f"'key_field', ?::varchar, 'key', {key_sql}, 'lacking', lacking)::varchar, "
        "'', 'records', ?, coalesce(source_key, ?), 'compensable', null "
        "from records_compared where action_key is not null and key_value not in (select "
        f"json_extract_string(payload, '$.key') from {TABLE} where starts_with(sync, 'rename ') "
        "and vendor = ? and object = ?)",
        [f"records {key}", each.records.to, there.object, key_field, where, each.records.said_source,
         each.records.to, there.object],
    )  # fmt: skip


def _associate(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, there: Staged, refs: Sequence[Reference],
    where: str,
) -> None:  # fmt: skip
    """HubSpot holds what a record leads to beside it: tied once it is made or where it has none yet, and tied
    to another when what it leads to has changed."""
    wish = model.objects[key].records
    assert wish is not None
    fields = [reference.field for reference in refs]
    for number, reference in enumerate(refs):
        tied = links.links_sql(connection, model, key, reference.relationship, "hubspot")
        # Two relationships to one object are one pair to HubSpot: which of them a tie is of nobody can say.
        is_alone = fields.count(reference.field) == 1
        ties = tied or "select null::varchar as own, null::varchar as other where false"
        other = record_key_sql(connection, "hubspot", reference.field, f"c.target{number}")
        label = _labels(connection, there.object, reference.field)
        connection.execute(
            f"insert into {TABLE} with ties as (select own, list(distinct other) as others from ({ties}) "
            "group by 1), found as (select c.*, t.others, case when t.others is null then 'none' "
            f"when list_has_any(t.others, c.targets{number}) then 'right' "
            "when len(t.others) = 1 and ? then 'moved' else 'more' end as tied "
            "from records_compared c left join ties t on t.own = c.target_id) "
            "select 'associate:' || ? || ':' || coalesce(c.action_key, c.target_id) || ':' "
            f"|| c.target{number} || case when c.tied = 'none' then '' else ':' || c.modified_at end, "
            f"?, 'associate', 'hubspot', ?, {other}, '', "
            "json_object('to', ?::varchar, 'from_id', c.target_id, 'instead_of', "
            f"case when c.tied = 'moved' then c.others[1] end, 'labels', case when c.tied = 'moved' "
            f"then {label} else []::varchar[] end)::varchar, "
            "case when c.target_id is null then c.action_key else '' end, 'records', ?, "
            "coalesce(c.source_key, ?), case when c.tied = 'moved' then 'compensable' else 'final' end, null "
            f"from found c where c.target{number} is not null and c.lacking = '' and ((c.target_id is null "
            "and c.action_key is not null) or (? and c.target_id is not null and c.tied <> 'right'))",
            [is_alone, reference.relationship, f"records {key}", there.object, reference.field, where,
             wish.said_source, wish.changes],
        )  # fmt: skip


def _labels(connection: duckdb.DuckDBPyConnection, own: str, other: str) -> str:
    """SQL of the labels of the tie that a record has, as they read from its side."""
    if not columns_of(connection, "raw_hubspot.associations"):
        return "[]::varchar[]"
    return (
        "coalesce((select list_sort(list(distinct a.label)) from raw_hubspot.associations a "
        f"where {links.is_type('a.from_type', own)} and a.from_id = c.target_id "
        f"and {links.is_type('a.to_type', other)} and a.to_id = c.others[1] "
        "and a.label is not null and a.label <> 'Primary'), []::varchar[])"
    )
