"""What single actions of a workflow do to the record that is in it, and where the record goes from there.

Belongs here: actions that change records, lists and other workflows, branches, delays, webhooks, those of an
app (defined in `workflow_actions`). An action of another kind (mails, messages, code) is noted as not run,
and the record goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.call import Call
from sandbox.hubspot import associations, list_filters, list_writes, workflow_actions
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

Json = dict[str, Any]
DELAY, DELAY_UNTIL, TASK, SET, CREATE, ENROL = "0-1", "0-35", "0-3", "0-5", "0-14", "0-15"
ADD_TO_LIST, TAKE_OFF_LIST, CHANGE_LIST = "0-63809083", "0-63863438", "0-13"
_UNITS = {
    "SECONDS": times.SECOND, "MINUTES": times.MINUTE, "HOURS": times.HOUR, "DAYS": times.DAY,
    "WEEKS": 7 * times.DAY,
}  # fmt: skip
_LONGEST = 3_660 * times.DAY


@dataclass
class Step:
    """What came of an action: where to go on, from when, and a word on what did not happen."""

    following: str = ""
    due: int = 0
    note: str = ""
    enrols: str = ""
    """A workflow the record is put into besides."""


def run(hubspot: HubSpot, call: Call, flow: Json, action: Json, record: Record) -> Step:
    """Do one action. Raises what storing raises; whoever calls takes back what it changed then."""
    kind, number = action.get("type"), str(action.get("actionTypeId") or "")
    if kind in ("STATIC_BRANCH", "LIST_BRANCH", "AB_TEST_BRANCH"):
        return Step(_branch(hubspot, call, action, record), call.now)
    step = Step(_next(action.get("connection")), call.now)
    raw = action.get("fields")
    fields: Json = raw if isinstance(raw, dict) else {}
    if kind == "WEBHOOK":
        step.note = _webhook(hubspot, call, action, record)
    elif number in (DELAY, DELAY_UNTIL):
        step.due = _until(call, fields, record)
    elif number == SET:
        _set(hubspot, call, fields, record)
    elif number == TASK:
        _create(hubspot, call, "tasks", _task(call, fields, record), record)
    elif number == CREATE:
        made = {str(p["targetProperty"]): _value(p.get("value"), record) for p in fields["properties"]}
        _create(hubspot, call, str(fields["object_type_id"]), made, record)
    elif number in (ADD_TO_LIST, TAKE_OFF_LIST, CHANGE_LIST):
        is_add = number == ADD_TO_LIST or fields.get("operation") == "ADD"
        _list(hubspot, call, fields, record, is_add=is_add)
    elif number.startswith(workflow_actions.PREFIX):
        step.note = _of_app(hubspot, call, flow, action, record)
    elif number == ENROL:
        step.enrols = str(fields["flow_id"])
    else:
        step.note = f"an action of the type {number or kind} is not run"
    return step


def _list(hubspot: HubSpot, call: Call, fields: Json, record: Record, *, is_add: bool) -> None:
    ids = [str(record.id)]
    call.params = {"id": str(fields.get("listId") or fields["list_id"])}
    list_writes.change(hubspot, call, ids if is_add else [], [] if is_add else ids)


def _next(connection: Any) -> str:
    return str(connection.get("nextActionId") or "") if isinstance(connection, dict) else ""


def _branch(hubspot: HubSpot, call: Call, action: Json, record: Record) -> str:
    """The first branch that fits; the default one when none does."""
    if action["type"] == "STATIC_BRANCH":
        value = record.props.get(str((action.get("inputValue") or {}).get("propertyName")))
        for each in action.get("staticBranches") or []:
            if value is not None and str(each.get("branchValue")) == value:
                return _next(each.get("connection"))
    for each in action.get("listBranches") or []:
        if fits(hubspot, call, record, each.get("filterBranch")):
            return _next(each.get("connection"))
    return _next(action.get("defaultBranch"))


def fits(hubspot: HubSpot, call: Call, record: Record, branch: Any) -> bool:
    """Whether a record meets filters as lists have them; filters of another kind are met by nobody."""
    where, values = list_filters.condition(hubspot, call, record.type, branch)
    sql = f'select 1 from "{record.type.plural}" where id = ? and archived = 0 and {where}'
    return hubspot.store.value(sql, (record.id, *values)) is not None


def _value(said: Any, record: Record) -> str:
    """A value that stands in the action, or is another property's."""
    if not isinstance(said, dict):
        return str(said)
    if said.get("type") == "OBJECT_PROPERTY" or "propertyName" in said:
        return record.props.get(str(said["propertyName"]), "")
    return str(said["staticValue"])


