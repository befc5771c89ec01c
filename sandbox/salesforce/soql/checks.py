"""What Salesforce refuses of a query that is well-formed: where a field may stand, how often, how deep.

Belongs here: refusals. What a query means is in `compiler`, `conditions` and `scope`.
"""

from __future__ import annotations

from sandbox.salesforce import describe
from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.soql.tree import (
    SUMS,
    Aggregate,
    Children,
    Comparison,
    Condition,
    Derived,
    Distance,
    Junction,
    Not,
    Path,
    Query,
    Selected,
    SoqlError,
    Value,
)

HIGHEST_OFFSET, DEEPEST_PATH, MOST_SEMI_JOINS = 2_000, 5, 2
_ABLE = {"filterable": ("INVALID_FIELD", "filtered"), "sortable": ("MALFORMED_QUERY", "sorted"),
         "groupable": ("MALFORMED_QUERY", "grouped")}  # fmt: skip


def able(sobject: SObject, field: Field, ability: str, at: int) -> None:
    """Raise SoqlError where a describe says that the field is not `filterable`, `sortable` or `groupable`."""
    if not describe.field_of(sobject, field)[ability]:
        code, done = _ABLE[ability]
        raise SoqlError(code, f"field '{field.name}' can not be {done} in a query call", at)


def aggregated(sobject: SObject, field: Field, function: str, at: int) -> None:
    """Raise SoqlError for a function that has no sense for the field's type."""
    numeric = function not in ("sum", "avg") or field.type in NUMERIC
    if not numeric or not describe.field_of(sobject, field)["aggregatable"]:
        message = f"field {field.name} does not support aggregate operator {function.upper()}"
        raise SoqlError("MALFORMED_QUERY", message, at)


def check(query: Query, *, inside: str = "") -> None:
    """Refuse what the query's own tree shows. `inside`: `where` or `select` of another query, or `ours` for
    one that nobody wrote."""
    if inside != "ours":
        _selected(query)
    if not inside:
        _links(query)
    _groups(query)
    if query.offset is not None and query.offset > HIGHEST_OFFSET:
        message = f"Maximum SOQL offset allowed is {HIGHEST_OFFSET}"
        raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", message)
    if query.where is not None:
        found = _semi_joins(query.where, top=True)
        if found and inside == "where":
            raise SoqlError("MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported")
        if found > MOST_SEMI_JOINS:
            message = f"maximum {MOST_SEMI_JOINS} semi join sub-selects are allowed"
            raise SoqlError("EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", message)
    if inside == "where" and (query.order or query.limit is not None or query.offset is not None):
        raise SoqlError("MALFORMED_QUERY", "ORDER BY, LIMIT and OFFSET are not allowed in a semi join")
    for item in query.fields:
        if isinstance(item, Children) and item.query.offset is not None and query.limit != 1:
            raise SoqlError("MALFORMED_QUERY", "OFFSET in a subquery needs LIMIT 1 of the parent query")


_OF_A_LINK = ("id", "contentdocumentid", "linkedentityid")


def _links(query: Query) -> None:
    """Links of files are asked for by what they link."""
    if query.object.lower() != "contentdocumentlink":
        return
    where = query.where
    joined = where.conditions if isinstance(where, Junction) and where.word == "and" else (where,)
    for each in joined:
        path = each.path if isinstance(each, Comparison) and each.operator in ("=", "in") else None
        if isinstance(path, Path) and path.parts[-1].lower() in _OF_A_LINK:
            return
    raise SoqlError(
        "MALFORMED_QUERY",
        "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "
        "ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN "
        "operator.",
    )


def semi_join(query: Query, outer: Field, sobject: SObject, inner: Field, at: int) -> None:
    """Both sides of IN (SELECT ...) are ids of the same object."""
    first = query.fields[0]
    if len(query.fields) != 1 or not isinstance(first, Path):
        raise SoqlError("MALFORMED_QUERY", "a semi join selects one field", at)
    if outer.type not in ("id", "reference"):
        message = "The left operand field in the where expression for outer query should be an id field, "
        raise SoqlError("INVALID_FIELD", f"{message}cannot use: '{outer.name}'", at)
    if inner.type not in ("id", "reference"):
        message = "The inner select field in the semi join sub-select should be an id field, cannot use"
        raise SoqlError("INVALID_FIELD", f"{message}: '{inner.name}'", at)
    ours = {sobject.name} if outer.type == "id" else set(outer.targets)
    theirs = {query.object} if inner.type == "id" else set(inner.targets)
    if {name.lower() for name in ours}.isdisjoint(name.lower() for name in theirs):
        raise SoqlError(
            "INVALID_FIELD",
            f"The selected field '{inner.name}' in the subquery and the left operand field in the where "
            f"expression in the outer query '{outer.name}' should point to the same object type",
            at,
        )


