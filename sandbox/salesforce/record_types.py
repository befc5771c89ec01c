"""Record types that were deployed: which values of a picklist each leaves, and how a describe lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.salesforce import schema
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.store import Store


@dataclass(frozen=True)
class RecordType:
    id: str
    name: str
    label: str
    active: bool
    values: dict[str, frozenset[str]]
    """By picklist, what may be chosen; a picklist that is not named here is whole."""


def load(store: Store) -> dict[str, list[RecordType]]:
    """The record types by object."""
    contents = dict(schema.deployed(store, "RecordType"))
    if not contents:
        return {}
    found: dict[str, list[RecordType]] = {}
    for own, sobject, name, label, active in store.rows(
        "select Id, SobjectType, DeveloperName, Name, IsActive from RecordType order by Id"
    ):
        content = contents.get(f"{sobject}.{name}")
        if content is not None:
            left = {
                str(each.get("picklist")): frozenset(
                    unquote(str(v.get("fullName"))) for v in each.get("values") or []
                )
                for each in content.get("picklistValues") or []
            }
            found.setdefault(sobject, []).append(RecordType(own, name, label, active == "true", left))
    return found


def check(known: list[RecordType], sobject: SObject, given: dict[str, Any], row: dict[str, Any]) -> None:
    """Raise RowError for a value of a restricted picklist that the row's record type does not leave."""
    own = next((each for each in known if each.id == row.get("RecordTypeId")), None)
    if own is None:
        return
    if "RecordTypeId" in given and not own.active:
        message = f"Record Type ID: this ID value isn't valid for the user: {own.id}"
        raise RowError("INVALID_CROSS_REFERENCE_KEY", message, ("RecordTypeId",))
    for name, value in given.items():
        field, left = sobject.fields[name], own.values.get(name)
        if left is None or value is None or not field.restricted:
            continue
        wrong = [each for each in str(value).split(";") if each not in left]
        if wrong:
            message = f"{field.label}: bad value for restricted picklist field: {wrong[0]}"
            raise RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (name,))


def infos(known: list[RecordType], path: str) -> list[dict[str, Any]]:
    """The `recordTypeInfos` of a describe, the master last."""
    master = RecordType("012000000000000AAA", "Master", "Master", True, {})
    return [
        {
            "active": each.active, "available": each.active, "defaultRecordTypeMapping": each is master,
            "developerName": each.name, "master": each is master, "name": each.label, "recordTypeId": each.id,
            "urls": {"layout": f"{path}/describe/layouts/{each.id}"},
        }
        for each in (*known, master)
    ]  # fmt: skip
