"""Describe: objects and fields with every key a real describe answer has."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from typing import Any

from sandbox.salesforce import cascade, described, record_types, schema, versions
from sandbox.salesforce.child_names import child_name
from sandbox.salesforce.fields import SOAP_TYPES, Field, SObject
from sandbox.salesforce.org import Org

_NUMERIC, _SHORT = ("double", "currency", "percent"), 255
_OF_A_NAME, _MORE_OF_TYPE = ("FirstName", "LastName", "Salutation"), {"PhotoUrl": "imageurl"}
_DEFAULTED = (
    "Id", "OwnerId", "Status", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById",
    "SystemModstamp",
)  # fmt: skip


def global_entry(sobject: SObject, version: str) -> dict[str, Any]:
    """An object as the global describe lists it."""
    writable = not sobject.read_only
    path = f"/services/data/v{version}/sobjects/{sobject.name}"
    entry: dict[str, Any] = {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.createable,
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": writable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix or None,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": writable,
        "mergeable": sobject.name in ("Lead", "Contact", "Account"),
        "mruEnabled": writable,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": writable,
        "triggerable": writable,
        "undeletable": sobject.deletable,
        "updateable": writable,
    } | described.OBJECTS.get(sobject.name, {})
    entry["urls"] = {"rowTemplate": f"{path}/{{ID}}", "describe": f"{path}/describe", "sobject": path}
    if entry["layoutable"]:
        entry["urls"] |= {
            "layouts": f"{path}/describe/layouts",
            "compactLayouts": f"{path}/describe/compactLayouts",
        }
        if sobject.name != "CampaignMember":
            entry["urls"]["quickActions"] = f"{path}/quickActions"
    if entry["layoutable"] and entry["searchable"]:
        entry["urls"] |= {
            "approvalLayouts": f"{path}/describe/approvalLayouts",
            "listviews": f"{path}/listviews",
        }
    return _at(entry, version)


def _at(entry: dict[str, Any], version: str) -> dict[str, Any]:
    """Without the keys that came after a version."""
    number = versions.number_of(version)
    return {key: value for key, value in entry.items() if versions.DESCRIBED.get(key, 0) <= number}


def object_describe(org: Org, sobject: SObject, version: str) -> dict[str, Any]:
    """The full describe of an object."""
    entry = global_entry(sobject, version)
    path = f"/services/data/v{version}/sobjects/{sobject.name}"
    entry["urls"] |= {
        "uiDetailTemplate": "/{ID}",
        "uiEditTemplate": "/{ID}/e",
        "uiNewRecord": f"/{sobject.prefix}/e",
        "defaultValues": f"{path}/defaultValues?recordTypeId&fields",
    }
    infos = record_types.infos(org.record_types.get(sobject.name, []), path)
    if versions.number_of(version) < versions.RECORD_TYPES_NAMED:
        infos = [{k: v for k, v in each.items() if k != "developerName"} for each in infos]
    whole = entry | {
        "actionOverrides": [],
        "childRelationships": children(org, sobject),
        "compactLayoutable": entry["createable"],
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": dependent(
            org,
            sobject,
            [field_of(sobject, f, searchable=entry["searchable"]) for f in sobject.fields.values()],
        ),
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": infos,
        "searchLayoutable": entry["searchable"] or sobject.read_only,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {sobject.plural.lower()}", "name": "everything"},
            {"label": f"My {sobject.plural.lower()}", "name": "mine"},
        ],
    }
    return _at(whole, version)


def dependent(org: Org, sobject: SObject, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same fields, with what picklists depend on: of each value a bit for each value of the other, the
    first the highest of the first byte, in Base64."""
    sets = {
        name.partition(".")[2]: content["valueSet"]
        for name, content in schema.deployed(org.store, "CustomField", sobject.name)
        if (content.get("valueSet") or {}).get("controllingField")
    }
    for each in fields:
        value_set = sets.get(each["name"])
        control = sobject.field(str(value_set["controllingField"])) if value_set else None
        if value_set is None or control is None:
            continue
        values = ["false", "true"] if control.type == "boolean" else list(control.values)
        allowed = {e["valueName"]: e.get("controllingFieldValue") for e in value_set["valueSettings"]}
        each |= {"controllerName": control.name, "dependentPicklist": True}
        for value in each["picklistValues"]:
            value["validFor"] = _bits(values, allowed.get(value["value"]) or [])
    return fields


