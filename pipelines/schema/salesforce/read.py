"""What an org has of what the model asks: metadata ten components a call, Apex by a query.

Belongs here: asking, and answers as items. What they should be is `objects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from pipelines.clients import errors
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.rules.schema import limits
from pipelines.schema import formula_fields
from pipelines.schema.items import Item, Json, Live, Wanted
from pipelines.schema.salesforce import fields, layouts, objects

_LISTS = frozenset(
    {"fields", "recordTypes", "validationRules", "picklistValues", "values", "value", "valueSettings",
     "controllingFieldValue", "layoutSections", "layoutColumns", "layoutItems", "fieldPermissions",
     "objectPermissions", "recordTypeVisibilities"}
)  # fmt: skip


EDITIONS = {
    "Professional Edition": "professional", "Enterprise Edition": "enterprise",
    "Unlimited Edition": "unlimited", "Performance Edition": "unlimited", "Developer Edition": "developer",
}  # fmt: skip
"""What an org calls what it was bought as."""


def live(client: SalesforceClient, wanted: Wanted, managed: Iterable[tuple[str, str]]) -> Live:
    """The items that are there of what is wanted and of what was made before, and what is beside them."""
    org = client.identity()
    found = Live("salesforce", org.org_id)
    listed = [(i.kind, i.name, i.of) for i in wanted.items]
    listed += [(kind, name, name.partition(".")[0].partition("-")[0]) for kind, name in managed]
    owners = [of for kind, _, of in listed if of and kind in ("object", "field", "record type",
                                                              "validation rule")]  # fmt: skip
    _add_objects(client, found, wanted, dict.fromkeys(owners))
    pages = [name for kind, name, _ in listed if kind == "layout"]
    for name, element in client.metadata.read("Layout", list(dict.fromkeys(pages))).items():
        add_layout(found, name, content(element))
    sets = [name for kind, name, _ in listed if kind == "permission set"]
    for name, element in client.metadata.read("PermissionSet", list(dict.fromkeys(sets))).items():
        rights = objects.canonical_rights(content(element))
        found.add(Item("salesforce", "permission set", name, rights))
    for kind, tool in (("apex class", "ApexClass"), ("apex trigger", "ApexTrigger")):
        asked = list(dict.fromkeys(name for k, name, _ in listed if k == kind))
        _apex(client, found, kind, tool, asked)
    _allowances(client, found, wanted)
    found.empty = frozenset(_empty(client, found, wanted))
    if sets:
        _assigned(client, found, sets[0])
    return found


def _add_objects(client: SalesforceClient, found: Live, wanted: Wanted, owners: Iterable[str]) -> None:
    """The objects that things belong to, and those that the formulas of things lead to, over any lookups."""
    asked, read = list(owners), set[str]()
    while asked:
        for name, element in client.metadata.read("CustomObject", asked).items():
            add_object(found, name, content(element))
        read |= set(asked)
        fields = formula_fields.by_name([*found.items.values(), *wanted.items])
        led_to = [of for item in wanted.items for of, _ in formula_fields.places(item, fields)]
        asked = [of for of in dict.fromkeys(led_to) if of not in read]


def _allowances(client: SalesforceClient, found: Live, wanted: Wanted) -> None:
    """What the org's own edition takes, and what it has: asked when something new is wanted."""
    new = [item for item in wanted.items if item.key not in found.items]
    if not any(item.kind in ("object", "field") for item in new):
        return
    row = next(client.query_pages("SELECT OrganizationType FROM Organization")).records[0]
    edition = EDITIONS.get(str(row.get("OrganizationType")))
    if edition is None:
        return
    for of in dict.fromkeys(item.of for item in new if item.kind == "field"):
        there = sum(each.kind == "field" and each.of == of for each in found.items.values())
        found.used["field", of] = (there, limits.SALESFORCE_FIELDS[edition])
    if any(item.kind == "object" for item in new):
        there = sum(name.endswith("__c") for name in client.metadata.names("CustomObject"))
        found.used["object", ""] = (there, limits.SALESFORCE_OBJECTS[edition])


