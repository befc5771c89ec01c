"""Workflows at work: who comes into one that is on, and how each goes on through its actions.

A record is looked at when it was written, and all of them once a day and when a workflow is switched on.
Whatever is due by the world's clock is done before the next request is answered, at the moment it was due.
Simplified: no time windows, no goals; enrolment by filters of properties and lists, and by `flow_events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.call import Call, Refused
from sandbox.hubspot import flow_actions, flow_events, list_filters, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.records import Conflict, Invalid
from sandbox.store import Change

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists flow_runs (
    flow integer not null, record integer not null, action text not null, due integer, entered integer
    not null, note text not null, primary key (flow, record)) without rowid;
create index if not exists flow_runs_due on flow_runs (due) where due is not null;
create table if not exists flow_calls (
    seq integer primary key, method text not null, url text not null, body blob not null,
    attempt integer not null, due integer not null)
"""
BY = "flow-"
"""How request ids begin of what workflows did."""
_ROUNDS, _AT_ONCE = 20, 200
"""How often workflows may set each other off at one moment, and actions one record goes through."""
_MISTAKES = (Invalid, Conflict, Refused, ValueError, KeyError, TypeError, AttributeError, OverflowError)
Json = dict[str, Any]


def load(hubspot: HubSpot) -> dict[int, Json]:
    """The workflows that are on and do something."""
    found = [orjson.loads(blob) for (blob,) in hubspot.store.rows("select shown from flows order by id")]
    return {int(f["id"]): f for f in found if f.get("isEnabled") is True and f["actions"]}


def catch_up(hubspot: HubSpot, now: int) -> None:
    """Do what fell due since; on a new day look at every record."""
    if not hubspot.flows:
        return
    today = times.day(now)
    if hubspot.store.value("select value from meta where key = 'flows_looked'") != today:
        hubspot.store.set_meta("flows_looked", today)
        look(hubspot, now, None)
    _go_on(hubspot, now)


def follow(hubspot: HubSpot, now: int, changes: Iterable[Change]) -> None:
    """After a request: whoever it changed may have come to meet a workflow's criteria."""
    if not hubspot.flows:
        return
    _react(hubspot, now, list(changes))
    _go_on(hubspot, now)


def _react(hubspot: HubSpot, now: int, changes: Sequence[Change]) -> None:
    """Take in whom these changes let meet a workflow's criteria, and those whom they are an event for."""
    look(hubspot, now, _touched(changes))
    waiting = [n for n, flow in hubspot.flows.items() if _criteria(flow, "EVENT_BASED")]
    events = flow_events.of(hubspot, changes) if waiting else []
    for number in waiting if events else ():
        with suppress(*_MISTAKES), hubspot.store.transaction():
            _hear(hubspot, number, hubspot.flows[number], now, events)


def _criteria(flow: Json, kind: str) -> Json:
    """How records come into a workflow, if by filters or by events as asked; else nothing."""
    found = flow.get("enrollmentCriteria")
    return found if isinstance(found, dict) and found.get("type") == kind else {}


def _hear(hubspot: HubSpot, number: int, flow: Json, now: int, events: Sequence[flow_events.Event]) -> None:
    """Enrol whom an event is about: once, unless the workflow takes records in again, and never twice at a
    time."""
    criteria = _criteria(flow, "EVENT_BASED")
    kind = hubspot.portal.type_of(str(flow["objectTypeId"]))
    if kind is None:
        return
    call = _call(hubspot, number, now)
    mine = [
        e.record for e in events if e.plural == kind.plural and flow_events.triggers(hubspot, criteria, e)
    ]
    held = _suppressed(hubspot, call, flow) if mine else set()
    for own in dict.fromkeys(mine):
        run = hubspot.store.row("select due from flow_runs where flow = ? and record = ?", (number, own))
        again = run is None or (run[0] is None and criteria.get("shouldReEnroll") is True)
        if own in held or not again or not _refined(hubspot, call, criteria, kind, own):
            continue
        enrol(hubspot, number, own, now)
    _log(hubspot, call)


def _refined(hubspot: HubSpot, call: Call, criteria: Json, kind: ObjectType, own: int) -> bool:
    """Whether the record is there and meets what is asked of it besides the event."""
    more = criteria.get("refinementCriteria")
    where, values = list_filters.condition(hubspot, call, kind, more) if more else ("1", [])
    sql = f'select 1 from "{kind.plural}" where id = ? and archived = 0 and {where}'
    return hubspot.store.value(sql, (own, *values)) is not None


def _touched(changes: Iterable[Change]) -> set[int]:
    """Ids of the records some changes are about, whatever their type."""
    ids = {c.record_id if c.object != "lists" else (c.after or c.before or "") for c in changes}
    return {int(each) for each in ids if each.isdecimal() and len(each) < 16}


def look(hubspot: HubSpot, now: int, ids: set[int] | None) -> None:
    """Enrol who meets the criteria of a workflow: of these records, or of all."""
    if ids is not None and not ids:
        return
    for number, flow in hubspot.flows.items():
        # What one definition says must stop neither the others nor whoever wants to mend it.
        with suppress(*_MISTAKES), hubspot.store.transaction():
            _look_at(hubspot, number, flow, now, ids)


