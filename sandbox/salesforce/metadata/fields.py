"""A field as metadata and as a column: one becomes the other, and what Salesforce refuses of it.

Belongs here: types, lengths, picklists, references. Objects and everything around fields is `components`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from sandbox.salesforce.cascade import rule_of
from sandbox.salesforce.fields import Field, SObject

Json = dict[str, Any]
_TYPES = {
    "Text": "string", "TextArea": "textarea", "LongTextArea": "textarea", "Html": "textarea",
    "Number": "double", "Currency": "currency", "Percent": "percent", "Checkbox": "boolean", "Date": "date",
    "DateTime": "datetime", "Time": "time", "Email": "email", "Phone": "phone", "Url": "url",
    "Picklist": "picklist", "MultiselectPicklist": "multipicklist", "Lookup": "reference",
    "MasterDetail": "reference", "AutoNumber": "string", "EncryptedText": "string", "Location": "string",
    "Summary": "double", "Hierarchy": "reference",
}  # fmt: skip
_BACK = {
    "string": "Text", "double": "Number", "currency": "Currency", "percent": "Percent", "boolean": "Checkbox",
    "date": "Date", "datetime": "DateTime", "time": "Time", "email": "Email", "phone": "Phone", "url": "Url",
    "picklist": "Picklist", "multipicklist": "MultiselectPicklist", "reference": "Lookup", "int": "Number",
}  # fmt: skip
NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_NUMBERS = ("Number", "Currency", "Percent")
_KEYS = ("Text", "Number", "Email", "AutoNumber")
_FIXED = ("AutoNumber", "Summary", "MasterDetail", "Location")
"""Types that a field gets when it is made and neither takes on nor leaves later."""
MOST_MASTERS, MOST_VALUES = 2, 1_000


class Problem(Exception):
    """Why a component is refused, in Salesforce's words."""


def column(wish: Json, sobject: SObject, objects: dict[str, SObject]) -> Field:
    """The column of a CustomField. Raises Problem."""
    name, kind = str(wish.get("fullName", "")), str(wish.get("type", ""))
    if not NAME.fullmatch(name) or len(name) > 43:
        raise Problem(
            f"The field name you provided {name} on object {sobject.name} can only contain alphanumeric "
            "characters, must begin with a letter, cannot end with an underscore or contain two consecutive "
            "underscore characters, and must be unique across all fields"
        )
    if kind not in _TYPES:
        raise Problem(f"'{kind}' is not a valid value for the enum 'FieldType'")
    if not wish.get("label") or len(str(wish["label"])) > 40:
        raise Problem("Required field is missing: label" if not wish.get("label") else "Label: too long")
    formula = str(wish.get("formula") or "")
    before = sobject.fields.get(name)
    _may_change(before, wish)
    _sizes(wish, kind, has_formula=bool(formula))
    if _true(wish, "externalId") and kind not in _KEYS:
        raise Problem(f"Can not specify 'externalId' for a CustomField of type {kind}")
    targets, relationship = _reference(wish, kind, objects)
    if kind == "Summary":
        _summary(wish, sobject, objects)
    made = bool(formula) or kind in ("AutoNumber", "Summary")
    required = _true(wish, "required") or kind == "MasterDetail"
    return Field(
        name, _TYPES[kind], _length(wish, kind), required=required and not made, server_made=made,
        insert_only=kind == "MasterDetail" and not _true(wish, "reparentableMasterDetail"),
        nillable=not required and kind != "Checkbox", unique=_true(wish, "unique"),
        external_id=_true(wish, "externalId"),
        restricted=str((wish.get("valueSet") or {}).get("restricted", "")) == "true",
        filterable=kind not in ("LongTextArea", "Html"), targets=targets, relationship=relationship,
        values=_values(wish, kind), given_label=str(wish["label"]), default=_default(wish, kind),
        precision=_number(wish, "precision"), scale=_number(wish, "scale"),
        auto=str(wish.get("displayFormat") or "") if kind == "AutoNumber" else "",
        calculated=bool(formula) or kind == "Summary", kind=kind,
        on_delete=str(wish.get("deleteConstraint") or "SetNull") if kind == "Lookup" else "",
    )  # fmt: skip


