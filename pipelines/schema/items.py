"""The smallest things that are planned: an object, a field, a label, each with what it is at one CRM.

Belongs here: the vocabulary that both CRMs share. `content` is canonical: what says nothing is left out, so
that two contents are equal exactly when the things are.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.rules.syncs import Vendor

Json = dict[str, Any]
Held = Literal["native", "nearest", "not available"]
Key = tuple[Vendor, str, str]


@dataclass(frozen=True)
class Item:
    """Something that is to be, or is, at a CRM. `of` is the object of the CRM it belongs to."""

    vendor: Vendor
    kind: str
    name: str
    content: Json
    of: str = ""
    where: str = ""
    beside: Json = field(default_factory=dict, compare=False)
    """What people made of it that is no part of the model, and is told again so that it stays."""

    @property
    def key(self) -> Key:
        return (self.vendor, self.kind, self.name)

    @property
    def shown(self) -> str:
        return f"{self.vendor} {self.kind} {self.name}"

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True)
class Holding:
    """How one CRM holds one thing of the model."""

    model: str
    vendor: Vendor
    held: Held
    how: str


@dataclass
class Wanted:
    """Everything the model comes to at one CRM."""

    vendor: Vendor
    items: list[Item] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)

    def add(self, item: Item) -> None:
        self.items.append(item)

    def hold(self, model: str, held: Held, how: str) -> None:
        self.holdings.append(Holding(model, self.vendor, held, how))


@dataclass
class Live:
    """What a CRM has, as far as the model asks: items by key, and what is there beside them."""

    vendor: Vendor
    org: str
    items: dict[Key, Item] = field(default_factory=dict)
    raw: dict[Key, Json] = field(default_factory=dict)
    """What the CRM needs to be told again to change something: ids, revisions."""
    beside: dict[Key, Json] = field(default_factory=dict)
    """What a thing has beside its content, where to change it is to replace it whole."""
    empty: frozenset[str] = frozenset()
    """Objects that have no record."""
    own: set[tuple[str, str]] = field(default_factory=set)
    """(object, name) of the fields that the CRM defines itself."""
    used: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """What the account itself says of its limits: kind of thing and object ("" for all), (used, allowed)."""

    def add(self, item: Item, raw: Json | None = None) -> None:
        self.items[item.key] = item
        if raw is not None:
            self.raw[item.key] = raw


_PARTS = ("field", "property", "validation rule", "record type")
Beside = Mapping[str, frozenset[tuple[str, str]]]
"""By standard object the (kind, name) of what it had beside the model at the last apply."""


def beside(wanted: Wanted, live: Live) -> dict[str, frozenset[tuple[str, str]]]:
    """What the standard objects that the model adds to have beside it."""
    customs = {item.name for item in wanted.items if item.kind == "object"}
    standard = {item.of for item in wanted.items if item.kind in _PARTS} - customs
    keys = {item.key for item in wanted.items}
    return {
        of: frozenset(
            (item.kind, item.name) for key, item in live.items.items()
            if item.of == of and item.kind in _PARTS and key not in keys
        )
        for of in standard
    }  # fmt: skip


def added_by_hand(live: Live, known: Container[Key], own: Container[str]) -> list[Item]:
    """What objects that are wholly of the model have beside it. That other objects lead to them is theirs."""
    return [
        item for key, item in live.items.items()
        if key not in known and item.of in own and item.kind not in ("association", "object")
    ]  # fmt: skip


def added_since(live: Live, known: Container[Key], before: Beside) -> list[Item]:
    """What has come to standard objects by hand since the last apply."""
    return [
        item for key, item in live.items.items()
        if item.of in before and item.kind in _PARTS and key not in known
        and (item.kind, item.name) not in before[item.of]
    ]  # fmt: skip


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, by name."""
    names = list(dict.fromkeys([*after, *before]))
    return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}


def said(content: Mapping[str, Any], names: Iterable[str], plain: Mapping[str, Any]) -> Json:
    """Those of `names` that say something: not empty, and not what `plain` has by default."""
    found: Json = {}
    for name in names:
        value = content.get(name)
        if value in (None, "", [], {}, ()) or value == plain.get(name):
            continue
        found[name] = value
    return found
