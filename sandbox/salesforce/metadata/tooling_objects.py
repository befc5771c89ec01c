"""The objects of the Tooling API: their fields, and their rows put together of what the org has.

Belongs here: what each lists. They are made when somebody asks, for nothing is stored under their names but
Apex and what was deployed. How they are asked is `tooling`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.salesforce import ids
from sandbox.salesforce.fields import Field, SObject, parse

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_APEX = """
Id id an
NamespacePrefix string 15 a
Name string 255 r
ApiVersion double/1 r
Status picklist 40 r
IsValid boolean a
LengthWithoutComments int a
Body textarea 1000000
CreatedDate datetime an
CreatedById reference an -> User:CreatedBy
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""
_OF_ENTITY = """
Id id an
EntityDefinitionId string 100 a
FullName string 255 a
"""
_MEMBER = """
Id id an
MetadataContainerId string 18
ContentEntityId string 18
FullName string 255 a
Body textarea 1000000
"""
_LINES: dict[str, tuple[str, str, str]] = {
    "ApexClass": ("Apex Class", "01p", _APEX),
    "ApexTrigger": ("Apex Trigger", "01q", _APEX + "TableEnumOrId picklist 40 a\n"),
    "ApexLog": ("Apex Debug Log", "07L", """
Id id an
LogUserId reference a -> User:LogUser
LogLength int a
LastModifiedDate datetime an
Request string 20 a
Operation string 200 a
Application string 50 a
Status string 255 a
DurationMilliseconds int a
SystemModstamp datetime an
StartTime datetime a
Location picklist 40 a
"""),
    "TraceFlag": ("Trace Flag", "7tf", """
Id id an
TracedEntityId string 18
LogType picklist 40
DebugLevelId string 18
StartDate datetime
ExpirationDate datetime
"""),
    "DebugLevel": ("Debug Level", "7dl", """
Id id an
DeveloperName string 80
MasterLabel string 80
ApexCode picklist 40
Database picklist 40
"""),
    "CustomObject": ("Custom Object", "01I", """
Id id an
DeveloperName string 80 a
Description textarea 1000 a
SharingModel picklist 40 a
NamespacePrefix string 15 a
"""),
    "CustomField": ("Custom Field", "00N", """
Id id an
DeveloperName string 80 a
TableEnumOrId picklist 40 a
EntityDefinitionId string 100 a
FullName string 255 a
Length int a
Precision int a
Scale int a
NamespacePrefix string 15 a
InlineHelpText string 510 a
"""),
    "EntityDefinition": ("Entity Definition", "4ie", """
Id id an
DurableId string 255 a
QualifiedApiName string 70 a
DeveloperName string 40 a
NamespacePrefix string 15 a
Label string 80 a
MasterLabel string 80 a
PluralLabel string 80 a
KeyPrefix string 3 a
IsCustomizable boolean a
IsQueryable boolean a
IsRetrieveable boolean a
IsSearchable boolean a
IsTriggerable boolean a
IsLayoutable boolean a
IsCustomSetting boolean a
IsDeprecatedAndHidden boolean a
"""),
    "FieldDefinition": ("Field Definition", "4fe", """
Id id an
DurableId string 255 a
EntityDefinitionId string 100 a
QualifiedApiName string 100 a
DeveloperName string 100 a
NamespacePrefix string 15 a
Label string 80 a
MasterLabel string 80 a
DataType string 100 a
Length int a
Precision int a
Scale int a
IsNillable boolean a
IsCalculated boolean a
IsIndexed boolean a
IsNameField boolean a
"""),
    "ValidationRule": ("Validation Rule", "03d", _OF_ENTITY + """
ValidationName string 80 a
Active boolean a
Description textarea 1000 a
ErrorDisplayField string 80 a
ErrorMessage string 255 a
"""),
    "Layout": ("Layout", "00h", _OF_ENTITY + "Name string 80 a\nTableEnumOrId picklist 40 a\n"),
    "RecordType": ("Record Type", "012", """
Id id an
Name string 80 a
FullName string 255 a
SobjectType picklist 40 a
EntityDefinitionId string 100 a
IsActive boolean a
Description textarea 255 a
"""),
    "SourceMember": ("Source Member", "0MZ", """
Id id an
MemberIdOrName string 255 a
MemberName string 255 a
MemberType string 80 a
RevisionCounter int a
RevisionNum int a
IsNameObsolete boolean a
IsNewMember boolean a
ChangedBy string 18 a
LastModifiedById reference an -> User:LastModifiedBy
LastModifiedDate datetime an
"""),
    "InstalledSubscriberPackage": ("Installed Subscriber Package", "0A3", """
Id id an
SubscriberPackageId reference a -> SubscriberPackage:SubscriberPackage
SubscriberPackageVersionId reference a -> SubscriberPackageVersion:SubscriberPackageVersion
"""),
    "SubscriberPackage": ("Subscriber Package", "033", """
Id id an
Name string 255 a
NamespacePrefix string 15 a
"""),
    "SubscriberPackageVersion": ("Subscriber Package Version", "04t", """
Id id an
SubscriberPackageId reference a -> SubscriberPackage:SubscriberPackage
Name string 80 a
MajorVersion int a
MinorVersion int a
PatchVersion int a
BuildNumber int a
IsBeta boolean a
IsDeprecated boolean a
IsManaged boolean a
IsOrgDependent boolean a
IsPasswordProtected boolean a
Package2ContainerOptions picklist 40 a
PublisherName string 255 a
Description string 255 a
ReleaseState picklist 40 a
"""),
    "ApexTestResult": ("Apex Test Result", "07M", """
Id id an
ApexClassId reference a -> ApexClass:ApexClass
MethodName string 255 a
Outcome picklist 40 a
Message string 4000 a
"""),
    "MetadataContainer": ("Metadata Container", "1dc", "Id id an\nName string 32\n"),
    "ApexClassMember": ("Apex Class Member", "400", _MEMBER),
    "ApexTriggerMember": ("Apex Trigger Member", "401", _MEMBER),
    "ContainerAsyncRequest": ("Container Async Request", "1dr", """
Id id an
MetadataContainerId string 18
IsCheckOnly boolean
State picklist 40 a
ErrorMsg textarea 1000 a
"""),
    "ApexCodeCoverageAggregate": ("Apex Code Coverage Aggregate", "715", """
Id id an
ApexClassOrTriggerId string 18 a
NumLinesCovered int a
NumLinesUncovered int a
"""),
}  # fmt: skip


