"""The contact model: data extensions as sets of attributes, and the group that joins them to a contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, extensions
from sandbox.marketing_cloud.extensions import Extension, Field

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_NOTHING = "00000000-0000-0000-0000-000000000000"
_BY_NAME = {"identifierType": "FullyQualifiedName"}
_BASES = {"Number": "Numeric", "Decimal": "Numeric", "Date": "Date", "Boolean": "Boolean"}
GROUP = "Data extensions"


def routes(mc: MarketingCloud) -> list[Route]:
    base = "/hub/v1/contacts/schema"
    return [
        *mc.route("GET", base + "/setDefinitions", lambda call: _sets(mc, call)),
        *mc.route("GET", base + "/attributeGroups", lambda call: _groups(mc, call)),
    ]


def _every(mc: MarketingCloud) -> list[tuple[Extension, tuple[Any, ...]]]:
    columns = "key, category, sendable, send_field, created, description"
    found = []
    for row in mc.store.rows(f"select {columns} from data_extensions order by key"):
        extension = extensions.find(mc.store, row[0])
        if extension is not None:
            found.append((extension, tuple(row)))
    return found


def _told(call: Call, name: str, items: list[dict[str, Any]]) -> Response:
    call.records = len(items)
    context = {"operationStatus": "OK", "schemaType": "Contacts", "populateInternalProperties": False}
    return answer(
        {
            name: items, "responseContext": context, "requestServiceMessageID": call.request_id,
            "responseDateTime": f"{account.shown(call.now)}-06:00", "resultMessages": [],
            "serviceMessageID": call.request_id,
        }
    )  # fmt: skip


def _named(definition: str, key: str, name: str) -> dict[str, Any]:
    return {"definitionID": definition, "definitionKey": key, "definitionName": {"value": name},
            "connectingID": _BY_NAME}  # fmt: skip


def _sets(mc: MarketingCloud, call: Call) -> Response:
    return _told(call, "setDefinition", [_set(mc, found, row) for found, row in _every(mc)])


def _set(mc: MarketingCloud, found: Extension, row: tuple[Any, ...]) -> dict[str, Any]:
    _, category, sendable, send_field, created, description = row
    values = [_value(found, None), *(_value(found, field) for field in found.fields.values())]
    sent = {"sendAttributeStorageName": send_field, "sendContactKeyStorageName": "_SubscriberKey"}
    return {
        **_named(found.id, found.key, found.name), "relationships": [_relationship(found)],
        "valueDefinitions": values,
        "attributeCount": 0, "canAddValues": True, "canChangeValues": True, "canModify": True,
        "canRemove": True, "categoryID": category, "createdBy": 710_420_432,
        "createDate": account.shown(created), "customObjectOwnerMID": mc.member_id,
        "dataRetentionProperties": {
            "isRowBasedRetention": False, "isResetRetentionPeriodOnImport": False,
            "isDeleteAtEndOfRetentionPeriod": False, "periodUnitOfMeasure": 4, "setDefinitionID": found.id,
        },
        "localizedDescription": {"value": description} if description else {},
        "fullyQualifiedName": found.name, "isCustomObjectBacked": True, "isEvent": False, "isHidden": False,
        "isReadOnly": found.synchronized, "isRoot": False, "isSendable": bool(sendable), "isShared": False,
        "isSystemDefined": False, "isTestaable": False, "parentID": _NOTHING, "relationshipCount": 1,
        **(sent if send_field else {}), "storageLogicalType": "DataExtension", "storageName": found.key,
        "storageObjectIDs": [account.guid("storage", found.id)],
        "storageReferenceID": {"type": "guid", "value": found.id}, "setDefinitionID": found.id,
        "setDefinitionKey": found.key, "name": found.name,
    }  # fmt: skip


def _value(found: Extension, field: Field | None) -> dict[str, Any]:
    """An attribute; without a field the number that every row has."""
    name = field.name if field else "Custom Object Key"
    key = field.name if field else "CustomObjectKey"
    definition = field.id if field else account.guid("custom object key", found.id)
    kind = field.type if field else "LongNumber"
    shown = {
        "baseType": _BASES.get(kind, "Text") if field else "Numeric", "dataSourceName": {}, "dataType": kind,
        "description": "", "localizedDescription": {"value": ""}, **_named(definition, key, name),
        "fullyQualifiedName": f"{found.name}.{name}", "isHidden": field is None,
        "isIdentityValue": field is None, "isNullable": field is not None and not field.required,
        "isPrimaryKey": field is not None and field.is_key, "isReadOnly": field is None,
        "isSystemDefined": field is None, "isUpdateable": True,
        "parentDefinition": _named(found.id, found.key, found.name), "parentType": "Set",
        "storageName": field.name if field else "_CustomObjectKey", "valueDefinitionID": definition,
        "valueDefinitionKey": key, "name": name, "setDefinitionID": found.id, "setDefinitionKey": found.key,
        "setDefinitionName": {"value": found.name}, "parentIdentifier": found.id,
    }  # fmt: skip
    return shown if field is None else shown | _of_a_field(field, definition)


def _of_a_field(field: Field, definition: str) -> dict[str, Any]:
    said = {"length": field.length, "scale": field.scale, "defaultValue": field.standard}
    return {name: value for name, value in said.items() if value is not None} | {
        "displayOrder": field.ordinal, "ordinal": field.ordinal,
        "obfuscationProperties": {
            "maskType": "None", "maskTypeID": 0, "storageTypeID": 1, "storageType": "Plain",
            "valueDefinitionID": definition,
        },
        "storageFieldReferenceID": {"type": "guid", "value": field.id},
    }  # fmt: skip


def _relationship(found: Extension) -> dict[str, Any]:
    """An extension hangs on the contact by its key."""
    keyed = next(iter(found.keys), None) or next(iter(found.fields.values()))
    one = {"cardinality": "One", "connectingID": _BY_NAME}
    return {
        "canModify": True, "canRemove": True, "isHidden": False, "isSystemDefined": False,
        "isGroupToSetRelationship": True,
        "leftItem": {**one, "identifier": account.guid("group", GROUP), "relationshipType": "AttributeGroup"},
        "leftRelationshipIDs": [{"type": "int16", "value": "3"}],
        "leftRelationshipReferenceType": "CustomerData",
        "relationshipAttributes": [
            {
                "leftAttributeID": account.guid("contact key"), "leftConnectingID": _BY_NAME,
                "rightAttributeID": keyed.id, "rightConnectingID": _BY_NAME,
            }
        ],
        "relationshipID": account.guid("relationship", found.id),
        "rightItem": {**one, "identifier": found.id, "relationshipType": "AttributeSet"},
    }  # fmt: skip


def _groups(mc: MarketingCloud, call: Call) -> Response:
    every = _every(mc)
    named = [{**_named(found.id, found.key, found.name), "namespace": ""} for found, _ in every]
    group = {
        "mID": mc.member_id, "objectState": "Created", "attributeSetIdentifiers": named, "isOwner": True,
        "isPrimary": False, "isSystemDefined": False, "isHidden": False, "canAddProperties": True,
        "canAddRelationships": True, "containsSchemaAttributes": False, "canRemove": True,
        "canChangeProperties": True, "displayOrder": 0, "requiredRelationships": [], "canModify": True,
        "attributeGroupIconKey": "et-icon-databas", "fullyQualifiedName": GROUP,
        "attributeGroupType": "Standard", "localizedDescription": {},
        "attributeCount": sum(len(found.fields) + 1 for found, _ in every),
        **_named(account.guid("group", GROUP), GROUP.replace(" ", ""), GROUP), "namespace": "",
    }  # fmt: skip
    return _told(call, "attributeGroupDefinitions", [group])
