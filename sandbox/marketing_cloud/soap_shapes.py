"""What an object of SOAP is: its properties, the SQL each comes from, and how its rows are written.

The order of properties is the vendor's: what every object has comes first, clients read by a schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from sandbox.marketing_cloud import account
from sandbox.xmltree import clean

NIL = '<PartnerKey xsi:nil="true" />'
NO_OBJECT_ID = '<ObjectID xsi:nil="true" />'
NO_ID = NIL + NO_OBJECT_ID
BASE = ("CreatedDate", "ModifiedDate", "ID", "PartnerProperties")
"""What every object may have, between its partner's key and its ObjectID."""


@dataclass(frozen=True)
class Column:
    """A property: the SQL it comes from, its type, and what stands around its value."""

    name: str
    sql: str
    type: str = "text"
    before: str = ""
    after: str = ""
    filtered: str = ""
    """What filters compare, where it is not what is shown."""

    @property
    def compared(self) -> str:
        return self.filtered or self.sql

    def opening(self) -> str:
        return self.before or f"<{self.name}>"

    def closing(self) -> str:
        return self.after or f"</{self.name}>"


CLIENT = Column("Client.ID", str(account.MEMBER_ID), "int", "<Client><ID>", "</ID></Client>")
PARTNER_KEY = Column("PartnerKey", "null")
"""Asked for by some; it is told of every row anyway, as nothing."""


@dataclass(frozen=True)
class SoapObject:
    """An object of the API. `order` makes a page's end a place to go on from."""

    name: str
    source: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    given: tuple[Column, ...] = ()
    """What a client may say of one and cannot retrieve."""

    @property
    def every(self) -> tuple[Column, ...]:
        """All that can be retrieved."""
        return (CLIENT, PARTNER_KEY, *self.columns)

    def column(self, name: str) -> Column | None:
        return next((c for c in self.every if c.name.lower() == name.lower()), None)

    def chosen(self, properties: Sequence[str]) -> list[Column]:
        """The columns of the properties that are asked for, in the object's order."""
        asked = {name.lower() for name in properties}
        return [c for c in self.every if c.name.lower() in asked or c.name.split(".")[0].lower() in asked]

    def unknown(self, properties: Sequence[str]) -> list[str]:
        known = {c.name.lower() for c in self.every} | {c.name.split(".")[0].lower() for c in self.every}
        return [name for name in properties if name.lower() not in known | {"objectid"}]

    def render(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
        """Rows as `Results` elements; a value that is not there has no element."""
        shapes = [(i, c.opening(), c.closing(), WRITE[c.type], c.name) for i, c in enumerate(columns)]
        client = [each for each in shapes if each[4] == CLIENT.name]
        base = [each for each in shapes if each[4] in BASE]
        own = [each for each in shapes if each not in client and each not in base]
        has_id = any(c.name == "ObjectID" for c in columns)
        out: list[str] = []
        for row in rows:
            out.append(f'<Results xsi:type="{self.name}">')
            _write(out, client, row)
            out.append(NIL)
            _write(out, base, row)
            out.append("" if has_id else NO_OBJECT_ID)
            _write(out, own, row)
            out.append("</Results>")
        return "".join(out)


def _write(out: list[str], shapes: Sequence[tuple[Any, ...]], row: Sequence[Any]) -> None:
    for i, opening, closing, write, name in shapes:
        value = row[i]
        if value == "":
            out.append(f"<{name} />")
        elif value is not None:
            out.append(opening)
            out.append(write(value))
            out.append(closing)


def flag(value: Any) -> str:
    return "true" if value else "false"


def _text(value: Any) -> str:
    return escape(clean(str(value)))


def _properties(value: Any) -> str:
    """Names and values, an element each."""
    told = (f"<Name>{escape(n)}</Name>{f'<Value>{escape(v)}</Value>' if v else '<Value />'}"
            for n, v in json.loads(value).items())  # fmt: skip
    return "".join(f"<PartnerProperties>{each}</PartnerProperties>" for each in told)


WRITE: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "int": str,
    "date": account.shown,
    "bool": flag,
    "properties": _properties,
}


def nested(name: str, sql: str, inside: str = NO_ID, after: str = "", type: str = "text") -> Column:
    """A property of an object that stands in another."""
    outer, inner = name.split(".")
    return Column(name, sql, type, f"<{outer}>{inside}<{inner}>", f"</{inner}>{after}</{outer}>")


def named(name: str, sql: str) -> Column:
    """The number of an object that stands in another; it comes before the ObjectID."""
    return nested(name, sql, NIL, NO_OBJECT_ID, "int")
