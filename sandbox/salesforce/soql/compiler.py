"""The tree to SQL over the org's tables, with the checks Salesforce makes: objects, fields, groups.

Every object is a table, every field a column; relationships become left joins. Values are always bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.child_names import child_called
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import checks, subtotals
from sandbox.salesforce.soql.conditions import condition_sql
from sandbox.salesforce.soql.scope import (
    Scope,
    column,
    expression_of,
    grouping_of,
    parts_of,
    place_of,
    relationship,
    sorting_of,
    target,
)
from sandbox.salesforce.soql.tree import (
    SUMS,
    Aggregate,
    AllFields,
    Children,
    Derived,
    Distance,
    Order,
    Path,
    Query,
    SoqlError,
    TypeOf,
)


@dataclass(frozen=True)
class Column:
    """A column of the answer: where it goes, its type, and the objects on the way there."""

    path: tuple[str, ...]
    type: str
    objects: tuple[str, ...] = ()


@dataclass
class Nested:
    """Related records under one name: the children of a row, or what a reference of many types leads to."""

    name: str
    query: Query
    children_of: tuple[str, str] | None = None
    """The child object and its field that refers to the row."""
    cases: tuple[tuple[str, tuple[Path, ...]], ...] = ()
    otherwise: tuple[Path, ...] = ()


@dataclass
class Compiled:
    """SQL and its values; what the columns mean. `selected` are their expressions, which bind no values."""

    selected: list[str]
    rest: str
    values: list[Any]
    sobject: SObject
    columns: list[Column]
    count_only: bool = False
    aggregate: bool = False
    nested: list[Nested] = field(default_factory=list)
    """What is fetched for the rows afterwards. For each, rows have one more value at their end: its key."""
    ids: list[str] = field(default_factory=list)
    """Expressions for the ids of the row and of the related rows that are told of, for their addresses."""
    looked: str = ""
    """How whoever asks looks at the rows: `view`, `reference` or not at all."""
    places: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Where the id of a related row (of the row itself: the empty path) stands in a row of `told_sql`."""

    @property
    def compound(self) -> bool:
        """Whether a column has several values in one, as addresses do."""
        return any(column.type == "address" for column in self.columns)

    @property
    def binary(self) -> bool:
        """Whether a column is a file."""
        return any(column.type == "base64" for column in self.columns)

    @property
    def sql(self) -> str:
        return f"select {', '.join(self.selected)}{self.rest}"

    @property
    def told_sql(self) -> str:
        """The same with `ids` at the end of each row."""
        return f"select {', '.join([*self.selected, *self.ids])}{self.rest}"


def compile_query(org: Org, query: Query, now: int, *, deleted: bool = False, inside: str = "") -> Compiled:
    """SQL for a query. `deleted`: rows in the recycle bin too (queryAll). Raises SoqlError."""
    sobject = org.object(query.object)
    if sobject is None:
        raise SoqlError("INVALID_TYPE", _NO_OBJECT.format(query.object), query.at)
    checks.check(query, inside=inside)

    def inner(part: Query) -> tuple[str, list[Any], Field]:
        found = compile_query(org, part, now, inside="where")
        first = part.fields[0]
        if not isinstance(first, Path):
            raise SoqlError("MALFORMED_QUERY", "a semi join selects one field", part.at)
        its = place_of(Scope(org, found.sobject, now, inner, called=part.alias), first)[2]
        return f"select {found.selected[0]} as v{found.rest}", found.values, its

    scope = Scope(org, sobject, now, inner, called=query.alias)
    nested, keys = _nested(scope, query)
    selected, columns = _selected(scope, query)
    selected += keys
    values: list[Any] = []
    where = _where(scope, query, values, deleted)
    ids, places = ([], {}) if checks.is_grouped(query) else _ids(scope, columns, len(selected))
    if query.subtotals:
        selected, rest, values = subtotals.compiled(
            scope, query, where, values, lambda: _selected(scope, query)[0]
        )
    else:
        tail = _group(scope, query, values) + _order(scope, query)
        rest = f' from "{sobject.name}" {scope.alias}{"".join(scope.join_sql)}{where}{tail}'
    if query.limit is not None or query.offset is not None:
        rest += f" limit {-1 if query.limit is None else query.limit} offset {query.offset or 0}"
    count_only = query.fields == (Aggregate("count", None),)
    if count_only and (query.limit is not None or query.offset is not None):
        rest = f" from (select 1{rest})"
    grouped = checks.is_grouped(query) and not count_only
    return Compiled(
        selected, rest, values, sobject, columns, count_only, grouped, nested, ids, query.looked, places
    )


_NO_OBJECT = (
    "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the "
    "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
)


def _ids(scope: Scope, columns: list[Column], at: int) -> tuple[list[str], dict[tuple[str, ...], int]]:
    """The ids of the rows that an answer tells of, and where they stand in a row."""
    found: list[str] = []
    places: dict[tuple[str, ...], int] = {}
    wanted = {column.path[:depth] for column in columns for depth in range(1, len(column.path))}
    own = next((n for n, column in enumerate(columns) if column.path == ("Id",)), None)
    if own is not None:
        places[()] = own
    for path in sorted(wanted) if own is not None else [(), *sorted(wanted)]:
        alias = scope.joins[tuple(part.lower() for part in path)][0] if path else scope.alias
        places[path] = at + len(found)
        found.append(f'{alias}."Id"')
    return found, places


