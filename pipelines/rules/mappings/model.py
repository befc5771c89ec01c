"""What a mapping means, whichever file format said it: values, checked against nothing but themselves.

Belongs here: lines, directions, strategies and which objects a mapping pairs. HubSpot is always on the
left and Salesforce on the right here, whatever a file calls source; `source` remembers what the file meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipelines.rules.syncs import Vendor

Side = Literal["left", "right"]
Direction = Literal["both", "to_right", "to_left"]
Strategy = Literal["most_recent", "source", "destination", "longest", "union", "manual"]
Write = Literal["overwrite", "fill_if_empty"]
Blanks = Literal["never", "clear"]
Unmapped = Literal["leave", "keep", "use"]
Convert = Literal[
    "text", "email", "phone", "first_name", "last_name", "date", "owner", "account", "person", "currency"
]

VENDORS: dict[Side, Vendor] = {"left": "hubspot", "right": "salesforce"}
ENTITIES: dict[tuple[str, str], str] = {
    ("contacts", "Lead"): "person",
    ("contacts", "Contact"): "person",
    ("companies", "Account"): "account",
    ("deals", "Opportunity"): "opportunity",
    ("campaigns", "Campaign"): "campaign",
}
"""Which objects are paired by who or what they are, and the unified thing that joins their records."""
PEOPLE: tuple[tuple[str, str], ...] = (("contacts", "Contact"), ("contacts", "Lead"))
"""The pair of a mapping that names no objects: a person's contact, and until there is one the lead."""
KEYS: dict[Side, str] = {"left": "external_id", "right": "External_Id__c"}
"""The unique field that holds our key in records we create, unless a file says otherwise."""
CAMPAIGN_KEYS: dict[Side, str] = {"left": "hs_notes", "right": "HubSpot_Campaign_Id__c"}
"""Of campaigns: HubSpot has no unique field for them, so the key stands in their notes."""
CASE = {
    **{name: name for pair in ENTITIES for name in pair},
    **{name.lower(): name for pair in ENTITIES for name in pair},
    "contact_hubspot": "contacts",
    "company": "companies",
    "deal": "deals",
}


@dataclass(frozen=True)
class ValueMap:
    """A picklist map. `back` says the way back where several values mean one."""

    forward: tuple[tuple[str, str], ...]
    back: tuple[tuple[str, str], ...]
    unmapped: Unmapped = "leave"
    use: str | None = None
    """The destination's value for what is not listed, with `unmapped: use`."""


@dataclass(frozen=True)
class Money:
    """An amount's currencies: an ISO code, or the field of that side that holds it, and rates to one base."""

    left: str
    right: str
    left_is_field: bool
    right_is_field: bool
    rates: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """One field on the left and one on the right, and everything about how they are kept in step."""

    left: str
    right: str
    where: str
    """`file line N`, as findings and plans show it."""
    source: Side
    direction: Direction = "both"
    strategy: Strategy = "most_recent"
    write: Write = "overwrite"
    blanks: Blanks = "never"
    default_left: str | None = None
    default_right: str | None = None
    required: bool = False
    values: ValueMap | None = None
    """Forward is always left to right."""
    sets: Literal["merge", "replace"] = "replace"
    convert: Convert | None = None
    format: str = ""
    format_side: Side = "right"
    zone: str = ""
    country: str = ""
    money: Money | None = None
    to_right: str = ""
    """Expressions over the fields of the other side; empty where the field itself is the value."""
    to_left: str = ""
    is_default: bool = False
    """Not written in any file: the built-in name mapping."""

    @property
    def name(self) -> str:
        """The same as long as the line maps the same fields, wherever it stands."""
        return f"{self.left}={self.right}"

    @property
    def rule(self) -> str:
        return "default mapping" if self.is_default else self.where

    def writes(self, side: Side) -> bool:
        return self.direction in ("both", f"to_{side}")

    def field_of(self, side: Side) -> str:
        return self.left if side == "left" else self.right


@dataclass(frozen=True)
class Matched:
    """Objects that are paired by a field of each that holds the same: those of `custom_objects.yml`."""

    thing: str
    left: str
    right: str

    def of(self, side: Side) -> str:
        return self.left if side == "left" else self.right


@dataclass(frozen=True)
class Mapping:
    """One file: the objects it pairs and its lines."""

    name: str
    file: str
    source: Side
    pairs: tuple[tuple[str, str], ...]
    """(left object, right object); of several, a person's records are paired by the first that has one."""
    lines: tuple[Line, ...]
    line_numbers: tuple[int, ...] = field(default=(), compare=False)
    creates: frozenset[Side] = frozenset()
    """Sides on which records may be created that only the other one has."""
    deletes: frozenset[Side] = frozenset()
    """Sides on which a record goes when its partner on the other was deleted."""
    keys: tuple[tuple[Side, str], ...] = tuple(KEYS.items())

    constants: tuple[tuple[Side, tuple[tuple[str, str], ...]], ...] = ()
    """What a new record gets on each side beside what lines say."""

    matched: Matched | None = None
    """By which fields records are paired; None where identity says which are one thing."""

    def constants_of(self, side: Side) -> dict[str, str]:
        return dict(dict(self.constants).get(side, ()))

    def key_of(self, side: Side) -> str:
        return dict(self.keys)[side]

    @property
    def entity(self) -> str:
        """The thing that joins the records of a pair: of the unified ones, or an object of the model."""
        return self.matched.thing if self.matched is not None else ENTITIES[self.pairs[0]]

    @property
    def left_object(self) -> str:
        return self.pairs[0][0]

    @property
    def right_objects(self) -> tuple[str, ...]:
        return tuple(right for _, right in self.pairs)


def read_besides(line: Line) -> list[tuple[Side, str]]:
    """The fields a line reads beside its own two: what its expressions name, and an amount's currency."""
    read: list[tuple[Side, str]] = []
    expressions: tuple[tuple[Side, str | None], ...] = (("left", line.to_right), ("right", line.to_left))
    for side, text in expressions:
        if text:
            from pipelines.rules.mappings.expressions import named_fields  # sqlglot takes time to import

            read += [(side, name) for name in named_fields(text)]
    if line.money is not None and line.money.left_is_field:
        read.append(("left", line.money.left))
    if line.money is not None and line.money.right_is_field:
        read.append(("right", line.money.right))
    return read