def _until(call: Call, fields: Json, record: Record) -> int:
    """When a delay ends. A date that has passed, or is nowhere, ends it at once."""
    delta = int(fields.get("delta") or 0) * _UNITS[str(fields.get("time_unit") or "MINUTES")]
    start = call.now
    if "date" in fields:
        text = _value(fields["date"], record)
        if not text:
            return call.now
        start = int(text) if text.isdecimal() else times.parse(text)
    return min(max(call.now, start + delta), call.now + _LONGEST)


def _set(hubspot: HubSpot, call: Call, fields: Json, record: Record) -> None:
    """A property of the record, or of those it is associated with by a type."""
    name, value = str(fields["property_name"]), _value(fields.get("value"), record)
    association = fields.get("association")
    if not isinstance(association, dict):
        hubspot.records.update(call, record, {name: value})
        return
    for plural, own in hubspot.store.rows(
        "select to_type, to_id from associations where from_type = ? and from_id = ? and type_id = ?",
        (record.type.plural, record.id, int(association["associationTypeId"])),
    ):
        kind = hubspot.portal.type_of(plural)
        other = hubspot.records.get(kind, str(own)) if kind else None
        if other is not None and not other.archived:
            hubspot.records.update(call, other, {name: value})


def _task(call: Call, fields: Json, record: Record) -> dict[str, str]:
    due = fields.get("due_time") if isinstance(fields.get("due_time"), dict) else {}
    late = int((due or {}).get("delta") or 0) * _UNITS[str((due or {}).get("timeUnit") or "DAYS")]
    owner = fields.get("owner_id") or record.props.get("hubspot_owner_id")
    return {
        "hs_timestamp": times.iso(call.now + late), "hs_task_subject": str(fields["subject"]),
        "hs_task_body": str(fields.get("body") or ""), "hs_task_status": "NOT_STARTED",
        "hs_task_priority": str(fields.get("priority") or "NONE"),
        "hs_task_type": str(fields.get("task_type") or "TODO"),
        **({"hubspot_owner_id": str(owner)} if owner else {}),
    }  # fmt: skip


def _create(hubspot: HubSpot, call: Call, name: str, wanted: dict[str, str], record: Record) -> None:
    """A new record beside the one that is in the workflow."""
    kind = hubspot.portal.type_of(name)
    if kind is None:
        raise ValueError(f"{name} is no type of object")
    known = hubspot.portal.properties[kind.plural]
    made = hubspot.records.create(call, kind, {k: v for k, v in wanted.items() if k in known})
    if (kind.plural, record.type.plural) in hubspot.portal.types.pairs:
        associations.associate(hubspot, call, made, record)


def _of_app(hubspot: HubSpot, call: Call, flow: Json, action: Json, record: Record) -> str:
    """An action that an app defined; its fields are filled as those of other actions are."""
    raw = action.get("fields")
    fields = {n: _value(v, record) for n, v in raw.items()} if isinstance(raw, dict) else {}
    url = workflow_actions.address(hubspot, action)
    if not _is_here(url):
        return "an app's action on another machine is not called"
    return workflow_actions.execute(hubspot, call, flow, action, fields, record)


def _is_here(url: str) -> bool:
    from sandbox.hubspot.webhooks import is_here

    return is_here(url)


def _webhook(hubspot: HubSpot, call: Call, action: Json, record: Record) -> str:
    """Keep what is to be sent; it goes out beside the server, with retries."""
    url = str(action.get("webhookUrl") or "")
    if not _is_here(url):
        return "a webhook to another machine is not sent"
    body = {
        "portalId": hubspot.portal.id, "objectTypeId": record.type.type_id, "objectId": record.id,
        "properties": record.props,
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into flow_calls (method, url, body, attempt, due) values (?, ?, ?, 0, ?)",
        (str(action.get("method") or "POST"), url, orjson.dumps(body), call.now),
    )
    return ""
