"""`config/data_extensions.yml`: data extensions of a team's own in Marketing Cloud, and what their rows hold.

Belongs here: what the file may say, and the sync that each extension comes to. The SQL of its rows, and
whether the extension is fit for them, is `reverse_sync.extensions`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from pydantic import ConfigDict, Field, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.frequency import PATTERN
from pipelines.rules.loader import Strict, read
from pipelines.rules.mappings.model import Line, ValueMap
from pipelines.rules.mappings.yaml_file import YamlLine
from pipelines.rules.syncs import FieldRule, FieldType, OnLeave, Sync, Syncs

if TYPE_CHECKING:
    from pipelines.rules.rows import Columns, Rows

FILE = "data_extensions.yml"
UNIFIED = ("people", "accounts", "opportunities")
SYNCHRONIZED = re.compile(r"\w+_Salesforce(_\d+)?")
"""Marketing Cloud Connect fills these; they are read only, and a row written there would be overwritten."""
_OBJECT = re.compile(r"(salesforce|hubspot)\.\w+")
_NOT_HERE = ("account", "person", "owner", "currency")
"""Conversions that need the other CRM's records."""


def slug(key: str) -> str:
    """A data extension's key as part of a table's name."""
    return re.sub(r"\W+", "_", key.lower()).strip("_")


class KeyColumn(Strict):
    """The primary key of the extension, and the field that fills it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    column: str = Field(min_length=1)
    from_: str = Field(alias="from", min_length=1)


class Column(YamlLine):
    """A column: a line of a mapping that only goes one way. `to` is the column, `type` its kind of value."""

    type: FieldType = "text"

    @model_validator(mode="after")
    def _goes_one_way(self) -> Column:
        two_way = [
            name
            for name in ("direction", "conflict", "back", "back_expression", "currency")
            if getattr(self, name)
        ]
        if two_way or self.blanks != "never" or self.write != "overwrite" or self.sets != "replace":
            raise ValueError(
                f"a column is written one way, and cannot say {', '.join(two_way) or 'blanks, write or sets'}"
            )
        if self.convert in _NOT_HERE:
            raise ValueError(f"convert: {self.convert} is about records of a CRM; a column takes a value")
        if self.type in ("reference", "set"):
            raise ValueError(f"a data extension has no columns of the type {self.type}; say text")
        return self

    def as_line(self, where: str) -> Line:
        """The same as the line of a mapping whose right side is the extension."""
        values = None
        if self.values:
            values = ValueMap(tuple(self.values.items()), (), self.unmapped, self.use)
        return Line(
            left=self.from_, right=self.to, where=where, source="left", direction="to_right",
            default_right=self.default, values=values, convert=self.convert, format=self.format,
            zone=self.zone or "", country=self.country or "", to_right=self.expression or "",
        )  # fmt: skip


class DataExtension(Strict):
    """One extension. `of` is a unified thing, or an object of a CRM: `salesforce.Visit__c`."""

    data_extension: str = Field(min_length=1)
    of: str
    where: str = Field(default="", max_length=2_000)
    """Which records come in."""
    on_leave: OnLeave = "keep"
    include_refused: bool = False
    """For people: also those who refuse e-mail, or whose address is none."""
    key: KeyColumn
    columns: tuple[Column, ...] = Field(min_length=1)
    auto_apply: bool = False
    syncFrequency: str = Field(default="", pattern=PATTERN)  # noqa: N815 - as in syncs.yml

    @model_validator(mode="after")
    def _makes_sense(self) -> DataExtension:
        if self.of not in UNIFIED and not _OBJECT.fullmatch(self.of):
            raise ValueError(
                f"of: {self.of} is none of {', '.join(UNIFIED)}, salesforce.OBJECT, hubspot.OBJECT"
            )
        if self.include_refused and self.of != "people":
            raise ValueError("include_refused is about people")
        if self.where:
            from pipelines.rules.mappings.expressions import parse_expression

            parse_expression(self.where)
        names = [self.key.column.lower(), *(column.to.lower() for column in self.columns)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"the column {twice} is written twice")
        return self

    @property
    def slug(self) -> str:
        return slug(self.data_extension)

    @property
    def name(self) -> str:
        """Of the sync."""
        return f"data_extension_{self.slug}"

    @property
    def desired(self) -> str:
        return f"sync_marketing_cloud__extension_{self.slug}"

    @property
    def existing(self) -> str:
        return f"existing_marketing_cloud__extension_{self.slug}"

    def sync(self) -> Sync:
        provider: Literal["computed"] = "computed"
        fields = {
            each.to: FieldRule(type=each.type, provider=provider, owner="us", rule=FILE)
            for each in self.columns
        }
        return Sync(
            vendor="marketing_cloud", object=self.data_extension, desired=self.desired,
            existing=self.existing, auto_apply=self.auto_apply, syncFrequency=self.syncFrequency,
            on_leave=self.on_leave, fields=fields,
        )  # fmt: skip


class DataExtensions(Strict):
    """The whole file."""

    extensions: tuple[DataExtension, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> DataExtensions:
        slugs = [each.slug for each in self.extensions]
        twice = next((s for s in slugs if slugs.count(s) > 1), None)
        if twice:
            raise ValueError(f"two extensions are called {twice}, or nearly so")
        return self


def load_data_extensions(config_dir: Path) -> tuple[DataExtension, ...]:
    """Every extension of the file; none where a team has no such file."""
    path = config_dir / FILE
    return read(path).as_model(DataExtensions).extensions if path.is_file() else ()


def where(config_dir: Path, extension: DataExtension, column: Column | None = None) -> str:
    """File and line of an extension or one of its columns, as findings show it."""
    document = read(config_dir / FILE)
    number = load_data_extensions(config_dir).index(extension)
    place: tuple[int | str, ...] = ("extensions", number)
    if column is not None:
        place = (*place, "columns", extension.columns.index(column))
    return f"{FILE} line {document.line_of(*place)}"


def policies(syncs: Syncs) -> Rows:
    """A row for each extension that is written, with what becomes of rows that leave it."""
    columns: Columns = (("data_extension", pa.string()), ("on_leave", pa.string()))
    written = [each for each in syncs.syncs.values() if each.vendor == "marketing_cloud" and not each.consent]
    return columns, [(each.object, each.on_leave) for each in written]


def with_extensions(syncs: Syncs, config_dir: Path) -> Syncs:
    """The syncs of `syncs.yml` and one for each extension. Raises ConfigError when both write one."""
    found = load_data_extensions(config_dir)
    taken = {
        sync.object.lower(): name for name, sync in syncs.syncs.items() if sync.vendor == "marketing_cloud"
    }
    for each in found:
        other = taken.get(each.data_extension.lower()) or (each.name if each.name in syncs.syncs else None)
        if other:
            raise ConfigError(
                f"the data extension {each.data_extension} is written by the sync {other} already",
                where=where(config_dir, each), remedy="remove one of the two",
            )  # fmt: skip
    if not found:
        return syncs
    return syncs.model_copy(update={"syncs": {**syncs.syncs, **{each.name: each.sync() for each in found}}})
