"""What a server gives an org when it starts: what a later release knows of standard objects, and the rows
that every org has by itself, whatever its world (profiles, the licence, the values of statuses).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import orjson

from sandbox.salesforce import ids, org, picklists, schema, schema_views
from sandbox.salesforce.fields import SObject
from sandbox.store import Store

_BEGAN = "2020-01-01T00:00:00.000Z"
_CLOSED = {"TaskStatus": {"Completed"}, "CaseStatus": {"Closed"}}
_VALUES = {
    "TaskStatus": ("Task", "Status", 600), "TaskPriority": ("Task", "Priority", 700),
    "CaseStatus": ("Case", "Status", 800),
}  # fmt: skip
"""Whose picklist an object holds, and where its ids begin: these objects share one prefix."""


def bring_up(store: Store) -> None:
    """An org made before an object or a field was known gets it, and the rows that every org has: all of it
    or, when the server is killed meanwhile, nothing."""
    with store.transaction():
        objects = schema.standard_objects()
        _bring_objects(store, objects)
        fill(store)


def _bring_objects(store: Store, objects: dict[str, SObject]) -> None:
    known = dict(store.rows("select name, definition from sobjects"))
    new = {n: s for n, s in objects.items() if n not in known}
    schema.create_tables(store, new)
    for sobject in new.values():
        org.define(store, sobject)
    stamp = _stamp(objects)
    if store.value("select value from meta where key = 'standard_fields'") != stamp:
        for name in known.keys() & objects.keys():
            _add_fields(store, org.read(orjson.loads(known[name])), objects[name])
            schema.index_bin(store, objects[name])
        for name, statement in schema.WORKED_OUT_BY:
            if name in known:
                store.db.execute(statement)
        store.set_meta("standard_fields", stamp)


def _stamp(objects: dict[str, SObject]) -> str:
    """What changes when a release knows more. A field that was taken away since stays away."""
    lines = sorted(
        f"{n}.{f.name} {f.formula}" for n, sobject in objects.items() for f in sobject.fields.values()
    )
    lines += [schema.BIN, *(statement for _, statement in schema.WORKED_OUT_BY)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _add_fields(store: Store, known: SObject, standard: SObject) -> None:
    """Give an object of an older release what this one knows of it: fields, and how they are worked out."""
    there = {column for (column,) in store.rows("select name from pragma_table_info(?)", (known.name,))}
    fields = {
        name: replace(field, formula=standard.fields[name].formula) if name in standard.fields else field
        for name, field in known.fields.items()
    }
    for name, field in standard.fields.items():
        fields.setdefault(name, field)
        if name not in there:
            empty = " default 'false'" if field.type == "boolean" else ""
            store.db.execute(f'alter table "{known.name}" add column "{name}" {field.sql_type}{empty}')
    if fields != known.fields:
        org.define(store, replace(known, fields=fields))


def fill(store: Store) -> None:
    """Put in what is not there."""
    if store.value('select 1 from "UserLicense" limit 1') is None:
        _licence(store)
    if store.value('select 1 from "Profile" limit 1') is None:
        _profiles(store)
    if store.value('select 1 from "ListView" limit 1') is None:
        _views(store)
    for name, (sobject, field, first) in _VALUES.items():
        if store.value(f'select 1 from "{name}" limit 1') is None:
            _values(store, name, sobject, field, first)


def _insert(store: Store, table: str, row: dict[str, Any]) -> None:
    columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    store.db.execute(f'insert into "{table}" ({columns}) values ({marks})', tuple(row.values()))


def _stamps(store: Store) -> dict[str, str]:
    """Made by the integration user when the org began: before its users."""
    at = store.value('select min("CreatedDate") from "User"') or _BEGAN
    user = store.get_meta("integration_user_id")
    return {"CreatedDate": at, "CreatedById": user, "LastModifiedDate": at, "LastModifiedById": user,
            "SystemModstamp": at}  # fmt: skip


def _licence(store: Store) -> None:
    _insert(store, "UserLicense", {
        "Id": ids.make("100", 1), "LicenseDefinitionKey": "SFDC", "TotalLicenses": 100, "Status": "Active",
        "Name": "Salesforce", "MasterLabel": "Salesforce",
        "SystemModstamp": _stamps(store)["SystemModstamp"],
    })  # fmt: skip


def _profiles(store: Store) -> None:
    stamps, licence = _stamps(store), ids.make("100", 1)
    made = {}
    for number, name in enumerate(("System Administrator", "Standard User"), start=1):
        made[name] = ids.make("00e", number)
        row = {"Id": made[name], "Name": name, "UserLicenseId": licence, "UserType": "Standard"}
        _insert(store, "Profile", row | stamps)
    store.db.execute(
        'update "User" set "ProfileId" = case when "Id" = ? then ? else ? end where "ProfileId" is null',
        (store.get_meta("integration_user_id"), made["System Administrator"], made["Standard User"]),
    )


def _views(store: Store) -> None:
    """The list views that every object begins with."""
    stamps, number = _stamps(store), 0
    for definition in [
        orjson.loads(d) for (d,) in store.rows("select definition from sobjects order by name")
    ]:
        kind, plural = definition["name"], definition["plural"]
        if kind not in schema_views.COLUMNS and not kind.endswith("__c"):
            continue
        for own, label, _, _ in schema_views.VIEWS[: None if kind in schema_views.COLUMNS else 1]:
            number += 1
            row = {
                "Id": ids.make("00B", number), "Name": label.format(plural), "SobjectType": kind,
                "DeveloperName": own.format(plural.replace(" ", "")), "IsSoqlCompatible": "true",
            }  # fmt: skip
            _insert(store, "ListView", row | stamps)


def _values(store: Store, name: str, sobject: str, field: str, first: int) -> None:
    stamps = _stamps(store)
    default = picklists.DEFAULTS[sobject][field]
    for number, value in enumerate(picklists.PICKLISTS[sobject][field], start=1):
        row: dict[str, Any] = {
            "Id": ids.make("01J", first + number), "MasterLabel": value, "ApiName": value,
            "SortOrder": number, "IsDefault": str(value == default).lower(),
        }  # fmt: skip
        if name in _CLOSED:
            row["IsClosed"] = str(value in _CLOSED[name]).lower()
        else:
            row["IsHighPriority"] = str(value == "High").lower()
        _insert(store, name, row | stamps)
