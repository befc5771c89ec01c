"""A page of a list read straight into columns of text, without a Python object for each of its values.

Belongs here: pages as HubSpot usually writes them, every value a text. Reading one this way holds up no
other thread, where Python's objects would hold up all. A page that is written otherwise (a number that is no
text, a record in the recycle bin, a history that is cut) is read record by record, as `rows.Records`; both
say the same of the same page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from pipelines.sources.arrow import ARROW_TYPES, BadValues, convert, schema_for
from pipelines.sources.hubspot.rows import LISTED_REVISIONS, MERGED, merged_into, property_names
from pipelines.sources.schema import RawTable

_TEXT = pa.string()
_PAST = "propertiesWithHistory"
_CHANGE = {"timestamp": "changed_at", "value": "value", "sourceType": "source_type", "sourceId": "source_id"}
_OF_THE_BIN = ("deleted_at", "deleted_how")
_SURROGATES = (b"\\ud", b"\\uD")
"""Where a pair of them is not whole Arrow reads on, and the text is none."""


@dataclass(frozen=True)
class Sheet:
    """Living records. `shown`: by object type the records whose list shows an association; `after`: where the
    next page begins, None after the last."""

    rows: pa.StructArray
    shown: Mapping[str, Sequence[str]]
    after: str | None
    total: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> list[str]:
        return [str(each) for each in pc.struct_field(self.rows, "id").to_pylist()]

    @property
    def living(self) -> list[str]:
        return self.ids

    def picked(self, wanted: Sequence[bool], after: str | None) -> Sheet:
        """Some of its records, and another place to go on from."""
        if all(wanted):
            return Sheet(self.rows, self.shown, after, self.total)
        rows = self.rows.filter(pa.array(wanted, pa.bool_()))
        there = {each for each, is_wanted in zip(self.ids, wanted, strict=True) if is_wanted}
        shown = {name: [each for each in ids if each in there] for name, ids in self.shown.items()}
        return Sheet(rows, shown, after, self.total)

    def records(self, table: RawTable, bad: BadValues) -> pa.Table:
        """As `rows.Records` has them."""
        types, texts = table.columns, pc.struct_field(self.rows, "properties")
        names = property_names(table)
        arrays = {name: pa.nulls(len(self), ARROW_TYPES[types[name]]) for name in (*names, *_OF_THE_BIN)}
        for name in {each.name for each in texts.type} & set(names):
            arrays[name] = convert(pc.struct_field(texts, name), types[name], name, bad)
        for name, theirs in (("id", "id"), ("created_at", "createdAt"), ("updated_at", "updatedAt")):
            arrays[name] = convert(pc.struct_field(self.rows, theirs), types[name], name, bad)
        arrays["archived"] = pc.fill_null(pc.struct_field(self.rows, "archived"), False)
        return pa.Table.from_arrays([arrays[name] for name in types], schema=schema_for(types))

    def history(self, table: RawTable, bad: BadValues) -> pa.Table:
        """A row for each change; of two in the same instant HubSpot's first, the newer, stays."""
        if self.rows.type.get_field_index(_PAST) < 0:  # the portal has none of these properties
            return schema_for(table.columns).empty_table()
        past, ids = pc.struct_field(self.rows, _PAST), pc.struct_field(self.rows, "id")
        pieces = []
        for name in (each.name for each in past.type):
            lists = pc.struct_field(past, name)
            changes = lists.flatten()
            texts = {ours: pc.struct_field(changes, theirs) for theirs, ours in _CHANGE.items()}
            texts["id"] = ids.take(pc.list_parent_indices(lists))
            texts["property"] = pa.repeat(pa.scalar(name), len(changes))
            pieces.append(pa.table([texts[each] for each in table.columns], names=list(table.columns)))
        every = _first_of_each(pa.concat_tables(pieces).combine_chunks(), table.key)
        arrays = [convert(_whole(every[name]), kind, name, bad) for name, kind in table.columns.items()]
        return pa.Table.from_arrays(arrays, schema=schema_for(table.columns))

    def merges(self) -> Iterable[tuple[str | None, list[str]]]:
        """Of each record that others were merged into: when it was updated last, and their ids."""
        merged = pc.struct_field(pc.struct_field(self.rows, "properties"), MERGED)
        for each in self.rows.filter(pc.fill_null(pc.not_equal(merged, ""), False)).to_pylist():
            if ids := merged_into(each):
                yield each["updatedAt"], ids


