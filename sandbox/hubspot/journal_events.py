"""The write log as the webhooks journal tells it: one event for each record and request, of what an app
subscribed to since it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.hubspot import changes, journal_subscriptions
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.changes import Write
from sandbox.hubspot.journal_subscriptions import SNAPSHOTS, Json, Subscription

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_ACTIONS = {
    "create": "CREATE", "update": "UPDATE", "archive": "DELETE", "gdpr_delete": "DELETE",
    "restore": "RESTORE", "merge": "MERGE",
}  # fmt: skip
_LISTED = {"add": "ADDED_TO_LIST", "remove": "REMOVED_FROM_LIST"}


def told(hubspot: HubSpot, some: list[Write]) -> list[Json]:
    """The events of these changes."""
    subscriptions = journal_subscriptions.kept(hubspot)
    found: dict[tuple[Any, ...], Json] = {}
    for write in some:
        if write["object"] == SNAPSHOTS:
            row = hubspot.store.row("select shown from journal_snapshots where id = ?", (write["record_id"],))
            if row is not None:
                found[SNAPSHOTS, write["record_id"]] = orjson.loads(row[0])
            continue
        for kind, event in _events(hubspot, write):
            wanting = [each for each in subscriptions if _wants(hubspot, each, kind, event, write)]
            if wanting:
                _add(found, wanting, event, write)
    return [e for e in found.values() if e["action"] != "UPDATE" or e["propertyChanges"]]


def _events(hubspot: HubSpot, write: Write) -> Iterator[tuple[str, Json]]:
    """What a change is, by type of subscription."""
    operation = write["operation"]
    event: Json = {"portalId": hubspot.portal.id, "occurredAt": write["at"]}
    if write["object"] == "lists" and operation in _LISTED:
        record = write["after"] or write["before"]
        yield "LIST_MEMBERSHIP", {"type": "listMembership", **event, "listId": int(write["record_id"]),
                                  "objectId": int(record), "action": _LISTED[operation]}  # fmt: skip
        return
    if not changes.is_of_record(hubspot, write):
        return
    kind = hubspot.portal.types.all[write["object"]]
    event |= {"objectTypeId": kind.type_id, "objectId": int(write["record_id"])}
    if operation in changes.TIES:
        yield "ASSOCIATION", {"type": "association", **event, **_tie(hubspot, write)}
    if operation in _ACTIONS:
        yield "OBJECT", {"type": "object", **event, "action": _ACTIONS[operation], "propertyChanges": {}}
    if operation == "gdpr_delete":
        yield "GDPR_PRIVACY_DELETION", {"type": "gdprPrivacyDeletion", **event, "action": "GDPR_DELETE"}


def _tie(hubspot: HubSpot, write: Write) -> Json:
    """The other end. Whoever loses only a label stays associated."""
    place = write["field"].split(".")
    other = hubspot.portal.type_of(place[1])
    removed = write["operation"] == "dissociate" and place[-1] != "labels"
    return {
        "action": "ASSOCIATION_REMOVED" if removed else "ASSOCIATION_ADDED",
        "toObjectTypeId": other.type_id if other else "",
        "toObjectId": int(write["after"] or write["before"]),
    }


def _wants(hubspot: HubSpot, wish: Subscription, kind: str, event: Json, write: Write) -> bool:
    shown = wish.shown
    if shown["subscriptionType"] != kind or event["action"] not in shown["actions"]:
        return False
    if write["at"] < wish.since or event.get("objectTypeId", shown["objectTypeId"]) != shown["objectTypeId"]:
        return False
    named = {"objectIds": "objectId", "listIds": "listId", "associatedObjectTypeIds": "toObjectTypeId"}
    if any(shown.get(some) and event[one] not in shown[some] for some, one in named.items()):
        return False
    return not wish.filters or _passes(hubspot, wish, event)


def _passes(hubspot: HubSpot, wish: Subscription, event: Json) -> bool:
    kind: ObjectType | None = hubspot.portal.type_of(event.get("objectTypeId", ""))
    record = None if kind is None else hubspot.records.stored(kind, event["objectId"])
    if record is None:
        return False
    return any(all(_holds(record.props, each) for each in conditions) for conditions in wish.filters)


def _holds(props: dict[str, str], condition: Json) -> bool:
    value, operator = props.get(condition["property"], ""), str(condition["operator"])
    wanted, several = str(condition.get("value")), list(condition.get("values") or ())
    if operator in ("IS_EMPTY", "IN", "EQ"):
        return {"IS_EMPTY": value == "", "IN": value in several, "EQ": value == wanted}[operator]
    if operator in ("IS_NOT_EMPTY", "NOT_IN", "N_EQ"):
        opposite = {"IS_NOT_EMPTY": "IS_EMPTY", "NOT_IN": "IN", "N_EQ": "EQ"}[operator]
        return not _holds(props, condition | {"operator": opposite})
    if operator in ("CONTAINS", "STARTS_WITH", "ENDS_WITH"):
        return {"CONTAINS": wanted in value, "STARTS_WITH": value.startswith(wanted),
                "ENDS_WITH": value.endswith(wanted)}[operator]  # fmt: skip
    return value != "" and _compares(value, wanted, operator)


def _compares(value: str, wanted: str, operator: str) -> bool:
    """Numbers by their size, whatever is none by its letters: ISO dates keep their order so."""
    a: Any = value
    b: Any = wanted
    try:
        a, b = float(value), float(wanted)
    except ValueError:
        a, b = value, wanted
    return bool({"LT": a < b, "LTE": a <= b, "GT": a > b, "GTE": a >= b}[operator])


def _add(found: dict[tuple[Any, ...], Json], wanting: list[Subscription], event: Json, write: Write) -> None:
    """An event, or more of one that is there: a record's changes by one request are told together."""
    key = (write["request_id"], *(event.get(n) for n in ("type", "action", "objectTypeId", "objectId",
           "toObjectTypeId", "toObjectId", "listId")))  # fmt: skip
    kept = found.setdefault(key, event)
    if write["operation"] == "merge":
        kept["mergedObjectIds"] = [int(x) for x in (write["after"] or "").split(";") if x.isdecimal()]
    if write["operation"] in ("create", "update") and write["field"] not in changes.UNTOLD:
        asked = [each.shown["properties"] for each in wanting]
        if any(not names or write["field"] in names for names in asked):
            kept["propertyChanges"][write["field"]] = write["after"]