def _bits(values: Sequence[str], chosen: Collection[str]) -> str:
    found = bytearray((len(values) + 7) // 8)
    for position, value in enumerate(values):
        if value in chosen:
            found[position // 8] |= 0x80 >> (position % 8)
    return base64.b64encode(bytes(found)).decode()


def children(org: Org, sobject: SObject) -> list[dict[str, Any]]:
    """The fields of other objects that refer to this one."""
    return [
        {
            "cascadeDelete": cascade.rule_of(child, field) == "cascade", "childSObject": child.name,
            "deprecatedAndHidden": False, "field": field.name, "junctionIdListNames": [],
            "junctionReferenceTo": [], "relationshipName": child_name(child, field),
            "restrictedDelete": cascade.rule_of(child, field) == "restrict",
        }
        for child in org.objects.values()
        for field in child.fields.values()
        if sobject.name in field.targets
    ]  # fmt: skip


def field_of(sobject: SObject, field: Field, *, searchable: bool = True) -> dict[str, Any]:
    """A field of an object with what is said of standard ones besides."""
    besides = described.besides(sobject, field, searchable=searchable)
    return field_describe(field, besides.get("defaultValue")) | besides


def field_describe(field: Field, default: str | None = None) -> dict[str, Any]:
    """A field with every key of a real one."""
    text = field.type not in (*_NUMERIC, "int", "boolean", "date", "datetime", "time", "anyType")
    writable, long = not field.server_made, field.type == "textarea" and field.length > _SHORT
    more = "plaintextarea" if field.type == "textarea" else None
    boolean, whole = field.type == "boolean", field.type in ("address", "base64")
    return {
        "aggregatable": field.type not in ("boolean", "anyType", "multipicklist", "address", "base64")
        and not long,
        "aiPredictionField": False,
        "autoNumber": bool(field.auto),
        "byteLength": field.length * 3 if text and field.type not in ("id", "reference") else field.length,
        "calculated": field.custom and (bool(field.formula) or field.calculated),
        "calculatedFormula": field.expression or None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": "Name" if field.name in _OF_A_NAME else None,
        "controllerName": None,
        "createable": writable,
        "custom": field.custom,
        "defaultValue": False if boolean else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": boolean or field.name in _DEFAULTED or bool(field.default),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 8 if field.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": "personname" if field.name in _OF_A_NAME else _MORE_OF_TYPE.get(field.name, more),
        "filterable": field.filterable and not long,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": field.blank_is_zero,
        "groupable": (text and not long and not whole) or field.type in ("boolean", "date", "int"),
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.name in ("Id", "Email") or field.external_id,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length if text else 0,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name == "Name",
        "namePointing": len(field.targets) > 1,
        "nillable": field.nillable,
        "permissionable": writable and field.nillable,
        "picklistValues": [
            {"active": True, "defaultValue": v == default, "label": v, "validFor": None, "value": v}
            for v in field.values
        ],
        "polymorphicForeignKey": len(field.targets) > 1,
        "precision": (field.precision or 18) if field.type in _NUMERIC else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.targets),
        "relationshipName": field.relationship or None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": (2 if field.scale is None else field.scale) if field.type in _NUMERIC else 0,
        "searchPrefilterable": False,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": not long and not whole,
        "type": field.type,
        "unique": field.unique,
        "updateable": writable and not field.insert_only,
        "writeRequiresMasterRead": False,
    }
