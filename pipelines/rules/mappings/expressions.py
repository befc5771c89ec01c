"""The expression language of mapping lines: values made of the fields of one record, compiled by sqlglot.

Belongs here: what an expression may say. It names fields of its own side, compares them, joins and cuts text,
reckons with numbers; it reads no other row, no clock and no table, and nothing that is not listed here.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.DPipe, exp.Paren,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Like, exp.ILike, exp.In, exp.Between, exp.Is,
    exp.And, exp.Or, exp.Not, exp.Case, exp.If, exp.Null, exp.Boolean, exp.Literal, exp.Column,
    exp.Identifier,
)  # fmt: skip
_FUNCTIONS: dict[type[exp.Expression], str] = {
    exp.Coalesce: "coalesce", exp.Nullif: "nullif", exp.Concat: "concat", exp.Upper: "upper",
    exp.Lower: "lower", exp.Trim: "trim", exp.Replace: "replace", exp.Substring: "substring",
    exp.Left: "left", exp.Right: "right", exp.Length: "length", exp.Round: "round", exp.Abs: "abs",
    exp.Floor: "floor", exp.Ceil: "ceil", exp.SplitPart: "split_part",
}  # fmt: skip
FUNCTIONS = tuple(sorted(_FUNCTIONS.values()))
_LONGEST = 2_000


def parse_expression(text: str) -> exp.Expression:
    """The expression as a tree. Raises ValueError with a sentence if it says what it may not."""
    if len(text) > _LONGEST:
        raise ValueError(f"an expression has at most {_LONGEST:,} characters")
    try:
        parsed = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise ValueError(f"cannot be read as an expression: {text[:80]}") from None
    if len(parsed) != 1 or parsed[0] is None:
        raise ValueError("give one expression")
    tree = parsed[0]
    for node in tree.walk():
        if type(node) not in _FUNCTIONS and type(node) not in _OPERATORS:
            shown = node.sql(dialect="duckdb")[:60]
            raise ValueError(f"may not say {shown}; known are {', '.join(FUNCTIONS)}, case, and operators")
        if isinstance(node, exp.Column) and node.table:
            raise ValueError(f"names {node.sql()}; name a field alone")
        if isinstance(node, exp.In) and not node.expressions:
            raise ValueError("needs a list of values after in")
    return tree


def named_fields(text: str) -> tuple[str, ...]:
    """The fields an expression reads, each once, in order."""
    columns = parse_expression(text).find_all(exp.Column)
    return tuple(dict.fromkeys(column.name for column in columns))


def compile_expression(text: str, column_sql: Callable[[str], str]) -> str:
    """As DuckDB SQL; `column_sql` gives the SQL of a field. What cannot be worked out is null."""
    tree = parse_expression(text)

    def swap(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        return sqlglot.parse_one(column_sql(node.name), dialect="duckdb")

    return f"try({tree.transform(swap).sql(dialect='duckdb')})"
