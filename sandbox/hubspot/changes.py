"""What happened to records, told to others: the write log, and its changes as webhook events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.hubspot.catalog import ObjectType

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

WEBHOOK = {
    "create": "creation", "archive": "deletion", "restore": "restore", "merge": "merge",
    "gdpr_delete": "privacyDeletion", "associate": "associationChange", "update": "propertyChange",
    "dissociate": "associationChange",
}  # fmt: skip
TIES = ("associate", "dissociate")
_LABELS = ".labels"
"""Ends the field of a change that leaves two records associated: only a label, or which one is primary."""
UNTOLD = ("lastmodifieddate", "hs_lastmodifieddate")
COLUMNS = "seq, at, object, record_id, operation, field, before, after, request_id"
Write = dict[str, Any]


def writes(hubspot: HubSpot, after: int, most: int) -> list[Write]:
    """Changes of records that follow a place in the log."""
    rows = hubspot.store.rows(
        f"select {COLUMNS} from writes where seq > ? and operation <> 'noop' order by seq limit ?",
        (after, most),
    )
    names = COLUMNS.split(", ")
    return [dict(zip(names, row, strict=True)) for row in rows]


def is_of_record(hubspot: HubSpot, write: Write) -> bool:
    """Whether a logged change is one of a record: a client's own type may be called like what is none."""
    return write["object"] in hubspot.portal.types.all and str(write["record_id"]).isdecimal()


def webhook_events(hubspot: HubSpot, write: Write) -> list[tuple[str, dict[str, Any]]]:
    """The events of one logged change, each with its subscription type: by the name of the type of record,
    and again as an `object` with its id. A creation is told once."""
    kind = hubspot.portal.type_of(write["object"])
    what = WEBHOOK.get(write["operation"])
    if kind is None or what is None:
        return []
    found = _events(hubspot, kind, what, write)
    typed = [(f"object.{name}", event | {"objectTypeId": kind.type_id}) for name, event in found]
    return [*((f"{kind.singular}.{name}", event) for name, event in found), *typed]


def _events(hubspot: HubSpot, kind: ObjectType, what: str, write: Write) -> list[tuple[str, dict[str, Any]]]:
    event: dict[str, Any] = {
        "eventId": write["seq"], "portalId": hubspot.portal.id, "occurredAt": write["at"],
        "objectId": int(write["record_id"]), "changeSource": "INTEGRATION", "sourceId": "sandbox-app",
        **({"changeSource": "AUTOMATION_PLATFORM"} if write["request_id"].startswith("flow-") else {}),
    }  # fmt: skip
    found = []
    if what == "creation":
        if write["field"] == "hs_object_id":
            found.append((what, event | {"changeFlag": "NEW"}))
        what = "propertyChange"
    if what == "propertyChange":
        if write["field"] in UNTOLD or write["field"].startswith("associations."):
            return found
        value = {"propertyName": write["field"], "propertyValue": write["after"] or ""}
        return [*found, (what, event | value)]
    if what == "merge":
        merged = [int(each) for each in (write["after"] or "").split(";") if each.isdecimal()]
        event |= {"primaryObjectId": merged[0] if merged else event["objectId"], "mergedObjectIds": merged,
                  "newObjectId": event["objectId"], "numberOfPropertiesMoved": 0}  # fmt: skip
    if what == "associationChange":
        event |= _tie(hubspot, kind, write, event.pop("objectId"))
    return [(what, event)]


def _tie(hubspot: HubSpot, kind: ObjectType, write: Write, own: int) -> dict[str, Any]:
    other = hubspot.portal.type_of(write["field"].split(".")[1])
    end = int(write["after"] or write["before"])
    is_primary = other is not None and hubspot.store.value(
        "select 1 from associations where from_type = ? and from_id = ? and to_type = ? and to_id = ? "
        "and category = 'HUBSPOT_DEFINED' and label = 'Primary'",
        (kind.plural, own, other.plural, end),
    )
    return {
        "associationType": f"{kind.singular}_to_{other.singular if other else 'object'}".upper(),
        "fromObjectId": own, "toObjectId": end, "associationRemoved": write["operation"] == "dissociate"
        and not write["field"].endswith(_LABELS),
        "isPrimaryAssociation": bool(is_primary),
    }  # fmt: skip
