"""GROUP BY ROLLUP and GROUP BY CUBE: the rows of the groups with those of their sums, as one query.

SQLite knows neither, so each set of groups is a query of its own; a field that a row is a sum over has no
value in it, and its GROUPING is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from sandbox.salesforce.fields import Field
from sandbox.salesforce.soql.checks import name_of
from sandbox.salesforce.soql.conditions import condition_sql
from sandbox.salesforce.soql.scope import Scope, expression_of, grouping_of, is_text, sorting_of
from sandbox.salesforce.soql.tree import Derived, Order, Path, Query


def ordered(expression: str, found: Field, order: Order) -> str:
    """One part of an ORDER BY, with Salesforce's place for nulls and its blindness to case."""
    collate = " collate nocase" if is_text(found) else ""
    nulls = order.nulls or ("last" if order.descending else "first")
    return f"{expression}{collate}{' desc' if order.descending else ''} nulls {nulls}"


def compiled(
    scope: Scope, query: Query, where: str, values: Sequence[Any], selected: Callable[[], list[str]]
) -> tuple[list[str], str, list[Any]]:
    """Columns, the rest of the statement and its values."""
    parts: list[tuple[str, str]] = []
    bound: list[Any] = []
    count = 0
    for kept in _sets(query):
        scope.rolled = frozenset(name_of(item) for item in query.group) - {name_of(i) for i in kept}
        columns = selected()
        count = len(columns)
        columns += [sorting_of(scope, order.path)[0] for order in query.order] or _usual(scope, query)
        listed = ", ".join(f"{column} c{n}" for n, column in enumerate(columns))
        grouped = ", ".join(grouping_of(scope, item) for item in kept)
        tail = f" group by {grouped or 'null'}"  # all rows are one group of the row of the grand total
        bound += values
        if query.having is not None:
            tail += " having " + condition_sql(scope, query.having, bound)
        parts.append((listed, tail))
    scope.rolled = frozenset()
    source = f' from "{scope.sobject.name}" {scope.alias}{"".join(scope.join_sql)}{where}'
    union = " union all ".join(f"select {listed}{source}{tail}" for listed, tail in parts)
    sorting = [
        ordered(f"c{count + n}", sorting_of(scope, order.path)[1], order)
        for n, order in enumerate(query.order)
    ] or [f"c{count + n} collate nocase nulls first" for n in range(2 * len(query.group))]
    return [f"c{n}" for n in range(count)], f" from ({union}) order by {', '.join(sorting)}", bound


def _sets(query: Query) -> list[tuple[Path | Derived, ...]]:
    """The groups of each kind of row: ROLLUP sums from the right, CUBE every way."""
    group = query.group
    if query.subtotals == "rollup":
        return [group[:count] for count in range(len(group), -1, -1)]
    return [kept for count in range(len(group), -1, -1) for kept in combinations(group, count)]


def _usual(scope: Scope, query: Query) -> list[str]:
    """By what rows are sorted when nobody says: sums follow the rows they are of."""
    found: list[str] = []
    for item in query.group:
        found += ["1" if name_of(item) in scope.rolled else "0", expression_of(scope, item)[0]]
    return found
