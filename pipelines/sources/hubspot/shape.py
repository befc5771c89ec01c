"""Which columns a record table has this time: the promised ones, then the portal's, typed by its metadata.

Belongs here: names and types. A promised column keeps its promised type whatever the portal says. Any other
follows the portal: a new one is filled for all rows, a retyped one is cast and filled anew. One that is
removed or left out, promised or not, keeps its old values, and is filled anew when it comes back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipelines.rules.extract import Choice
from pipelines.sources.arrow import moment_of
from pipelines.sources.hubspot.catalog import RECORD_COLUMNS
from pipelines.sources.hubspot.rows import property_names
from pipelines.sources.known import DOUBLED, KEPT
from pipelines.sources.reading import missing_note
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.sources.tables import SQL_TYPES, stored_as

Definition = Mapping[str, Any]
_TYPES: dict[str, ColumnType] = {
    "string": "text", "phone_number": "text", "enumeration": "text", "number": "decimal", "bool": "boolean",
    "date": "date", "datetime": "timestamp", "object_coordinates": "text", "json": "text",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`table` with all columns; `properties` are asked for; `anew` are columns to fill for all rows."""

    table: RawTable
    properties: tuple[str, ...]
    anew: tuple[str, ...] = ()
    calculated: tuple[str, ...] = ()
    has_removed: bool = False
    notes: tuple[str, ...] = ()

    def doubling(self, names: Collection[str], *, is_known: bool) -> Shape:
        """The same with doubles for these decimals. `is_known`: there are rows that hold them as decimals."""
        columns = {name: _double(kind, name, names) for name, kind in self.table.columns.items()}
        anew = [name for name in self.properties if is_known and name in names and name not in self.anew]
        before = [note.removeprefix(DOUBLED).split(", ") for note in self.notes if note.startswith(DOUBLED)]
        every = ", ".join(sorted({*names, *(name for some in before for name in some)}))
        noted = [note for note in self.notes if not note.startswith(DOUBLED)]
        return replace(
            self, table=replace(self.table, columns=columns), anew=(*self.anew, *anew),
            notes=(*noted, f"{DOUBLED}{every}"),
        )  # fmt: skip


def _double(kind: ColumnType, name: str, names: Collection[str]) -> ColumnType:
    return "number" if kind == "decimal" and name in names else kind


def shape_of(
    table: RawTable, definitions: Sequence[Definition], choice: Choice, known: Mapping[str, str],
    lacking: Collection[str] = (), kept: Collection[str] = (), doubled: Collection[str] = (),
    since: datetime | None = None,
) -> Shape:  # fmt: skip
    """`known`: the columns the warehouse has and their SQL types; empty before the first load.

    `lacking`: those that the portal did not have at the last load, and never read; `kept`: those that it had
    once; `doubled`: those with numbers too large for decimals; `since`: when that load was. A property made
    since is another one, though one of its name was read.
    """
    defined = {str(each["name"]): each for each in definitions}
    promised = {name.casefold() for name in table.columns}
    extras, notes = _extras(defined, promised, choice)
    shown = {name.casefold() for name in defined}
    held = {
        name for name in property_names(table)
        if since is not None and name.casefold() in known and name.casefold() not in {*shown, *lacking}
    }  # fmt: skip
    columns = {name: kind for name, kind in table.columns.items() if name not in held} | extras
    large = {name for name in columns if name.casefold() in doubled}
    columns = {name: _double(kind, name, large) for name, kind in columns.items()}
    asked = tuple(name for name in columns if name not in RECORD_COLUMNS and name.casefold() in shown)
    new = [
        name for name in asked
        if known and (
            name.casefold() not in known
            or name.casefold() in {*lacking, *kept}
            or _made_since(defined[name], since)
        )
    ]  # fmt: skip
    retyped = [
        name for name in asked
        if known and known.get(name.casefold(), as_here(columns[name])) != as_here(columns[name])
    ]  # fmt: skip
    removed = sorted(
        name for name in set(known) - {n.casefold() for n in (*columns, *RECORD_COLUMNS)}
        if not name.startswith("_dlt_")
    )  # fmt: skip
    if large:
        notes.append(f"{DOUBLED}{', '.join(sorted(large))}")
    if retyped:
        notes.append(f"of another type now, so read anew: {', '.join(retyped)}")
    if removed:
        notes.append(f"{KEPT}{', '.join(removed)}")
    return Shape(
        table=replace(table, columns=columns), properties=asked, anew=(*new, *retyped),
        calculated=tuple(name for name in asked if defined.get(name, {}).get("calculated")),
        has_removed=bool(removed),
        notes=(*missing_note([name for name in property_names(table) if name not in held], shown), *notes),
    )  # fmt: skip


def _made_since(definition: Definition, since: datetime | None) -> bool:
    made = moment_of(definition.get("createdAt"))
    return since is not None and made is not None and made >= since


def _extras(
    defined: Mapping[str, Definition], promised: set[str], choice: Choice
) -> tuple[dict[str, ColumnType], list[str]]:
    extras: dict[str, ColumnType] = {}
    unknown, clashing = [], []
    for name, each in sorted(defined.items()):
        if name in RECORD_COLUMNS:
            clashing.append(name)
        elif name.casefold() not in promised and choice.takes(name):
            kind = type_of(each)
            extras[name] = kind or "text"
            if kind is None:
                unknown.append(f"{name} ({each.get('type')})")
    notes = [f"of a type unknown here, so text: {', '.join(unknown)}"] if unknown else []
    if clashing:
        notes.append(f"named like a column every table has, so left out: {', '.join(clashing)}")
    return extras, notes


def as_here(kind: ColumnType) -> str:
    return stored_as(SQL_TYPES[kind])


def type_of(definition: Definition) -> ColumnType | None:
    """The column type of a property; None for a type that is not known here. Numbers come as text, with as
    many digits as somebody typed."""
    kind, field_type = str(definition.get("type")), definition.get("fieldType")
    if kind == "enumeration" and field_type == "checkbox":
        return "list"
    is_money = definition.get("showCurrencySymbol") or definition.get("numberDisplayHint") == "currency"
    return "price" if kind == "number" and is_money else _TYPES.get(kind)
