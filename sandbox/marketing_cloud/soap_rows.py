"""DataExtensionObject over SOAP: rows retrieved, created, updated and deleted, each by its primary key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import orjson

from sandbox.call import Call
from sandbox.marketing_cloud import errors, extensions, rows
from sandbox.marketing_cloud.extensions import Extension, Field, RowError
from sandbox.marketing_cloud.soap_shapes import NO_ID, Column, SoapObject
from sandbox.marketing_cloud.soap_text import Refused, child, local, result, text_of
from sandbox.xmltree import clean

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

NUMBER = "_CustomObjectKey"
"""A number that every row has and no field tells."""
_TYPES = {"Number": "number", "Decimal": "number", "Date": "moment"}


@dataclass(frozen=True)
class Rows(SoapObject):
    """The rows of one extension: a row is a list of names and values."""

    fields: tuple[Field, ...] = ()

    @property
    def every(self) -> tuple[Column, ...]:
        return self.columns

    def unknown(self, properties: Sequence[str]) -> list[str]:
        known = {c.name.lower() for c in self.columns}
        return [name for name in properties if name.lower() not in known]

    def chosen(self, properties: Sequence[str]) -> list[Column]:
        asked = {name.lower() for name in properties}
        return [c for c in self.columns if c.name.lower() in asked]

    def render(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
        known = {field.name: field for field in self.fields}
        found = []
        for row in rows:
            told = "".join(
                _property(c.name, extensions.shown(known[c.name], value) if c.name in known else str(value))
                for c, value in zip(columns, row[: len(columns)], strict=True)
            )
            found.append(
                f'<Results xsi:type="DataExtensionObject">{NO_ID}<Type>DataExtensionObject</Type>'
                f"<Properties>{told}</Properties></Results>"
            )
        return "".join(found)


def retrievable(found: Extension) -> Rows:
    columns = [Column(NUMBER, "seq", "int")]
    for f in found.fields.values():
        compared = extensions.compared_sql(f)
        columns.append(Column(f.name, extensions.kept_sql(f), _TYPES.get(f.type, "text"), filtered=compared))
    source = f"extension_rows where extension = '{found.id}'"
    return Rows("DataExtensionObject", source, tuple(columns), ("seq",), fields=tuple(found.fields.values()))


def moment(text: str) -> str:
    """A date of a filter as rows keep it. Raises ValueError."""
    try:
        return extensions.moment(text)
    except RowError as problem:
        raise ValueError(problem.message) from None


def _property(name: str, value: str) -> str:
    told = f"<Value>{escape(clean(value))}</Value>" if value else "<Value />"
    return f"<Property><Name>{escape(name)}</Name>{told}</Property>"


def _extension(mc: MarketingCloud, element: Element) -> Extension:
    """The extension that a row names by its key, or by its name."""
    key = text_of(element, "CustomerKey")
    name = "" if key else text_of(element, "Name")
    found = extensions.find(mc.store, name, by="name") if name else extensions.find(mc.store, key)
    if found is None:
        raise Refused(errors.EXTENSION_KEY, f"Invalid data extension key: {key}")
    if found.synchronized:
        raise Refused(errors.VALIDATION, f"{found.name} is a synchronized data extension and read only")
    return found


def _pairs(element: Element, *parts: str) -> dict[str, str]:
    return {
        text_of(each, "Name"): text_of(each, "Value")
        for part in parts
        for each in child(element, part) or ()
        if local(each) in ("Property", "Key")
    }


def _kept(mc: MarketingCloud, found: Extension, pk: str | None) -> Any:
    if pk is None:
        return None
    sql = "select body from extension_rows where extension = ? and pk = ?"
    return mc.store.value(sql, (found.id, pk))


def _shown(found: Extension, told: dict[str, str]) -> str:
    listed = "".join(_property(name, value) for name, value in told.items())
    return (
        f'<Object xsi:type="DataExtensionObject">{NO_ID}<CustomerKey>{escape(found.key)}</CustomerKey>'
        f"<Properties>{listed}</Properties></Object>"
    )


def save(
    mc: MarketingCloud, call: Call, element: Element, number: int, *, add: bool, change: bool
) -> str:  # fmt: skip
    """A row is added where it is not there and `add`, changed where it is and `change`."""
    found = _extension(mc, element)
    told = _pairs(element, "Keys", "Properties")
    try:
        row = found.checked(told, whole=False)
    except RowError as problem:
        raise Refused(problem.code, problem.message) from None
    is_there = _kept(mc, found, found.pk(row)) is not None
    if is_there and not change:
        raise Refused(2, f"Violation of PRIMARY KEY constraint. Cannot insert duplicate key in {found.name}.")
    if not is_there and not add:
        raise Refused(2, f"Concurrency violation: no row of {found.name} has this key.")
    if not is_there:
        try:
            found.checked(told, whole=True)
        except RowError as problem:
            raise Refused(problem.code, problem.message) from None
    rows.store(mc, call, found, row)
    made = "<NewID>0</NewID>" if not change else ""
    verb, kind = ("Updated", "Update") if change else ("Created", "Create")
    message = f"{verb} DataExtensionObject"
    return result(message, number, made, _shown(found, told), f"DataExtension{kind}Result")


def delete(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    """Remove a row of an extension that is not Salesforce's, by all of its primary keys."""
    found = _extension(mc, element)
    given = {name.lower(): value for name, value in _pairs(element, "Keys").items()}
    names = {field.name.lower() for field in found.keys}
    if not names or not names <= set(given) or not set(given) <= set(found.fields):
        raise Refused(errors.KEY_OPERATION, f"A row of {found.name} is named by its primary key")
    pk = found.pk({field.name: given[field.name.lower()] for field in found.keys})
    kept = _kept(mc, found, pk)
    if kept is None:
        raise Refused(errors.KEY_OPERATION, f"No row of {found.name} has this key")
    mc.store.db.execute("delete from extension_rows where extension = ? and pk = ?", (found.id, pk))
    call.records += 1
    for name, value in orjson.loads(kept).items():
        call.change(found.key, (pk or "").replace("\x1f", ","), "delete", name, value, None)
    shown = (
        f'<Object xsi:type="DataExtensionObject">{NO_ID}'
        f"<CustomerKey>{escape(found.key)}</CustomerKey></Object>"
    )
    return result("Deleted DataExtensionObject", number, "", shown, "DataExtensionDeleteResult")
