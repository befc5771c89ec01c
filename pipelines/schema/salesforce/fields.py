"""A field of the model as CustomField metadata, and back.

Belongs here: types and what goes with them. Objects are `objects`, reading an org is `read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import NUMERIC, PICKLISTS, FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import ObjectModel, Relationship
from pipelines.schema.items import Json, said

TYPES = {
    "text": "Text", "text_area": "TextArea", "long_text": "LongTextArea", "rich_text": "Html",
    "encrypted": "EncryptedText", "number": "Number", "currency": "Currency", "percent": "Percent",
    "checkbox": "Checkbox", "date": "Date", "datetime": "DateTime", "time": "Time", "email": "Email",
    "phone": "Phone", "url": "Url", "picklist": "Picklist", "multi_picklist": "MultiselectPicklist",
    "auto_number": "AutoNumber", "rollup": "Summary", "location": "Location",
}  # fmt: skip
BACK = {there: here for here, there in TYPES.items()}
_LINES = {"LongTextArea": 3, "Html": 25, "MultiselectPicklist": 4}
_DELETE = {"clear": "SetNull", "restrict": "Restrict", "cascade": "Cascade"}
_MANAGED = (
    "label", "type", "length", "precision", "scale", "description", "inlineHelpText", "required", "unique",
    "caseSensitive", "externalId", "defaultValue", "formula", "formulaTreatBlanksAs", "trackHistory",
    "valueSet", "referenceTo", "relationshipName", "relationshipLabel", "deleteConstraint",
    "reparentableMasterDetail", "visibleLines", "displayFormat", "summaryForeignKey", "summarizedField",
    "summaryOperation", "maskChar", "maskType",
)  # fmt: skip
_PLAIN = {
    "required": "false", "unique": "false", "caseSensitive": "false", "externalId": "false",
    "trackHistory": "false", "deleteConstraint": "SetNull", "reparentableMasterDetail": "false",
    "formulaTreatBlanksAs": "BlankAsBlank",
}  # fmt: skip


def is_held(field: FieldModel) -> bool:
    """Whether Salesforce has a field for it: a formula may be HubSpot's only."""
    return field.type != "formula" or field.formula is not None


def content(field: FieldModel, siblings: Mapping[str, FieldModel]) -> Json:
    """The metadata of a field that is no relationship and no rollup."""
    kind = TYPES[field.returns or "text"] if field.type == "formula" else TYPES[field.type]
    found: Json = {
        "label": field.label, "type": kind, "description": field.description, "inlineHelpText": field.help,
        "required": _bool(field.required), "unique": _bool(field.unique),
        "externalId": _bool(field.external_id), "trackHistory": _bool(field.history),
    }  # fmt: skip
    if field.unique or field.case_sensitive:
        found["caseSensitive"] = _bool(field.case_sensitive)
    if field.length is not None and field.type != "formula":
        found["length"] = str(field.length)
    if field.type in NUMERIC or (field.type == "formula" and field.returns in NUMERIC):
        digits, decimals = field.size
        found |= {"precision": str(digits), "scale": str(decimals)}
    if kind in _LINES and field.type != "formula":
        found["visibleLines"] = str(field.lines or _LINES[kind])
    if field.type in PICKLISTS:
        found["valueSet"] = _value_set(field, siblings)
    elif field.type == "checkbox":
        found["defaultValue"] = _bool(bool(field.default))
    elif field.default is not None and field.type not in ("formula",):
        found["defaultValue"] = _default(field)
    if field.formula is not None:
        found["formula"] = field.formula.strip()
        found["formulaTreatBlanksAs"] = "BlankAsZero" if field.blanks == "zero" else "BlankAsBlank"
    if field.type == "auto_number":
        found["displayFormat"] = field.format
    if field.type == "encrypted":
        found |= {"maskChar": "asterisk", "maskType": "all"}
    if field.type == "location":
        found["scale"] = str(field.decimals or 6)
    return canonical(found)


def rollup(model: Model, field: FieldModel) -> Json:
    """The metadata of a number that is worked out of the details."""
    assert field.rollup is not None
    detail = model.objects[field.rollup.object]
    child = names.object_name("salesforce", field.rollup.object, detail)
    relation = names.lookup_name(
        field.rollup.relationship, detail.relationships[field.rollup.relationship]
    )  # fmt: skip
    found: Json = {
        "label": field.label, "type": "Summary", "description": field.description,
        "inlineHelpText": field.help, "summaryForeignKey": f"{child}.{relation}",
        "summaryOperation": field.rollup.operation,
    }  # fmt: skip
    if field.rollup.field is not None:
        summed = names.field_name("salesforce", field.rollup.field, detail.fields[field.rollup.field])
        found["summarizedField"] = f"{child}.{summed}"
    return canonical(found)


def lookup(owner: ObjectModel, relationship: Relationship, target: str) -> Json:
    """The metadata of a relationship."""
    found: Json = {
        "label": relationship.label, "type": "Lookup", "inlineHelpText": relationship.help,
        "referenceTo": target, "relationshipName": names.children_name(owner, relationship),
        "relationshipLabel": relationship.children_label or owner.plural,
    }  # fmt: skip
    if relationship.kind == "master_detail":
        found |= {"type": "MasterDetail", "reparentableMasterDetail": _bool(relationship.reparent)}
    else:
        found["required"] = _bool(relationship.required)
        found["deleteConstraint"] = _DELETE[relationship.on_delete]
    return canonical(found)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _default(field: FieldModel) -> str:
    """A default of a text is a formula, so it stands in quotes; one that begins with = is a formula."""
    text = str(field.default)
    if text.startswith("="):
        return text[1:]
    return f'"{text}"' if field.type in ("text", "text_area", "email", "phone", "url") else text


