"""What the CRMs themselves say of their fields, in one vocabulary.

Belongs here: asking for properties and describes, and reading them. What a mapping may do with a field is
`resolve`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.clients.errors import NotFound
from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.types import type_name
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.errors import UsageError
from pipelines.rules.syncs import FieldType, Vendor
from pipelines.settings import Settings

_HUBSPOT: dict[str, FieldType] = {
    "string": "text", "phone_number": "text", "number": "number", "date": "date", "datetime": "timestamp",
    "bool": "boolean", "json": "text", "object_coordinates": "text",
}  # fmt: skip
_SALESFORCE: dict[str, FieldType] = {
    "double": "number", "percent": "number", "currency": "money", "int": "integer", "long": "integer",
    "boolean": "boolean", "date": "date", "datetime": "timestamp", "multipicklist": "set",
    "reference": "reference",
}  # fmt: skip


@dataclass(frozen=True)
class FieldMeta:
    """One field of one object, as its CRM describes it."""

    name: str
    type: FieldType
    meaning: str = ""
    """`email`, `phone` or nothing in particular."""
    writable: bool = True
    calculated: bool = False
    required: bool = False
    unique: bool = False
    length: int | None = None
    choices: tuple[str, ...] | None = None
    """What it takes; None where anything goes."""
    vendor_type: str = ""


ObjectKey = tuple[Vendor, str]


@dataclass(frozen=True)
class Metadata:
    """Fields by object and by name in lower case. An object that is not there has no entry."""

    objects: Mapping[ObjectKey, Mapping[str, FieldMeta]] = field(default_factory=dict)

    def has(self, vendor: Vendor, object_name: str) -> bool:
        return (vendor, object_name) in self.objects

    def find(self, vendor: Vendor, object_name: str, name: str) -> FieldMeta | None:
        return self.objects.get((vendor, object_name), {}).get(name.lower())

    def of(self, vendor: Vendor, object_name: str) -> Iterable[FieldMeta]:
        return self.objects.get((vendor, object_name), {}).values()


def ask(settings: Settings, wanted: Iterable[ObjectKey]) -> Metadata:
    """One call an object. Raises UsageError without a connection, ClientError when a CRM does not answer."""
    objects: dict[ObjectKey, Mapping[str, FieldMeta]] = {}
    listed = list(dict.fromkeys(wanted))
    for vendor, connection in (("hubspot", settings.hubspot), ("salesforce", settings.salesforce)):
        if connection is None and any(key[0] == vendor for key in listed):
            raise UsageError(
                f"a field mapping needs {vendor} and there is no connection to it",
                where="environment or .env", remedy="see docs/going-live.md, or switch the mapping off",
            )  # fmt: skip
    hubspot = [key for key in listed if key[0] == "hubspot"]
    salesforce = [key for key in listed if key[0] == "salesforce"]
    if hubspot:
        with open_hubspot(settings) as portal:
            for key in hubspot:
                try:
                    objects[key] = of_hubspot(properties_of(portal, key[1]))
                except NotFound:
                    continue
    if salesforce:
        with open_salesforce(settings) as org:
            for key in salesforce:
                try:
                    objects[key] = of_salesforce(org.describe(key[1]))
                except NotFound:
                    continue
    return Metadata(objects)


def properties_of(portal: HubSpotClient, object_type: str) -> Iterable[Mapping[str, Any]]:
    """Of CRM objects HubSpot tells them, of campaigns its documentation does."""
    return (
        campaigns.PROPERTIES if object_type == campaigns.OBJECT else portal.properties(type_name(object_type))
    )


def of_hubspot(properties: Iterable[Mapping[str, Any]]) -> dict[str, FieldMeta]:
    """The properties API's answer."""
    return {str(each["name"]).lower(): _property(each) for each in properties if not each.get("archived")}


def _property(each: Mapping[str, Any]) -> FieldMeta:
    name, kind, shown = str(each["name"]), str(each.get("type") or ""), str(each.get("fieldType") or "")
    calculated = bool(each.get("calculated")) or shown.startswith("calculation")
    read_only = bool((each.get("modificationMetadata") or {}).get("readOnlyValue"))
    external = bool(each.get("externalOptions") or each.get("referencedObjectType"))
    options = tuple(str(option["value"]) for option in each.get("options") or [])
    kind_here: FieldType = _HUBSPOT.get(kind, "text")
    if kind == "enumeration":
        kind_here = "reference" if external else "set" if shown == "checkbox" else "text"
    if shown == "booleancheckbox":
        kind_here = "boolean"
    is_list = kind == "enumeration" and not external and shown != "booleancheckbox"
    meaning = "email" if name == "email" else "phone" if shown == "phonenumber" else ""
    return FieldMeta(
        name, kind_here, meaning, writable=not (read_only or calculated), calculated=calculated,
        unique=bool(each.get("hasUniqueValue")), length=65_536 if kind_here == "text" else None,
        choices=(options or None) if is_list else None, vendor_type=f"{kind} {shown}".strip(),
    )  # fmt: skip


def of_salesforce(described: Mapping[str, Any]) -> dict[str, FieldMeta]:
    """The answer of describe."""
    return {str(each["name"]).lower(): _field(each) for each in described.get("fields") or []}


def _field(each: Mapping[str, Any]) -> FieldMeta:
    kind = str(each.get("type") or "")
    here: FieldType = _SALESFORCE.get(kind, "text")
    restricted = kind in ("picklist", "multipicklist") and each.get("restrictedPicklist")
    values = (v for v in each.get("picklistValues") or [] if v.get("active", True))
    is_text = each.get("soapType") == "xsd:string" and kind not in ("picklist", "multipicklist")
    must = not each.get("nillable", True) and not each.get("defaultedOnCreate") and kind != "boolean"
    return FieldMeta(
        str(each["name"]), here, kind if kind in ("email", "phone") else "",
        writable=bool(each.get("updateable")), calculated=bool(each.get("calculated")),
        required=bool(must and each.get("createable")), unique=bool(each.get("unique")),
        length=(int(each.get("length") or 0) or None) if is_text else None,
        choices=tuple(str(v["value"]) for v in values) if restricted else None, vendor_type=kind,
    )  # fmt: skip