def objects(users: SObject) -> dict[str, SObject]:
    """What the Tooling API has, and the people its rows refer to."""
    found = {
        name: SObject(name, label, _plural(label), prefix, _fields(lines), read_only=True)
        for name, (label, prefix, lines) in _LINES.items()
    }
    own = {name: field for name, field in users.fields.items() if ' from "' not in field.formula}
    return found | {"User": replace(users, fields=own)}


def _plural(label: str) -> str:
    return label + ("es" if label.endswith("s") else "s")


def _fields(lines: str) -> dict[str, Field]:
    parsed = (parse(line, {}) for line in lines.strip().splitlines() if line.strip())
    return {field.name: field for field in parsed}


def rows(sf: Salesforce, kind: str) -> list[Json]:
    """The rows of an object, values as an org's tables hold them."""
    found = _MADE.get(kind)
    return list(found(sf)) if found else []


def prefix(kind: str) -> str:
    return _LINES[kind][1]


def _deployed(sf: Salesforce, kind: str) -> Iterable[tuple[str, str, int, Json]]:
    """Id, full name, moment of change and content of what was deployed of a type."""
    for own, name, changed in sf.store.rows(
        "select id, name, changed from metadata where type = ? order by name", (kind,)
    ):
        yield own, name, changed, sf.metadata.get(kind, name) or {}


def _bool(value: object) -> str:
    return "true" if value in (True, "true") else "false"


def _own_id(kind: str, own: str) -> str:
    """The id of a component with the prefix of its Tooling object."""
    return _LINES[kind][1] + own[3:]


def _apex(sf: Salesforce, kind: str) -> Iterable[Json]:
    for own, name, changed, content in _deployed(sf, kind):
        body, at = str(content.get("Body") or ""), times.iso(changed)
        yield {
            "Id": _own_id(kind, own), "Name": name, "Body": body, "Status": content.get("status"),
            "ApiVersion": float(content.get("apiVersion") or 0), "IsValid": "true",
            "LengthWithoutComments": len(body), "CreatedDate": at, "LastModifiedDate": at,
            "SystemModstamp": at, "CreatedById": sf.org.user_id, "LastModifiedById": sf.org.user_id,
            "TableEnumOrId": _object_of(body),
        }  # fmt: skip


def _object_of(trigger: str) -> str | None:
    words = trigger.replace("(", " ( ").split()
    return words[3] if len(words) > 3 and words[0].lower() == "trigger" else None


def _named_id(kind: str, name: str) -> str:
    """An id that stays while others come and go."""
    digest = hashlib.sha256(name.lower().encode()).digest()
    return ids.make(_LINES[kind][1], int.from_bytes(digest[:6]))


def _custom_fields(sf: Salesforce) -> Iterable[Json]:
    every = [(s, f) for s in sf.org.whole.values() for f in s.fields.values() if f.custom]
    for sobject, field in every:
        yield {
            "Id": _named_id("CustomField", f"{sobject.name}.{field.name}"),
            "DeveloperName": field.name.removesuffix("__c"),
            "TableEnumOrId": sobject.name, "EntityDefinitionId": sobject.name,
            "FullName": f"{sobject.name}.{field.name}", "Length": field.length,
            "Precision": field.precision, "Scale": field.scale,
        }  # fmt: skip


