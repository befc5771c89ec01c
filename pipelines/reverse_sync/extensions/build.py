"""Desired and existing rows of each extension of `data_extensions.yml`, as tables of schema `reverse_sync`.

Belongs here: that SQL. A column is the line of a mapping, so its value is made as everywhere; what differs is
found by the engine. A row that is not in the extension yet holds nothing, and is made by the first write.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.objects.sql import columns_of, quoted, record_key_sql, rows_in, text_literal
from pipelines.reverse_sync.mirror.conversions import Columns, converted, typed
from pipelines.reverse_sync.values import canonical_sql
from pipelines.rules import data_extensions as rules
from pipelines.rules.data_extensions import Column, DataExtension, load_data_extensions
from pipelines.rules.mappings.expressions import compile_expression, named_fields
from pipelines.rules.schema import names
from pipelines.rules.syncs import FieldType

_PEOPLE = """(
    select l.*, s.subscriber_key from marts.unified_leads l
    left join (select person_id, min(subscriber_key) as subscriber_key from intermediate.int_subscribers
        where is_current_key and key_kind in ('contact_id', 'lead_id') group by 1) s using (person_id)
)"""
_SOURCES = {"accounts": "marts.unified_accounts", "opportunities": "marts.opportunities"}
_WRITABLE = "is_email_valid and not is_opted_out and bounce_state != 'hard'"


def rows(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> tuple[int, tuple[str, ...]]:
    """Leave both tables of every extension. Returns how many rows are desired, and what was said about it."""
    total, notes = 0, []
    for each in load_data_extensions(config_dir):
        source, kinds = _source(connection, each, config_dir)
        held = columns_of(connection, f"raw_marketing_cloud.extension_{each.slug}")
        if not kinds:
            notes.append(f"{each.of} has no rows here yet, so none go into {each.data_extension}")
        connection.execute("create schema if not exists reverse_sync")
        connection.execute(_existing(connection, each, source, kinds, held))
        connection.execute(_desired(each, source, kinds, config_dir))
        total += rows_in(connection, f"reverse_sync.{each.desired}")
    return total, tuple(notes)


def _source(
    connection: duckdb.DuckDBPyConnection, each: DataExtension, config_dir: Path
) -> tuple[str, dict[str, FieldType]]:
    """Where the records come from, and the kinds of its fields. Raises ConfigError for one it lacks."""
    if each.of == "people":
        source = _PEOPLE
    elif each.of in _SOURCES:
        source = _SOURCES[each.of]
    else:
        vendor, name = each.of.split(".")
        schema, table = _table(connection, vendor, name)
        there = columns_of(connection, f"{schema}.{table}")
        if not there:
            return "(select 1 where false)", {}
        source = f"(select * from {schema}.{table} where {_alive(vendor, there)})"
    described = connection.execute(f"describe select * from {source}").fetchall()
    kinds = {str(row[0]).lower(): kind_of(str(row[1])) for row in described}
    for column, name in _named(each):
        if name.lower() not in kinds:
            raise ConfigError(
                f"{each.of} has no field {name}", where=rules.where(config_dir, each, column),
                remedy=f"use one of {', '.join(sorted(kinds)[:40])}",
            )  # fmt: skip
    return source, kinds


def _named(each: DataExtension) -> list[tuple[Column | None, str]]:
    """Every field the extension reads, with the column that names it."""
    found: list[tuple[Column | None, str]] = [(None, each.key.from_)]
    found += [(None, name) for name in (named_fields(each.where) if each.where else ())]
    for column in each.columns:
        read = named_fields(column.expression) if column.expression else (column.from_,)
        found += [(column, name) for name in read]
    return found


def _table(connection: duckdb.DuckDBPyConnection, vendor: str, name: str) -> tuple[str, str]:
    """The raw table of an object: a standard one, or a custom one."""
    if vendor == "salesforce":
        return "raw_salesforce", names.raw_table(name)
    standard = columns_of(connection, f"raw_hubspot.{name}")
    return "raw_hubspot", name if standard else f"custom_{name}"


def _alive(vendor: str, there: dict[str, str]) -> str:
    gone = "archived" if vendor == "hubspot" else "IsDeleted"
    known = {"deleted_at": "deleted_at is null", gone.lower(): f"not coalesce({gone}, false)"}
    return " and ".join(sql for name, sql in known.items() if name in there) or "true"


def kind_of(column_type: str) -> FieldType:
    """The kind of value that a column of the warehouse holds."""
    if column_type.endswith("INT") or column_type == "INTEGER":
        return "integer"
    if column_type.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        return "number"
    if column_type.startswith("TIMESTAMP"):
        return "timestamp"
    kinds: dict[str, FieldType] = {"BOOLEAN": "boolean", "DATE": "date"}
    return "set" if column_type.endswith("[]") else kinds.get(column_type, "text")


def _existing(
    connection: duckdb.DuckDBPyConnection, each: DataExtension, source: str, kinds: dict[str, FieldType],
    held: dict[str, str],
) -> str:  # fmt: skip
    """A row for each record, whether or not it stands in the extension yet."""
    key = f"s.{quoted(each.key.from_)}::varchar" if kinds else "null::varchar"
    record_key = record_key_sql(connection, "marketing_cloud", each.data_extension, key)
    shown = [f"{_column(column, held)} as {quoted(column.to)}" for column in each.columns]
    person = "s.person_id" if each.of == "people" and kinds else "null::varchar"
    gone = " and e.deleted_at is null" if "deleted_at" in held else ""
    has_rows = each.key.column.lower() in held
    joined = (
        f"left join raw_marketing_cloud.extension_{each.slug} e on lower(e.{quoted(each.key.column)}) = "
        f"lower({key}){gone}"
        if has_rows
        else ""
    )
    there = f"e.{quoted(each.key.column)} is not null" if has_rows else "false"
    return (
        f"create or replace table reverse_sync.{each.existing} as select {key} as record_id, "
        f"{record_key} as record_key, {person} as person_id, {', '.join(shown)}, {there} as is_there "
        f"from {source} s {joined} where {key} is not null"
    )


def _column(column: Column, held: dict[str, str]) -> str:
    return f"e.{quoted(column.to)}" if column.to.lower() in held else "null::varchar"


def _desired(each: DataExtension, source: str, kinds: dict[str, FieldType], config_dir: Path) -> str:
    fields: Columns = {
        "left": {name: (canonical_sql(kind, f"s.{quoted(name)}"), kind) for name, kind in kinds.items()},
        "right": {},
    }
    shown = [
        f"{_value(each, column, fields, config_dir) if kinds else 'null::varchar'} as {quoted(column.to)}"
        for column in each.columns
    ]
    conditions = ["true"]
    if each.where and kinds:
        wanted = compile_expression(each.where, lambda name: typed(*fields["left"][name.lower()]))
        conditions.append(f"coalesce({wanted}, false)")
    if each.of == "people" and not each.include_refused:
        conditions.append(_WRITABLE)
    joined = f"join {source} s on s.{quoted(each.key.from_)}::varchar = x.record_id" if kinds else ""
    stays = "x.is_there or " if each.on_leave == "keep" else ""
    return (
        f"create or replace table reverse_sync.{each.desired} as select x.record_id, x.record_key, "
        f"x.person_id, {', '.join(shown)} from reverse_sync.{each.existing} x {joined} "
        f"where {stays}({' and '.join(conditions)})"
    )


def _value(each: DataExtension, column: Column, fields: Columns, config_dir: Path) -> str:
    line = column.as_line(rules.where(config_dir, each, column))
    value, kind = fields["left"].get(column.from_.lower(), ("null::varchar", "text"))
    made = converted(line, "right", value, fields, (kind, ""), (column.type, ""))
    return f"coalesce({made}, {text_literal(column.default)})" if column.default is not None else made
