"""The tree to SQL over the org's tables, with the checks Salesforce makes: objects, fields, groups.

Every object is a table, every field a column; relationships become left joins. Values are always bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.child_names import child_name
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import subtotals
from sandbox.salesforce.soql.conditions import condition_sql
from sandbox.salesforce.soql.scope import (
    Scope,
    column,
    expression_of,
    parts_of,
    relationship,
    target,
)
from sandbox.salesforce.soql.tree import (
    Aggregate,
    AllFields,
    Children,
    Derived,
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

    @property
    def compound(self) -> bool:
        """Whether a column has several values in one, as addresses do."""
        return any(column.type == "address" for column in self.columns)

    @property
    def sql(self) -> str:
        return f"select {', '.join(self.selected)}{self.rest}"


def compile_query(org: Org, query: Query, now: int, *, deleted: bool = False) -> Compiled:
    """SQL for a query. `deleted`: rows in the recycle bin too (queryAll). Raises SoqlError."""
    sobject = org.object(query.object)
    if sobject is None:
        raise SoqlError("INVALID_TYPE", f"sObject type '{query.object}' is not supported.")

    def inner(part: Query) -> tuple[str, list[Any]]:
        found = compile_query(org, part, now)
        return found.sql, found.values

    scope = Scope(org, sobject, now, inner)
    nested, keys = _nested(scope, query)
    selected, columns = _selected(scope, query)
    selected += keys
    values: list[Any] = []
    where = _where(scope, query, values, deleted)
    _check_groups(query)
    if query.subtotals:
        selected, rest, values = subtotals.compiled(
            scope, query, where, values, lambda: _selected(scope, query)[0]
        )
    else:
        tail = _group(scope, query, values) + _order(scope, query)
        rest = f' from "{sobject.name}" {scope.alias}{"".join(scope.join_sql)}{where}{tail}'
    if query.limit is not None or query.offset is not None:
        rest += f" limit {-1 if query.limit is None else query.limit} offset {query.offset or 0}"
    aggregate = any(isinstance(f, Aggregate) for f in query.fields) or bool(query.group)
    count_only = len(query.fields) == 1 and query.fields[0] == Aggregate("count", None)
    return Compiled(
        selected, rest, values, sobject, columns, count_only, aggregate and not count_only, nested
    )


def _nested(scope: Scope, query: Query) -> tuple[list[Nested], list[str]]:
    """What comes with each row from elsewhere, and by which value of the row."""
    found: list[Nested] = []
    keys: list[str] = []
    for item in query.fields:
        if isinstance(item, Children):
            name, child, reference = _children(scope, item.query.object)
            if any(isinstance(f, Children) for f in item.query.fields):
                raise SoqlError("MALFORMED_QUERY", "a query inside a query may hold no further one")
            found.append(Nested(name, item.query, (child.name, reference.name)))
            keys.append(column(scope.alias, scope.sobject.fields["Id"]))
        elif isinstance(item, TypeOf):
            if len(item.relationship.parts) != 1:
                raise SoqlError("MALFORMED_QUERY", "TYPEOF takes a relationship of the object itself")
            reference = relationship(scope.sobject, item.relationship.parts[0])
            empty = Query((), scope.sobject.name)
            found.append(Nested(reference.relationship, empty, None, item.cases, item.otherwise))
            keys.append(column(scope.alias, reference))
    return found, keys


def _children(scope: Scope, name: str) -> tuple[str, SObject, Field]:
    for child in scope.org.objects.values():
        for reference in child.fields.values():
            known = child_name(child, reference) if scope.sobject.name in reference.targets else None
            if known and known.lower() == name.lower():
                return known, child, reference
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
        if isinstance(item, Aggregate):
            name = item.alias or f"expr{unnamed}"
            unnamed += not item.alias
            kind = "int" if item.function.startswith("count") else found.type
            columns.append(Column((name,), kind))
        elif isinstance(item, Derived):
            plain = item.function in ("tolabel", "format", "convertcurrency")
            name = item.alias or (found.name if plain and not query.group else f"expr{unnamed}")
            unnamed += name.startswith("expr")
            columns.append(Column((name,), found.type))
        else:
            grouped = Column((found.name,), found.type)
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
    if query.limit is None or query.limit > 200:
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


def _check_groups(query: Query) -> None:
    """A field beside an aggregate is grouped by; GROUPING is of a field whose sums are asked for."""
    plain = [f for f in query.fields if isinstance(f, Path)]
    if any(isinstance(f, Aggregate) and f.path is not None for f in query.fields) or query.group:
        for path in plain:
            if path.text.lower() not in {g.text.lower() for g in query.group if isinstance(g, Path)}:
                raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {path.text}")
    asked = [f for f in query.fields if isinstance(f, Derived)]
    asked += [o.path for o in query.order if isinstance(o.path, Derived)]
    for item in asked:
        if item.function == "grouping" and not query.subtotals:
            raise SoqlError("MALFORMED_QUERY", "GROUPING is for GROUP BY ROLLUP and GROUP BY CUBE")


def _group(scope: Scope, query: Query, values: list[Any]) -> str:
    if not query.group:
        return ""
    sql = " group by " + ", ".join(expression_of(scope, item)[0] for item in query.group)
    if query.having is not None:
        sql += " having " + condition_sql(scope, query.having, values)
    return sql


def _order(scope: Scope, query: Query) -> str:
    if not query.order:
        return ""
    return " order by " + ", ".join(_one_order(scope, order) for order in query.order)


def _one_order(scope: Scope, order: Order) -> str:
    expression, found = expression_of(scope, order.path)
    return subtotals.ordered(expression, found, order)
