"""One query being compiled: its object, its joins, and how a path becomes an expression."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import checks, functions
from sandbox.salesforce.soql.tree import Aggregate, Derived, Distance, Path, Query, SoqlError, Value

_SQL_FUNCTIONS = {"count_distinct": "count(distinct {})", "count": "count({})"}


@dataclass
class Scope:
    """A query's object, its joins, and how a query inside it is compiled."""

    org: Org
    sobject: SObject
    now: int
    inner: Callable[[Query], tuple[str, list[Any], Field]]
    alias: str = "t"
    called: str = ""
    """What the query calls its object, besides its name."""
    joins: dict[tuple[str, ...], tuple[str, SObject]] = field(default_factory=dict)
    join_sql: list[str] = field(default_factory=list)
    rolled: frozenset[str] = frozenset()
    """What the rows at hand are sums over: it has no value in them."""


def _derived(scope: Scope, item: Derived) -> tuple[str, Field]:
    """A part of a date, an amount in the user's currency, a value as it is read; labels are the values."""
    alias, sobject, found = place_of(scope, item.path)
    inner = column(alias, found)
    if item.function == "grouping":
        return ("1" if item.path.text.lower() in scope.rolled else "0"), Field(found.name, "int")
    if item.function == "convertcurrency" or item.inner == "convertcurrency":
        if found.type != "currency":
            message = f"convertCurrency needs a currency, not {found.name}"
            raise SoqlError("INVALID_FIELD", message, item.path.at)
        inner = functions.in_corporate(scope.org, sobject, alias, inner)
    if item.function == "format":
        return _formatted(scope, item, inner, alias, sobject, found)
    sql = functions.PARTS.get(item.function)
    if sql is None:
        return inner, found
    if found.type not in ("date", "datetime"):
        message = f"the function {item.function.upper()} needs a date, not {found.name}"
        raise SoqlError("MALFORMED_QUERY", message, item.path.at)
    if item.inner == "converttimezone":
        inner = functions.local(scope.org, inner)
    return sql.format(inner), Field(found.name, "date" if item.function == "day_only" else "int")


def _formatted(
    scope: Scope, item: Derived, inner: str, alias: str, sobject: SObject, found: Field
) -> tuple[str, Field]:
    own = "CurrencyIsoCode" in sobject.fields and found.type == "currency"
    iso = f'{alias}."CurrencyIsoCode"' if own else "null"
    if item.inner and item.inner != "convertcurrency":
        inner, found = _aggregate(scope, Aggregate(item.inner, item.path))
    if item.inner and own:
        iso = '(select c."IsoCode" from "CurrencyType" c where c."IsCorporate" = \'true\')'
    text = Field(found.name, "string", 255)
    return functions.formatted(scope.org, found, inner, iso), text


def _distance(scope: Scope, item: Distance) -> tuple[str, Field]:
    alias, sobject, found = place_of(scope, item.path)
    stem = found.name.removesuffix("Address")
    if found.type != "address" or f"{stem}Latitude" not in sobject.fields:
        raise SoqlError("INVALID_FIELD", f"DISTANCE needs a location, not {found.name}", item.path.at)
    ways = f'{alias}."{stem}Latitude", {alias}."{stem}Longitude"'
    sql = f"soql_distance({ways}, {item.latitude!r}, {item.longitude!r}, '{item.unit}')"
    return sql, Field(found.name, "double", scale=15)


def _aggregate(scope: Scope, item: Aggregate) -> tuple[str, Field]:
    """Amounts are summed in the org's own currency, whatever the rows'."""
    if item.path is None:
        return "count(*)", Field("count", "int")
    alias, sobject, found = place_of(scope, item.path)
    checks.aggregated(sobject, found, item.function, item.path.at)
    inner = column(alias, found)
    if found.type == "currency" and not item.function.startswith("count"):
        inner = functions.in_corporate(scope.org, sobject, alias, inner)
    if item.function == "count_distinct" and is_text(found):
        inner += " collate nocase"
    if item.function.startswith("count"):
        found = Field(found.name, "int")
    return _SQL_FUNCTIONS.get(item.function, item.function + "({})").format(inner), found


def expression_of(scope: Scope, item: Value) -> tuple[str, Field]:
    if isinstance(item, Distance):
        return _distance(scope, item)
    if isinstance(item, Path | Derived):
        expression, found = field_of(scope, item) if isinstance(item, Path) else _derived(scope, item)
        return ("null" if checks.name_of(item) in scope.rolled else expression), found
    return _aggregate(scope, item)


def grouping_of(scope: Scope, item: Path | Derived) -> str:
    """Texts that differ in the size of their letters alone are one group."""
    expression, found = expression_of(scope, item)
    return f"{expression} collate nocase" if is_text(found) else expression


