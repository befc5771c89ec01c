"""A compiled condition asked of one row in Python, with SQL's three values: true, false, unknown.

Belongs here: evaluation, and the values at which a condition may change its answer. What a condition may say
is in `conditions`; a property test holds this and DuckDB together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlglot
from sqlglot import exp

Row = Mapping[str, Any]
Question = Callable[[Row], bool | None]

_COMPARE: dict[type[exp.Expression], Callable[[Any, Any], bool]] = {
    exp.EQ: lambda a, b: bool(a == b),
    exp.NEQ: lambda a, b: bool(a != b),
    exp.GT: lambda a, b: bool(a > b),
    exp.GTE: lambda a, b: bool(a >= b),
    exp.LT: lambda a, b: bool(a < b),
    exp.LTE: lambda a, b: bool(a <= b),
    exp.Like: lambda a, b: _like(a, b, 0),
    exp.ILike: lambda a, b: _like(a, b, re.IGNORECASE),
}


def question(predicate: str) -> Question:
    """A function of a row: whether the predicate holds (None: a null leaves it unknown)."""
    return _compiled(sqlglot.parse_one(predicate, dialect="duckdb"))


def turning_points(predicate: str) -> dict[str, list[Any]]:
    """Column -> values at, below and above which the predicate's answer may change; None and one more
    besides.
    """
    found: dict[str, set[Any]] = {}
    tree = sqlglot.parse_one(predicate, dialect="duckdb")
    for column in tree.find_all(exp.Column):
        found.setdefault(column.name, set())
        parent = column.parent
        for literal in parent.find_all(exp.Literal, exp.Boolean) if parent is not None else ():
            found[column.name] |= _around(_value(literal))
    return {column: [None, *sorted(values, key=repr)] for column, values in found.items()}


def _compiled(node: exp.Expression) -> Question:
    if isinstance(node, exp.Paren):
        return _compiled(node.this)
    if isinstance(node, exp.And | exp.Or):
        return _combined(node)
    if isinstance(node, exp.Not):
        inner = _compiled(node.this)
        return lambda row: None if (answer := inner(row)) is None else not answer
    if isinstance(node, exp.Is):
        operand = _operand(node.this)
        other = node.expression
        if isinstance(other, exp.Boolean):
            return lambda row: operand(row) is bool(other.this)
        return lambda row: operand(row) is None
    if isinstance(node, exp.In):
        return _member(node)
    if isinstance(node, exp.Between):
        return _between(node)
    if isinstance(node, exp.Column | exp.Boolean):
        return _operand(node)
    return _comparison(node)


def _combined(node: exp.Expression) -> Question:
    left, right, deciding = _compiled(node.this), _compiled(node.expression), isinstance(node, exp.Or)

    def ask(row: Row) -> bool | None:
        first = left(row)
        if first is deciding:
            return deciding
        second = right(row)
        if second is deciding:
            return deciding
        return None if first is None or second is None else not deciding

    return ask


def _comparison(node: exp.Expression) -> Question:
    compare, left, right = _COMPARE[type(node)], _operand(node.this), _operand(node.expression)

    def ask(row: Row) -> bool | None:
        a, b = left(row), right(row)
        if a is None or b is None:
            return None
        return compare(*_alike(a, b))

    return ask


def _member(node: exp.In) -> Question:
    operand, values = _operand(node.this), [_operand(each) for each in node.expressions]

    def ask(row: Row) -> bool | None:
        value = operand(row)
        if value is None:
            return None
        answers = [
            None if (other := each(row)) is None else value == _alike(value, other)[1] for each in values
        ]
        return True if True in answers else None if None in answers else False

    return ask


def _between(node: exp.Between) -> Question:
    operand, low, high = _operand(node.this), _operand(node.args["low"]), _operand(node.args["high"])

    def ask(row: Row) -> bool | None:
        value, least, most = operand(row), low(row), high(row)
        if value is None:
            return None
        answers = [
            None if least is None else value >= _alike(value, least)[1],
            None if most is None else value <= _alike(value, most)[1],
        ]
        return False if False in answers else None if None in answers else True

    return ask


def _operand(node: exp.Expression) -> Callable[[Row], Any]:
    if isinstance(node, exp.Paren):
        return _operand(node.this)
    if isinstance(node, exp.Column):
        name = node.name
        return lambda row: row.get(name)
    value = _value(node)
    return lambda row: value


def _value(node: exp.Expression) -> Any:
    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Neg):
        return -_value(node.this)
    if node.is_string:
        return node.name
    return float(node.name) if re.search(r"[.eE]", node.name) else int(node.name)


def _alike(a: Any, b: Any) -> tuple[Any, Any]:
    """A moment is written as text in a condition; a date without a zone is midnight UTC."""
    if isinstance(a, datetime) and isinstance(b, str):
        return a, moment(b)
    if isinstance(b, datetime) and isinstance(a, str):
        return moment(a), b
    return a, b


def moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def _like(value: str, pattern: str, flags: int) -> bool:
    parts = ("." if c == "_" else ".*" if c == "%" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


def _around(value: Any) -> set[Any]:
    if isinstance(value, bool) or value is None:
        return {True, False}
    if isinstance(value, int | float):
        return {value - 1, value - 0.5, value, value + 0.5, value + 1}
    if re.match(r"\d{4}-\d\d-\d\d", value):
        return {value, "1970-01-01", "2999-01-01"}
    plain = value.replace("%", "").replace("_", "x")
    return {plain, f"{plain} and more", "something else"}
