"""Fields that take the place of another one: what both are called at each CRM.

Belongs here: names. No CRM renames a field under its API name, so values are copied: by
`pipelines.reverse_sync.records`, and checked by `pipelines.schema` before the earlier field goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.syncs import Vendor

VENDORS: tuple[Vendor, ...] = ("hubspot", "salesforce")


@dataclass(frozen=True)
class Rename:
    """One field of one object of one CRM, by the CRM's own names."""

    vendor: Vendor
    object: str
    old: str
    new: str
    field: FieldModel
    where: str

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
