"""The condition language of `when:` keys: comparisons of a row's columns, compiled to a SQL predicate.

Belongs here: what a condition may say, in SQL's words or in those of `leadScore >= 50 && country == "DE"`. It
can compare and combine; it can compute nothing and call nothing, so whatever is written in `config/` stays a
question about one row. The same condition over one row in Python is `condition_values`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

ColumnKind = Literal["text", "number", "timestamp", "boolean"]

PERSON_COLUMNS: dict[str, ColumnKind] = {
    "email": "text",
    "full_name": "text",
    "job_title": "text",
    "company_name": "text",
    "country": "text",
    "industry": "text",
    "employees": "number",
    "account_id": "text",
    "lifecycle_stage": "text",
    "lead_score": "number",
    "is_opted_out": "boolean",
    "consent": "text",
    "owner_id": "text",
    "created_at": "timestamp",
    "mql_at": "timestamp",
    "sql_at": "timestamp",
    "opportunity_at": "timestamp",
    "customer_at": "timestamp",
    "first_touch_channel": "text",
    "last_touch_channel": "text",
    "last_touch_at": "timestamp",
    "touches": "number",
    "opportunities": "number",
    "open_opportunities": "number",
    "contact_id_hubspot": "text",
    "lead_id_salesforce": "text",
    "contact_id_salesforce": "text",
}
"""Columns of `marts.unified_leads` that a condition may name."""

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike)
_ALLOWED = (
    *_COMPARISONS,
    exp.And, exp.Or, exp.Not, exp.Paren, exp.In, exp.Between, exp.Is, exp.Null, exp.Boolean,
    exp.Column, exp.Identifier, exp.Literal, exp.Neg,
)  # fmt: skip
_WORDS = {"and", "or", "not", "in", "like", "ilike", "between", "is", "null", "true", "false"}
_SIGNS = {"&&": " and ", "||": " or ", "==": "=", "===": "=", "!=": "<>", "!==": "<>", "!": " not "}
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|&&|\|\||===?|!==?|!|[A-Za-z_][A-Za-z_0-9]*|\s+|.", re.DOTALL
)


def compile_condition(
    condition: str, columns: Mapping[str, ColumnKind] | None = None, names: Mapping[str, str] | None = None
) -> str:
    """The condition as a DuckDB predicate. Raises ValueError with a sentence if it says what it may not.

    `names`: other names of columns, in lower case (`leadscore`), as `fields.yml` has them.
    """
    known = PERSON_COLUMNS if columns is None else columns
    try:
        parsed = sqlglot.parse(_in_sql_words(condition, known, names or {}), dialect="duckdb")
    except SqlglotError:
        raise ValueError(f"cannot be read as a condition: {condition}") from None
    if len(parsed) != 1 or parsed[0] is None:
        raise ValueError("give one condition")
    tree = parsed[0].transform(_null_is_asked_for)
    for node in tree.walk():
        _check_node(node, known)
    _check_boolean(tree, known, condition)
    return str(tree.sql(dialect="duckdb"))


def named_columns(predicate: str) -> tuple[str, ...]:
    """The columns that a compiled predicate names, each once."""
    found = sqlglot.parse_one(predicate, dialect="duckdb").find_all(exp.Column)
    return tuple(dict.fromkeys(column.name for column in found))


def _in_sql_words(condition: str, columns: Mapping[str, ColumnKind], names: Mapping[str, str]) -> str:
    """`&&`, `||`, `!`, `==`, double quotes and camel case, in SQL's words."""
    return "".join(_translated(token, columns, names) for token in _TOKEN.findall(condition))


def _translated(token: str, columns: Mapping[str, ColumnKind], names: Mapping[str, str]) -> str:
    if token in _SIGNS:
        return _SIGNS[token]
    if token.startswith('"') and len(token) > 1:
        return "'" + token[1:-1].replace('\\"', '"').replace("'", "''") + "'"
    if not (token[0].isalpha() or token[0] == "_") or token.lower() in _WORDS or token in columns:
        return token
    if token.lower() in names:
        return names[token.lower()]
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", token).lower()
    return snake if snake in columns else token


def _null_is_asked_for(node: exp.Expression) -> exp.Expression:
    """`x == null` asks whether x is null; SQL's own `=` would never hold."""
    if isinstance(node, exp.EQ) and isinstance(node.expression, exp.Null):
        return exp.Is(this=node.this, expression=node.expression)
    if isinstance(node, exp.NEQ) and isinstance(node.expression, exp.Null):
        return exp.Not(this=exp.Is(this=node.this, expression=node.expression))
    return node


def _check_node(node: exp.Expression, columns: Mapping[str, ColumnKind]) -> None:
    if not isinstance(node, _ALLOWED):
        raise ValueError(f"may only compare columns, and {node.sql(dialect='duckdb')} is not a comparison")
    if isinstance(node, exp.Column):
        if node.table or node.name not in columns:
            raise ValueError(f"names {node.sql()}, which is not one of {', '.join(columns)}")
    elif isinstance(node, exp.In) and not node.expressions:
        raise ValueError("needs a list of values after in")
    elif isinstance(node, exp.Literal | exp.Boolean):
        _check_literal(node, columns)
    elif isinstance(node, _COMPARISONS):
        _check_pair(node, columns)


def _check_literal(literal: exp.Expression, columns: Mapping[str, ColumnKind]) -> None:
    """A text column is compared with text and a number with a number, or the run would fail on the data."""
    comparison = literal.find_ancestor(*_COMPARISONS, exp.In, exp.Between)
    column = comparison.find(exp.Column) if comparison is not None else None
    if column is None or column.name not in columns:
        return
    kind = columns[column.name]
    given = "boolean" if isinstance(literal, exp.Boolean) else "text" if literal.is_string else "number"
    wanted = "text" if kind == "timestamp" else kind
    if given != wanted:
        raise ValueError(f"compares {column.name}, a {kind}, with {literal.sql()}")
    if kind == "timestamp" and not re.fullmatch(
        r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d(:\d\d)?)?)?", literal.name
    ):
        raise ValueError(f"compares {column.name}, a timestamp, with {literal.sql()}, which is no date")


def _check_pair(node: exp.Expression, columns: Mapping[str, ColumnKind]) -> None:
    """Two columns that are compared are of one kind; `like` is for texts."""
    sides = [side for side in (node.this, node.args.get("expression")) if isinstance(side, exp.Column)]
    kinds = {columns.get(side.name) for side in sides}
    if len(kinds) > 1:
        raise ValueError(f"compares {' with '.join(side.name for side in sides)}, which are of unlike kinds")
    if isinstance(node, exp.Like | exp.ILike) and kinds and kinds != {"text"}:
        raise ValueError(f"asks {sides[0].name}, a {columns.get(sides[0].name)}, for a pattern")


def _check_boolean(tree: exp.Expression, columns: Mapping[str, ColumnKind], condition: str) -> None:
    """What is combined by and, or, not is a comparison or a column that is true or false."""
    node = _bare(tree)
    if isinstance(node, exp.And | exp.Or):
        _check_boolean(node.this, columns, condition)
        _check_boolean(node.expression, columns, condition)
    elif isinstance(node, exp.Not):
        _check_boolean(node.this, columns, condition)
    elif isinstance(node, exp.Column) and columns.get(node.name) == "boolean":
        return
    elif not isinstance(node, (*_COMPARISONS, exp.In, exp.Between, exp.Is, exp.Boolean)):
        raise ValueError(f"is not a comparison: {condition}")


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
