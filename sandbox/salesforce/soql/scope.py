"""One query being compiled: its object, its joins, and how a path becomes an expression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.tree import Derived, Path, Query, SoqlError, Value

_SQL_FUNCTIONS = {"count_distinct": "count(distinct {})", "count": "count({})"}


@dataclass
class Scope:
    """A query's object, its joins, and how a query inside it is compiled."""

    org: Org
    sobject: SObject
    now: int
    inner: Callable[[Query], tuple[str, list[Any]]]
    alias: str = "t"
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    join_sql: list[str] = field(default_factory=list)
    rolled: frozenset[str] = frozenset()
    """What the rows at hand are sums over: it has no value in them."""


_NUMBER = "cast(strftime('%{code}', {{}}) as integer)"
_DERIVED = {
    **{f"{kind}_{part}": _NUMBER.format(code=code) for kind in ("calendar", "fiscal")
       for part, code in (("year", "Y"), ("month", "m"))},
    **{f"{kind}_quarter": "(cast(strftime('%m', {}) as integer) + 2) / 3" for kind in ("calendar", "fiscal")},
    "day_in_month": _NUMBER.format(code="d"), "day_in_year": _NUMBER.format(code="j"),
    "hour_in_day": _NUMBER.format(code="H"), "week_in_year": "(cast(strftime('%j', {}) as integer) + 6) / 7",
    "week_in_month": "(cast(strftime('%d', {}) as integer) + 6) / 7",
    "day_in_week": "cast(strftime('%w', {}) as integer) + 1", "day_only": "substr({}, 1, 10)",
}  # fmt: skip


def _derived(scope: Scope, item: Derived) -> tuple[str, Field]:
    """A part of a date; labels, formats and currencies are the values themselves here."""
    inner, found = field_of(scope, item.path)
    if item.function == "grouping":
        return ("1" if item.path.text.lower() in scope.rolled else "0"), Field(found.name, "int")
    sql = _DERIVED.get(item.function)
    if sql is None:
        return inner, found
    if found.type not in ("date", "datetime"):
        message = f"the function {item.function.upper()} needs a date, not {found.name}"
        raise SoqlError("MALFORMED_QUERY", message)
    return sql.format(inner), Field(found.name, "date" if item.function == "day_only" else "int")


def group_name(item: Path | Derived) -> str:
    """By what a group is known again where it is named a second time."""
    return f"{item.function} {item.path.text.lower()}" if isinstance(item, Derived) else item.text.lower()


def expression_of(scope: Scope, item: Value) -> tuple[str, Field]:
    if isinstance(item, Path | Derived):
        expression, found = field_of(scope, item) if isinstance(item, Path) else _derived(scope, item)
        return ("null" if group_name(item) in scope.rolled else expression), found
    if item.path is None:
        return "count(*)", scope.sobject.fields["Id"]
    inner, found = field_of(scope, item.path)
    return _SQL_FUNCTIONS.get(item.function, item.function + "({})").format(inner), found


def parts_of(scope: Scope, path: Path) -> tuple[str, ...]:
    first = path.parts[0].lower()
    return path.parts[1:] if len(path.parts) > 1 and first == scope.sobject.name.lower() else path.parts


def relationship(sobject: SObject, name: str) -> Field:
    found = sobject.reference(name)
    if found is not None:
        return found
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name."
    )
    raise SoqlError("INVALID_FIELD", message)


def target(org: Org, reference: Field) -> SObject:
    """What a relationship leads to. Several targets share the fields Id, Name, Type and Email."""
    if len(reference.targets) == 1:
        return org.objects[reference.targets[0]]
    shared = {n: Field(n, "id" if n == "Id" else "string", 255) for n in ("Id", "Name", "Type", "Email")}
    return SObject("Name", "Name", "Names", "", shared)


def field_of(scope: Scope, path: Path) -> tuple[str, Field]:
    parts = parts_of(scope, path)
    alias, sobject = scope.alias, scope.sobject
    for depth in range(len(parts) - 1):
        alias, sobject = _join(scope, parts[: depth + 1], alias, sobject)
    found = sobject.field(parts[-1])
    if found is None:
        raise SoqlError(
            "INVALID_FIELD",
            f"\n{path.text}\n^\nERROR at Row:1:Column:1\nNo such column '{parts[-1]}' on entity "
            f"'{sobject.name}'. If you are attempting to use a custom field, be sure to append the '__c' "
            "after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
        )
    return column(alias, found), found


def column(alias: str, found: Field) -> str:
    """A field as an expression: its column, or its formula."""
    return found.formula.format(t=alias) if found.formula else f'{alias}."{found.name}"'


def _join(scope: Scope, parts: tuple[str, ...], alias: str, sobject: SObject) -> tuple[str, SObject]:
    key = tuple(part.lower() for part in parts)
    if key not in scope.joins:
        reference = relationship(sobject, parts[-1])
        other = target(scope.org, reference)
        joined = f"{scope.alias}{len(scope.joins) + 1}"
        table = f'"{other.name}"' if len(reference.targets) == 1 else _union(scope.org, reference.targets)
        scope.join_sql.append(f' left join {table} {joined} on {joined}."Id" = {alias}."{reference.name}"')
        scope.joins[key] = (joined, other)
    return scope.joins[key]


def _union(org: Org, targets: tuple[str, ...]) -> str:
    parts = []
    for name in targets:
        fields = org.objects[name].fields
        email = "Email" if "Email" in fields else "null"
        called = next(n for n in ("Name", "CaseNumber", "Subject", "Id") if n in fields)
        parts.append(f"select Id, {called} as Name, '{name}' as Type, {email} as Email from \"{name}\"")
    return "(" + " union all ".join(parts) + ")"


def is_text(found: Field) -> bool:
    return found.type not in ("id", "reference", "boolean", "date", "datetime", "time", *NUMERIC)
