"""Formulas and rollups that are worked out of each other, so that neither could ever be worked out.

Belongs here: following them, at each CRM by itself. What a formula may name is `formula_names`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.rules.schema import formula_names, names
from pipelines.rules.schema.faults import fault
from pipelines.rules.schema.load import FIELDS

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model, Placed
    from pipelines.rules.syncs import Vendor

_Place = tuple[str, str]
"""An object and a field of a CRM, in lower case."""


@dataclass(frozen=True)
class _WorkedOut:
    """A field, what it is worked out of, and where that is written."""

    shown: str
    of: tuple[_Place, ...]
    where: str


def check(model: Model) -> None:
    """Raises ConfigError for the first circle."""
    for found in (_at_salesforce(model), _at_hubspot(model)):
        done: set[_Place] = set()
        for place in found:
            _follow(found, place, [], done)


def _follow(found: dict[_Place, _WorkedOut], place: _Place, path: list[_Place], done: set[_Place]) -> None:
    if place in path:
        ring = [found[each] for each in path[path.index(place) :]]
        shown = " → ".join([*(each.shown for each in ring), ring[0].shown])
        raise fault(f"formulas are worked out of each other: {shown}", ring[0].where)
    if place not in found or place in done:
        return
    for other in found[place].of:
        _follow(found, other, [*path, place], done)
    done.add(place)


def _at_salesforce(model: Model) -> dict[_Place, _WorkedOut]:
    found = {}
    for key, owner, placed in _placed(model, "salesforce"):
        of: list[_Place] = []
        if placed.model.formula is not None:
            of = formula_names.places(model, key, owner, placed.model.formula)
        elif placed.model.rollup is not None and placed.model.rollup.field is not None:
            of = _summed(model, placed)
        if of:
            place = (owner.lower(), str(names.field_name("salesforce", placed.key, placed.model)).lower())
            found[place] = _WorkedOut(f"{key or owner}.{placed.key}", tuple(of), _where(model, key, placed))
    return found


def _summed(model: Model, placed: Placed) -> list[_Place]:
    rollup = placed.model.rollup
    assert rollup is not None
    assert rollup.field is not None
    detail = model.objects[rollup.object]
    owner = names.object_name("salesforce", rollup.object, detail)
    field = names.field_name("salesforce", rollup.field, detail.fields[rollup.field])
    return [(owner.lower(), field.lower())] if owner is not None and field is not None else []


def _at_hubspot(model: Model) -> dict[_Place, _WorkedOut]:
    found = {}
    for key, owner, placed in _placed(model, "hubspot"):
        text = placed.model.hubspot_formula
        called = names.field_name("hubspot", placed.key, placed.model)
        if text is not None and called is not None:
            of = tuple((owner.lower(), name.lower()) for name in formula_names.properties(text))
            shown = f"{key or owner}.{placed.key}"
            found[owner.lower(), called.lower()] = _WorkedOut(shown, of, _where(model, key, placed))
    return found


def _placed(model: Model, vendor: Vendor) -> list[tuple[str | None, str, Placed]]:
    """(the file's name of the object, the CRM's, field) of both files, where the CRM has it."""
    found: list[tuple[str | None, str, Placed]] = []
    by_name: dict[str, str] = {}
    for key, each in model.objects.items():
        owner = names.object_name(vendor, key, each)
        if owner is not None:
            by_name[owner] = key
            found += [
                (key, owner, placed) for placed in model.object_fields(key) if vendor in placed.model.crms
            ]
    return found + [(by_name.get(owner), owner, placed) for owner, placed in model.shared(vendor)]


def _where(model: Model, key: str | None, placed: Placed) -> str:
    if placed.shared or key is None:
        return model.where(placed.key, "field", file=FIELDS)
    return placed.where
