"""Retrieve: filters to SQL, pages of 2,500, and going on by a continue request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import orjson

from sandbox.call import Call
from sandbox.marketing_cloud import account
from sandbox.marketing_cloud.soap_objects import OBJECTS, Column, SoapObject

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PAGE = 2_500
_WHOLE = re.compile(r"-?[0-9]{1,17}")
_OPERATORS = {
    "equals": "=", "notequals": "<>", "greaterthan": ">", "greaterthanorequal": ">=", "lessthan": "<",
    "lessthanorequal": "<=", "like": "like",
}  # fmt: skip


class BadRequest(Exception):
    """A retrieve that cannot be done; the sentence stands in OverallStatus."""


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element, name: str) -> Element | None:
    return next((each for each in element if local(each) == name), None)


def text_of(element: Element | None, name: str) -> str:
    found = None if element is None else child(element, name)
    return (found.text or "").strip() if found is not None else ""


def retrieve(mc: MarketingCloud, call: Call, request: Element) -> tuple[str, str, str]:
    """OverallStatus, RequestID and the results as XML."""
    following = text_of(request, "ContinueRequest")
    if following:
        return _next(mc, call, following)
    name = text_of(request, "ObjectType")
    found = OBJECTS.get(name.lower())
    if found is None:
        raise BadRequest(f"Error: The object type {name} is not retrievable.")
    properties = [(each.text or "").strip() for each in request if local(each) == "Properties"]
    unknown = [p for p in properties if not found.chosen([p])]
    if unknown or not properties:
        raise BadRequest(
            f"Error: The Request Property(s) {', '.join(unknown)} do not match with the fields of "
            f"{found.name} retrieve"
        )
    chosen = child(request, "Filter")
    clause, values = ("", []) if chosen is None else _filter(found, chosen)
    size = _batch_size(request)
    identifier = account.guid("retrieve", call.request_id, call.now)
    return _page(mc, call, identifier, found, properties, clause, values, [], size)


def _batch_size(request: Element) -> int:
    options = child(request, "Options")
    asked = text_of(options, "BatchSize")
    return min(PAGE, int(asked)) if asked.isdecimal() and int(asked or 0) > 0 else PAGE


def _next(mc: MarketingCloud, call: Call, identifier: str) -> tuple[str, str, str]:
    row = mc.store.row("select * from soap_requests where id = ?", (identifier,))
    if row is None:
        raise BadRequest("Error: The continue request names no request that is open.")
    known = orjson.loads(row[5])
    return _page(
        mc, call, identifier, OBJECTS[row[1]], orjson.loads(row[4]), row[2], orjson.loads(row[3]),
        known["after"], known["size"],
    )  # fmt: skip


def _page(
    mc: MarketingCloud, call: Call, identifier: str, found: SoapObject, properties: list[str], clause: str,
    values: list[Any], after: list[Any], size: int,
) -> tuple[str, str, str]:  # fmt: skip
    columns = found.chosen(properties)
    listed = ", ".join(column.sql for column in columns)
    order = ", ".join(found.order)
    where = f" and ({clause})" if clause else ""
    if after:
        where += f" and ({order}) > ({', '.join('?' * len(after))})"
    rows = mc.store.rows(
        f"select {listed}, {order} from {found.source}{where} order by {order} limit ?",
        [*values, *after, size + 1],
    )
    more, rows = len(rows) > size, rows[:size]
    call.records = len(rows)
    if more:
        last = orjson.dumps({"after": list(rows[-1][len(columns) :]), "size": size})
        mc.store.db.execute(
            "insert or replace into soap_requests values (?, ?, ?, ?, ?, ?)",
            (identifier, found.name.lower(), clause, orjson.dumps(values), orjson.dumps(properties), last),
        )
    return "MoreDataAvailable" if more else "OK", identifier, found.render(columns, rows)


def _filter(found: SoapObject, part: Element) -> tuple[str, list[Any]]:
    left, right = child(part, "LeftOperand"), child(part, "RightOperand")
    if left is not None and right is not None:
        joined = text_of(part, "LogicalOperator").lower()
        if joined not in ("and", "or"):
            raise BadRequest("Error: A complex filter joins by AND or OR.")
        (one, first), (two, second) = _filter(found, left), _filter(found, right)
        return f"({one}) {joined} ({two})", first + second
    column = found.column(text_of(part, "Property"))
    if column is None:
        raise BadRequest(f"Error: {text_of(part, 'Property')} is not a filterable property of {found.name}.")
    operator = text_of(part, "SimpleOperator").lower()
    values = [
        _value(column, (each.text or "").strip()) for each in part if local(each) in ("Value", "DateValue")
    ]
    return _simple(column, operator, values)


def _simple(column: Column, operator: str, values: list[Any]) -> tuple[str, list[Any]]:
    if operator in ("isnull", "isnotnull"):
        return f"{column.sql} is {'' if operator == 'isnull' else 'not '}null", []
    if operator == "between" and len(values) == 2:
        return f"{column.sql} between ? and ?", values
    if operator == "in" and values:
        return f"{column.sql} in ({', '.join('?' * len(values))})", values
    if operator in _OPERATORS and len(values) == 1:
        return f"{column.sql} {_OPERATORS[operator]} ?", values
    raise BadRequest(f"Error: The operator {operator or '(none)'} does not go with {len(values)} values.")


def _value(column: Column, text: str) -> Any:
    if column.type == "date":
        try:
            return account.told(text)
        except ValueError:
            raise BadRequest(f"Error: {text[:40]} is not a date.") from None
    if column.type == "int":
        return int(text) if _WHOLE.fullmatch(text) else -1
    if column.type == "bool":
        return int(text.lower() == "true")
    return text
