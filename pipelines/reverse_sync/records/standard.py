"""The records of a standard object that rows of a file or of a table fill a field of.

Belongs here: the view of what is there, and by what a record is known. Such records are changed, never made.
"""

from __future__ import annotations

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql
from pipelines.objects.staged import Staged, fields_of, text_of
from pipelines.reverse_sync.mirror.records import source_of
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model


def stage(connection: duckdb.DuckDBPyConnection, model: Model, key: str) -> Staged | None:
    """The view of the records at the CRM that the rows go to; None when the CRM's rows are not here."""
    each = model.objects[key]
    assert each.records is not None
    vendor = each.records.to
    owner = names.object_name(vendor, key, each)
    if owner is None or each.key is None:
        return None
    source = source_of(vendor, owner)
    have = columns_of(connection, source.table)
    if not have:
        return None
    fields = {n: c for n, c in fields_of(each, vendor).items() if c.lower() in have}
    columns = {each.key: names.key_name(vendor, each), **fields}
    if vendor == "salesforce":
        called = {n: names.lookup_name(n, r) for n, r in each.relationships.items()}
        columns |= {n: c for n, c in called.items() if c.lower() in have}
    if each.key == "id":
        columns["id"] = source.id
    record_key = record_key_sql(connection, vendor, owner, quoted(source.id))
    shown = ", ".join(f"{text_of(c, have[c.lower()])} as {quoted(n)}" for n, c in columns.items())
    view = f"staging.stg_{vendor}__to_{key.lower()}"
    connection.execute("create schema if not exists staging")
    connection.execute(
        f"create or replace view {view} as select {quoted(source.id)} as record_id, "
        f"{record_key} as record_key, null::varchar as modified_at, {shown} "
        f"from {source.table} where {source.alive}"
    )
    return Staged(view, tuple(fields), owner, tuple(columns))
