"""Objects, fields and lookups that take the place of another one: what both are called at each CRM.

Belongs here: names. No CRM renames anything under its API name, so records and values are copied: by
`pipelines.reverse_sync.records`, and checked by `pipelines.schema` before the earlier one goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.objects import ObjectModel, Relationship
from pipelines.rules.syncs import Vendor

WORKED_OUT = ("formula", "rollup", "auto_number", "encrypted", "location")
"""Fields whose values cannot be written, or not read."""


@dataclass(frozen=True)
class ObjectRename:
    """One object of one CRM that takes over another's records. `key` and `old_key` are the field by which a
    record of the one is known in the other; `fields` are (new, earlier) names, `lookups` likewise."""

    vendor: Vendor
    model: str
    old: str
    new: str
    key: str
    old_key: str
    fields: tuple[tuple[str, str, FieldModel | None], ...]
    lookups: tuple[tuple[str, str, str], ...]
    """(field, earlier field, the model's object it leads to)."""
    where: str

    @property
    def owner(self) -> str:
        """The field that says whose a record is."""
        return "hubspot_owner_id" if self.vendor == "hubspot" else "OwnerId"


@dataclass(frozen=True)
class Rename:
    """One field of one object of one CRM, by the CRM's own names."""

    vendor: Vendor
    object: str
    old: str
    new: str
    field: FieldModel | None
    """None of a lookup."""
    where: str
    through: ObjectRename | None = None
    """Of a lookup the rename of the object it leads to: then ids are those of the new records."""

    @property
    def is_checkbox(self) -> bool:
        return self.field is not None and self.field.type == "checkbox"

    @property
    def old_name(self) -> str:
        return f"{self.object}.{self.old}"

    @property
    def new_name(self) -> str:
        return f"{self.object}.{self.new}"


def earlier_name(vendor: Vendor, said: str) -> str:
    """`renamed_from` is a name of the file, or an API name of Salesforce's."""
    if vendor == "hubspot":
        return names.plain_name(said)
    return said if said.endswith("__c") else f"{names.api_name(said)}__c"


def object_renames(model: Model) -> list[ObjectRename]:
    """Every object that says `renamed_from`, at each CRM that has it."""
    found = []
    for key, each in model.objects.items():
        for vendor in VENDORS:
            owner = names.object_name(vendor, key, each)
            if each.renamed_from is None or owner is None or each.key is None:
                continue
            fields = _copied(vendor, each)
            called = names.field_name(vendor, each.key, each.fields[each.key])
            own = next(field for field in fields if field[0] == called)
            lookups = tuple(
                (names.lookup_name(name, r), _earlier_lookup(name, r), r.to)
                for name, r in each.relationships.items()
                if vendor == "salesforce" and vendor in r.crms and r.kind != "association"
            )
            found.append(
                ObjectRename(vendor, key, earlier_name(vendor, each.renamed_from), owner, own[0], own[1],
                             tuple(fields), lookups, model.where("objects", key, "renamed_from"))
            )  # fmt: skip
    return found


def _copied(vendor: Vendor, each: ObjectModel) -> list[tuple[str, str, FieldModel | None]]:
    """What can be written of a record: what it is called, and every field that no CRM works out."""
    found: list[tuple[str, str, FieldModel | None]] = []
    if each.name.format is None:
        called = each.name.field if vendor == "hubspot" else "Name"
        found.append((called, called, None))
    for name, field in each.fields.items():
        own = names.field_name(vendor, name, field)
        if own is not None and field.type not in WORKED_OUT:
            earlier = own if field.renamed_from is None else earlier_name(vendor, field.renamed_from)
            found.append((own, earlier, field))
    return found


def _earlier_lookup(name: str, relationship: Relationship) -> str:
    if relationship.renamed_from is None:
        return names.lookup_name(name, relationship)
    return earlier_name("salesforce", relationship.renamed_from)


def lookup_renames(model: Model) -> list[Rename]:
    """Every lookup that says `renamed_from`; HubSpot's associations come with the records they tie."""
    through = {each.model: each for each in object_renames(model) if each.vendor == "salesforce"}
    found = []
    for key, each in model.objects.items():
        owner = names.object_name("salesforce", key, each)
        for name, relationship in each.relationships.items():
            if relationship.renamed_from is None or owner is None or relationship.kind == "association":
                continue
            old, new = _earlier_lookup(name, relationship), names.lookup_name(name, relationship)
            where = model.where("objects", key, "relationships", name)
            found.append(
                Rename("salesforce", owner, old, new, None, where, through.get(relationship.to))
            )  # fmt: skip
    return found


def renames(model: Model) -> list[Rename]:
    """Every field of both files that says `renamed_from`, at each CRM that has it."""
    found = []
    for vendor in VENDORS:
        placed = [(owner, each) for owner, each in model.shared(vendor)]
        for key, each in model.objects.items():
            owner = names.object_name(vendor, key, each)
            placed += [(owner, field) for field in model.object_fields(key)] if owner is not None else []
        for owner, field in placed:
            called = names.field_name(vendor, field.key, field.model)
            if field.model.renamed_from is not None and called is not None:
                old = earlier_name(vendor, field.model.renamed_from)
                found.append(Rename(vendor, owner, old, called, field.model, field.where))
    return found