def _true(wish: Json, name: str) -> bool:
    return str(wish.get(name, "")) == "true"


def _number(wish: Json, name: str) -> int | None:
    return int(wish[name]) if str(wish.get(name, "")).isdecimal() else None


def _sizes(wish: Json, kind: str, *, has_formula: bool) -> None:
    if kind in ("Text", "LongTextArea", "Html", "EncryptedText") and not has_formula:
        length = _number(wish, "length")
        if length is None:
            raise Problem(f"Must specify 'length' for a CustomField of type {kind}")
        most = {"Text": 255, "EncryptedText": 175}.get(kind, 131_072)
        if not 0 < length <= most or (kind in ("LongTextArea", "Html") and length < 256):
            raise Problem(f"The length {length} is not valid for a CustomField of type {kind}")
    if kind in ("LongTextArea", "Html", "MultiselectPicklist") and _number(wish, "visibleLines") is None:
        raise Problem(f"Must specify 'visibleLines' for a CustomField of type {kind}")
    if kind in _NUMBERS:
        precision, scale = _number(wish, "precision"), _number(wish, "scale")
        if precision is None or scale is None:
            raise Problem(f"Must specify 'precision' and 'scale' for a CustomField of type {kind}")
        if precision > 18 or scale > precision:
            raise Problem(f"Precision {precision} and scale {scale} are not valid: at most 18 digits")
    if kind == "Checkbox" and not has_formula and "defaultValue" not in wish:
        raise Problem("Must specify 'defaultValue' for a CustomField of type Checkbox")


def _length(wish: Json, kind: str) -> int:
    fixed = {"Email": 80, "Phone": 40, "Url": 255, "TextArea": 255, "Lookup": 18, "MasterDetail": 18,
             "Picklist": 255, "MultiselectPicklist": 4099, "AutoNumber": 30}  # fmt: skip
    return fixed.get(kind) or _number(wish, "length") or (1300 if wish.get("formula") else 0)


def _reference(wish: Json, kind: str, objects: dict[str, SObject]) -> tuple[tuple[str, ...], str]:
    if kind not in ("Lookup", "MasterDetail", "Hierarchy"):
        return (), ""
    target = str(wish.get("referenceTo") or "")
    if target not in objects:
        raise Problem(f"referenceTo value of '{target}' does not resolve to a valid sObject type")
    if not wish.get("relationshipName"):
        raise Problem(f"Must specify 'relationshipName' for a CustomField of type {kind}")
    return (target,), str(wish["fullName"]).removesuffix("__c") + "__r"


def _summary(wish: Json, sobject: SObject, objects: dict[str, SObject]) -> None:
    """What is summed up are details of the object: rows that cannot be without it."""
    child, _, reference = str(wish.get("summaryForeignKey") or "").partition(".")
    field = objects[child].field(reference) if child in objects else None
    if field is None or sobject.name not in field.targets or rule_of(objects[child], field) != "cascade":
        raise Problem(f"summaryForeignKey value of '{child}.{reference}' does not resolve to a valid field")
    operation, summed = str(wish.get("summaryOperation") or ""), str(wish.get("summarizedField") or "")
    if operation not in ("count", "sum", "min", "max"):
        raise Problem(f"'{operation}' is not a valid value for the enum 'SummaryOperations'")
    if operation != "count" and objects[child].field(summed.partition(".")[2]) is None:
        raise Problem(f"summarizedField value of '{summed}' does not resolve to a valid field")


