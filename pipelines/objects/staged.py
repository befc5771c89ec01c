"""A view for each object of the model and CRM, with the model's own names: `staging.stg_<crm>__<object>`.

Belongs here: columns. Values are text as a CRM takes them: dates and moments in ISO, several values joined by
semicolons, truth as true and false.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.objects.links import raw_table
from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.rules.schema import names
from pipelines.rules.schema.fields import NUMERIC, FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import ObjectModel
from pipelines.rules.schema.renames import WORKED_OUT
from pipelines.rules.syncs import Vendor

HIDDEN = ("encrypted", "location")


@dataclass(frozen=True)
class Staged:
    """A view and the fields of the model that it has."""

    view: str
    fields: tuple[str, ...]
    object: str
    """What the CRM calls the object in a record key."""
    readable: tuple[str, ...] = ()
    """The fields and what a CRM works out itself; what a record leads to is in `links`."""


def fields_of(each: ObjectModel, vendor: Vendor) -> dict[str, str]:
    """What can be copied, by the model's name: the field at a CRM. `name` is what a record is called."""
    found = {}
    if each.is_custom and each.name.format is None:
        found["name"] = each.name.field if vendor == "hubspot" else "Name"
    for key, field in each.fields.items():
        called = names.field_name(vendor, key, field)
        if called is not None and field.type not in WORKED_OUT:
            found[key] = called
    return found


def readable_of(each: ObjectModel, vendor: Vendor) -> dict[str, str]:
    """The same with formulas, rollups and numbers that a CRM works out."""
    found = {"name": each.name.field if vendor == "hubspot" else "Name"} if each.is_custom else {}
    for key, field in each.fields.items():
        called = names.field_name(vendor, key, field)
        if called is not None and field.type not in HIDDEN:
            found[key] = called
    return found


def _was_read(connection: duckdb.DuckDBPyConnection, vendor: Vendor, table: str) -> bool:
    """Whether an extract has found the object there, if only to see that it has no record."""
    if not columns_of(connection, "ops.loads"):
        return False
    row = connection.execute(
        "select 1 from ops.loads where vendor = ? and table_name = ? and status in ('loaded', 'unchanged')",
        [vendor, table],
    ).fetchone()
    return row is not None


def stage(connection: duckdb.DuckDBPyConnection, model: Model, key: str, vendor: Vendor) -> Staged | None:
    """Make the view of an object at a CRM; None when the CRM's rows are not here."""
    each = model.objects[key]
    called = names.object_name(vendor, key, each)
    if called is None or not each.is_custom:
        return None
    schema, name = raw_table(vendor, called)
    table, view = f"{schema}.{name}", f"staging.stg_{vendor}__{key.lower()}"
    have = columns_of(connection, table)
    connection.execute("create schema if not exists staging")
    if not have:
        return _empty(connection, each, vendor, view, called) if _was_read(connection, vendor, name) else None
    fields = {n: c for n, c in readable_of(each, vendor).items() if c.lower() in have}
    record_id = "id" if vendor == "hubspot" else "Id"
    alive = "deleted_at is null and not coalesce(archived, false)"
    if vendor == "salesforce":
        alive = "deleted_at is null and not coalesce(IsDeleted, false)"
    shown = fields | _lookups(each, vendor, have)
    columns = ", ".join(f"{text_of(c, have[c.lower()])} as {quoted(n)}" for n, c in shown.items())
    modified = "hs_lastmodifieddate" if vendor == "hubspot" else "SystemModstamp"
    record_key = record_key_sql(connection, vendor, called, f"{quoted(record_id)}")
    connection.execute(
        f"create or replace view {view} as select {quoted(record_id)} as record_id, "
        f"{record_key} as record_key, "
        f"{quoted(modified)}::varchar as modified_at{', ' + columns if columns else ''} "
        f"from {table} where {alive}"
    )
    return Staged(view, _copied(each, vendor, fields), called, tuple(fields))


def _lookups(each: ObjectModel, vendor: Vendor, have: Mapping[str, str]) -> dict[str, str]:
    """What a record leads to, as far as it is a field of the record."""
    if vendor == "hubspot":
        return {}
    called = {name: names.lookup_name(name, each.relationships[name]) for name in each.relationships}
    return {name: field for name, field in called.items() if field.lower() in have}


def _copied(each: ObjectModel, vendor: Vendor, fields: Iterable[str]) -> tuple[str, ...]:
    copied = fields_of(each, vendor)
    return tuple(name for name in fields if name in copied)


def _empty(
    connection: duckdb.DuckDBPyConnection, each: ObjectModel, vendor: Vendor, view: str, called: str
) -> Staged:
    """An object that has no record yet, and so no raw table."""
    fields = tuple(readable_of(each, vendor))
    columns = ", ".join(
        f"null::varchar as {quoted(n)}" for n in ("record_id", "record_key", "modified_at", *fields)
    )
    connection.execute(f"create or replace view {view} as select {columns} where false")
    return Staged(view, _copied(each, vendor, fields), called, fields)


def stage_file(connection: duckdb.DuckDBPyConnection, each: ObjectModel, path: Path, key: str) -> Staged:
    """The same of a file of rows whose columns are named as the model's fields."""
    view = f"staging.stg_file__{key.lower()}"
    connection.execute("create schema if not exists staging")
    read = "read_parquet" if path.suffix == ".parquet" else "read_csv_auto"
    more = ", all_varchar = true" if read == "read_csv_auto" else ""
    source = f"{read}({text_literal(str(path))}{more})"
    return _stage_rows(connection, each, source, view)


def stage_table(connection: duckdb.DuckDBPyConnection, each: ObjectModel, table: str, key: str) -> Staged:
    """The same of a table of the warehouse."""
    return _stage_rows(connection, each, table, f"staging.stg_table__{key.lower()}")


def _stage_rows(connection: duckdb.DuckDBPyConnection, each: ObjectModel, source: str, view: str) -> Staged:
    described = connection.execute(f"describe select * from {source}").fetchall()
    have = {str(row[0]).lower(): str(row[1]) for row in described}
    own = "name" if each.is_custom else each.key or ""
    wanted = [n for n in dict.fromkeys((own, *each.fields)) if n.lower() in have]
    led = [n for n in each.relationships if n.lower() in have]
    columns = ", ".join(f"{text_of(n, have[n.lower()])} as {quoted(n)}" for n in (*wanted, *led))
    connection.execute(
        f"create or replace table {view} as select row_number() over ()::varchar as record_id, "
        f"null::varchar as record_key, '' as modified_at, {columns} from {source}"
    )
    return Staged(view, tuple(wanted), "")


def text_of(column: str, kind: str, of: str = "") -> str:
    """A column, of a relation by its alias, as a CRM takes its value."""
    name = f"{of}.{quoted(column)}" if of else quoted(column)
    if kind.endswith("[]"):
        return f"nullif(array_to_string({name}, ';'), '')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return f"regexp_replace({name}::decimal(38, 8)::varchar, '\\.?0+$', '')"
    return f"nullif(trim({name}::varchar), '')"


def json_of(field: FieldModel | None, column: str) -> str:
    """A value as JSON has it: numbers and truth as themselves, everything else as text."""
    if field is not None and field.type in NUMERIC:
        return f"try_cast({column} as double)"
    if field is not None and field.type == "checkbox":
        return f"try_cast({column} as boolean)"
    return column
