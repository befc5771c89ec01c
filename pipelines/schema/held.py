"""How a CRM holds what the file says of an object beside its fields: nothing of the file is left out unsaid.

Belongs here: the parts that become no thing of their own at a CRM. Fields and things that do are in each
vendor's folder.
"""

from __future__ import annotations

from pipelines.rules.schema.objects import ObjectModel
from pipelines.schema.items import Held, Wanted

_STANDARD = {
    "label": "a standard object keeps its own; the file's is for the pages",
    "plural": "a standard object keeps its own; the file's is for the pages",
    "description": "a standard object keeps its own; the file's is for the pages",
    "name": "a standard object is named as the CRM does",
    "sharing": "the sharing of a standard object is set by people, for the whole org",
    "history": "the history of a standard object is switched on by people, in Setup",
    "activities": "a standard object takes activities as the CRM has it",
    "in_development": "a standard object is there for everybody",
}
_HUBSPOT: dict[str, tuple[Held, str]] = {
    "sharing": ("not available", "who sees whose records is set by people, by teams and permissions"),
    "history": ("native", "the history of every property is kept"),
    "activities": ("native", "every object takes activities"),
    "in_development": ("not available", "an object of HubSpot's is there for everybody"),
    "permissions": ("not available", "HubSpot's permissions are set by people, in its settings"),
}


def object_parts(found: Wanted, key: str, each: ObjectModel) -> None:
    """A line for each part that was given."""
    plain = ObjectModel(label="x", plural="x")
    given = [n for n in each.model_fields_set if getattr(each, n) != getattr(plain, n)]
    for part in sorted(given):
        line = _line(found.vendor, part, each)
        if line is not None:
            found.hold(f"{key}: {part}", *line)


def _line(vendor: str, part: str, each: ObjectModel) -> tuple[Held, str] | None:
    if part == "key":
        return "native", f"a record is known by its {each.key}"
    if part == "records":
        return _records(vendor, each)
    if part == "renamed_from":
        return "native", f"takes over the records of {each.renamed_from}, by crm schema backfill"
    if vendor == "hubspot":
        if part in _HUBSPOT:
            return _HUBSPOT[part]
        if each.is_custom and part == "name" and each.name.format is not None:
            return "nearest", f"a text; HubSpot numbers nothing, {each.name.format} comes from Salesforce"
    if vendor == "salesforce" and each.is_custom and part == "name" and not each.name.required:
        return "nearest", "Salesforce requires a name of every record"
    if not each.is_custom and part in _STANDARD:
        return "not available", _STANDARD[part]
    return None


def _records(vendor: str, each: ObjectModel) -> tuple[Held, str]:
    wish = each.records
    assert wish is not None
    how = "and what changes later" if wish.changes else "once"
    if wish.to == vendor:
        return "native", f"records come from {wish.said_source}, {how}, by crm plan"
    if wish.said_source == vendor:
        return "native", f"its records go to {wish.to}, {how}, by crm plan"
    return "not available", f"the records of {wish.said_source} go to {wish.to} only, {how}"
