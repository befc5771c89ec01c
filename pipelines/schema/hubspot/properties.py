"""A field of the model as a HubSpot property, and back; and how near it comes.

Belongs here: types and what goes with them. Objects are `objects`, reading a portal is `read`.
"""

from __future__ import annotations

from typing import Any

from pipelines.rules.schema.fields import PICKLISTS, FieldModel
from pipelines.schema.items import Held, Json, said

KINDS: dict[str, tuple[str, str]] = {
    "text": ("string", "text"), "text_area": ("string", "textarea"), "long_text": ("string", "textarea"),
    "rich_text": ("string", "html"), "number": ("number", "number"), "currency": ("number", "number"),
    "percent": ("number", "number"), "checkbox": ("bool", "booleancheckbox"), "date": ("date", "date"),
    "datetime": ("datetime", "date"), "time": ("string", "text"), "email": ("string", "text"),
    "phone": ("string", "phonenumber"), "url": ("string", "text"), "picklist": ("enumeration", "select"),
    "multi_picklist": ("enumeration", "checkbox"), "auto_number": ("string", "text"),
}  # fmt: skip
_NEAREST = {
    "time": "text", "email": "text; HubSpot checks no address in it", "url": "text",
    "auto_number": "text; HubSpot counts nothing, the value comes from Salesforce",
    "text_area": "a text of several lines",
}  # fmt: skip
_ABSENT = {
    "encrypted": "HubSpot has no property that hides its value",
    "rollup": "HubSpot's rollups cannot be made by its API",
    "location": "HubSpot has no property for a place; use two numbers",
}  # fmt: skip
_MANAGED = (
    "label", "type", "fieldType", "description", "options", "hasUniqueValue", "numberDisplayHint",
    "showCurrencySymbol", "calculationFormula",
)  # fmt: skip
_PLAIN = {"hasUniqueValue": False, "showCurrencySymbol": False, "numberDisplayHint": "unformatted"}
_BOOL = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]


def held(field: FieldModel, *, is_custom: bool = True) -> tuple[Held, str]:
    """How HubSpot holds a field; `is_custom`: of an object that the file makes."""
    if field.type == "formula":
        if field.hubspot_formula is None:
            return "not available", "the file gives no hubspot_formula"
        notes = _not_kept(field, is_custom=is_custom)
        how = "calculated property, as hubspot_formula says"
        return ("nearest" if notes else "native"), "; ".join([how, *notes, *_also(field)])
    if field.type in _ABSENT:
        return "not available", _ABSENT[field.type]
    kind, shown = KINDS[field.type]
    notes = [_NEAREST[field.type]] if field.type in _NEAREST else []
    notes += _not_kept(field, is_custom=is_custom)
    first = [] if notes else [f"{kind} property, shown as {shown}"]
    return ("nearest" if notes else "native"), "; ".join([*first, *notes, *_also(field)])


def _not_kept(field: FieldModel, *, is_custom: bool) -> list[str]:
    """What of a field HubSpot has no word for."""
    notes = []
    both = "salesforce" in field.crms
    if field.depends_on is not None:
        notes.append("the dependency is kept by Salesforce only")
    if field.default not in (None, False) or any(each.default for each in field.values):
        notes.append("HubSpot sets no default")
    if field.type in PICKLISTS and not field.restricted:
        notes.append("HubSpot takes listed values only")
    if field.length is not None and field.type in ("text", "long_text", "rich_text"):
        at_salesforce = f", Salesforce takes {field.length:,} characters" if both else ""
        notes.append(f"HubSpot keeps no length{at_salesforce}")
    if field.digits is not None or field.decimals is not None:
        digits, decimals = field.size
        at_salesforce = f", Salesforce takes {digits} and {decimals} of them decimals" if both else ""
        notes.append(f"HubSpot counts no digits{at_salesforce}")
    for is_said, note in (
        (field.help and field.description, "HubSpot shows the help, the description is Salesforce's only"),
        (field.sorted, "values stand in the order of the file"),
        (field.required and not is_custom, "HubSpot requires no property of an object of its own"),
        (field.searchable and not is_custom, "what is searched of its own objects is HubSpot's"),
        (field.case_sensitive, "capitals are told apart by Salesforce only"),
        (field.external_id and not field.unique, "HubSpot has no external ids; unique: true makes one"),
        (field.blanks == "zero", "what is blank stays blank"),
        (field.lines is not None, "how high it is shown is HubSpot's"),
        (field.access != "edit", "who may see and edit it is set by people, in HubSpot's settings"),
    ):
        if is_said:
            notes.append(note)
    return notes


