"""What a CRM does not let be changed, and what loses data when it is.

Belongs here: the vendors' rules about changes, each a sentence. Counting what would be lost is `run`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.schema import formula_fields
from pipelines.schema.items import Item, Json, Live, Wanted

if TYPE_CHECKING:
    from pipelines.schema.plan import Action

_FIXED = ("AutoNumber", "Summary", "MasterDetail", "Location")
_WIDER = {
    ("Number", "Text"), ("Currency", "Number"), ("Number", "Currency"), ("Percent", "Number"),
    ("Number", "Percent"), ("Currency", "Percent"), ("Percent", "Currency"), ("Text", "TextArea"),
    ("Text", "LongTextArea"), ("TextArea", "LongTextArea"), ("LongTextArea", "Html"), ("Text", "Html"),
    ("TextArea", "Html"), ("Picklist", "MultiselectPicklist"), ("Picklist", "Text"), ("Email", "Text"),
    ("Phone", "Text"), ("Url", "Text"), ("Text", "Phone"), ("Text", "Url"), ("Date", "DateTime"),
    ("AutoNumber", "Text"),
}  # fmt: skip
"""Changes of type at Salesforce that keep every value."""
_HUBSPOT_WIDER = {
    ("number", "string"), ("date", "datetime"), ("enumeration", "string"), ("bool", "string"),
    ("bool", "enumeration"),
}  # fmt: skip


def of_create(item: Item, wanted: Wanted, live: Live) -> str:
    """Why something cannot be made; empty when it can."""
    if item.kind == "property" and (item.of, item.name.partition(".")[2]) in live.own:
        return (
            "HubSpot has a property of this name of its own: a field mapping uses it as it is; take it out "
            "of the file, or give the field another name"
        )
    if item.kind == "field" and item.content.get("type") == "MasterDetail":
        owner = live.items.get(("salesforce", "object", item.of))
        if owner is not None and item.of not in live.empty:
            return (
                f"Salesforce makes no master-detail field on {item.of}, which has records; make it a lookup"
            )
    return of_formula(item, wanted, live)


def of_formula(item: Item, wanted: Wanted, live: Live) -> str:
    """A formula that names a custom field which an object neither has nor gets. Fields of the file's own
    objects were asked for before; this is what only the account knows of standard ones."""
    if not formula_fields.names(item):
        return ""
    fields = formula_fields.by_name([*live.items.values(), *wanted.items])
    own = {f"{of}.{name}".lower() for of, name in live.own}
    for of, name in formula_fields.places(item, fields):
        full = f"{of}.{name}".lower()
        if full not in fields and full not in own:
            return f"its formula names {name}, which {of} does not have"
    return ""


def of_change(action: Action) -> Action:
    """The same action with what speaks against it."""
    if action.item.vendor == "salesforce":
        return _salesforce(action)
    return _hubspot(action)


def _salesforce(action: Action) -> Action:
    before, after = action.before or {}, action.item.content
    if action.item.kind == "object":
        if before.get("nameField", {}).get("type") != after.get("nameField", {}).get("type"):
            return replace(action, loses="the names of all records, which are numbered or named anew")
        return action
    if action.item.kind != "field":
        return action
    old, new = str(before.get("type")), str(after.get("type"))
    if bool(before.get("formula")) != bool(after.get("formula")):
        return replace(
            action, impossible="Salesforce turns no field into a formula and no formula into a field"
        )
    if old != new:
        if (old in _FIXED and (old, new) not in _WIDER) or new in _FIXED or "Lookup" in (old, new):
            return replace(action, impossible=f"Salesforce turns no {old} into a {new}")
        if (old, new) not in _WIDER:
            return replace(action, loses=f"values that are no {new}", asks=action.name)
    if before.get("referenceTo") != after.get("referenceTo"):
        return replace(action, impossible="Salesforce lets no lookup lead to another object")
    for name, what in (("length", "characters"), ("precision", "digits"), ("scale", "decimals")):
        if name in before and name in after and int(after[name]) < int(before[name]):
            return replace(action, loses=f"values of more than {after[name]} {what}", asks=action.name)
    dropped = _values(before) - _values(after)
    if dropped:
        shown = ", ".join(sorted(dropped))
        return replace(action, loses=f"the meaning of the values {shown}; say active: false to keep them",
                       asks=action.name)  # fmt: skip
    return action


def _values(content: Json) -> set[str]:
    defined = (content.get("valueSet") or {}).get("valueSetDefinition") or {}
    return {str(each["fullName"]) for each in defined.get("value") or []}


def _hubspot(action: Action) -> Action:
    before, after = action.before or {}, action.item.content
    if action.item.kind == "pipeline":
        had, has = ([str(s["label"]) for s in end.get("stages") or []] for end in (before, after))
        gone = set(had) - set(has) - set(renamed_stages(had, has).values())
        return replace(action, loses=f"the stages {', '.join(sorted(gone))}") if gone else action
    if action.item.kind != "property":
        return action
    if bool(before.get("hasUniqueValue")) != bool(after.get("hasUniqueValue")):
        return replace(action, impossible="HubSpot makes no property unique, or not unique, once it is there")
    calculated = "calculation_equation"
    if (before.get("fieldType") == calculated) != (after.get("fieldType") == calculated):
        return replace(action, impossible="HubSpot turns no property into a calculated one, or back")
    old, new = str(before.get("type")), str(after.get("type"))
    if old != new and (old, new) not in _HUBSPOT_WIDER:
        return replace(action, loses=f"values that are no {new}", asks=action.name)
    if before.get("fieldType") == "checkbox" and after.get("fieldType") in ("select", "radio"):
        return replace(action, loses="all but one of several values", asks=action.name)
    dropped = {o["value"] for o in before.get("options") or []} - {
        o["value"] for o in after.get("options") or []
    }
    if dropped and new == "enumeration":
        shown = ", ".join(sorted(dropped))
        return replace(action, loses=f"the values {shown}; say active: false to keep them", asks=action.name)
    return action


def renamed_stages(before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """New label to earlier one of each stage that is called otherwise at its place; its records stay."""
    pairs = zip(before, after, strict=False)
    return {new: old for old, new in pairs if old not in after and new not in before}


def of_destroy(action: Action) -> Action:
    """Taking away loses what is held."""
    kind = action.item.kind
    if kind in ("field", "property"):
        return replace(action, loses="every value of it", asks=action.name)
    if kind == "object":
        return replace(action, loses="all its records")
    if kind in ("pipeline", "label", "record type"):
        return replace(action, loses=f"what records say of this {kind}")
    if kind == "association":
        return replace(action, loses="what records are tied by it")
    return action
