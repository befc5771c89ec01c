"""How rows of an object become rows of its table: what stands where, and what stands there unasked.

By columns, because every value of a large world passes here: what all values of a column are is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from sandbox.salesforce.fields import SObject
from sandbox.times import iso_seconds

Column = Sequence[Any]
# Without these a row could not be found by anyone who asks what changed.
_ALWAYS = ("LastModifiedDate", "SystemModstamp")
_BY_US = ("CreatedById", "LastModifiedById", "OwnerId")
_AT_ONCE = 1_000


class Shape:
    """Of one object. What a row has unasked is by `user`."""

    def __init__(self, sobject: SObject, user: str) -> None:
        self.name, self.fields = sobject.name, sobject.fields
        self.empty = {f.name: "false" for f in sobject.fields.values() if f.type == "boolean"}
        self.blank = self.empty | {name: user for name in _BY_US if name in sobject.fields}
        self.always = [name for name in _ALWAYS if name in sobject.fields]
        self.is_dated = "CreatedDate" in sobject.fields

    def batches(
        self, rows: Iterable[Mapping[str, Any]], now: int, *, explicit: bool
    ) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
        """Statements with their values, in the order of the rows; one is for rows that name the same."""
        for names, alike in groupby(rows, tuple):
            yield from self.of_values(names, (row.values() for row in alike), now, explicit=explicit)

    def of_values(
        self, names: tuple[str, ...], rows: Iterable[Iterable[Any]], now: int, *, explicit: bool = False
    ) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
        """As `batches`, of rows that all name these."""
        rest = iter(rows)
        while some := list(islice(rest, _AT_ONCE)):
            given = dict(zip(names, zip(*some, strict=True), strict=True))
            found = self._columns(given, [iso_seconds(now)] * len(some), explicit=explicit)
            yield self._statement(tuple(found)), zip(*found.values(), strict=True)

    def _statement(self, names: tuple[str, ...]) -> str:
        unasked = {name: value for name, value in self.blank.items() if name not in names}
        columns = ", ".join(f'"{name}"' for name in (*names, *unasked))
        values = ", ".join(("?",) * len(names) + tuple(f"'{value}'" for value in unasked.values()))
        return f'insert into "{self.name}" ({columns}) values ({values})'

    def _columns(self, given: Mapping[str, Column], now: Column, *, explicit: bool) -> dict[str, Column]:
        """Of the fields that have no value of their own for all rows; what is no field is left out."""
        created, modified = given.get("CreatedDate"), given.get("SystemModstamp")
        made = now if created is None else _instants(created, now)
        changed = made if modified is None or modified == created else _instants(modified, made)
        found: dict[str, Column] = dict.fromkeys(self.always, changed)
        if self.is_dated:
            found["CreatedDate"] = made
        for name, column in given.items():
            if name not in self.fields:
                continue
            kinds = set(map(type, column))
            if kinds == {int} and name in ("CreatedDate", "SystemModstamp"):
                continue
            told = column
            # A system field that is named without a value stays empty, because its source had none.
            blank = (self.empty if explicit else self.blank).get(name)
            if type(None) in kinds and (name in self.always or (name in found and not explicit)):
                told = [o if v is None else v for v, o in zip(column, found[name], strict=True)]
            elif type(None) in kinds and blank is not None:
                told = [blank if value is None else value for value in column]
            found[name] = self._told(told, kinds, is_time=self.fields[name].type == "datetime")
        return found

    def _told(self, column: Column, kinds: set[type], *, is_time: bool) -> Column:
        """Values as a table holds them."""
        if bool in kinds:
            column = [("true" if each else "false") if isinstance(each, bool) else each for each in column]
        if is_time and int in kinds:
            column = [iso_seconds(each) if isinstance(each, int) else each for each in column]
        if str in kinds and "" in column:
            column = [None if each == "" else each for each in column]
        return column


def _instants(column: Column, otherwise: Column) -> Column:
    """As text; what is none is as `otherwise` says."""
    if set(map(type, column)) == {int}:
        return list(map(iso_seconds, column))
    return [
        iso_seconds(at) if isinstance(at, int) else other for at, other in zip(column, otherwise, strict=True)
    ]
