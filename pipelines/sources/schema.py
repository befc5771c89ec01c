"""What a raw table promises: its columns and their types, whatever the portal or org at the other end has.

Belongs here: the shape of the promise. What each vendor's tables promise is in `<vendor>/catalog.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["text", "number", "integer", "money", "boolean", "date", "timestamp", "list", "json"]
"""text VARCHAR, number DOUBLE, integer BIGINT, money DECIMAL(18,2), boolean BOOLEAN, date DATE,
timestamp TIMESTAMPTZ in UTC, list VARCHAR[], json JSON text in VARCHAR."""


@dataclass(frozen=True)
class RawTable:
    """A table of schema `raw_<vendor>`. `columns` are promised: absent at the vendor, they are null and noted.

    `api_name` is the vendor's own name of the object; `key` the columns a row is merged on.
    """

    name: str
    api_name: str
    columns: dict[str, ColumnType]
    key: tuple[str, ...] = ("id",)
    note: str = field(default="", compare=False)
