"""Salesforce's JSON and CSV to rows of the catalog's tables.

Belongs here: shapes. Which records to read, and when, is `records`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from pipelines.sources.arrow import ARROW_TYPES, BadValues, columns_of, convert, schema_for
from pipelines.sources.columns import Columns
from pipelines.sources.schema import RawTable

OURS = ("deleted_at", "deleted_how")
_BLOCK_BYTES = 2 << 20
_SHORT_ID = 15
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def field_names(table: RawTable) -> list[str]:
    """The Salesforce fields among a table's columns."""
    return [name for name in table.columns if name not in OURS]


def whole(table: RawTable, records: Sequence[Mapping[str, Any]], ids: Collection[str] = ()) -> Columns:
    """All records of a small table."""
    values: dict[str, list[Any]] = {n: [record.get(n) for record in records] for n in table.columns}
    return Columns(table, values | {n: [_full(value) for value in values[n]] for n in ids if n in values})


def from_json(
    table: RawTable, records: Sequence[Mapping[str, Any]], bad: BadValues, ids: Collection[str] = ()
) -> pa.Table:
    """REST records. A field that was not asked for is null; the fields `ids` hold ids."""
    columns = columns_of(records, {name: table.columns[name] for name in field_names(table)}, bad)
    return _finished(table, columns | _normal(columns, ids), len(records))


def from_csv(
    table: RawTable, data: bytes, bad: BadValues, ids: Collection[str] = ()
) -> Iterator[pa.Table]:  # fmt: skip
    """A page of a bulk result, a block of it at a time: as a whole it is a few times as large as its text.

    Every field is read as text first, so that one bad value spoils no file.
    """
    fields = field_names(table)
    for read in _blocks(data, fields):
        have = set(read.schema.names)
        columns = {
            name: convert(read.column(name), table.columns[name], name, bad)
            if name in have
            else pa.nulls(read.num_rows, ARROW_TYPES[table.columns[name]])
            for name in fields
        }
        yield _finished(table, columns | _normal(columns, ids), read.num_rows)


def _blocks(data: bytes, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The lines of a CSV, as text. A line that is longer than a block is read with all that follow it."""
    done = 0
    for size in (_BLOCK_BYTES, len(data) + 1):
        try:
            with csv.open_csv(
                pa.BufferReader(data),
                read_options=csv.ReadOptions(block_size=size, use_threads=False, skip_rows_after_names=done),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(fields, pa.string()), null_values=[""],
                    strings_can_be_null=True,
                ),
            ) as reader:  # fmt: skip
                for batch in reader:
                    done += batch.num_rows
                    yield batch
            return
        except pa.ArrowInvalid:
            if size >= len(data):  # all of it has been tried in one block
                raise


def without(rows: pa.Table, table: RawTable, versions: Mapping[str, int]) -> pa.Table:
    """The rows that are not there in the same version. `versions`: id to cursor in microseconds."""
    if not versions:
        return rows
    keys = rows.column(table.key[0]).to_pylist()
    stamps = rows.column(table.cursor).cast(pa.int64()).to_pylist()
    fresh = [versions.get(key) != stamp for key, stamp in zip(keys, stamps, strict=True)]
    return rows.filter(pa.array(fresh, pa.bool_()))


def full_id(text: str) -> str:
    """Eighteen characters of an id given with fifteen: three more say which of the others are capitals."""
    if len(text) != _SHORT_ID or not text.isalnum() or not text.isascii():
        return text
    bits = (sum(1 << n for n, c in enumerate(text[at : at + 5]) if "A" <= c <= "Z") for at in (0, 5, 10))
    return text + "".join(_CAPITALS[number] for number in bits)


def _full(value: Any) -> Any:
    return full_id(value) if isinstance(value, str) else value


def _normal(columns: Mapping[str, pa.Array], ids: Collection[str]) -> dict[str, pa.Array]:
    """The columns of ids that have a short one, with all of them long."""
    found = {}
    for name in ids:
        texts = columns.get(name)
        if texts is not None and pc.any(pc.equal(pc.utf8_length(texts), _SHORT_ID)).as_py():
            found[name] = pa.array([_full(text) for text in texts.to_pylist()], pa.string())
    return found


def _finished(table: RawTable, columns: dict[str, pa.Array], count: int) -> pa.Table:
    """Add what we say of deletions: when, and whether a merge was the reason."""
    if "deleted_at" in table.columns:
        gone = columns["IsDeleted"].fill_null(False) if "IsDeleted" in columns else pa.array([False] * count)
        nothing = pa.nulls(count, pa.string())
        how = pc.if_else(gone, pa.scalar("deleted"), nothing)
        if "MasterRecordId" in columns:
            how = pc.if_else(pc.and_(gone, columns["MasterRecordId"].is_valid()), pa.scalar("merged"), how)
        never = pa.nulls(count, ARROW_TYPES["timestamp"])
        at = pc.if_else(gone, columns.get("SystemModstamp", never), never)
        columns |= {"deleted_at": at, "deleted_how": how}
    return pa.Table.from_arrays([columns[name] for name in table.columns], schema=schema_for(table.columns))
