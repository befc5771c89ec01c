"""WHERE and HAVING: conditions to SQL, with Salesforce's rules for nulls, case, dates and types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.soql import checks, functions, periods
from sandbox.salesforce.soql.scope import Scope, expression_of, is_text, place_of
from sandbox.salesforce.soql.tree import (
    Comparison,
    Condition,
    Junction,
    Literal,
    Not,
    Path,
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
    checks.filtered(item)
    expression, found = expression_of(scope, item.path)
    if isinstance(item.path, Path):
        alias, sobject, found = place_of(scope, item.path)
        checks.able(sobject, found, "filterable", item.at)
        if _is_currency(item.value):
            expression = functions.in_corporate(scope.org, sobject, alias, expression)
    try:
        return _compared(scope, item, expression, found, values)
    except SoqlError as problem:
        raise problem if problem.at >= 0 else SoqlError(problem.code, problem.message, item.at) from None


def _is_currency(wanted: Literal | tuple[Literal, ...] | Query) -> bool:
    """Whether amounts are compared by what they are worth: a list of all of its amounts or of none."""
    if isinstance(wanted, Literal):
        return wanted.kind == "currency"
    kinds = {each.kind for each in wanted} if isinstance(wanted, tuple) else set()
    if "currency" in kinds and len(kinds) > 1:
        raise SoqlError("MALFORMED_QUERY", "amounts with and without a currency do not mix in a list")
    return "currency" in kinds


def _compared(scope: Scope, item: Comparison, expression: str, found: Field, values: list[Any]) -> str:
    collate = " collate nocase" if is_text(found) else ""
    operator, wanted = item.operator, item.value
    if isinstance(wanted, Query):
        return _semi_join(scope, item, wanted, expression, found, values)
    if isinstance(wanted, tuple):
        return _in(scope, expression + collate, found, operator, wanted, values)
    if _is_empty(wanted, found):
        if operator not in ("=", "!=", "like"):
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"nothing is compared with {operator}")
        if found.type == "boolean":  # null is what is not true
            return f"coalesce({expression}, 'false') {'!' if operator == '!=' else ''}= 'false'"
        return f"{expression} is {'not ' if operator == '!=' else ''}null"
    if wanted.kind == "period":
        return _period(scope, expression, found, operator, wanted, values)
    if operator == "like" and not is_text(found):
        raise SoqlError(
            "INVALID_QUERY_FILTER_OPERATOR", f"field '{found.name}' does not support filter operator LIKE"
        )
    values.append(_value(scope, found, wanted))
    if operator == "!=":
        return f"({expression} != ?{collate} or {expression} is null)"
    return f"{expression} {operator} ?" + (" escape '\\'" if operator == "like" else collate)


def _is_empty(literal: Literal, found: Field) -> bool:
    """A text without a sign is no value, as Salesforce keeps none."""
    is_blank = literal.kind in ("string", "pattern") and not literal.text
    return literal.kind == "null" or (is_blank and (is_text(found) or found.type in ("id", "reference")))


def _semi_join(
    scope: Scope, item: Comparison, wanted: Query, expression: str, found: Field, values: list[Any]
) -> str:
    """IN a query; rows of it without a value stand for nothing, and what has no value is in none."""
    sql, bound, inner = scope.inner(wanted)
    checks.semi_join(wanted, found, _object_of(scope, item), inner, item.at)
    values += bound
    inside = f"{expression} {item.operator} (select v from ({sql}) where v is not null)"
    return inside if item.operator == "in" else f"({inside} or {expression} is null)"


def _object_of(scope: Scope, item: Comparison) -> SObject:
    return place_of(scope, item.path)[1] if isinstance(item.path, Path) else scope.sobject


def _in(
    scope: Scope,
    expression: str,
    found: Field,
    operator: str,
    wanted: tuple[Literal, ...],
    values: list[Any],
) -> str:
    if operator in ("includes", "excludes"):
        if found.type != "multipicklist":
            message = f"field '{found.name}' does not support filter operator {operator.upper()}"
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message)
        whole = f"';' || lower(coalesce({expression}, '')) || ';'"
        any_of = [_all_of(whole, literal, values) for literal in wanted]
        return f"{'not ' if operator == 'excludes' else ''}({' or '.join(any_of)})"
    some = [literal for literal in wanted if not _is_empty(literal, found)]
    values += [_value(scope, found, literal) for literal in some]
    listed = f"{expression} {operator} ({', '.join('?' * len(some))})"
    has_null = len(some) < len(wanted)
    if operator == "in":
        return f"({listed} or {expression} is null)" if has_null else listed
    # By itself the database finds what has no value outside an empty list.
    return f"({listed} and {expression} is not null)" if has_null else f"({listed} or {expression} is null)"


def _all_of(whole: str, literal: Literal, values: list[Any]) -> str:
    """`'A;B'`: both are among the values, in any order."""
    each = [part.strip() for part in literal.text.split(";") if part.strip()]
    if not each:
        return f"{whole} = ';;'"
    values += [f";{part};" for part in each]
    return f"({' and '.join([f'instr({whole}, lower(?))'] * len(each))})"


def _period(
    scope: Scope, expression: str, found: Field, operator: str, wanted: Literal, values: list[Any]
) -> str:
    if found.type not in ("date", "datetime"):
        raise _type_error(found, wanted)
    try:
        zone = ZoneInfo(functions.zone_name(scope.org))
        today = times.from_ms(scope.now).astimezone(zone).date()
        low, high = (_edge(day, found, zone) for day in periods.bounds(wanted.text, today))
    except (ValueError, OverflowError):
        raise SoqlError("MALFORMED_QUERY", f"{wanted.text} is out of range") from None
    if operator in ("=", "!="):
        values += [low, high]
        inside = f"({expression} >= ? and {expression} < ?)"
        return inside if operator == "=" else f"(not {inside} or {expression} is null)"
    values.append(low if operator in ("<", ">=") else high)
    return f"{expression} {'<' if operator in ('<', '<=') else '>='} ?"


def _edge(day: date, found: Field, zone: ZoneInfo) -> str:
    """Where a day begins: of instants, when it does for the user."""
    if found.type == "date":
        return day.isoformat()
    return times.iso(times.to_ms(datetime(day.year, day.month, day.day, tzinfo=zone)))


def _value(scope: Scope, found: Field, literal: Literal) -> Any:
    """A literal as its column stores it."""
    kind, text = literal.kind, literal.text
    if found.type in NUMERIC and kind == "number":
        return float(text)
    if found.type == "boolean" and kind == "boolean":
        return text
    if found.type == "currency" and kind == "currency":
        amount = functions.amount_in_corporate(scope.org, text)
        if amount is None:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"{text[:3]} is no active currency of this org")
        return amount
    if found.type == "datetime" and kind == "datetime":
        return _instant(text, times.iso)
    if found.type == "date" and kind == "date":
        return _instant(text, times.day)
    if found.type in ("id", "reference") and kind == "string":
        normal = ids.normal(text)
        if normal is None and text:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
        return normal or text
    if kind in ("string", "pattern") and is_text(found):
        return text
    raise _type_error(found, literal)


def _instant(text: str, written: Callable[[int], str]) -> str:
    try:
        return written(times.parse(text))
    except (ValueError, OverflowError):  # a zone may lead out of all calendars
        raise SoqlError("INVALID_FIELD", f"{text} is not a date or datetime of any calendar") from None


def _type_error(found: Field, literal: Literal) -> SoqlError:
    plain = found.type in (*NUMERIC, "boolean", "date", "datetime")
    kind = {"datetime": "dateTime", "reference": "id"}.get(found.type, found.type)
    if is_text(found):
        kind = "string"
    quoted = f"should {'not ' if plain else ''}be enclosed in quotes"
    return SoqlError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{found.name}' must be of type {kind} and {quoted}",
    )
