"""Keeps erased people out: their rows are dropped between the vendor's answer and the first byte on disk.

Belongs here: looking through the rows of a table for people of the suppression list. Where a table has people
is `persons`, who is on the list `pipelines.state.suppression`. With an empty list nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.sources import persons
from pipelines.state.addresses import AT
from pipelines.state.suppression import Suppression

Screen = Callable[[str, pa.Table], pa.Table]
STRUCK = "erased"
"""What stands in a text where an erased person's address stood."""


def screen_of(vendor: str, org: str, suppression: Suppression) -> Screen:
    """A function from (table, rows) to the rows without those of erased people."""

    def screen(table: str, rows: pa.Table) -> pa.Table:
        return _Screened(vendor, org, suppression, table, rows).kept() if suppression else rows

    return screen


class _Screened:
    """The rows of one file."""

    def __init__(self, vendor: str, org: str, suppression: Suppression, table: str, rows: pa.Table) -> None:
        self.vendor, self.org, self.suppression = vendor, org, suppression
        self.table, self.rows = table, rows
        self.names = {name.lower(): name for name in rows.column_names}
        self.texts = [f.name for f in rows.schema if pa.types.is_string(f.type) or _is_list(f.type)]
        self.holds = persons.holds_of(vendor, table, self.texts)

    def kept(self) -> pa.Table:
        """Rows that are nobody's who was erased, with what the others say of them struck out."""
        if self.holds.staff or self.rows.num_rows == 0:
            return self.rows
        gone = [False] * self.rows.num_rows
        for name, record in self._ids():
            self._mark(gone, name, lambda cell, record=record: self._is_record(cell, record))  # type: ignore[misc]
        for kind, name in self.holds.typed:
            if kind in self.names and name in self.names:  # what is read anew has one end only
                self._mark_typed(gone, kind, name)
        for name in self.holds.emails:
            self._mark(gone, name, self._is_address)
        rows = self._traced(gone)
        rows = rows.filter(pa.array([not each for each in gone])) if any(gone) else rows
        return self._struck(self._cleared(rows))

    def _ids(self) -> Iterable[tuple[str, str]]:
        if self.holds.record:
            yield self.holds.key, self.holds.record
        elif self.holds.via and "id" in self.names:  # a row that went with a person: a note about them
            yield self.names["id"], self.table
        if self.holds.of[0]:
            yield self.holds.of[1], self.holds.of[0]
        for name in self.holds.ids:
            yield name, ""

    def _mark(self, gone: list[bool], name: str, is_theirs: Callable[[Any], bool]) -> None:
        for position, cell in enumerate(self._column(name)):
            if cell is not None and not gone[position]:
                each = cell if isinstance(cell, list) else [cell]
                gone[position] = any(is_theirs(one) for one in each)

    def _mark_typed(self, gone: list[bool], kind: str, name: str) -> None:
        pairs = zip(self._column(kind), self._column(name), strict=True)
        for position, (record, cell) in enumerate(pairs):
            if record and cell and not gone[position]:
                kind_of = "contacts" if record in persons.CONTACT_TYPES else str(record)
                gone[position] = self._is_record(cell, kind_of)

    def _column(self, name: str) -> list[Any]:
        found = self.names.get(name.lower())
        return self.rows.column(found).to_pylist() if found else []

    def _is_record(self, identifier: str, record: str = "") -> bool:
        return self.suppression.has_record(persons.record_key(self.vendor, self.org, str(identifier), record))

    def _is_address(self, cell: str) -> bool:
        return self.suppression.has_email_in(cell)

    def _traced(self, gone: list[bool]) -> pa.Table:
        """Of what only associations tie to a person the association stays, without the person's id.

        It tells whoever loads it that the other end is about somebody who was erased; see `about_erased`.
        """
        rows = self.rows
        ends = [(f"{end}_type", f"{end}_id") for end in ("from", "to")]
        if not any(gone) or not all(name in self.names for pair in ends for name in pair):
            return rows
        kinds = {kind: rows.column(kind).to_pylist() for kind, _ in ends}
        for (kind, name), (other, _) in (ends, ends[::-1]):
            cells = rows.column(name).to_pylist()
            for at, cell in enumerate(cells):
                if gone[at] and kinds[kind][at] in persons.CONTACT_TYPES and _is_via(kinds[other][at]):
                    cells[at], gone[at] = STRUCK, not self._is_record(cell)
            at = rows.column_names.index(name)
            rows = rows.set_column(at, rows.schema.field(name), pa.array(cells, pa.string()))
        return rows

    def _cleared(self, rows: pa.Table) -> pa.Table:
        """Ids of theirs in what is somebody else's."""
        for name in self.holds.cleared:
            found = self.names.get(name.lower())
            if found and pa.types.is_string(rows.schema.field(found).type):
                cells = [None if cell and self._is_record(cell) else cell for cell in rows[found].to_pylist()]
                at = rows.column_names.index(found)
                rows = rows.set_column(at, rows.schema.field(found), pa.array(cells, pa.string()))
        return rows

    def _struck(self, rows: pa.Table) -> pa.Table:
        """Addresses inside texts, and Salesforce ids in lookups, that are an erased person's."""
        for name in self.texts:
            column = rows.column(name)
            if pa.types.is_string(column.type) and rows.num_rows:
                struck = self._strike(column)
                if struck is not None:
                    rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), struck)
        return rows

    def _strike(self, column: pa.ChunkedArray) -> pa.Array | None:
        suspects = pc.match_substring_regex(column, AT)
        if self.vendor == "salesforce":
            suspects = pc.or_(suspects, pc.match_substring_regex(column, r"^(?:00Q|003)\w{15}$"))
        if not pc.any(suspects).as_py():
            return None
        cells = [self._cell(cell) for cell in column.to_pylist()]
        return pa.array(cells, column.type)

    def _cell(self, cell: str | None) -> str | None:
        if cell is None:
            return None
        if self.vendor == "salesforce" and len(cell) == 18 and self._is_record(cell):
            return None
        return self.suppression.without_emails(cell, STRUCK)


def _is_via(object_type: str) -> bool:
    return persons.holds_of("hubspot", object_type, ()).via


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind))
