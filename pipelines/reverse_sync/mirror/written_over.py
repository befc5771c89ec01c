"""What we wrote over without having seen it: values that people set in the moments before.

Belongs here: the table `reverse_sync.written_over`. Before it writes, an apply asks who changed what; what a
search does not know yet, and what changes while a long apply is at work, slips through. The histories that
the next extract brings anyway say so: right before our value there was another one than the plan had found.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import duckdb

from pipelines.objects.sql import columns_of, quoted, text_literal
from pipelines.reverse_sync.mirror.records import source_of
from pipelines.reverse_sync.values import canonical_sql
from pipelines.rules.syncs import FieldType, Syncs
from pipelines.warehouse import has_table

_OBJECTS = (
    ("hubspot", "contacts"), ("hubspot", "companies"), ("hubspot", "deals"), ("salesforce", "Lead"),
    ("salesforce", "Contact"), ("salesforce", "Account"), ("salesforce", "Opportunity"),
)  # fmt: skip
_KINDS: tuple[FieldType, ...] = (
    "text", "number", "integer", "money", "boolean", "reference", "set", "date", "timestamp",
)  # fmt: skip
_DAYS = 7
TABLE = """
create table if not exists reverse_sync.written_over (
    change_id varchar, run_id varchar, sync varchar, record_key varchar, field varchar, found varchar,
    theirs varchar, theirs_at timestamptz, ours varchar, written_at timestamptz, rule varchar
);
alter table reverse_sync.written_over add column if not exists changed_since timestamptz;
"""
_SEEN_TO = """
update reverse_sync.written_over o set changed_since = s.at from (
    select h.id, h.field, max(h.at) as at from ({told}) h group by 1, 2
) s
where s.id = split_part(o.record_key, ':', 4) and split_part(o.record_key, ':', 1) = $vendor
    and split_part(o.record_key, ':', 3) = $object
    and s.field in (lower(o.field), regexp_replace(lower(o.field), 'id$', ''))
    and s.at > o.written_at + interval 2 seconds
"""
_TOLD = """
insert into reverse_sync.written_over
with written as (
    select j.*, k.kind from ops.journal j
    join written_kinds k on k.vendor = j.vendor and k.object = j.object and k.field = lower(j.field)
    where j.vendor = $vendor and j.object = $object and j.operation = 'update' and j.state = 'confirmed'
        and j.settled_at > $since::timestamptz
        and j.change_id not in (select change_id from reverse_sync.written_over)
),
told as ({told})
select w.change_id, w.run_id, w.sync, w.record_key, w.field, w.before_value, {was}, any_value(t.was_at),
    w.after_value, w.settled_at, w.rule, null
from written w
join told t on t.id = w.record_id and t.field in (lower(w.field), regexp_replace(lower(w.field), 'id$', ''))
    and t.at between w.intended_at - interval 2 seconds and w.settled_at + interval 2 seconds
where {now} is not distinct from w.after_value
    and lower({was}) is distinct from lower(w.before_value)
    and lower({was}) is distinct from lower(w.after_value)
group by all
"""


def find(connection: duckdb.DuckDBPyConnection, syncs: Syncs, as_of: datetime) -> int:
    """Add what the histories tell of the writes of the last week. Returns how many were new."""
    connection.execute(f"create schema if not exists reverse_sync; {TABLE}")
    if not has_table(connection, "ops", "journal"):
        return 0
    _kinds(connection, syncs)
    since = as_of - timedelta(days=_DAYS)
    connection.execute("delete from reverse_sync.written_over where written_at <= ?", [since])
    before = _count(connection)
    for vendor, object_name in _OBJECTS:
        told = _history(connection, vendor, object_name)
        if told:
            sql = _TOLD.replace("{told}", told).replace("{was}", _by_kind("t.was"))
            connection.execute(
                sql.replace("{now}", _by_kind("t.value")),
                {"vendor": vendor, "object": object_name, "since": since},
            )
            over = "(select split_part(record_key, ':', 4) as record_id from reverse_sync.written_over)"
            seen_to = _SEEN_TO.replace("{told}", told.replace("from written)", f"from {over})"))
            connection.execute(seen_to, {"vendor": vendor, "object": object_name})
    return _count(connection) - before


def notes(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """What a plan says of those of the last week that nobody has seen to since."""
    if not has_table(connection, "reverse_sync", "written_over"):
        return ()
    number = _count(connection, "changed_since is null")
    if not number:
        return ()
    values = "1 value was" if number == 1 else f"{number:,} values were"
    return (
        f"{values} written over that people had set in the moments before (reverse_sync.written_over): set "
        "them again where they are right; look_before_writing: each in syncs.yml keeps it from happening",
    )  # fmt: skip


def _count(connection: duckdb.DuckDBPyConnection, which: str = "true") -> int:
    row = connection.execute(f"select count(*) from reverse_sync.written_over where {which}").fetchone()
    return int(row[0]) if row else 0


def _kinds(connection: duckdb.DuckDBPyConnection, syncs: Syncs) -> None:
    """Temp table `written_kinds`: the type of every field that this project writes."""
    connection.execute(
        "create or replace temp table written_kinds (vendor varchar, object varchar, field varchar, "
        "kind varchar)"
    )
    rows: Iterable[tuple[str, str, str, str]] = {
        (sync.vendor, sync.object, name.lower(), rule.type)
        for sync in syncs.syncs.values() for name, rule in sync.fields.items()
    }  # fmt: skip
    connection.executemany("insert into written_kinds values (?, ?, ?, ?)", sorted(rows))
    if has_table(connection, "reverse_sync", "mirrored_fields"):
        connection.execute(
            "insert into written_kinds select distinct vendor, object, lower(field), type "
            "from reverse_sync.mirrored_fields where (vendor, object, lower(field)) not in "
            "(select (vendor, object, field) from written_kinds)"
        )


def _history(connection: duckdb.DuckDBPyConnection, vendor: str, object_name: str) -> str:
    """SELECT of id, field, value, at, and what was there before (was, was_at); empty without a history."""
    table, record, field, moment = source_of(vendor, object_name).history
    if not columns_of(connection, table):
        return ""
    these = f"{quoted(record)} in (select record_id from written)"
    shown = f"{quoted(record)} as id, lower({quoted(field)}) as field, {quoted(moment)} as at"
    if vendor == "salesforce":
        return (
            f'select {shown}, "NewValue" as value, "OldValue" as was, {quoted(moment)} as was_at '
            f"from {table} where {these}"
        )
    return (
        f"select {shown}, value, lag(value) over w as was, lag({quoted(moment)}) over w as was_at "
        f"from {table} where {these} "
        f"window w as (partition by {quoted(record)}, {quoted(field)} order by {quoted(moment)}) "
        "qualify was_at is not null"
    )


def _by_kind(column: str) -> str:
    """Canonical text of a history's value. A moment is ISO text or, at HubSpot, milliseconds."""
    number = f"try_cast({column} as decimal(38, 8))"
    moment = (
        f"case when regexp_full_match({column}, '-?[0-9]{{9,}}') then epoch_ms({column}::bigint) "
        f"at time zone 'UTC' else try_cast({column} as timestamptz) end"
    )
    said: dict[FieldType, str] = {
        "integer": number, "timestamp": f"({moment})", "date": f"(({moment}) at time zone 'UTC')",
    }  # fmt: skip
    cases = " ".join(
        f"when {text_literal(kind)} then {canonical_sql(kind, said.get(kind, column))}" for kind in _KINDS
    )
    return f"case w.kind {cases} end"
