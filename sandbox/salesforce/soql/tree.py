"""The tree of a SOQL query: plain data between the parser and the compiler."""

from __future__ import annotations

from dataclasses import dataclass


class SoqlError(Exception):
    """A query Salesforce would refuse, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Path:
    """A field, perhaps through relationships: `Account.Owner.Name`."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True)
class Aggregate:
    """`count(Id) n`; `path` is None for COUNT()."""

    function: str
    path: Path | None
    alias: str = ""


@dataclass(frozen=True)
class Derived:
    """`CALENDAR_YEAR(CloseDate) y`: a value worked out of a field; `GROUPING(Rating)` of its group."""

    function: str
    path: Path
    alias: str = ""


@dataclass(frozen=True)
class Children:
    """A query in the select list: `(SELECT Id FROM Contacts)`; its object is a relationship's name."""

    query: Query


@dataclass(frozen=True)
class TypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`."""

    relationship: Path
    cases: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True)
class AllFields:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    which: str


@dataclass(frozen=True)
class Literal:
    """A value. `kind`: string, number, boolean, null, date, datetime, or the name of a date literal."""

    kind: str
    text: str


@dataclass(frozen=True)
class Comparison:
    """`path operator value`; value a literal, a tuple of literals, or a query for IN."""

    path: Value
    operator: str
    value: Literal | tuple[Literal, ...] | Query


@dataclass(frozen=True)
class Not:
    condition: Condition


@dataclass(frozen=True)
class Junction:
    """Conditions joined by `and` or by `or`."""

    word: str
    conditions: tuple[Condition, ...]


Condition = Comparison | Not | Junction
Value = Path | Aggregate | Derived
Selected = Value | AllFields | Children | TypeOf


@dataclass(frozen=True)
class Order:
    path: Value
    descending: bool = False
    nulls: str = ""


@dataclass(frozen=True)
class Query:
    """A whole query. COUNT() alone is an Aggregate without a path."""

    fields: tuple[Selected, ...]
    object: str
    where: Condition | None = None
    group: tuple[Path | Derived, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    subtotals: str = ""
    """`rollup` or `cube`: rows of the groups' sums besides."""
    mine: bool = False
    """USING SCOPE mine: what the user owns."""
