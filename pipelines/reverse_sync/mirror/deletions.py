"""Records whose partner in the other CRM was deleted: nothing happens to them, unless their mapping says so.

Belongs here: which these are, and the actions of a mapping that says `on_delete`. A merge and a conversion
are no deletions; while the thing has another record there it is not gone. What is gone without a trace, as
campaigns are that somebody deletes in HubSpot, takes nothing with it, and is not created again either.
"""

from __future__ import annotations

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.reverse_sync.mirror.records import source_of
from pipelines.reverse_sync.mirror.resolve import SIDES
from pipelines.rules.mappings.load import OTHER
from pipelines.rules.mappings.model import VENDORS, Mapping, Side

KIND = "delete_record"
# A record that was made is its source's partner from then on, also when no run has seen both yet. One that
# `crm undo` took back is no deletion of anybody's: its source stays.
_KNOWN = f"""
create or replace temp table mirror_known as
select pair_key from mirrored_kept
union
select if(starts_with(made_key, '{VENDORS["left"]}:'), made_key || '|' || source_key,
    source_key || '|' || made_key) from created_records where not taken_back
"""
# Of what was restored and is deleted once more the later deletion is somebody's.
_OURS = "(g.deleted_at is null or g.deleted_at <= c.at + interval 1 hour)"
_DELETED, _NO_TRACE = "('archived', 'deleted')", "swept"


def find(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Temp table `mirror_gone` (side, deleted_key, record_key, object, entity_id, deleted_at, how): of pairs
    that were mirrored, the record that is left. Needs `mirrored_kept`, `created_records` and
    `mirror_members_<side>`."""
    connection.execute(_KNOWN)
    parts = [
        part
        for side in SIDES
        for name in ((mapping.left_object,) if side == "left" else mapping.right_objects)
        if (part := _of(connection, mapping, side, name))
    ]
    nothing = (
        "select null::varchar as side, null::varchar as deleted_key, null::varchar as record_key, "
        "null::varchar as object, null::varchar as entity_id, null::timestamptz as deleted_at, "
        "null::varchar as how where false"
    )
    found = " union all ".join([nothing, *parts])
    connection.execute(
        f"create or replace temp table mirror_gone as select * from ({found}) g where not exists "
        f"(select 1 from created_records c where c.taken_back and c.made_key = g.deleted_key and {_OURS})"
    )


def _of(connection: duckdb.DuckDBPyConnection, mapping: Mapping, side: Side, object_name: str) -> str:
    source = source_of(VENDORS[side], object_name)
    there = columns_of(connection, source.table).keys()
    key = record_key_sql(connection, VENDORS[side], object_name, f"t.{quoted(source.id)}")
    mine, theirs = ("1", "2") if side == "left" else ("2", "1")
    if not {"deleted_at", "deleted_how"} <= there:
        # A table that is read whole does not have what is gone.
        is_ours = f"split_part(split_part(k.pair_key, '|', {mine}), ':', 3) = {text_literal(object_name)}"
        if not there:
            return ""
        return (
            f"select '{side}' as side, split_part(k.pair_key, '|', {mine}) as deleted_key, m.record_key, "
            f"m.object, m.entity_id, null::timestamptz as deleted_at, '{_NO_TRACE}' as how "
            f"from mirror_known k join mirror_members_{OTHER[side]} m "
            f"on m.record_key = split_part(k.pair_key, '|', {theirs}) "
            f"where {is_ours} and split_part(k.pair_key, '|', {mine}) not in "
            f"(select {key} from {source.table} t) "
            f"and m.entity_id not in (select entity_id from mirror_members_{side})"
        )
    return (
        f"select '{side}' as side, {key} as deleted_key, m.record_key, m.object, m.entity_id, "
        f"t.deleted_at::timestamptz as deleted_at, t.deleted_how as how from {source.table} t "
        f"join mirror_known k on split_part(k.pair_key, '|', {mine}) = {key} "
        f"join mirror_members_{OTHER[side]} m on m.record_key = split_part(k.pair_key, '|', {theirs}) "
        f"where t.deleted_at is not null and (t.deleted_how in {_DELETED} or t.deleted_how = '{_NO_TRACE}') "
        f"and m.entity_id not in (select entity_id from mirror_members_{side})"
    )


def wish(connection: duckdb.DuckDBPyConnection, mapping: Mapping) -> None:
    """Add what the mapping deletes to `actions_deletes`. Needs `deleted_records`."""
    person = "entity_id" if mapping.entity == "person" else "''"
    for side in sorted(mapping.deletes):
        vendor = VENDORS[side]
        connection.execute(
            "insert into reverse_sync.actions_deletes "
            "select 'delete:' || record_key || ':' || epoch_ms(any_value(deleted_at)), "
            f"'{vendor}_' || lower(any_value(object)) || '_deleted', '{KIND}', '{vendor}', "
            f"any_value(object), record_key, any_value({person}), "
            "json_object('deleted', any_value(deleted_key))::varchar, null, "
            "'mirrored', $rule, any_value(deleted_key) || ' was deleted', null, null "
            f"from mirror_gone where side = '{OTHER[side]}' and how <> '{_NO_TRACE}' "
            # Who restores a record does not see it deleted again for the sake of what we deleted with it.
            "and not exists (select 1 from deleted_records c where c.record_key = mirror_gone.deleted_key "
            f"and {_OURS.replace('g.', 'mirror_gone.')}) group by record_key",
            {"rule": mapping.file},
        )


def why_not_again(side: Side) -> str:
    """SQL of a sentence for a record (`source_key`) whose partner on this side was deleted, or null."""
    said = text_literal(f"its partner in {VENDORS[side]} is gone, and is not created again")
    return (
        f"case when source_key in (select record_key from mirror_gone where side = '{side}') then {said} end"
    )