def _semi_joins(condition: Condition, *, top: bool) -> int:
    """How many there are; they stand at the top, joined by AND."""
    if isinstance(condition, Comparison):
        if not isinstance(condition.value, Query):
            return 0
        if not top:
            message = "Semi join sub-selects are only allowed at the top level WHERE expressions and not "
            raise SoqlError("MALFORMED_QUERY", message + "in nested WHERE expressions", condition.at)
        return 1
    if isinstance(condition, Not):
        return _semi_joins(condition.condition, top=False)
    alike = top and condition.word == "and"
    return sum(
        _semi_joins(each, top=alike and not isinstance(each, Junction)) for each in condition.conditions
    )


def _selected(query: Query) -> None:
    """Each field once; an alias where rows are grouped; COUNT() alone."""
    named: set[str] = set()
    for item in query.fields:
        if isinstance(item, Path):
            if item.alias and not is_grouped(query):
                message = "only aggregate expressions use field aliasing"
                raise SoqlError("MALFORMED_QUERY", message, item.at)
            name = item.text.lower()
            if name in named and not query.group:
                raise SoqlError("MALFORMED_QUERY", f"duplicate field selected: {item.text}")
            named.add(name)
        if isinstance(item, Aggregate) and item.path is None:
            alone = len(query.fields) == 1 and not query.order and not query.group
            if item.function != "count":
                raise SoqlError("MALFORMED_QUERY", "unexpected token: ')'")
            if not alone:
                message = "COUNT() must be the only element of the SELECT list, without GROUP BY and ORDER BY"
                raise SoqlError("MALFORMED_QUERY", message)
    aliases = [a.lower() for a in (getattr(item, "alias", "") for item in query.fields) if a]
    for alias in aliases:
        if aliases.count(alias) > 1:
            raise SoqlError("MALFORMED_QUERY", f"duplicate alias: {alias}")


def is_grouped(query: Query) -> bool:
    """Whether the answer's rows are of groups."""
    return bool(query.group) or any(
        isinstance(f, Aggregate) or (isinstance(f, Derived) and f.inner in SUMS) for f in query.fields
    )


def _groups(query: Query) -> None:
    """A field beside an aggregate is grouped by; GROUPING is of a field whose sums are asked for."""
    grouped = {name_of(item) for item in query.group}
    if is_grouped(query) and query.fields != (Aggregate("count", None),):
        for item in query.fields:
            single = _single(item, grouped)
            if single is not None:
                raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {single.text}")
        for order in query.order:
            single = _single(order.path, grouped)
            if single is not None:
                message = f"Ordered field must be grouped or aggregated: {single.text}"
                raise SoqlError("MALFORMED_QUERY", message)
    asked: list[Value] = [f for f in query.fields if isinstance(f, Derived)]
    asked += [o.path for o in query.order]
    for each in asked:
        if isinstance(each, Derived) and each.function == "grouping" and not query.subtotals:
            raise SoqlError("MALFORMED_QUERY", "GROUPING is for GROUP BY ROLLUP and GROUP BY CUBE")
    for order in query.order:
        if isinstance(order.path, Derived) and order.path.function == "convertcurrency":
            raise SoqlError("MALFORMED_QUERY", "convertCurrency is not allowed in ORDER BY")


_AS_READ = ("tolabel", "format", "grouping")
"""Functions that show a group's own value another way."""


def _single(item: Selected, grouped: set[str]) -> Path | None:
    """The field of a value that is a row's and not its group's."""
    if isinstance(item, Path):
        return None if name_of(item) in grouped else item
    if not isinstance(item, Derived) or item.inner in SUMS or name_of(item) in grouped:
        return None
    return None if item.function in _AS_READ and name_of(item.path) in grouped else item.path


def name_of(item: Value) -> str:
    """By what a group is known again where it is named a second time."""
    if isinstance(item, Path):
        return item.text.lower()
    return item.name if isinstance(item, Derived) else repr(item)


def filtered(item: Comparison) -> None:
    """What may not stand in a condition."""
    if isinstance(item.path, Derived) and item.path.function in (
        "convertcurrency",
        "format",
        "converttimezone",
    ):
        raise SoqlError("MALFORMED_QUERY", f"{item.path.function} is not allowed in WHERE", item.at)
    if isinstance(item.path, Distance) and item.operator not in ("<", ">", "<=", ">="):
        message = "DISTANCE is compared with < and > only"
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message, item.at)
