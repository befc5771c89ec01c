"""WHERE and HAVING: conditions to SQL, with Salesforce's rules for nulls, case, dates and types."""

from __future__ import annotations

from typing import Any

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.fields import NUMERIC, Field
from sandbox.salesforce.soql import periods
from sandbox.salesforce.soql.scope import Scope, expression_of, is_text
from sandbox.salesforce.soql.tree import (
    Aggregate,
    Comparison,
    Condition,
    Junction,
    Literal,
    Not,
    Query,
    SoqlError,
)


def condition_sql(scope: Scope, condition: Condition, values: list[Any]) -> str:
    """SQL of a condition; the values it binds are added in their order."""
    if isinstance(condition, Junction):
        inner = f" {condition.word} ".join(condition_sql(scope, c, values) for c in condition.conditions)
        return f"({inner})"
    if isinstance(condition, Not):
        return f"(not coalesce({condition_sql(scope, condition.condition, values)}, 0))"
    return _comparison(scope, condition, values)


def _comparison(scope: Scope, item: Comparison, values: list[Any]) -> str:
    expression, found = expression_of(scope, item.path)
    counted = isinstance(item.path, Aggregate) and item.path.function.startswith("count")
    if counted:
        found = Field("count", "int")
    collate = " collate nocase" if is_text(found) else ""
    operator, wanted = item.operator, item.value
    if isinstance(wanted, Query):
        sql, bound = scope.inner(wanted)
        values += bound
        return f"{expression} {operator} ({sql})"
    if isinstance(wanted, tuple):
        return _in(scope, expression + collate, found, operator, wanted, values)
    if wanted.kind == "null":
        if operator not in ("=", "!="):
            raise SoqlError("MALFORMED_QUERY", f"unexpected null with {operator}")
        return f"{expression} is {'not ' if operator == '!=' else ''}null"
    if wanted.kind == "period":
        return _period(scope, expression, found, operator, wanted, values)
    if operator == "like" and not is_text(found):
        raise SoqlError(
            "INVALID_QUERY_FILTER_OPERATOR", f"field '{found.name}' does not support filter operator LIKE"
        )
    values.append(_value(found, wanted))
    if operator == "!=":
        values.append(values[-1])
        return f"({expression} != ?{collate} or {expression} is null and ? is not null)"
    return f"{expression} {operator} ?{'' if operator == 'like' else collate}"


def _in(
    scope: Scope,
    expression: str,
    found: Field,
    operator: str,
    wanted: tuple[Literal, ...],
    values: list[Any],
) -> str:
    if operator in ("includes", "excludes"):
        checks = []
        for literal in wanted:
            values.append(f"%;{literal.text};%")
            checks.append(f"';' || coalesce({expression}, '') || ';' like ?")
        return f"{'not ' if operator == 'excludes' else ''}({' or '.join(checks)})"
    some = [literal for literal in wanted if literal.kind != "null"]
    values += [_value(found, literal) for literal in some]
    listed = f"{expression} {operator} ({', '.join('?' * len(some))})"
    has_null = len(some) < len(wanted)
    if operator == "in":
        return f"({listed} or {expression} is null)" if has_null else listed
    return f"({listed})" if has_null else f"({listed} or {expression} is null)"


def _period(
    scope: Scope, expression: str, found: Field, operator: str, wanted: Literal, values: list[Any]
) -> str:
    if found.type not in ("date", "datetime"):
        raise _type_error(found, wanted)
    try:
        first, after = periods.bounds(wanted.text, times.from_ms(scope.now).date())
    except (ValueError, OverflowError):
        raise SoqlError("MALFORMED_QUERY", f"{wanted.text} is out of range") from None
    low, high = (
        d.isoformat() if found.type == "date" else f"{d.isoformat()}T00:00:00.000Z" for d in (first, after)
    )
    if operator in ("=", "!="):
        values += [low, high]
        inside = f"({expression} >= ? and {expression} < ?)"
        return inside if operator == "=" else f"(not {inside} or {expression} is null)"
    values.append(low if operator in ("<", ">=") else high)
    return f"{expression} {'<' if operator in ('<', '<=') else '>='} ?"


def _value(found: Field, literal: Literal) -> Any:
    """A literal as its column stores it."""
    kind, text = literal.kind, literal.text
    if found.type in NUMERIC and kind == "number":
        return float(text)
    if found.type == "boolean" and kind == "boolean":
        return text
    if found.type == "datetime" and kind in ("datetime", "date"):
        return times.iso(_instant(text))
    if found.type == "date" and kind in ("date", "datetime"):
        return times.day(_instant(text))
    if found.type in ("id", "reference") and kind == "string":
        normal = ids.normal(text)
        if normal is None and text:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
        return normal or text
    if kind == "string" and is_text(found):
        return text
    raise _type_error(found, literal)


def _instant(text: str) -> int:
    try:
        return times.parse(text)
    except ValueError:
        raise SoqlError("INVALID_FIELD", f"{text} is not a date or datetime of any calendar") from None


def _type_error(found: Field, literal: Literal) -> SoqlError:
    quoted = (
        "should not be enclosed in quotes" if literal.kind == "string" else "should be enclosed in quotes"
    )
    return SoqlError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{found.name}' must be of type {found.type} and {quoted}",
    )