def _custom_objects(sf: Salesforce) -> Iterable[Json]:
    for sobject in (each for each in sf.org.whole.values() if each.custom):
        kept = sf.metadata.get("CustomObject", sobject.name) or {}
        yield {
            "Id": _named_id("CustomObject", sobject.name), "DeveloperName": sobject.name.removesuffix("__c"),
            "Description": kept.get("description"), "SharingModel": kept.get("sharingModel") or "ReadWrite",
        }  # fmt: skip


def _entities(sf: Salesforce) -> Iterable[Json]:
    for number, each in enumerate(sf.org.objects.values()):
        writable = _bool(not each.read_only)
        yield {
            "Id": f"4ie{number:012d}AAA", "DurableId": each.name,
            "QualifiedApiName": each.name, "DeveloperName": each.name.removesuffix("__c"),
            "Label": each.label, "MasterLabel": each.label, "PluralLabel": each.plural,
            "KeyPrefix": each.prefix, "IsCustomizable": writable, "IsQueryable": "true",
            "IsRetrieveable": "true", "IsSearchable": writable, "IsTriggerable": writable,
            "IsLayoutable": writable, "IsCustomSetting": "false", "IsDeprecatedAndHidden": "false",
        }  # fmt: skip


def _field_definitions(sf: Salesforce) -> Iterable[Json]:
    numbers = itertools.count()
    for sobject in sf.org.objects.values():
        for field in sobject.fields.values():
            key = f"{sobject.name}.{field.name.removesuffix('__c')}"
            yield {
                "Id": f"4fe{next(numbers):012d}AAA", "DurableId": key, "EntityDefinitionId": sobject.name,
                "QualifiedApiName": field.name, "DeveloperName": field.name.removesuffix("__c"),
                "Label": field.label, "MasterLabel": field.label, "DataType": field.kind or field.type,
                "Length": field.length, "Precision": field.precision, "Scale": field.scale,
                "IsNillable": _bool(field.nillable), "IsNameField": _bool(field.name == "Name"),
                "IsCalculated": _bool(bool(field.formula) or field.calculated),
                "IsIndexed": _bool(field.external_id or field.name in ("Id", "SystemModstamp")),
            }  # fmt: skip


def _of_objects(sf: Salesforce, kind: str, parting: str) -> Iterable[Json]:
    """Components that belong to an object, which their names begin with."""
    for own, name, _, content in _deployed(sf, kind):
        parent, _, rest = name.partition(parting)
        yield {
            "Id": _own_id(kind, own), "EntityDefinitionId": parent, "TableEnumOrId": parent,
            "FullName": name, "ValidationName": rest, "Name": rest, "Active": _bool(content.get("active")),
            "Description": content.get("description"), "ErrorMessage": content.get("errorMessage"),
            "ErrorDisplayField": content.get("errorDisplayField"),
        }  # fmt: skip


def _record_types(sf: Salesforce) -> Iterable[Json]:
    for own, name, developer, sobject, active in sf.store.rows(
        "select Id, Name, DeveloperName, SobjectType, IsActive from RecordType order by Id"
    ):
        yield {
            "Id": own, "Name": name, "FullName": f"{sobject}.{developer}", "SobjectType": sobject,
            "EntityDefinitionId": sobject, "IsActive": active,
        }  # fmt: skip


def _working(sf: Salesforce, kind: str) -> Iterable[Json]:
    """Rows that were written to say what is to be deployed, and what came of it."""
    for own, content in sf.store.rows(
        "select id, content from tooling where kind = ? order by number", (kind,)
    ):
        row = orjson.loads(content)
        yield row | {"Id": own} | ({"IsCheckOnly": _bool(row.get("IsCheckOnly"))} if "State" in row else {})


def _users(sf: Salesforce) -> Iterable[Json]:
    names = list(sf.org.objects["User"].fields)
    stored = [n for n in names if not sf.org.objects["User"].fields[n].formula]
    columns = ", ".join(f'"{name}"' for name in stored)
    return (dict(zip(stored, row, strict=True)) for row in sf.store.rows(f'select {columns} from "User"'))


_MADE: dict[str, Callable[[Salesforce], Iterable[Json]]] = {
    "ApexClass": lambda sf: _apex(sf, "ApexClass"), "ApexTrigger": lambda sf: _apex(sf, "ApexTrigger"),
    "CustomField": _custom_fields, "CustomObject": _custom_objects, "EntityDefinition": _entities,
    "FieldDefinition": _field_definitions, "RecordType": _record_types, "User": _users,
    "ValidationRule": lambda sf: _of_objects(sf, "ValidationRule", "."),
    "Layout": lambda sf: _of_objects(sf, "Layout", "-"),
    "MetadataContainer": lambda sf: _working(sf, "MetadataContainer"),
    "ApexClassMember": lambda sf: _working(sf, "ApexClassMember"),
    "ApexTriggerMember": lambda sf: _working(sf, "ApexTriggerMember"),
    "ContainerAsyncRequest": lambda sf: _working(sf, "ContainerAsyncRequest"),
}  # fmt: skip
"""Objects without an entry have no rows in an org that runs no Apex and tracks no sources."""