def _value_set(field: FieldModel, siblings: Mapping[str, FieldModel]) -> Json:
    found: Json = {
        "restricted": _bool(field.restricted),
        "valueSetDefinition": {
            "sorted": _bool(field.sorted),
            "value": [
                {"fullName": each.value, "default": _bool(each.default), "isActive": _bool(each.active),
                 "label": each.shown}
                for each in field.values
            ],
        },
    }  # fmt: skip
    if field.depends_on is not None:
        found["controllingField"] = names.field_name(
            "salesforce", field.depends_on.field, siblings[field.depends_on.field]
        )
        settings: dict[str, list[str]] = {}
        for control, allowed in field.depends_on.values.items():
            for value in allowed:
                settings.setdefault(value, []).append(control)
        found["valueSettings"] = [
            {"controllingFieldValue": controls, "valueName": value} for value, controls in settings.items()
        ]
    return found


def canonical(found: Json) -> Json:
    """What is managed of a CustomField, without what says nothing."""
    kept = said(found, _MANAGED, _PLAIN)
    if "formula" in kept:
        kept.pop("length", None)  # it is as long as it comes to
    if "valueSet" in kept:
        kept["valueSet"] = canonical_values(kept["valueSet"])
    return kept


def canonical_values(value_set: Json) -> Json:
    """A value set with every value's own keys, in the order people gave, controls sorted."""
    defined = value_set.get("valueSetDefinition") or {}
    found: Json = {
        "restricted": value_set.get("restricted") or "false",
        "valueSetDefinition": {
            "sorted": defined.get("sorted") or "false",
            "value": [_canonical_value(each) for each in defined.get("value") or []],
        },
    }  # fmt: skip
    if value_set.get("controllingField"):
        found["controllingField"] = value_set["controllingField"]
        found["valueSettings"] = sorted(
            (
                {"controllingFieldValue": sorted(each.get("controllingFieldValue") or []),
                 "valueName": each["valueName"]}
                for each in value_set.get("valueSettings") or []
            ),
            key=lambda each: str(each["valueName"]),
        )  # fmt: skip
    return found


def _canonical_value(each: Json) -> Json:
    name = str(each["fullName"])
    return {
        "fullName": name, "default": each.get("default") or "false",
        "isActive": each.get("isActive") or "true", "label": each.get("label") or name,
    }  # fmt: skip


def from_metadata(found: Json) -> dict[str, Any]:
    """A field of the model, as its YAML has it, of canonical metadata. Relationships are not asked here."""
    kind, formula = str(found["type"]), found.get("formula")
    here: dict[str, Any] = {"label": found.get("label", ""), "type": "formula" if formula else BACK[kind]}
    for name, key in (("description", "description"), ("inlineHelpText", "help")):
        if found.get(name):
            here[key] = found[name]
    if formula:
        here |= {"returns": BACK[kind], "formula": formula}
        if found.get("formulaTreatBlanksAs") == "BlankAsZero":
            here["blanks"] = "zero"
    if "length" in found and not formula:
        here["length"] = int(found["length"])
    if kind in ("Number", "Currency", "Percent"):
        here |= {"digits": int(found.get("precision") or 18), "decimals": int(found.get("scale") or 0)}
    for name, key in (
        ("required", "required"), ("unique", "unique"), ("caseSensitive", "case_sensitive"),
        ("externalId", "external_id"), ("trackHistory", "history"),
    ):  # fmt: skip
        if found.get(name) == "true":
            here[key] = True
    if kind in _LINES and found.get("visibleLines") not in (None, str(_LINES[kind])):
        here["lines"] = int(found["visibleLines"])
    if found.get("displayFormat"):
        here["format"] = found["displayFormat"]
    if "valueSet" in found:
        here |= _values_back(found["valueSet"])
    elif "defaultValue" in found:
        here |= _default_back(kind, str(found["defaultValue"]))
    return here


def _values_back(value_set: Json) -> dict[str, Any]:
    values: list[Any] = []
    for each in value_set["valueSetDefinition"]["value"]:
        more: dict[str, Any] = {}
        if each["label"] != each["fullName"]:
            more["label"] = each["label"]
        if each["default"] == "true":
            more["default"] = True
        if each["isActive"] == "false":
            more["active"] = False
        values.append({"value": each["fullName"], **more} if more else each["fullName"])
    here: dict[str, Any] = {"values": values}
    if value_set["restricted"] == "false":
        here["restricted"] = False
    if value_set["valueSetDefinition"]["sorted"] == "true":
        here["sorted"] = True
    if value_set.get("controllingField"):
        controlled: dict[str, list[str]] = {}
        for setting in value_set["valueSettings"]:
            for control in setting["controllingFieldValue"]:
                controlled.setdefault(control, []).append(setting["valueName"])
        place = {each["fullName"]: i for i, each in enumerate(value_set["valueSetDefinition"]["value"])}
        ordered = {c: sorted(listed, key=lambda v: place.get(v, 0)) for c, listed in controlled.items()}
        here["depends_on"] = {"field": names.plain_name(value_set["controllingField"]), "values": ordered}
    return here


def _default_back(kind: str, text: str) -> dict[str, Any]:
    if kind == "Checkbox":
        return {"default": True} if text == "true" else {}
    if text.startswith('"') and text.endswith('"') and '"' not in text[1:-1]:
        return {"default": text[1:-1]}
    return {"default": text if text.replace(".", "", 1).lstrip("-").isdigit() else f"={text}"}
