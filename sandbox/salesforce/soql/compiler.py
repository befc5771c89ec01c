"""The tree to SQL over the org's tables, with the checks Salesforce makes: objects, fields, types.

Every object is a table, every field a column; relationships become left joins. Values are always bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import periods
from sandbox.salesforce.soql.tree import (
    Aggregate,
    AllFields,
    Comparison,
    Condition,
    Junction,
    Literal,
    Not,
    Order,
    Path,
    Query,
    SoqlError,
)  # fmt: skip

_SQL_FUNCTIONS = {"count_distinct": "count(distinct {})", "count": "count({})"}
_NUMERIC = ("int", "double", "currency", "percent")


@dataclass(frozen=True)
class Column:
    """A column of the answer: where it goes (relationship path and name) and its type."""

    path: tuple[str, ...]
    type: str
    targets: tuple[str, ...] = ()


@dataclass
class Compiled:
    """SQL and its values; what the columns mean."""

    sql: str
    values: list[Any]
    sobject: SObject
    columns: list[Column]
    count_only: bool = False
    aggregate: bool = False


@dataclass
class _Scope:
    """One query being compiled: its object, its joins and its values in the order of the SQL."""

    org: Org
    sobject: SObject
    now: int
    alias: str
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    join_sql: list[str] = field(default_factory=list)


def compile_query(org: Org, query: Query, now: int, *, deleted: bool = False) -> Compiled:
    """SQL for a query. `deleted`: rows in the recycle bin too (queryAll). Raises SoqlError."""
    sobject = org.object(query.object)
    if sobject is None:
        raise SoqlError("INVALID_TYPE", f"sObject type '{query.object}' is not supported.")
    scope = _Scope(org, sobject, now, "t")
    selected, columns = _selected(scope, query)
    values: list[Any] = []
    where = _where(scope, query, values, deleted)
    tail = _group(scope, query, values) + _order(scope, query)
    if query.limit is not None or query.offset is not None:
        tail += f" limit {-1 if query.limit is None else query.limit} offset {query.offset or 0}"
    joins = "".join(scope.join_sql)
    sql = f'select {", ".join(selected)} from "{sobject.name}" {scope.alias}{joins}{where}{tail}'
    aggregate = any(isinstance(f, Aggregate) for f in query.fields) or bool(query.group)
    count_only = len(query.fields) == 1 and query.fields[0] == Aggregate("count", None)
    return Compiled(sql, values, sobject, columns, count_only, aggregate and not count_only)


def _selected(scope: _Scope, query: Query) -> tuple[list[str], list[Column]]:
    expressions: list[str] = []
    columns: list[Column] = []
    unnamed = 0
    for item in query.fields:
        if isinstance(item, AllFields):
            for found in _all_fields(scope, query, item):
                expressions.append(f'{scope.alias}."{found.name}"')
                columns.append(Column((found.name,), found.type, found.targets))
            continue
        expression, found = _expression(scope, item)
        expressions.append(expression)
        if isinstance(item, Aggregate):
            name = item.alias or f"expr{unnamed}"
            unnamed += not item.alias
            kind = "int" if item.function.startswith("count") else found.type
            columns.append(Column((name,), kind))
        else:
            path = (item.parts[-1],) if query.group else _spelled(scope, item, found)
            columns.append(Column(path, found.type, found.targets))
    return expressions, columns


def _spelled(scope: _Scope, path: Path, found: Field) -> tuple[str, ...]:
    """The path in the org's spelling, whatever the query's."""
    sobject, parts = scope.sobject, []
    for part in _parts(scope, path)[:-1]:
        reference = _relationship(sobject, part)
        parts.append(reference.relationship)
        sobject = _target(scope.org, reference)
    return (*parts, found.name)


def _all_fields(scope: _Scope, query: Query, item: AllFields) -> list[Field]:
    if query.limit is None or query.limit > 200:
        raise SoqlError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
    fields = scope.sobject.fields.values()
    if item.which == "ALL":
        return list(fields)
    if item.which in ("STANDARD", "CUSTOM"):
        return [f for f in fields if f.custom == (item.which == "CUSTOM")]
    raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{item.which}'")


def _expression(scope: _Scope, item: Path | Aggregate) -> tuple[str, Field]:
    if isinstance(item, Path):
        return _field(scope, item)
    if item.path is None:
        return "count(*)", scope.sobject.fields["Id"]
    inner, found = _field(scope, item.path)
    return _SQL_FUNCTIONS.get(item.function, item.function + "({})").format(inner), found


def _parts(scope: _Scope, path: Path) -> tuple[str, ...]:
    first = path.parts[0].lower()
    return path.parts[1:] if len(path.parts) > 1 and first == scope.sobject.name.lower() else path.parts


def _relationship(sobject: SObject, name: str) -> Field:
    for found in sobject.fields.values():
        if found.relationship.lower() == name.lower():
            return found
    message = f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom " \
              "relationship, be sure to append the '__r' after the custom relationship name."  # fmt: skip
    raise SoqlError("INVALID_FIELD", message)


def _target(org: Org, reference: Field) -> SObject:
    """What a relationship leads to. Several targets share the fields Id, Name, Type and Email."""
    if len(reference.targets) == 1:
        return org.objects[reference.targets[0]]
    shared = {n: Field(n, "id" if n == "Id" else "string", 255) for n in ("Id", "Name", "Type", "Email")}
    return SObject("Name", "Name", "Names", "", shared)


def _field(scope: _Scope, path: Path) -> tuple[str, Field]:
    parts = _parts(scope, path)
    alias, sobject = scope.alias, scope.sobject
    for depth in range(len(parts) - 1):
        alias, sobject = _join(scope, parts[: depth + 1], alias, sobject)
    found = sobject.field(parts[-1])
    if found is None:
        raise SoqlError(
            "INVALID_FIELD",
            f"\n{path.text}\n^\nERROR at Row:1:Column:1\nNo such column '{parts[-1]}' on entity '{sobject.name}'. "
            "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
            "Please reference your WSDL or the describe call for the appropriate names.",
        )
    return f'{alias}."{found.name}"', found


def _join(scope: _Scope, parts: tuple[str, ...], alias: str, sobject: SObject) -> tuple[str, SObject]:
    key = tuple(part.lower() for part in parts)
    if key not in scope.joins:
        reference = _relationship(sobject, parts[-1])
        target = _target(scope.org, reference)
        joined = f"{scope.alias}{len(scope.joins) + 1}"
        table = f'"{target.name}"' if len(reference.targets) == 1 else _union(scope.org, reference.targets)
        scope.join_sql.append(f' left join {table} {joined} on {joined}."Id" = {alias}."{reference.name}"')
        scope.joins[key] = (joined, target)
    return scope.joins[key]


def _union(org: Org, targets: tuple[str, ...]) -> str:
    parts = []
    for name in targets:
        fields = org.objects[name].fields
        email = "Email" if "Email" in fields else "null"
        parts.append(f"select Id, Name, '{name}' as Type, {email} as Email from \"{name}\"")
    return "(" + " union all ".join(parts) + ")"


def _where(scope: _Scope, query: Query, values: list[Any], deleted: bool) -> str:
    clauses = []
    if not deleted and "IsDeleted" in scope.sobject.fields:
        clauses.append(f"{scope.alias}.\"IsDeleted\" = 'false'")
    if query.where is not None:
        clauses.append(_condition(scope, query.where, values))
    return f" where {' and '.join(clauses)}" if clauses else ""


def _group(scope: _Scope, query: Query, values: list[Any]) -> str:
    plain = [f for f in query.fields if isinstance(f, Path)]
    if any(isinstance(f, Aggregate) and f.path is not None for f in query.fields) or query.group:
        for path in plain:
            if path.text.lower() not in {g.text.lower() for g in query.group}:
                raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {path.text}")
    if not query.group:
        return ""
    sql = " group by " + ", ".join(_field(scope, path)[0] for path in query.group)
    if query.having is not None:
        sql += " having " + _condition(scope, query.having, values)
    return sql


def _order(scope: _Scope, query: Query) -> str:
    if not query.order:
        return ""
    return " order by " + ", ".join(_one_order(scope, order) for order in query.order)


def _one_order(scope: _Scope, order: Order) -> str:
    expression, found = _expression(scope, order.path)
    collate = " collate nocase" if _is_text(found) else ""
    nulls = order.nulls or ("last" if order.descending else "first")
    return f"{expression}{collate}{' desc' if order.descending else ''} nulls {nulls}"


def _is_text(found: Field) -> bool:
    return found.type not in ("id", "reference", "boolean", "date", "datetime", *_NUMERIC)


def _condition(scope: _Scope, condition: Condition, values: list[Any]) -> str:
    if isinstance(condition, Junction):
        inner = f" {condition.word} ".join(_condition(scope, c, values) for c in condition.conditions)
        return f"({inner})"
    if isinstance(condition, Not):
        return f"(not coalesce({_condition(scope, condition.condition, values)}, 0))"
    return _comparison(scope, condition, values)


def _comparison(scope: _Scope, item: Comparison, values: list[Any]) -> str:
    expression, found = _expression(scope, item.path)
    counted = isinstance(item.path, Aggregate) and item.path.function.startswith("count")
    if counted:
        found = Field("count", "int")
    collate = " collate nocase" if _is_text(found) else ""
    operator, wanted = item.operator, item.value
    if isinstance(wanted, Query):
        inner = compile_query(scope.org, wanted, scope.now)
        values += inner.values
        return f"{expression} {operator} ({inner.sql})"
    if isinstance(wanted, tuple):
        return _in(scope, expression + collate, found, operator, wanted, values)
    if wanted.kind == "null":
        if operator not in ("=", "!="):
            raise SoqlError("MALFORMED_QUERY", f"unexpected null with {operator}")
        return f"{expression} is {'not ' if operator == '!=' else ''}null"
    if wanted.kind == "period":
        return _period(scope, expression, found, operator, wanted, values)
    if operator == "like" and not _is_text(found):
        raise SoqlError(
            "INVALID_QUERY_FILTER_OPERATOR", f"field '{found.name}' does not support filter operator LIKE"
        )
    values.append(_value(found, wanted))
    if operator == "!=":
        values.append(values[-1])
        return f"({expression} != ?{collate} or {expression} is null and ? is not null)"
    return f"{expression} {operator} ?{'' if operator == 'like' else collate}"


def _in(
    scope: _Scope,
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
    scope: _Scope, expression: str, found: Field, operator: str, wanted: Literal, values: list[Any]
) -> str:
    if found.type not in ("date", "datetime"):
        raise _type_error(found, wanted)
    first, after = periods.bounds(wanted.text, times.from_ms(scope.now).date())
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
    if found.type in _NUMERIC and kind == "number":
        return float(text)
    if found.type == "boolean" and kind == "boolean":
        return text
    if found.type == "datetime" and kind in ("datetime", "date"):
        return times.iso(times.parse(text))
    if found.type == "date" and kind in ("date", "datetime"):
        return times.day(times.parse(text))
    if found.type in ("id", "reference") and kind == "string":
        normal = ids.normal(text)
        if normal is None and text:
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
        return normal or text
    if kind == "string" and _is_text(found):
        return text
    raise _type_error(found, literal)


def _type_error(found: Field, literal: Literal) -> SoqlError:
    quoted = (
        "should not be enclosed in quotes" if literal.kind == "string" else "should be enclosed in quotes"
    )
    return SoqlError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{found.name}' must be of type {found.type} and {quoted}",
    )