def _empty(client: SalesforceClient, found: Live, wanted: Wanted) -> list[str]:
    """Objects without records, of those that are to become the detail of another."""
    asked = {
        item.of
        for item in wanted.items
        if item.content.get("type") == "MasterDetail" and item.key not in found.items
        and ("salesforce", "object", item.of) in found.items
    }  # fmt: skip
    return [
        name for name in sorted(asked) if next(client.query_pages(f"SELECT COUNT() FROM {name}")).total == 0
    ]


def add_object(found: Live, name: str, whole: Json) -> None:
    """An object and everything inside it. Standard objects are there by themselves."""
    if name.endswith("__c"):
        found.add(Item("salesforce", "object", name, objects.canonical_object(whole), name))
    for field in whole.get("fields") or []:
        called = str(field.get("fullName"))
        if called.endswith("__c"):
            kept = fields.canonical(field)
            filters = {n: field[n] for n in ("summaryFilterItems",) if n in field}
            found.add(Item("salesforce", "field", f"{name}.{called}", kept, name, beside=filters), field)
    for record_type in whole.get("recordTypes") or []:
        kept = objects.canonical_record_type(record_type)
        found.add(Item("salesforce", "record type", f"{name}.{record_type['fullName']}", kept, name))
    for rule in whole.get("validationRules") or []:
        kept = objects.canonical_rule(rule)
        found.add(Item("salesforce", "validation rule", f"{name}.{rule['fullName']}", kept, name))


def add_layout(found: Live, name: str, whole: Json) -> None:
    item = Item("salesforce", "layout", name, layouts.canonical(whole), name.partition("-")[0])
    found.add(item)
    found.beside[item.key] = layouts.beside(whole)


def _apex(client: SalesforceClient, found: Live, kind: str, tool: str, asked: Sequence[str]) -> None:
    if not asked:
        return
    names = ", ".join(f"'{name}'" for name in asked)
    for row in client.metadata.tooling(
        f"SELECT Id, Name, Body, ApiVersion, Status FROM {tool} WHERE Name IN ({names})"
    ):
        body = str(row.get("Body") or "").strip() + "\n"
        kept = {"Body": body, "apiVersion": str(float(row.get("ApiVersion") or 0)),
                "status": row.get("Status"),
                "test": "true" if "@istest" in body.lower() else "false"}  # fmt: skip
        found.add(Item("salesforce", kind, str(row["Name"]), kept))


def _assigned(client: SalesforceClient, found: Live, name: str) -> None:
    """Whether the integration user has the permission set."""
    user = client.user_id()
    try:
        page = next(
            client.query_pages(
                "SELECT Id, PermissionSetId FROM PermissionSetAssignment WHERE "
                f"PermissionSet.Name = '{name}' AND AssigneeId = '{user}'"
            )
        )
    except errors.Rejected:
        return
    if page.records:
        key = f"{name} of the integration user"
        found.add(Item("salesforce", "permission", key, {"assigned": "true"}))


def content(element: ElementTree.Element) -> Any:
    """Metadata as a dictionary: repeated elements are lists, everything else is text."""
    children = list(element)
    if not children:
        return (element.text or "").strip()
    found: Json = {}
    for child in children:
        name, value = child.tag.rpartition("}")[2], content(child)
        if name in _LISTS:
            found.setdefault(name, []).append(value)
        elif name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = value
    return found


def losing_rows(client: SalesforceClient, owner: str, field: str) -> int | None:
    """How many records hold a value of a field; None where the field cannot be asked for."""
    try:
        return next(client.query_pages(f"SELECT COUNT() FROM {owner} WHERE {field} != null")).total
    except errors.ClientError:
        pass  # a long text is not filtered by: its records are counted one by one
    try:
        pages = client.query_pages(f"SELECT {field} FROM {owner}")
        return sum(row.get(field) not in (None, "", False) for page in pages for row in page.records)
    except errors.ClientError:
        return None
