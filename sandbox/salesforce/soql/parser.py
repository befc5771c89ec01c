"""SOQL text to a tree. Refuses what is not SOQL with MALFORMED_QUERY, saying where."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from sandbox.salesforce.soql.tokens import Token, tokens, unescaped
from sandbox.salesforce.soql.tree import (
    SUMS,
    Aggregate,
    AllFields,
    Children,
    Comparison,
    Condition,
    Derived,
    Distance,
    Junction,
    Literal,
    Not,
    Order,
    Path,
    Query,
    Selected,
    SoqlError,
    TypeOf,
    Value,
)  # fmt: skip

_FUNCTIONS = {"count", "count_distinct", "sum", "avg", "min", "max"}
_DERIVED = {
    "calendar_year", "calendar_quarter", "calendar_month", "day_in_month", "day_in_week",
    "day_in_year", "day_only",
    "fiscal_year", "fiscal_quarter", "fiscal_month", "hour_in_day", "week_in_month", "week_in_year",
    "tolabel", "format", "convertcurrency", "converttimezone", "grouping",
}  # fmt: skip
_DATE_LITERAL = re.compile(
    r"(YESTERDAY|TODAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|(FISCAL_)?(QUARTER|YEAR))|LAST_90_DAYS|"
    r"NEXT_90_DAYS|(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|(FISCAL_)?(QUARTERS|YEARS)):\d+|"
    r"N_(DAYS|WEEKS|MONTHS|(FISCAL_)?(QUARTERS|YEARS))_AGO:\d+)",
    re.IGNORECASE,
)


class Parser:
    """Recursive descent over the tokens of one query."""

    def __init__(self, text: str) -> None:
        self._tokens, self._at = tokens(text), 0
        self._depth = 0

    def query(self) -> Query:
        """The whole text as one query."""
        if self._token.kind == "end":
            raise SoqlError("MALFORMED_QUERY", "A query string has to be specified")
        found = self._query()
        if self._token.kind != "end":
            raise self._unexpected()
        return found

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _unexpected(self) -> SoqlError:
        token = self._token
        place = -1 if token.kind == "end" else token.at
        return SoqlError("MALFORMED_QUERY", f"unexpected token: '{token.text}'", place)

    def _next(self) -> Token:
        token = self._token
        self._at += 1
        return token

    def _is(self, *words: str) -> bool:
        ahead = self._tokens[self._at : self._at + len(words)]
        return len(ahead) == len(words) and all(
            t.kind in ("name", "operator") and t.text.lower() == w for t, w in zip(ahead, words, strict=True)
        )

    def _accept(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        self._at += len(words)
        return True

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected()

    def _name(self) -> str:
        if self._token.kind not in ("name", "currency"):
            raise self._unexpected()
        return self._next().text

    def _query(self) -> Query:
        self._expect("select")
        fields = [self._selected()]
        while self._accept(","):
            fields.append(self._selected())
        self._expect("from")
        at = self._token.at
        obj, alias = self._name(), ""
        called = self._token.kind == "name" and self._token.text.lower() not in _CLAUSES
        if self._accept("as") or called or self._token.kind == "currency":
            alias = self._name()
        mine = self._scope()
        where = self._condition() if self._accept("where") else None
        group, subtotals = self._groups() if self._accept("group", "by") else ((), "")
        having = self._condition() if self._accept("having") else None
        order = self._orders() if self._accept("order", "by") else ()
        limit = self._number() if self._accept("limit") else None
        offset = self._number() if self._accept("offset") else None
        looked = self._looked()
        if self._is("all", "rows") or self._is("for", "update"):
            words = "ALL ROWS" if self._is("all") else "FOR UPDATE"
            raise SoqlError("MALFORMED_QUERY", f"{words} not allowed in this context", self._token.at)
        return Query(
            tuple(fields), obj, where, group, having, order, limit, offset, subtotals, mine, alias, at, looked
        )

    def _looked(self) -> str:
        """FOR VIEW, which is FOR REFERENCE as well."""
        found = ""
        while self._is("for", "view") or self._is("for", "reference"):
            found = "view" if found == "view" or self._is("for", "view") else "reference"
            self._at += 2
        return found

    def _scope(self) -> bool:
        """Whether only what the user owns is meant."""
        if not self._accept("using", "scope"):
            return False
        if not self._is("everything") and not self._is("mine"):
            raise self._unexpected()
        return self._name().lower() == "mine"

    def _groups(self) -> tuple[tuple[Path | Derived, ...], str]:
        """What rows are grouped by; in ROLLUP or CUBE three fields at most, and nothing beside them."""
        subtotals = next((word for word in ("rollup", "cube") if self._accept(word, "(")), "")
        found = [self._grouped()]
        while self._accept(","):
            found.append(self._grouped())
        if subtotals:
            self._expect(")")
            if len(found) > MOST_SUBTOTALED or self._is(","):
                raise self._unexpected()
        return tuple(found), subtotals

    def _selected(self) -> Selected:
        if self._accept("("):
            inner = self._query()
            self._expect(")")
            return Children(inner)
        if self._is("typeof") and self._tokens[self._at + 1].kind == "name":
            return self._type_of()
        if self._is("fields", "("):
            self._at += 2
            which = self._name().upper()
            self._expect(")")
            return AllFields(which)
        found = self._value_path()
        if self._token.kind in ("name", "currency") and not self._is("from"):
            return replace(found, alias=self._next().text)
        return found

    def _type_of(self) -> TypeOf:
        self._next()
        relationship, cases = self._path(), []
        while self._accept("when"):
            name = self._name()
            self._expect("then")
            cases.append((name, self._paths()))
        otherwise = self._paths() if self._accept("else") else ()
        self._expect("end")
        if not cases:
            raise self._unexpected()
        return TypeOf(relationship, tuple(cases), otherwise)

    def _paths(self) -> tuple[Path, ...]:
        found = [self._path()]
        while self._accept(","):
            found.append(self._path())
        return tuple(found)

    def _grouped(self) -> Path | Derived:
        found = self._value_path()
        if isinstance(found, Aggregate | Distance) or (
            isinstance(found, Derived) and found.function == "grouping"
        ):
            raise self._unexpected()
        return found

    def _value_path(self) -> Value:
        at = self._token.at
        name = self._name()
        if name.lower() in _DERIVED and self._accept("("):
            return self._derived(name.lower())
        if name.lower() == "distance" and self._accept("("):
            return self._distance()
        if name.lower() in _FUNCTIONS and self._accept("("):
            path = None if self._is(")") else self._path()
            self._expect(")")
            return Aggregate(name.lower(), path)
        return Path(tuple(name.split(".")), at)

    def _derived(self, function: str) -> Derived:
        """What stands in the brackets of a function: a field, or one function more where that has a sense."""
        inner = self._value_path()
        allowed = _INSIDE.get(function, frozenset())
        known = inner.function if isinstance(inner, Derived | Aggregate) else ""
        path = inner_path(inner)
        if isinstance(inner, Distance) or path is None or (known and known not in allowed):
            raise self._unexpected()
        self._expect(")")
        return Derived(function, path, inner=known)

    def _distance(self) -> Distance:
        path = self._path()
        self._expect(",")
        self._expect("geolocation")
        self._expect("(")
        numbers = [self._decimal()]
        self._expect(",")
        numbers.append(self._decimal())
        self._expect(")")
        self._expect(",")
        unit = self._literal()
        self._expect(")")
        if unit.kind != "string" or unit.text.lower() not in ("mi", "km"):
            raise SoqlError("MALFORMED_QUERY", "the unit of DISTANCE is 'mi' or 'km'")
        return Distance(path, numbers[0], numbers[1], unit.text.lower())

    def _decimal(self) -> float:
        if self._token.kind != "number":
            raise self._unexpected()
        if not math.isfinite(float(self._token.text)):
            raise self._unexpected()
        return float(self._next().text)

    def _path(self) -> Path:
        at = self._token.at
        return Path(tuple(self._name().split(".")), at)

    def _number(self) -> int:
        if self._token.kind != "number" or not self._token.text.isdecimal() or len(self._token.text) > 9:
            raise self._unexpected()
        return int(self._next().text)

    def _orders(self) -> tuple[Order, ...]:
        found = [self._order()]
        while self._accept(","):
            found.append(self._order())
        return tuple(found)

    def _order(self) -> Order:
        path = self._value_path()
        descending = self._accept("desc") or (self._accept("asc") and False)
        nulls = ""
        if self._accept("nulls"):
            nulls = self._name().lower()
            if nulls not in ("first", "last"):
                raise self._unexpected()
        return Order(path, descending, nulls)

    def _condition(self) -> Condition:
        """Conditions joined by one word; Salesforce wants brackets where `and` and `or` mix."""
        found = [self._simple()]
        word = ""
        while self._is("and") or self._is("or"):
            token = self._token.text.lower()
            if word and token != word:
                raise self._unexpected()
            word = token
            self._next()
            found.append(self._simple())
        return Junction(word, tuple(found)) if word else found[0]

    def _simple(self) -> Condition:
        if self._accept("not"):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise SoqlError("MALFORMED_QUERY", "the query has too many nested conditions")
            inner = Not(self._simple())
            self._depth -= 1
            return inner
        if self._accept("("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise SoqlError("MALFORMED_QUERY", "the query has too many nested brackets")
            nested = self._condition()
            self._expect(")")
            self._depth -= 1
            return nested
        return self._comparison()

    def _comparison(self) -> Comparison:
        at = self._token.at
        path = self._value_path()
        if self._accept("not", "in"):
            return Comparison(path, "not in", self._list(), at)
        for word in ("in", "includes", "excludes"):
            if self._accept(word):
                return Comparison(path, word, self._list(), at)
        if self._accept("like"):
            return Comparison(path, "like", self._pattern(), at)
        if self._token.kind == "operator" and self._token.text in ("=", "!=", "<>", "<", "<=", ">", ">="):
            operator = self._next().text
            return Comparison(path, "!=" if operator == "<>" else operator, self._literal(), at)
        raise self._unexpected()

    def _pattern(self) -> Literal:
        """What LIKE compares with: `%` and `_` stand for anything unless a backslash is before them."""
        token = self._token
        if token.kind != "string":
            return self._literal()
        self._next()
        return Literal("pattern", unescaped(token, pattern=True))

    def _list(self) -> tuple[Literal, ...] | Query:
        self._expect("(")
        if self._is("select"):
            inner = self._query()
            self._expect(")")
            return inner
        found = [self._literal()]
        while self._accept(","):
            found.append(self._literal())
        self._expect(")")
        return tuple(found)

    def _literal(self) -> Literal:
        token = self._token
        if token.kind == "string":
            return Literal("string", unescaped(self._next()))
        if token.kind in ("number", "date", "datetime", "currency"):
            return Literal(token.kind, self._next().text)
        lower = token.text.lower()
        if token.kind == "name" and lower in ("true", "false", "null"):
            self._next()
            return Literal("null" if lower == "null" else "boolean", lower)
        if token.kind == "name" and _DATE_LITERAL.fullmatch(token.text):
            return Literal("period", self._next().text.upper())
        raise self._unexpected()


_DEEPEST = 100
MOST_SUBTOTALED = 3
_CLAUSES = {"where", "group", "having", "order", "limit", "offset", "using", "for", "with", "all"}
_INSIDE = {
    **{word: frozenset({"converttimezone"}) for word in _DERIVED if "_" in word},
    "format": SUMS | {"convertcurrency"},
}
"""Which functions may stand in the brackets of which."""


def inner_path(value: Value) -> Path | None:
    """The field that a value is made of."""
    return value if isinstance(value, Path) else value.path


def parse(text: str) -> Query:
    """The tree of a query. Raises SoqlError."""
    return Parser(text).query()
