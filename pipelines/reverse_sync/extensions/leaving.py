"""Rows of data extensions whose record does not come in any more, where `on_leave` says that they go.

Belongs here: which rows these are, as desired actions. A row leaves when nothing desired has its key: its
record fails the condition now, may not be written to, goes by another key, or is gone. How is its handler's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, rows_in, text_literal
from pipelines.reverse_sync.actions.base import empty_table_sql
from pipelines.reverse_sync.actions.extension_rows import EMPTY, REMOVE
from pipelines.reverse_sync.extensions.build import kind_of
from pipelines.reverse_sync.values import canonical_sql
from pipelines.rules.data_extensions import slug
from pipelines.rules.extract import load_extract
from pipelines.rules.syncs import Sync, load_syncs

TABLE = "reverse_sync.actions_left_rows"
_FIELDS = "raw_marketing_cloud.data_extension_fields"


class _Extension(NamedTuple):
    """An extension as it was read: its table, its primary key, and its other columns with their types."""

    table: str
    key: str
    columns: dict[str, str]
    marks_deleted: bool


def wish(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> int:
    """Leave the actions in `reverse_sync.actions_left_rows`. Returns how many."""
    connection.execute(empty_table_sql(TABLE))
    going = {name: each for name, each in load_syncs(config_dir).syncs.items() if each.on_leave != "keep"}
    people = load_extract(config_dir).marketing_cloud.people if going else None
    for name, sync in going.items():
        is_people = people is not None and people.data_extension == sync.object
        extension = _as_read(
            connection, sync.object, "people" if is_people else f"extension_{slug(sync.object)}"
        )
        if extension is not None:
            connection.execute(f"insert into {TABLE} by name {_left(connection, name, sync, extension)}")
    return rows_in(connection, TABLE)


def left_of(name: str) -> str:
    """The name that actions of a sync's rows are counted under."""
    return f"{name}_left"


def _as_read(connection: duckdb.DuckDBPyConnection, object_name: str, raw: str) -> _Extension | None:
    """None where it was not read, or has no single primary key."""
    table = f"raw_marketing_cloud.{raw}"
    there = columns_of(connection, table)
    if not there or not columns_of(connection, _FIELDS):
        return None
    fields = connection.execute(
        f'select "Name", "IsPrimaryKey" from {_FIELDS} where lower("DataExtensionKey") = lower(?) '
        'order by "Ordinal"',
        [object_name],
    ).fetchall()
    keys = [name for name, is_key in fields if is_key]
    if len(keys) != 1:
        return None
    columns = {name: there[name.lower()] for name, is_key in fields if not is_key and name.lower() in there}
    return _Extension(table, keys[0], columns, "deleted_at" in there)


def _left(connection: duckdb.DuckDBPyConnection, name: str, sync: Sync, extension: _Extension) -> str:
    clears = sync.on_leave == "clear"
    ours = {field.lower() for field in sync.fields}
    held = {c: kind for c, kind in extension.columns.items() if not clears or c.lower() in ours}
    key = f"r.{quoted(extension.key)}"
    alive = "and r.deleted_at is null" if extension.marks_deleted else ""
    something = " or ".join(f"r.{quoted(column)} is not null" for column in held) or "false"
    kind = EMPTY if clears else REMOVE
    record_key = record_key_sql(connection, "marketing_cloud", sync.object, key)
    action_key = " || ':' || ".join(
        (text_literal(f"{kind}:{sync.object}"), key, "run.business_date::varchar")
    )
    return f"""
        select substr(sha256({action_key}), 1, 16) as action_key, {text_literal(left_of(name))} as sync,
            '{kind}' as kind, 'marketing_cloud' as vendor, {text_literal(sync.object)} as object,
            {record_key} as record_key, people.person_id,
            json_object('key', {text_literal(extension.key)}, 'before', {_image(held)},
                'moments', {_moments(held)}, 'of', count(*) over ())::varchar as payload,
            'computed' as provider, 'on_leave: {sync.on_leave}' as rule,
            'its record does not come in any more' as reason
        from {extension.table} r cross join rules.run
        left join (select lower(record_id) as id, any_value(person_id) as person_id
            from reverse_sync.{sync.existing} group by 1) people on people.id = lower({key})
        where {key} is not null {alive} and ({something if clears else "true"})
        qualify lower({key}) not in (select lower(record_id) from reverse_sync.{sync.desired})
    """


def _image(held: dict[str, str]) -> str:
    """What a row holds, as JSON of canonical texts."""
    parts = [
        part
        for column, kind in held.items()
        for part in (text_literal(column), canonical_sql(kind_of(kind), f"r.{quoted(column)}"))
    ]
    return f"json_object({', '.join(parts)})"


def _moments(held: dict[str, str]) -> str:
    names: Sequence[str] = [column for column, kind in held.items() if kind_of(kind) == "timestamp"]
    return f"json_array({', '.join(map(text_literal, names))})"
