"""How much the file asks of each CRM, against what its edition takes, before anything is called.

Belongs here: counting over both files. What a CRM has beside the file is counted by the plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.rules.schema import limits, names
from pipelines.rules.schema.faults import fault
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.objects import ObjectModel, Relationship

if TYPE_CHECKING:
    from pipelines.rules.schema.load import Model
    from pipelines.rules.syncs import Vendor

_NOT_AT_HUBSPOT = ("encrypted", "rollup", "location")


@dataclass
class _Asked:
    """What one object of one CRM is to have of both files."""

    shown: str
    where: str
    fields: list[FieldModel] = field(default_factory=list)
    lookups: list[Relationship] = field(default_factory=list)
    more: int = 0
    """Properties that come with the object itself."""
    rules: int = 0


def check(model: Model) -> None:
    """Raises ConfigError for the first limit that is passed."""
    edition = model.schema.editions.salesforce
    for each in _asked(model, "salesforce").values():
        masters = sum(r.kind == "master_detail" for r in each.lookups)
        _within(each, (
            (masters, limits.MASTERS, "master-detail relationships at Salesforce"),
            (len(each.lookups) - masters, limits.LOOKUPS, "lookups at Salesforce"),
            (len(each.fields) + len(each.lookups), limits.SALESFORCE_FIELDS[edition],
             f"custom fields at Salesforce ({edition}), lookups among them"),
            (sum(f.external_id for f in each.fields), limits.EXTERNAL_IDS, "external ids at Salesforce"),
            (sum(f.type == "rollup" for f in each.fields), limits.ROLLUPS, "rollups at Salesforce"),
            (each.rules, limits.RULES, "validation rules at Salesforce"),
        ))  # fmt: skip
    for each in _asked(model, "hubspot").values():
        _within(each, (
            (len(each.fields) + each.more, limits.HUBSPOT_FIELDS, "custom properties at HubSpot"),
            (sum(f.unique for f in each.fields), limits.HUBSPOT_UNIQUE, "unique properties at HubSpot"),
        ))  # fmt: skip
    _editions(model)


def _within(each: _Asked, counted: tuple[tuple[int, int, str], ...]) -> None:
    for count, most, what in counted:
        if count > most:
            raise fault(f"{each.shown} has {count:,} {what}, and {most:,} are allowed", each.where)


def _asked(model: Model, vendor: Vendor) -> dict[str, _Asked]:
    """By the object's name at the CRM; objects that only `fields.yml` speaks of are among them."""
    found: dict[str, _Asked] = {}
    for key, each in model.objects.items():
        name = names.object_name(vendor, key, each)
        if name is None:
            continue
        asked = found.setdefault(name.lower(), _Asked(key, model.where("objects", key)))
        asked.fields += [p.model for p in model.object_fields(key) if _is_made(vendor, p.model)]
        asked.rules += sum(rule.formula is not None for rule in each.validations.values())
        if vendor == "salesforce":
            asked.lookups += _lookups(model, each)
        else:
            asked.more += each.is_custom + any(rt not in each.pipelines for rt in each.record_types)
    for name, placed in model.shared(vendor):
        asked = found.setdefault(name.lower(), _Asked(name, placed.where))
        asked.fields.append(placed.model)
    return found


def _is_made(vendor: Vendor, field: FieldModel) -> bool:
    if vendor not in field.crms:
        return False
    if field.type == "formula":
        return (field.formula if vendor == "salesforce" else field.hubspot_formula) is not None
    return vendor == "salesforce" or field.type not in _NOT_AT_HUBSPOT


def _lookups(model: Model, each: ObjectModel) -> Iterator[Relationship]:
    for relationship in each.relationships.values():
        is_field = relationship.kind != "association" and "salesforce" in relationship.crms
        if is_field and model.target("salesforce", relationship.to) is not None:
            yield relationship


def _editions(model: Model) -> None:
    """How many custom objects the editions take; those that are there already are counted by the plan."""
    editions = model.schema.editions
    most = {
        "hubspot": limits.HUBSPOT_OBJECTS[editions.hubspot],
        "salesforce": limits.SALESFORCE_OBJECTS[editions.salesforce],
    }
    if editions.hubspot_objects is not None:
        most["hubspot"] = editions.hubspot_objects
    for vendor in VENDORS:
        count = sum(each.is_custom and vendor in each.crms for each in model.objects.values())
        if count > most[vendor]:
            named = {"hubspot": "HubSpot", "salesforce": "Salesforce"}[vendor]
            remedy = "say editions: hubspot_objects: if more were bought" if vendor == "hubspot" else ""
            bought = getattr(editions, vendor)
            raise fault(f"the file has {count} custom objects for {named}, and {bought} takes {most[vendor]}",
                        model.where("objects"), remedy or "mend that line")  # fmt: skip
