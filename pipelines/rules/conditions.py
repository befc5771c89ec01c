"""The condition language of `when:` keys: comparisons of a person's columns, compiled to a SQL predicate.

Belongs here: what a condition may say. It can compare and combine; it can compute nothing and call nothing,
so whatever is written in `config/` stays a question about one row.
"""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

ColumnKind = Literal["text", "number", "timestamp"]

PERSON_COLUMNS: dict[str, ColumnKind] = {
    "email": "text",
    "full_name": "text",
    "account_id": "text",
    "lifecycle_stage": "text",
    "lead_score": "number",
    "created_at": "timestamp",
    "mql_at": "timestamp",
    "sql_at": "timestamp",
    "opportunity_at": "timestamp",
    "customer_at": "timestamp",
    "first_touch_channel": "text",
    "last_touch_channel": "text",
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


def compile_condition(condition: str, columns: dict[str, ColumnKind] | None = None) -> str:
    """The condition as a DuckDB predicate. Raises ValueError with a sentence if it says what it may not."""
    known = PERSON_COLUMNS if columns is None else columns
    try:
        parsed = sqlglot.parse(condition, dialect="duckdb")
    except SqlglotError:
        raise ValueError(f"cannot be read as a condition: {condition}") from None
    if len(parsed) != 1 or parsed[0] is None:
        raise ValueError("give one condition")
    tree = parsed[0]
    for node in tree.walk():
        _check_node(node, known)
    if not isinstance(
        _bare(tree), (*_COMPARISONS, exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Is, exp.Boolean)
    ):
        raise ValueError(f"is not a comparison: {condition}")
    return str(tree.sql(dialect="duckdb"))


def named_columns(predicate: str) -> tuple[str, ...]:
    """The columns that a compiled predicate names, each once."""
    found = sqlglot.parse_one(predicate, dialect="duckdb").find_all(exp.Column)
    return tuple(dict.fromkeys(column.name for column in found))


def _check_node(node: exp.Expression, columns: dict[str, ColumnKind]) -> None:
    if not isinstance(node, _ALLOWED):
        raise ValueError(f"may only compare columns, and {node.sql(dialect='duckdb')} is not a comparison")
    if isinstance(node, exp.Column):
        if node.table or node.name not in columns:
            raise ValueError(f"names {node.sql()}, which is not one of {', '.join(columns)}")
    elif isinstance(node, exp.In) and not node.expressions:
        raise ValueError("needs a list of values after in")
    elif isinstance(node, exp.Literal):
        _check_literal(node, columns)


def _check_literal(literal: exp.Literal, columns: dict[str, ColumnKind]) -> None:
    """A text column is compared with text and a number with a number, or the run would fail on the data."""
    comparison = literal.find_ancestor(*_COMPARISONS, exp.In, exp.Between)
    column = comparison.find(exp.Column) if comparison is not None else None
    if column is None or column.name not in columns:
        return
    if (columns[column.name] == "number") == literal.is_string:
        raise ValueError(f"compares {column.name}, a {columns[column.name]}, with {literal.sql()}")


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
