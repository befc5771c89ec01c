"""Events that put records into workflows: a form is sent, a value changes, a record is made, a list changes.

Belongs here: which events a change is, and whether a workflow's triggers are met by one. Other events
(visits, e-mails, calls) are kept in the definition and trigger nothing. Who comes in is `flow_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.hubspot import list_filters
from sandbox.hubspot.list_filters import NotWorkedOut
from sandbox.store import Change

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

Json = dict[str, Any]
FORM_SENT, VALUE_CHANGED, MADE = "4-1639801", "4-655002", "4-1463224"
LIST = "list"
_DEEPEST = 8


@dataclass(frozen=True)
class Event:
    """Something that happened to a record: its object, its id, what kind, and what is known of it."""

    plural: str
    record: int
    kind: str
    known: dict[str, str | None] = field(default_factory=dict)


def of(hubspot: HubSpot, changes: Iterable[Change]) -> list[Event]:
    """The events that stored changes are, in their order."""
    return [event for change in changes for event in _of_one(hubspot, change)]


def _of_one(hubspot: HubSpot, change: Change) -> Iterator[Event]:
    if change.object == "submissions" and change.operation == "create":
        sender = _sender(hubspot, change.record_id)
        if sender is not None:
            yield Event("contacts", sender, FORM_SENT, {"hs_form_id": change.after})
    elif change.object == "lists" and change.field == "member":
        member = change.after or change.before or ""
        plural = _of_list(hubspot, change.record_id)
        if plural and member.isdecimal():
            happened = "IN_LIST" if change.operation == "add" else "NOT_IN_LIST"
            yield Event(plural, int(member), LIST, {"list": change.record_id, "happened": happened})
    elif change.object in hubspot.portal.types.all and change.record_id.isdecimal():
        own = int(change.record_id)
        if change.operation == "create" and change.field == "hs_object_id":
            yield Event(change.object, own, MADE)
        if change.operation in ("create", "update") and change.before != change.after:
            known = {"hs_name": change.field, "hs_value": change.after, "hs_previous_value": change.before}
            yield Event(change.object, own, VALUE_CHANGED, known)


def _sender(hubspot: HubSpot, submission: str) -> int | None:
    """The contact with the address a form was sent with."""
    blob = hubspot.store.value("select shown from submissions where id = ?", (submission,))
    values = orjson.loads(blob)["values"] if blob else []
    email = next((v["value"].lower() for v in values if v["name"] == "email"), "")
    kind = hubspot.portal.type_of("contacts")
    record = hubspot.records.get(kind, email, "email") if kind and email else None
    return None if record is None or record.archived else record.id


def _of_list(hubspot: HubSpot, number: str) -> str:
    """What a list is of."""
    blob = hubspot.store.value("select shown from lists where id = ?", (number,))
    kind = hubspot.portal.type_of(str(orjson.loads(blob).get("objectTypeId"))) if blob else None
    return kind.plural if kind else ""


def triggers(hubspot: HubSpot, criteria: Json, event: Event) -> bool:
    """Whether an event meets one of the triggers of a workflow."""
    if event.kind == LIST:
        branches = criteria.get("listMembershipFilterBranches")
        return any(_list_met(each, event, 0) for each in _listed(branches))
    return any(
        each.get("eventTypeId") == event.kind
        and each.get("operator", "HAS_COMPLETED") == "HAS_COMPLETED"
        and _met(hubspot, each, event, 0)
        for each in _listed(criteria.get("eventFilterBranches"))
    )


def _listed(said: Any) -> list[Json]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _list_met(branch: Json, event: Event, depth: int) -> bool:
    """Whether a list is named that the record came on or went off, as the filter says."""
    named = any(
        each.get("filterType") == "IN_LIST"
        and str(each.get("listId")) == event.known["list"]
        and str(each.get("operator") or "IN_LIST") == event.known["happened"]
        for each in _listed(branch.get("filters"))
    )
    deeper = _listed(branch.get("filterBranches")) if depth < _DEEPEST else []
    return named or any(_list_met(each, event, depth + 1) for each in deeper)


def _met(hubspot: HubSpot, branch: Json, event: Event, depth: int) -> bool:
    """Whether an event meets the filters of a branch; one that is not worked out is met by none."""
    if depth > _DEEPEST:
        return False
    either = str(branch.get("filterBranchOperator") or branch.get("filterBranchType")) == "OR"
    found = [_filter_met(hubspot, each, event) for each in _listed(branch.get("filters"))]
    found += [_met(hubspot, each, event, depth + 1) for each in _listed(branch.get("filterBranches"))]
    return any(found) if either and found else all(found)


def _filter_met(hubspot: HubSpot, wish: Json, event: Event) -> bool:
    name, operation = str(wish.get("property")), wish.get("operation")
    if name not in event.known or not isinstance(operation, dict):
        return False
    kind = "enumeration"
    if name in ("hs_value", "hs_previous_value"):
        definition = hubspot.portal.properties[event.plural].get(str(event.known["hs_name"]))
        kind = str(definition["type"]) if definition else kind
    try:
        sql, values = list_filters.compared(kind, operation, ("?", [event.known[name]]))
    except NotWorkedOut:
        return False
    return bool(hubspot.store.value(f"select {sql}", values))