def _nested(scope: Scope, query: Query) -> tuple[list[Nested], list[str]]:
    """What comes with each row from elsewhere, and by which value of the row."""
    found: list[Nested] = []
    keys: list[str] = []
    for item in query.fields:
        if isinstance(item, Children):
            name, child, reference = _children(scope, item.query.object)
            if any(isinstance(f, Children) for f in item.query.fields):
                raise SoqlError("MALFORMED_QUERY", "a query inside a query may hold no further one")
            checks.check(item.query, inside="select")
            found.append(Nested(name, item.query, (child.name, reference.name)))
            keys.append(column(scope.alias, scope.sobject.fields["Id"]))
        elif isinstance(item, TypeOf):
            if len(item.relationship.parts) != 1:
                raise SoqlError("MALFORMED_QUERY", "TYPEOF takes a relationship of the object itself")
            reference = relationship(scope.sobject, item.relationship.parts[0], item.relationship.at)
            empty = Query((), scope.sobject.name)
            found.append(Nested(reference.relationship, empty, None, item.cases, item.otherwise))
            keys.append(column(scope.alias, reference))
    return found, keys


def _children(scope: Scope, name: str) -> tuple[str, SObject, Field]:
    found = child_called(scope.org.objects.values(), scope.sobject.name, name)
    if found is not None:
        return found
    message = f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to "
    message += "use a custom relationship, be sure to append the '__r' after the custom relationship name."
    raise SoqlError("INVALID_TYPE", message)


def _selected(scope: Scope, query: Query) -> tuple[list[str], list[Column]]:
    expressions: list[str] = []
    columns: list[Column] = []
    unnamed = 0
    for item in query.fields:
        if isinstance(item, Children | TypeOf):
            continue
        if isinstance(item, AllFields):
            for found in _all_fields(scope, query, item):
                expressions.append(column(scope.alias, found))
                columns.append(Column((found.name,), found.type))
            continue
        expression, found = expression_of(scope, item)
        expressions.append(expression)
        if isinstance(item, Aggregate | Distance):
            name = item.alias or f"expr{unnamed}"
            unnamed += not item.alias
            counted = isinstance(item, Aggregate) and item.function.startswith("count")
            columns.append(Column((name,), "int" if counted else found.type))
        elif isinstance(item, Derived):
            if item.function == "converttimezone":
                message = "convertTimezone stands in the brackets of a date function"
                raise SoqlError("MALFORMED_QUERY", message, item.path.at)
            plain = item.function in ("tolabel", "format", "convertcurrency") and item.inner not in SUMS
            name = item.alias or (found.name if plain and not query.group else f"expr{unnamed}")
            unnamed += name.startswith("expr")
            columns.append(Column((name,), found.type))
        else:
            grouped = Column((item.alias or found.name,), found.type)
            columns.append(grouped if query.group else _column(scope, item, found))
    return expressions, columns


def _column(scope: Scope, path: Path, found: Field) -> Column:
    """The column of a path, in the org's spelling, whatever the query's."""
    sobject, parts, objects = scope.sobject, [], []
    for part in parts_of(scope, path)[:-1]:
        reference = relationship(sobject, part)
        sobject = target(scope.org, reference)
        parts.append(reference.relationship)
        objects.append(sobject.name)
    return Column((*parts, found.name), found.type, tuple(objects))


def _all_fields(scope: Scope, query: Query, item: AllFields) -> list[Field]:
    if item.which != "STANDARD" and (query.limit is None or query.limit > 200):
        raise SoqlError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
    fields = scope.sobject.fields.values()
    if item.which == "ALL":
        return list(fields)
    if item.which in ("STANDARD", "CUSTOM"):
        return [f for f in fields if f.custom == (item.which == "CUSTOM")]
    raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{item.which}'")


def _where(scope: Scope, query: Query, values: list[Any], deleted: bool) -> str:
    clauses = []
    if not deleted and "IsDeleted" in scope.sobject.fields:
        clauses.append(f"{scope.alias}.\"IsDeleted\" = 'false'")
    if scope.sobject.name in scope.org.late:
        clauses.append(f"{scope.alias}.Id not in (select id from late where object = ? and at > ?)")
        values += [scope.sobject.name, scope.now]
    if query.mine and "OwnerId" in scope.sobject.fields:
        clauses.append(f'{scope.alias}."OwnerId" = ?')
        values.append(scope.org.user_id)
    if query.where is not None:
        clauses.append(condition_sql(scope, query.where, values))
    return f" where {' and '.join(clauses)}" if clauses else ""


def _group(scope: Scope, query: Query, values: list[Any]) -> str:
    for item in query.group:
        if isinstance(item, Path):
            _, sobject, found = place_of(scope, item)
            checks.able(sobject, found, "groupable", item.at)
    sql = ""
    if query.group:
        sql = " group by " + ", ".join(grouping_of(scope, item) for item in query.group)
    if query.having is not None:
        sql += " having " + condition_sql(scope, query.having, values)
    return sql


def _order(scope: Scope, query: Query) -> str:
    if not query.order:
        return ""
    return " order by " + ", ".join(_one_order(scope, order) for order in query.order)


def _one_order(scope: Scope, order: Order) -> str:
    expression, found = sorting_of(scope, order.path)
    return subtotals.ordered(expression, found, order)