def _values(wish: Json, kind: str) -> tuple[str, ...]:
    if kind not in ("Picklist", "MultiselectPicklist"):
        return ()
    defined = ((wish.get("valueSet") or {}).get("valueSetDefinition") or {}).get("value") or []
    names = [str(each["fullName"]) for each in defined]
    if not names:
        raise Problem(f"Must specify 'valueSet' for a CustomField of type {kind}")
    twice = [n for i, n in enumerate(names) if n.lower() in {m.lower() for m in names[:i]}]
    if twice:
        raise Problem(f"Duplicate value {twice[0]} in value set")
    if len(names) > MOST_VALUES:
        raise Problem(f"Value set exceeds the maximum of {MOST_VALUES} values")
    return tuple(str(e["fullName"]) for e in defined if str(e.get("isActive", "true")) == "true")


def _default(wish: Json, kind: str) -> str:
    """A default that is a plain value; formulas of defaults are kept and not worked out."""
    if kind == "Checkbox":
        return str(wish.get("defaultValue", "false")).lower()
    if kind == "Picklist":
        defined = ((wish.get("valueSet") or {}).get("valueSetDefinition") or {}).get("value") or []
        return next((str(e["fullName"]) for e in defined if str(e.get("default")) == "true"), "")
    said = str(wish.get("defaultValue") or "")
    if kind in _NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", said):
        return said
    return said[1:-1] if re.fullmatch(r'"[^"]*"', said) else ""


def _may_change(before: Field | None, wish: Json) -> None:
    if before is None or not before.kind:
        return
    old, new = before.kind, str(wish["type"])
    was, will = before.calculated and old != "Summary", bool(wish.get("formula"))
    if was != will or (old != new and (old in _FIXED or new in _FIXED or was)):
        raise Problem(f"Cannot change field type from {old} to {new}")
    if old != new and "Lookup" in (old, new):
        raise Problem(f"Cannot change field type from {old} to {new}")


_WORD = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|/\*.*?\*/|\$[\w.]+|[A-Za-z_]\w*(?=\s*\()|([A-Za-z]\w*(?:[.:]\w+)*)',
    re.S,
)
_LITERALS = ("TRUE", "FALSE", "NULL")


def check_formula(
    formula: str, sobject: SObject, objects: dict[str, SObject], coming: Collection[tuple[str, str]] = ()
) -> None:
    """Raise Problem for a formula that names a field which the object, or one that a lookup of it leads to,
    neither has nor gets by the same deploy."""
    for match in _WORD.finditer(formula):
        name = match[1]
        if name is None or name.upper() in _LITERALS:
            continue
        *steps, last = name.split(".")
        at: SObject | None = sobject
        for step in steps:
            lookup = at.reference(step.partition(":")[0]) if at is not None else None
            at = objects.get(step.partition(":")[2] or lookup.targets[0]) if lookup is not None else None
        if at is None or (at.field(last) is None and (at.name.lower(), last.lower()) not in coming):
            raise Problem(f"Field {name} does not exist. Check spelling.")


def as_metadata(field: Field) -> Json:
    """A column that came with the world, as CustomField metadata."""
    kind = _BACK.get(field.type, "Text")
    if field.type == "textarea":
        kind = "TextArea" if field.length <= 255 else "LongTextArea"
    found: Json = {"fullName": field.name, "externalId": field.external_id, "label": field.label}
    if kind == "Text" or kind == "LongTextArea":
        found["length"] = field.length
    if kind in _NUMBERS:
        found |= {"precision": field.precision or 18, "scale": 2 if field.scale is None else field.scale}
    if kind == "Lookup":
        found |= {"referenceTo": field.targets[0], "relationshipName": field.name.removesuffix("__c")}
    if kind == "Checkbox":
        found["defaultValue"] = "false"
    if kind in ("LongTextArea", "MultiselectPicklist"):
        found["visibleLines"] = 3
    if field.formula:
        found["formula"] = '""'
    found |= {"required": field.required, "type": kind, "unique": field.unique}
    if field.values:
        values = [{"fullName": v, "default": False, "label": v} for v in field.values]
        definition = {"sorted": False, "value": values}
        found["valueSet"] = {"restricted": field.restricted, "valueSetDefinition": definition}
    return found
