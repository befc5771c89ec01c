"""How things are called at each CRM when the file does not say.

Belongs here: names made of names. Whether a CRM takes them is `checks`.
"""

from __future__ import annotations

import re

from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.objects import STANDARD, ObjectModel, Relationship
from pipelines.rules.syncs import Vendor

VENDORS: tuple[Vendor, ...] = ("hubspot", "salesforce")
"""The CRMs that objects as code is about."""
RECORD_TYPE = "record_type"
"""The property of HubSpot's that holds record types."""


def api_name(name: str) -> str:
    """`renewal_date` is `Renewal_Date` at Salesforce, before its ending."""
    return "_".join(part[:1].upper() + part[1:] for part in name.split("_"))


def raw_table(name: str) -> str:
    """The raw table of one of Salesforce's objects."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def plain_name(api: str) -> str:
    """`Renewal_Date__c` is `renewal_date` in the file."""
    return api.removesuffix("__c").lower()


def object_name(vendor: Vendor, key: str, model: ObjectModel) -> str | None:
    """What an object is called at a CRM; None where it is not to be there."""
    if vendor not in model.crms:
        return None
    if model.extends is not None:
        hubspot, salesforce = STANDARD[model.extends]
        return hubspot if vendor == "hubspot" else salesforce
    if vendor == "hubspot":
        return model.hubspot or key.lower()
    return model.salesforce or f"{api_name(key)}__c"


def field_name(vendor: Vendor, key: str, field: FieldModel) -> str | None:
    """What a field is called at a CRM; None where it is not to be there."""
    if vendor not in field.crms:
        return None
    if vendor == "hubspot":
        return field.hubspot or key.lower()
    return field.salesforce or f"{api_name(key)}__c"


def key_name(vendor: Vendor, model: ObjectModel) -> str:
    """The field at a CRM that the key of an object is: one of the file, or a standard object's own."""
    assert model.key is not None
    if model.key in model.fields:
        return field_name(vendor, model.key, model.fields[model.key]) or model.key
    own = {"id": ("hs_object_id", "Id"), "email": ("email", "Email")}[model.key]
    return own[0] if vendor == "hubspot" else own[1]


def lookup_name(key: str, relationship: Relationship) -> str:
    """The field of a relationship at Salesforce."""
    return relationship.salesforce or f"{api_name(key)}__c"


def children_name(model: ObjectModel, relationship: Relationship) -> str:
    return relationship.children or re.sub(r"\W+", "_", model.plural or model.extends or "").strip("_")