def sheet_in(
    answer: bytes, table: RawTable, properties: Sequence[str], history: Sequence[str]
) -> Sheet | None:
    """The page of an answer to a question for these; None when only reading it record by record tells what is
    on it. Arrow is given objects only: of a page that says `null` it ends the process."""
    if not answer.lstrip().startswith(b"{"):
        return None
    row, whole = _types(tuple(properties), tuple(history))
    options = pj.ReadOptions(use_threads=False, block_size=len(answer) + 1)
    usual = pj.ParseOptions(explicit_schema=whole, unexpected_field_behavior="infer")
    try:
        answer.decode()
        read = pj.read_json(pa.BufferReader(answer), options, usual)
    except (UnicodeDecodeError, pa.ArrowException):
        return None
    if read.num_rows != 1 or (b"\\" in answer and any(each in answer for each in _SURROGATES)):
        return None
    [results], [paging] = read["results"].chunks, read["paging"].to_pylist()
    rows = results.flatten()
    shown = _shown(rows)
    if results.null_count or shown is None or not _are_usual(rows, row, table):
        return None
    after = ((paging or {}).get("next") or {}).get("after")
    return Sheet(rows if rows.type == row else rows.cast(row), shown, after)


def joined(sheets: Sequence[Sheet]) -> Sheet:
    """Several, in their order, as one."""
    shown: dict[str, list[str]] = {}
    for sheet in sheets:
        for name, ids in sheet.shown.items():
            shown.setdefault(name, []).extend(ids)
    return Sheet(pa.concat_arrays([each.rows for each in sheets]), shown, None)


@cache
def _types(properties: tuple[str, ...], history: tuple[str, ...]) -> tuple[pa.StructType, pa.Schema]:
    """Of a record, and of a page."""
    texts = pa.struct([(name, _TEXT) for name in dict.fromkeys((*properties, MERGED))])
    change = pa.struct([(name, _TEXT) for name in _CHANGE])
    past = pa.struct([(name, pa.list_(change)) for name in history])
    row = pa.struct(
        [
            ("id", _TEXT), ("createdAt", _TEXT), ("updatedAt", _TEXT), ("archived", pa.bool_()),
            ("properties", texts), *([(_PAST, past)] if history else ()),
        ]
    )  # fmt: skip
    following = pa.struct([("next", pa.struct([("after", _TEXT)]))])
    return row, pa.schema([("results", pa.list_(row)), ("paging", following)])


def _shown(rows: pa.StructArray) -> dict[str, list[str]] | None:
    """By object type the records that show an association; HubSpot writes some types with a blank."""
    shown: dict[str, list[str]] = {}
    if rows.type.get_field_index("associations") < 0:
        return shown
    links, ids = pc.struct_field(rows, "associations"), pc.struct_field(rows, "id")
    if not pa.types.is_struct(links.type):
        return shown if pa.types.is_null(links.type) else None
    for each in links.type:
        if not pa.types.is_struct(each.type) or each.type.get_field_index("results") < 0:
            return None
        lists = pc.struct_field(pc.struct_field(links, each.name), "results")
        if not pa.types.is_list(lists.type):
            return None
        has_any = pc.fill_null(pc.greater(pc.list_value_length(lists), 0), False)
        shown.setdefault(each.name.replace(" ", "_"), []).extend(ids.filter(has_any).to_pylist())
    return shown


def _are_usual(rows: pa.StructArray, row: pa.StructType, table: RawTable) -> bool:
    """Each with an id, none in the recycle bin, no value of ours that nobody asked for; the history whole."""
    if pc.struct_field(rows, "id").null_count or pc.any(pc.struct_field(rows, "archived")).as_py():
        return False
    if _more(rows, row, "properties") & table.columns.keys():
        return False
    if row.get_field_index(_PAST) < 0:
        return True
    lists = [pc.struct_field(rows, [_PAST, each.name]) for each in row.field(_PAST).type]
    longest = [pc.max(pc.list_value_length(each)).as_py() or 0 for each in lists]
    timeless = sum(pc.struct_field(each.flatten(), "timestamp").null_count for each in lists)
    return not _more(rows, row, _PAST) and max(longest) < LISTED_REVISIONS and not timeless


def _more(rows: pa.StructArray, row: pa.StructType, name: str) -> set[str]:
    """What is said beyond what was asked for."""
    said = {each.name for each in rows.type.field(name).type}
    return said - {each.name for each in row.field(name).type}


def _first_of_each(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    names = pc.binary_join_element_wise(*(_whole(rows[name]) for name in key), "\n")
    if pc.count_distinct(names).as_py() == len(names):
        return rows
    first: dict[str, int] = {}
    for position, name in enumerate(names.to_pylist()):
        first.setdefault(name, position)
    return rows.take(pa.array(first.values(), pa.int64()))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
