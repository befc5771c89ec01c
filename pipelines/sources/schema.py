"""What a raw table promises: its columns and their types, whatever the portal or org at the other end has.

Belongs here: the shape of the promise. What each vendor's tables promise is in `<vendor>/catalog.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

ColumnType = Literal[
    "text", "number", "decimal", "integer", "money", "price", "rate", "boolean", "date", "timestamp", "list",
    "json",
]  # fmt: skip
"""text VARCHAR, number DOUBLE, decimal DECIMAL(38,18), integer BIGINT, money DECIMAL(18,2), price
DECIMAL(38,8), rate DECIMAL(18,8), boolean BOOLEAN, date DATE, timestamp TIMESTAMPTZ in UTC, list VARCHAR[],
json JSON text in VARCHAR. A number is what a vendor keeps in binary itself, a decimal what it hands on as it
was typed."""


@dataclass(frozen=True)
class RawTable:
    """A table of schema `raw_<vendor>`. `columns` are promised: what a vendor lacks is null and noted.

    `api_name` is the vendor's own name of the object; `key` the columns a row is merged on. `cursor` is the
    column that says when a row last changed: with one, a table is read by changes. `comes_with` names the
    tables it is read together with. With neither, a table is small: read whole, replaced when it differs.
    `late` is set for events, which never change: how late one may still show up at the vendor.
    """

    name: str
    api_name: str
    columns: dict[str, ColumnType]
    key: tuple[str, ...] = ("id",)
    cursor: str = ""
    comes_with: tuple[str, ...] = ()
    late: timedelta | None = None
    note: str = field(default="", compare=False)

    @property
    def is_record(self) -> bool:
        """Records are found by their last modification and may be deleted."""
        return bool(self.cursor) and self.late is None

    @property
    def is_whole(self) -> bool:
        return not self.cursor and not self.comes_with
