"""Values on their way from a field to the one that takes its place: rows of `reverse_sync.actions_records`.

Belongs here: which records have a value in the earlier field and none in the new one. Whether everything has
been copied is asked of the CRM itself, by `pipelines.schema.renaming`.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.objects.staged import json_of, text_of
from pipelines.reverse_sync.mirror.records import source_of
from pipelines.reverse_sync.records.renamed import translated
from pipelines.rules.schema.renames import Rename


def backfill(connection: duckdb.DuckDBPyConnection, table: str, renames: Sequence[Rename]) -> None:
    """Add an action for each record that lacks what another of its fields has."""
    for vendor, owner in dict.fromkeys((each.vendor, each.object) for each in renames):
        mine = [each for each in renames if (each.vendor, each.object) == (vendor, owner)]
        _object(connection, table, mine)


def _object(connection: duckdb.DuckDBPyConnection, table: str, mine: Sequence[Rename]) -> None:
    vendor, owner = mine[0].vendor, mine[0].object
    source = source_of(vendor, owner)
    have = columns_of(connection, source.table)
    there = [each for each in mine if each.old.lower() in have and each.new.lower() in have]
    if not there:
        return
    cells = [_cell(connection, each, have) for each in there]
    key = record_key_sql(connection, vendor, owner, quoted(source.id))
    connection.execute(
        f"insert into {table} with wished as (select {quoted(source.id)} as id, {key} as record_key, "
        f"json_merge_patch('{{}}', {', '.join(cells)}) as wanted from {source.table} where {source.alive}) "
        "select substr(sha256(concat_ws('|', 'backfill', record_key, wanted)), 1, 32), ?, 'record', ?, ?, "
        "record_key, '', json_object('properties', wanted, 'before', json('{}'), 'key_field', ?::varchar, "
        "'key', id, 'lacking', '')::varchar, '', 'records', ?, ?, 'compensable', null "
        "from wished where wanted <> '{}'",
        [f"backfill {vendor} {owner}", vendor, owner, "hs_object_id" if vendor == "hubspot" else "Id",
         there[0].where, f"from {', '.join(each.old for each in there)}"],
    )  # fmt: skip


def _cell(connection: duckdb.DuckDBPyConnection, rename: Rename, have: dict[str, str]) -> str:
    """JSON of the new field where it is empty and the earlier one is not; a checkbox is never empty."""
    old, new = (text_of(name, have[name.lower()]) for name in (rename.old, rename.new))
    if rename.through is not None:
        old = translated(connection, rename.through, old)
    lacks = f"{old} = 'true' and {new} is distinct from 'true'" if rename.is_checkbox else (
        f"{old} is not null and {new} is null"
    )  # fmt: skip
    value = f"json_object({text_literal(rename.new)}, {json_of(rename.field, old)})"
    return f"case when {lacks} then {value} else '{{}}' end"