def sorting_of(scope: Scope, item: Value) -> tuple[str, Field]:
    """What rows are sorted by: amounts by what they are worth in the org's own currency."""
    if not isinstance(item, Path):
        return expression_of(scope, item)
    alias, sobject, found = place_of(scope, item)
    checks.able(sobject, found, "sortable", item.at)
    expression, found = expression_of(scope, item)
    if found.type == "currency" and expression != "null":
        expression = functions.in_corporate(scope.org, sobject, alias, expression)
    return expression, found


def parts_of(scope: Scope, path: Path) -> tuple[str, ...]:
    called = {scope.sobject.name.lower(), scope.called.lower()}
    return path.parts[1:] if len(path.parts) > 1 and path.parts[0].lower() in called else path.parts


def relationship(sobject: SObject, name: str, at: int = -1) -> Field:
    found = sobject.reference(name)
    if found is not None:
        return found
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name."
    )
    raise SoqlError("INVALID_FIELD", message, at)


_SHARED = {
    "Id": "id", "Name": "string", "Type": "picklist", "Email": "email", "FirstName": "string",
    "LastName": "string", "Title": "string", "Phone": "phone", "Username": "string", "Alias": "string",
    "IsActive": "boolean",
}  # fmt: skip
"""What is asked of a reference to objects of several types, whatever the type."""


def target(org: Org, reference: Field) -> SObject:
    """What a relationship leads to; several targets share a few fields."""
    if len(reference.targets) == 1:
        known = org.objects.get(reference.targets[0])
        if known is None:
            message = f"Didn't understand relationship '{reference.relationship}' in field path."
            raise SoqlError("INVALID_FIELD", message)
        return known
    shared = {n: Field(n, kind, 0 if kind == "boolean" else 255) for n, kind in _SHARED.items()}
    return SObject("Name", "Name", "Names", "", shared)


def field_of(scope: Scope, path: Path) -> tuple[str, Field]:
    alias, _, found = place_of(scope, path)
    return column(alias, found), found


def place_of(scope: Scope, path: Path) -> tuple[str, SObject, Field]:
    """The row a path leads to, its object, and the field."""
    parts = parts_of(scope, path)
    if len(parts) - 1 > checks.DEEPEST_PATH:
        message = f"a path may lead through {checks.DEEPEST_PATH} relationships at most"
        raise SoqlError("MALFORMED_QUERY", message, path.at)
    alias, sobject = scope.alias, scope.sobject
    for depth in range(len(parts) - 1):
        alias, sobject = _join(scope, parts[: depth + 1], alias, sobject, path.at)
    found = sobject.field(parts[-1])
    if found is None:
        raise SoqlError(
            "INVALID_FIELD",
            f"No such column '{parts[-1]}' on entity "
            f"'{sobject.name}'. If you are attempting to use a custom field, be sure to append the '__c' "
            "after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
            path.at,
        )
    return alias, sobject, found


def column(alias: str, found: Field) -> str:
    """A field as an expression: its column, or its formula."""
    return found.formula.format(t=alias) if found.formula else f'{alias}."{found.name}"'


def _join(scope: Scope, parts: tuple[str, ...], alias: str, sobject: SObject, at: int) -> tuple[str, SObject]:
    key = tuple(part.lower() for part in parts)
    if key not in scope.joins:
        reference = relationship(sobject, parts[-1], at)
        other = target(scope.org, reference)
        joined = f"{scope.alias}{len(scope.joins) + 1}"
        table = f'"{other.name}"' if len(reference.targets) == 1 else _union(scope.org, reference.targets)
        scope.join_sql.append(f' left join {table} {joined} on {joined}."Id" = {alias}."{reference.name}"')
        scope.joins[key] = (joined, other)
    return scope.joins[key]


def _union(org: Org, targets: tuple[str, ...]) -> str:
    parts = []
    for name in (each for each in targets if each in org.objects):
        fields = org.objects[name].fields
        called = next(n for n in ("Name", "CaseNumber", "Subject", "Id") if n in fields)
        own = {shared: f'"{shared}"' if _is_kept(fields, shared) else "null" for shared in _SHARED}
        own |= {"Name": f'"{called}"', "Type": f"'{name}'"}
        listed = ", ".join(f'{expression} as "{shared}"' for shared, expression in own.items())
        parts.append(f'select {listed} from "{name}"')
    return "(" + " union all ".join(parts) + ")"


def _is_kept(fields: Mapping[str, Field], name: str) -> bool:
    return name in fields and not fields[name].formula


def is_text(found: Field) -> bool:
    return found.type not in ("id", "reference", "boolean", "date", "datetime", "time", *NUMERIC)
