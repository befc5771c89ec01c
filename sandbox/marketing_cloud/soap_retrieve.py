"""Retrieve: filters to SQL, pages of 2,500, and going on by a continue request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import orjson

from sandbox.call import Call
from sandbox.marketing_cloud import account, auth, extensions, scopes, soap_rows
from sandbox.marketing_cloud.soap_objects import OBJECTS
from sandbox.marketing_cloud.soap_shapes import Column, SoapObject
from sandbox.marketing_cloud.soap_text import child, local, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

PAGE = 2_500
_WHOLE = re.compile(r"-?[0-9]{1,17}")
_OPERATORS = {
    "equals": "=", "notequals": "<>", "greaterthan": ">", "greaterthanorequal": ">=", "lessthan": "<",
    "lessthanorequal": "<=", "like": "like",
}  # fmt: skip
_PARTS = {
    "beginswith": ("like", "{}%"), "endswith": ("like", "%{}"), "contains": ("like", "%{}%"),
    "notcontains": ("not like", "%{}%"), "existsinstring": ("like", "%{}%"),
    "notexistsinstring": ("not like", "%{}%"),
}  # fmt: skip
_ROWS = re.compile(r"DataExtensionObject\[(.*)\]", re.S)
_DEEPEST, _MOST, _LONGEST_LIKE = 50, 500, 4_000
"""Filters in filters, comparisons in all, characters of a pattern: SQLite reads no more than some."""


class BadRequest(Exception):
    """A retrieve that cannot be done; the sentence stands in OverallStatus."""


def object_of(mc: MarketingCloud, name: str) -> SoapObject:
    """What can be retrieved by that name: an object, or the rows of a data extension."""
    of_rows = _ROWS.fullmatch(name)
    if of_rows:
        wanted = of_rows[1].strip()
        extension = extensions.find(mc.store, wanted) or extensions.find(mc.store, wanted, by="name")
        if extension is None:
            raise BadRequest(f"Error: Data extension does not exist: {wanted}")
        return soap_rows.retrievable(extension)
    if name not in OBJECTS:
        raise BadRequest(
            f"Error: Unable to find a handler for object type: {name}. Object types are case-sensitive, "
            "check spelling."
        )
    return OBJECTS[name]


def retrieve(mc: MarketingCloud, call: Call, request: Element) -> tuple[str, str, str]:
    """OverallStatus, RequestID and the results as XML."""
    following = text_of(request, "ContinueRequest")
    if following:
        return _next(mc, call, following)
    name = text_of(request, "ObjectType")
    if not scopes.may_soap(mc, auth.token_of(call), name, write=False):
        raise BadRequest(f"Error: {scopes.PERMISSION}")
    found = object_of(mc, name)
    properties = [(each.text or "").strip() for each in request if local(each) == "Properties"]
    unknown = found.unknown(properties)
    if unknown or not properties:
        raise BadRequest(
            f"Error: The Request Property(s) {', '.join(unknown)} do not match with the fields of "
            f"{found.name} retrieve"
        )
    chosen = child(request, "Filter")
    clause, values = ("", []) if chosen is None else _whole_filter(found, chosen)
    identifier = account.guid("retrieve", call.request_id, call.now)
    size = _batch_size(request)
    return _page(mc, call, identifier, name, found, properties, clause, values, [], size)


def _batch_size(request: Element) -> int:
    asked = text_of(child(request, "Options"), "BatchSize")
    return min(PAGE, int(asked)) if re.fullmatch("[0-9]{1,9}", asked) and int(asked) > 0 else PAGE


def _next(mc: MarketingCloud, call: Call, identifier: str) -> tuple[str, str, str]:
    row = mc.store.row("select * from soap_requests where id = ?", (identifier,))
    if row is None:
        raise BadRequest("Error: The continue request names no request that is open.")
    known = orjson.loads(row[5])
    return _page(
        mc, call, identifier, row[1], object_of(mc, row[1]), orjson.loads(row[4]), row[2],
        orjson.loads(row[3]), known["after"], known["size"],
    )  # fmt: skip


def _page(
    mc: MarketingCloud, call: Call, identifier: str, name: str, found: SoapObject, properties: list[str],
    clause: str, values: list[Any], after: list[Any], size: int,
) -> tuple[str, str, str]:  # fmt: skip
    columns = found.chosen(properties)
    order = ", ".join(found.order)
    listed = ", ".join([*(column.sql for column in columns), order])
    where = f" and ({clause})" if clause else ""
    if after:
        where += f" and ({order}) > ({', '.join('?' * len(after))})"
    rows = mc.store.rows(
        f"select {listed} from {found.source}{where} order by {order} limit ?", [*values, *after, size + 1]
    )
    more, rows = len(rows) > size, rows[:size]
    call.records = len(rows)
    if more:
        last = orjson.dumps({"after": list(rows[-1][len(columns) :]), "size": size})
        mc.store.db.execute(
            "insert or replace into soap_requests values (?, ?, ?, ?, ?, ?)",
            (identifier, name, clause, orjson.dumps(values), orjson.dumps(properties), last),
        )
    return "MoreDataAvailable" if more else "OK", identifier, found.render(columns, rows)


def _whole_filter(found: SoapObject, chosen: Element) -> tuple[str, list[Any]]:
    if sum(local(each) == "SimpleOperator" for each in chosen.iter()) > _MOST:
        raise BadRequest(f"Error: A filter has at most {_MOST} comparisons.")
    return _filter(found, chosen)


def _filter(found: SoapObject, part: Element, depth: int = 0) -> tuple[str, list[Any]]:
    left, right = child(part, "LeftOperand"), child(part, "RightOperand")
    if left is None or right is None:
        return _comparison(found, part)
    joined = text_of(part, "LogicalOperator").lower()
    if joined not in ("and", "or") or depth > _DEEPEST:
        raise BadRequest("Error: A complex filter joins by AND or OR.")
    more = [each for each in child(part, "AdditionalOperands") or () if local(each) == "Operand"]
    clauses, values = [], []
    for each in (left, right, *more):
        clause, inner = _filter(found, each, depth + 1)
        clauses.append(f"({clause})")
        values += inner
    return f" {joined} ".join(clauses), values


def _comparison(found: SoapObject, part: Element) -> tuple[str, list[Any]]:
    column = found.column(text_of(part, "Property"))
    if column is None:
        raise BadRequest(f"Error: {text_of(part, 'Property')} is not a filterable property of {found.name}.")
    told = [(local(each), (each.text or "").strip()) for each in part]
    values = [
        _value(column, text) for name, text in told if name == "Value" or (name == "DateValue" and text)
    ]
    return _simple(column, text_of(part, "SimpleOperator").lower(), values)


def _simple(column: Column, operator: str, values: list[Any]) -> tuple[str, list[Any]]:
    if operator in ("isnull", "isnotnull"):
        return f"{column.compared} is {'' if operator == 'isnull' else 'not '}null", []
    if operator == "between" and len(values) == 2:
        return f"{column.compared} between ? and ?", values
    if operator == "in" and values:
        return f"{column.compared} in (select value from json_each(?))", [orjson.dumps(values).decode()]
    if (operator in _PARTS or operator == "like") and any(len(str(v)) > _LONGEST_LIKE for v in values):
        raise BadRequest(f"Error: A pattern has at most {_LONGEST_LIKE} characters.")
    if operator in _OPERATORS and len(values) == 1:
        return f"{column.compared} {_OPERATORS[operator]} ?", values
    if operator in _PARTS and len(values) == 1:
        how, form = _PARTS[operator]
        text = re.sub(r"([\\%_])", r"\\\1", str(values[0]))
        return f"{column.compared} {how} ? escape '\\'", [form.format(text)]
    raise BadRequest(f"Error: The operator {operator or '(none)'} does not go with {len(values)} values.")


def _value(column: Column, text: str) -> Any:
    if column.type in ("date", "moment"):
        try:
            return account.told(text) if column.type == "date" else soap_rows.moment(text)
        except (ValueError, OverflowError):
            raise BadRequest(f"Error: {text[:40]} is not a date.") from None
    if column.type in ("int", "number"):
        if not re.fullmatch(r"-?[0-9]{1,17}(\.[0-9]{1,17})?", text):
            raise BadRequest(f"Error: {text[:40]} is not a number.")
        return int(text) if _WHOLE.fullmatch(text) else float(text)
    if column.type == "bool":
        return int(text.lower() in ("true", "1"))
    return text
