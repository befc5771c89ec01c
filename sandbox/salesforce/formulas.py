"""Salesforce's formula language: read once, worked out for a row.

Belongs here: words, operators, functions, the values of fields of a row and of what it refers to. A function
that is not known makes the formula `Unknown`: it is kept and not worked out. When rules are asked is
`validation.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox import times
from sandbox.salesforce.fields import NUMERIC, Field
from sandbox.salesforce.formula_functions import FUNCTIONS, number, text, true

_TOKEN = re.compile(
    r"""\s*(?:(?P<comment>/\*.*?\*/)|(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<name>\$?[A-Za-z_][\w.]*(?::\w[\w.]*)?)
    |(?P<operator>&&|\|\||<>|!=|<=|>=|==|[-+*/^&=<>!(),]))""",
    re.VERBOSE | re.DOTALL,
)
_LEVELS = (
    ("||",),
    ("&&",),
    ("=", "==", "<>", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-", "&"),
    ("*", "/"),
    ("^",),
)
Node = tuple[Any, ...]


class Unknown(Exception):
    """A formula with something in it that is not worked out here."""


@dataclass
class Row:
    """What a formula sees. `value` and `before` give a field (by path) as stored with its definition."""

    value: Callable[[str], tuple[Any, Field | None]]
    before: Callable[[str], tuple[Any, Field | None]]
    is_new: bool
    now: int
    blanks: str = ""
    """Of a formula field: a number that is not there is nought (`zero`), or makes all blank (`blank`)."""


def parse(text: str) -> Node:
    """The tree of a formula. Raises Unknown for what cannot be read."""
    tokens: list[tuple[str, str]] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unknown(f"cannot be read at {text[at : at + 20]}")
        at = match.end()
        if match.lastgroup and match.lastgroup != "comment":
            tokens.append((match.lastgroup, match[match.lastgroup]))
    reader = _Reader(tokens)
    tree = reader.level(0)
    if reader.peek() is not None:
        raise Unknown("has something behind its end")
    return tree


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at = tokens, 0

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self, wanted: str | None = None) -> tuple[str, str]:
        if self.at >= len(self.tokens) or (wanted is not None and self.tokens[self.at][1] != wanted):
            raise Unknown(f"lacks {wanted or 'its end'}")
        self.at += 1
        return self.tokens[self.at - 1]

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self.unary()
        left = self.level(number + 1)
        while self.peek() in _LEVELS[number]:
            operator = self.take()[1]
            left = ("operator", operator, left, self.level(number + 1))
        return left

    def unary(self) -> Node:
        if self.peek() in ("-", "+", "!"):
            operator = self.take()[1]
            return ("unary", operator, self.unary())
        return self.atom()

    def atom(self) -> Node:
        kind, text = self.take()
        if kind == "number":
            return ("value", float(text))
        if kind == "text":
            return ("value", re.sub(r"\\(.)", r"\1", text[1:-1]))
        if text == "(":
            inner = self.level(0)
            self.take(")")
            return inner
        if kind != "name":
            raise Unknown(f"does not expect {text}")
        if self.peek() == "(":
            return self.call(text.upper())
        if text.upper() in ("TRUE", "FALSE", "NULL"):
            return ("value", {"TRUE": True, "FALSE": False, "NULL": None}[text.upper()])
        return ("field", text)

    def call(self, name: str) -> Node:
        self.take("(")
        arguments: list[Node] = []
        while self.peek() != ")":
            arguments.append(self.level(0))
            if self.peek() == ",":
                self.take()
        self.take(")")
        if name not in _LAZY and name not in FUNCTIONS:
            raise Unknown(f"uses {name}")
        return ("call", name, arguments)


def work_out(node: Node, row: Row) -> Any:
    """The value of a tree for a row: text, number, truth, date, datetime or None. Raises Unknown."""
    kind = node[0]
    if kind == "value":
        return node[1]
    if kind == "field":
        return of_field(*row.value(node[1]), zero=row.blanks == "zero")
    if kind == "unary":
        return _unary(node[1], work_out(node[2], row))
    if kind == "operator":
        return _operator(node, row)
    name, arguments = node[1], node[2]
    try:
        if name in _LAZY:
            return _LAZY[name](arguments, row)
        return FUNCTIONS[name](*(work_out(each, row) for each in arguments))
    except (TypeError, ValueError, IndexError, re.error, OverflowError):
        return None


def of_field(value: Any, field: Field | None, *, zero: bool = False) -> Any:
    """A stored value as a formula sees it: a percentage is a fraction."""
    if value is None and zero and field is not None and field.type in NUMERIC:
        return 0.0
    if value is None or field is None:
        return False if field is not None and field.type == "boolean" else value
    if field.type == "boolean":
        return value == "true"
    if field.type == "date":
        return date.fromisoformat(value[:10])
    if field.type == "datetime":
        return times.from_ms(times.parse(value))
    if field.type == "percent":
        return float(value) / 100
    return float(value) if field.type in NUMERIC else value


def _unary(operator: str, value: Any) -> Any:
    if operator == "!":
        return not true(value)
    return (-1 if operator == "-" else 1) * number(value)


def _operator(node: Node, row: Row) -> Any:
    operator = node[1]
    if operator in ("&&", "||"):
        left = true(work_out(node[2], row))
        if left == (operator == "||"):
            return left
        return true(work_out(node[3], row))
    left, right = work_out(node[2], row), work_out(node[3], row)
    if operator in ("=", "==", "<>", "!="):
        return _same(left, right) == (operator in ("=", "=="))
    if operator in ("<", ">", "<=", ">="):
        return _less(operator, left, right)
    if row.blanks == "blank" and operator != "&" and (left is None or right is None):
        return None
    return _calculated(operator, left, right)


def _same(left: Any, right: Any) -> bool:
    blank = (None, "")
    if left in blank and right in blank:
        return True
    if isinstance(left, datetime) != isinstance(right, datetime):
        return False
    return bool(left == right)


def _less(operator: str, left: Any, right: Any) -> bool:
    """Nothing is neither less nor more than anything."""
    if left is None or right is None:
        return False
    try:
        return bool(
            {"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator]
        )
    except TypeError:
        return False


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if operator == "&" or (operator == "+" and (isinstance(left, str) or isinstance(right, str))):
        return text(left) + text(right)
    if operator in "+-" and isinstance(left, date):
        return _moved(operator, left, right)
    if operator == "+" and isinstance(right, date):
        return _moved(operator, right, left)
    a, b = number(left), number(right)
    if operator == "/":
        return None if b == 0 else a / b
    if operator == "^":
        return _power(a, b)
    return {"+": a + b, "-": a - b, "*": a * b}[operator]


def _power(base: float, exponent: float) -> float | None:
    """None for what is no number: nought to the minus first, the root of what is below nought."""
    try:
        return float(base**exponent) if abs(exponent) < 100 else None
    except (ArithmeticError, TypeError):
        return None


def _moved(operator: str, moment: date, other: Any) -> Any:
    """A moment some days later or earlier, or the days between two."""
    if isinstance(other, date):
        if isinstance(moment, datetime) != isinstance(other, datetime):
            return None
        return (moment - other) / timedelta(days=1) if operator == "-" else None
    days = number(other) if operator == "+" else -number(other)
    try:
        return moment + timedelta(days=days if isinstance(moment, datetime) else math.trunc(days))
    except OverflowError:
        return None


def _case(arguments: list[Node], row: Row) -> Any:
    subject = work_out(arguments[0], row)
    for at in range(1, len(arguments) - 1, 2):
        if _same(subject, work_out(arguments[at], row)):
            return work_out(arguments[at + 1], row)
    return work_out(arguments[-1], row)


def _changed(arguments: list[Node], row: Row) -> bool:
    if row.is_new or arguments[0][0] != "field":
        return False
    path = arguments[0][1]
    return not _same(of_field(*row.before(path)), of_field(*row.value(path)))


def _prior(arguments: list[Node], row: Row) -> Any:
    source = row.value if row.is_new else row.before
    return of_field(*source(arguments[0][1])) if arguments[0][0] == "field" else None


def _if(arguments: list[Node], row: Row) -> Any:
    return work_out(arguments[1 if true(work_out(arguments[0], row)) else 2], row)


_LAZY: dict[str, Callable[[list[Node], Row], Any]] = {
    "IF": _if,
    "CASE": _case,
    "AND": lambda found, row: all(true(work_out(each, row)) for each in found),
    "OR": lambda found, row: any(true(work_out(each, row)) for each in found),
    "ISCHANGED": _changed,
    "PRIORVALUE": _prior,
    "ISNEW": lambda found, row: row.is_new,
    "TODAY": lambda found, row: times.from_ms(row.now).date(),
    "NOW": lambda found, row: times.from_ms(row.now),
}
"""Functions that do not work all their arguments out, or look at more than these."""


def paths(node: Node) -> set[str]:
    """The fields that a tree looks at."""
    if node[0] == "field":
        return {node[1]}
    parts = node[2] if node[0] == "call" else node[2:]
    found: set[str] = set()
    for part in parts:
        if isinstance(part, tuple):
            found |= paths(part)
    return found