def _look_at(hubspot: HubSpot, number: int, flow: Json, now: int, ids: set[int] | None) -> None:
    criteria = _criteria(flow, "LIST_BASED")
    kind = hubspot.portal.type_of(str(flow["objectTypeId"]))
    if not criteria or kind is None:
        return
    call = _call(hubspot, number, now)
    where, values = list_filters.condition(hubspot, call, kind, criteria.get("listFilterBranch"))
    some = "" if ids is None else f" and id in ({', '.join(map(str, sorted(ids)))})"
    meets = f'select id from "{kind.plural}" where archived = 0{some} and {where}'
    _leave(hubspot, number, criteria, meets, values, ids)
    inside = "select record from flow_runs where flow = ?"
    new = hubspot.store.rows(f"{meets} except {inside} order by 1", (*values, number))
    held = _suppressed(hubspot, call, flow)
    for (own,) in new:
        if own not in held:
            enrol(hubspot, number, own, now)
    _log(hubspot, call)


def _leave(
    hubspot: HubSpot, flow: int, criteria: Json, meets: str, values: Sequence[Any], ids: set[int] | None
) -> None:
    """Who meets the criteria no more goes, where the workflow says so, and may come again, likewise."""
    some = "" if ids is None else f" and record in ({', '.join(map(str, sorted(ids)))})"
    who = f"where flow = ?{some} and record not in ({meets})"
    if criteria.get("unEnrollObjectsNotMeetingCriteria") is True:
        left = "update flow_runs set action = '', due = null, note = 'met the criteria no more'"
        hubspot.store.db.execute(f"{left} {who} and due is not null", (flow, *values))
    if criteria.get("shouldReEnroll") is True:
        hubspot.store.db.execute(f"delete from flow_runs {who} and due is null", (flow, *values))


def _suppressed(hubspot: HubSpot, call: Call, flow: Json) -> set[int]:
    found: set[int] = set()
    for each in flow.get("suppressionListIds") or []:
        number = requests.whole_id(each)
        rows = hubspot.store.rows("select record_id from list_members where list_id = ?", (number,))
        found |= {own for (own,) in rows}
    return found


def enrol(hubspot: HubSpot, flow: int, record: int, now: int) -> None:
    """Put a record at the first action of a workflow that is on."""
    known = hubspot.flows.get(flow)
    if known is not None:
        hubspot.store.db.execute(
            "insert or replace into flow_runs values (?, ?, ?, ?, ?, '')",
            (flow, record, str(known.get("startActionId") or ""), now, now),
        )


def take_out(hubspot: HubSpot, flow: int, record: int) -> None:
    hubspot.store.db.execute("delete from flow_runs where flow = ? and record = ?", (flow, record))


def _go_on(hubspot: HubSpot, now: int) -> None:
    """Move everybody whose moment has come, in the order of these moments."""
    for _ in range(_ROUNDS):
        due = hubspot.store.rows(
            "select flow, record, action, due from flow_runs where due <= ? order by due, flow, record",
            (now,),
        )
        if not due:
            return
        for flow, record, action, at in due:
            _through(hubspot, flow, record, action, at)


def _through(hubspot: HubSpot, number: int, own: int, action: str, at: int) -> None:
    """One record through its actions until it has to wait or is done."""
    flow = hubspot.flows.get(number)
    kind = hubspot.portal.type_of(str(flow["objectTypeId"])) if flow else None
    notes: list[str] = []
    left = _AT_ONCE
    while flow is not None and kind is not None and action and left:
        left -= 1
        record = hubspot.records.stored(kind, own)
        known = next((a for a in flow["actions"] if str(a.get("actionId")) == action), None)
        if known is None or record is None or record.archived:
            break
        step = _done(hubspot, number, flow, known, record, at)
        notes += [step.note] if step.note else []
        if step.enrols.isdecimal() and step.enrols != str(number):
            enrol(hubspot, int(step.enrols), own, at)
        action = step.following
        if step.due > at:
            _keep(hubspot, number, own, action, step.due if action else None, notes)
            return
    _keep(hubspot, number, own, "", None, notes if left else [*notes, "went round and round"])


def _keep(hubspot: HubSpot, flow: int, record: int, action: str, due: int | None, notes: list[str]) -> None:
    hubspot.store.db.execute(
        "update flow_runs set action = ?, due = ?, note = trim(note || ' ' || ?) "
        "where flow = ? and record = ?",
        (action, due, "; ".join(notes), flow, record),
    )
    if due is None:
        hubspot.store.db.execute(
            "delete from workflow_enrolments where workflow_id = ? and contact_id = ?", (str(flow), record)
        )


def _done(hubspot: HubSpot, number: int, flow: Json, action: Json, record: Any, at: int) -> flow_actions.Step:
    """An action; one that fails changes nothing, is noted, and the record goes on, as at HubSpot."""
    call = _call(hubspot, number, at)
    try:
        with hubspot.store.transaction():
            step = flow_actions.run(hubspot, call, flow, action, record)
    except _MISTAKES as problem:
        word = f"action {action.get('actionId')} failed: {type(problem).__name__}"
        following = action.get("connection")
        told = following.get("nextActionId") if isinstance(following, dict) else ""
        return flow_actions.Step(str(told or ""), at, word)
    _log(hubspot, call)
    _react(hubspot, at, call.changes)
    return step


def _call(hubspot: HubSpot, flow: int, now: int) -> Call:
    """A workflow's own doing, as if it were a request."""
    made = Call(
        "WORKFLOW", f"/automation/flows/{flow}", "", {}, {}, b"", hubspot.store, now,
        BY + hubspot.next_request_id(), "",
    )  # fmt: skip
    made.by = ("AUTOMATION_PLATFORM", f"workflow:{flow}")
    return made


def _log(hubspot: HubSpot, call: Call) -> None:
    if call.changes:
        hubspot.store.log_changes(call.now, call.request_id, call.changes)