def _also(field: FieldModel) -> list[str]:
    """What HubSpot does by itself, or this project does for it."""
    found = []
    if field.external_id and field.unique:
        found.append("a record is found by its unique value")
    if field.history:
        found.append("the history of every property is kept")
    if field.renamed_from is not None:
        found.append(f"takes over the values of {field.renamed_from}, by crm schema backfill")
    return found


def content(field: FieldModel) -> Json:
    """The definition of a field that HubSpot can hold."""
    kind, shown = KINDS[(field.returns or "number") if field.type == "formula" else field.type]
    found: Json = {
        "label": field.label, "type": kind, "fieldType": shown,
        "description": field.help or field.description, "hasUniqueValue": field.unique,
    }  # fmt: skip
    if field.type == "formula":
        found |= {"fieldType": "calculation_equation", "calculationFormula": field.hubspot_formula}
    if field.type == "currency":
        found["showCurrencySymbol"] = True
    if field.type == "percent":
        found["numberDisplayHint"] = "percentage"
    if field.type in PICKLISTS:
        found["options"] = [
            {"label": each.shown, "value": each.value, "hidden": not each.active} for each in field.values
        ]
    if field.type == "checkbox":
        found["options"] = _BOOL
    if field.group is not None:
        found["groupName"] = field.group
    return canonical(found, keep_group=field.group is not None)


def canonical(found: Json, *, keep_group: bool) -> Json:
    """What is managed of a property, without what says nothing."""
    kept = said(found, _MANAGED, _PLAIN)
    if found.get("type") == "bool":
        kept.pop("options", None)  # HubSpot names them in the portal's language
    elif kept.get("options"):
        kept["options"] = [
            {"label": each["label"], "value": each["value"], "hidden": bool(each.get("hidden"))}
            for each in kept["options"]
        ]
    if keep_group and found.get("groupName"):
        kept["groupName"] = found["groupName"]
    return kept


def body(name: str, item: Json, group: str) -> Json:
    """What HubSpot is told to make a property."""
    told = {"name": name, "groupName": group, **item}
    if item.get("type") == "bool":
        told["options"] = [{**each, "displayOrder": i, "hidden": False} for i, each in enumerate(_BOOL)]
    elif item.get("options"):
        told["options"] = [{**each, "displayOrder": i} for i, each in enumerate(item["options"])]
    return told


_BACK = {
    ("string", "textarea"): "long_text", ("string", "html"): "rich_text", ("string", "phonenumber"): "phone",
    ("bool", "booleancheckbox"): "checkbox", ("date", "date"): "date", ("datetime", "date"): "datetime",
    ("enumeration", "checkbox"): "multi_picklist", ("enumeration", "booleancheckbox"): "checkbox",
}  # fmt: skip
_LENGTHS = {"text": 255, "long_text": 32_768, "rich_text": 32_768}


def from_property(found: Json) -> dict[str, Any]:
    """A field of the model, as its YAML has it, of a canonical definition."""
    kind, shown = str(found["type"]), str(found["fieldType"])
    here: dict[str, Any] = {"label": found["label"]}
    simple = {"string": "text", "number": "number", "enumeration": "picklist"}.get(kind, "text")
    type_ = _BACK.get((kind, shown), simple)
    if found.get("showCurrencySymbol"):
        type_ = "currency"
    elif found.get("numberDisplayHint") == "percentage":
        type_ = "percent"
    if shown == "calculation_equation":
        here |= {"type": "formula", "returns": type_, "hubspot_formula": found.get("calculationFormula")}
    else:
        here["type"] = type_
    if found.get("description"):
        here["help"] = str(found["description"])[:510]
    if type_ in _LENGTHS and here["type"] != "formula":
        here["length"] = _LENGTHS[type_]
    if type_ in ("number", "currency", "percent") and here["type"] != "formula":
        here |= {"digits": 18, "decimals": 2}
    if found.get("hasUniqueValue"):
        here["unique"] = True
    if type_ in PICKLISTS:
        here["values"] = [_value(each) for each in found.get("options") or []]
    if found.get("groupName"):
        here["group"] = found["groupName"]
    return here


def _value(option: Json) -> Any:
    more: dict[str, Any] = {}
    if option["label"] != option["value"]:
        more["label"] = option["label"]
    if option.get("hidden"):
        more["active"] = False
    return {"value": option["value"], **more} if more else option["value"]
