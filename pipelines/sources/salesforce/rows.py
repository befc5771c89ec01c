"""Salesforce's JSON and CSV to rows of the catalog's tables.

Belongs here: shapes. Which records to read, and when, is `records`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from pipelines.sources.arrow import ARROW_TYPES, BadValues, column, convert, schema_for
from pipelines.sources.columns import Columns
from pipelines.sources.schema import RawTable

OURS = ("deleted_at", "deleted_how")
_BLOCK_BYTES = 8 << 20


def field_names(table: RawTable) -> list[str]:
    """The Salesforce fields among a table's columns."""
    return [name for name in table.columns if name not in OURS]


def whole(table: RawTable, records: Sequence[Mapping[str, Any]]) -> Columns:
    """All records of a small table."""
    return Columns(table, {name: [record.get(name) for record in records] for name in table.columns})


def from_json(table: RawTable, records: Sequence[Mapping[str, Any]], bad: BadValues) -> pa.Table:
    """REST records. A field that was not asked for is null."""
    columns = {
        name: column([record.get(name) for record in records], table.columns[name], name, bad)
        for name in field_names(table)
    }
    return _finished(table, columns, len(records))


def from_csv(table: RawTable, data: bytes, bad: BadValues) -> pa.Table:
    """A page of a bulk result. Every field is read as text first, so that one bad value spoils no file."""
    fields = field_names(table)
    read = csv.read_csv(
        io.BytesIO(data),
        read_options=csv.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(fields, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    ).combine_chunks()
    have = set(read.column_names)
    columns = {
        name: convert(_one_chunk(read.column(name)), table.columns[name], name, bad)
        if name in have
        else pa.nulls(read.num_rows, ARROW_TYPES[table.columns[name]])
        for name in fields
    }
    return _finished(table, columns, read.num_rows)


def _finished(table: RawTable, columns: dict[str, pa.Array], count: int) -> pa.Table:
    """Add what we say of deletions: when, and whether a merge was the reason."""
    if "deleted_at" in table.columns:
        gone = columns["IsDeleted"].fill_null(False)
        nothing = pa.nulls(count, pa.string())
        how = pc.if_else(gone, pa.scalar("deleted"), nothing)
        if "MasterRecordId" in columns:
            how = pc.if_else(pc.and_(gone, columns["MasterRecordId"].is_valid()), pa.scalar("merged"), how)
        at = pc.if_else(gone, columns["SystemModstamp"], pa.nulls(count, ARROW_TYPES["timestamp"]))
        columns |= {"deleted_at": at, "deleted_how": how}
    return pa.Table.from_arrays([columns[name] for name in table.columns], schema=schema_for(table.columns))


def _one_chunk(chunks: pa.ChunkedArray) -> pa.Array:
    combined = chunks.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
