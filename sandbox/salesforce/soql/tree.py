"""The tree of a SOQL query: plain data between the parser and the compiler."""

from __future__ import annotations

from dataclasses import dataclass, field


class SoqlError(Exception):
    """A query Salesforce would refuse, with its error code, and where in its text if a place is named."""

    def __init__(self, code: str, message: str, at: int = -1) -> None:
        super().__init__(message)
        self.code, self.message, self.at = code, message, at

    def told(self, text: str) -> str:
        """The message as the vendor words it: the text around the place, a mark under it, and its row."""
        if self.at < 0:
            return self.message
        row, line = text.count("\n", 0, self.at) + 1, text.rfind("\n", 0, self.at) + 1
        start = max(line, self.at - _AROUND)
        end = text.find("\n", self.at)
        around = text[start : min(self.at + 2 * _AROUND, end if end >= 0 else len(text))]
        mark = " " * (self.at - start)
        return f"\n{around}\n{mark}^\nERROR at Row:{row}:Column:{self.at - line + 1}\n{self.message}"


_AROUND = 32
SUMS = frozenset({"min", "max", "sum", "avg", "count"})
"""Functions of a group that may stand inside FORMAT."""


@dataclass(frozen=True)
class Path:
    """A field, perhaps through relationships: `Account.Owner.Name`."""

    parts: tuple[str, ...]
    at: int = field(default=-1, compare=False)
    """Where in the text it stands."""
    alias: str = field(default="", compare=False)

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
    """`CALENDAR_YEAR(CloseDate) y`: a value worked out of a field; `GROUPING(Rating)` of its group.

    `inner` is the function inside: `FORMAT(convertCurrency(Amount))`, `FORMAT(MIN(CloseDate))`.
    """

    function: str
    path: Path
    alias: str = ""
    inner: str = ""

    @property
    def name(self) -> str:
        """By what a group is known again where it is named a second time."""
        return f"{self.function} {self.inner} {self.path.text.lower()}"


@dataclass(frozen=True)
class Distance:
    """`DISTANCE(BillingAddress, GEOLOCATION(37.7, -122.4), 'mi')`."""

    path: Path
    latitude: float
    longitude: float
    unit: str
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
    """A value. `kind`: string, pattern (of LIKE, `\\` before what is meant literally), number, currency
    (`USD5000`), boolean, null, date, datetime, or period (a date literal)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Comparison:
    """`path operator value`; value a literal, a tuple of literals, or a query for IN."""

    path: Value
    operator: str
    value: Literal | tuple[Literal, ...] | Query
    at: int = field(default=-1, compare=False)


@dataclass(frozen=True)
class Not:
    condition: Condition


@dataclass(frozen=True)
class Junction:
    """Conditions joined by `and` or by `or`."""

    word: str
    conditions: tuple[Condition, ...]


def both(one: Condition, other: Condition) -> Junction:
    """One and the other; what of theirs is joined by AND itself stays at the top."""
    parts = [c.conditions if isinstance(c, Junction) and c.word == "and" else (c,) for c in (one, other)]
    return Junction("and", (*parts[0], *parts[1]))


Condition = Comparison | Not | Junction
Value = Path | Aggregate | Derived | Distance
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
    alias: str = ""
    """What the object is called within the query: `FROM Account a`."""
    at: int = field(default=-1, compare=False)
    looked: str = ""
    """`view` or `reference`: how whoever asks looks at the rows."""
