"""Merging two records into a new one, and deleting a contact for good (GDPR)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, objects, render, requests
from sandbox.hubspot.records import COLUMNS, Record, emails
from sandbox.hubspot.render import View

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST_MERGED = 250


def routes(hubspot: HubSpot) -> list[Route]:
    return [
        *hubspot.versioned("POST", objects.AREA, "/{type}/merge", lambda call: _merge(hubspot, call)),
        *hubspot.versioned("POST", objects.AREA, "/{type}/gdpr-delete", lambda call: _forget(hubspot, call)),
    ]


def _merge(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    ends = [str(body.get(name) or "") for name in ("primaryObjectId", "objectIdToMerge")]
    primary, other = (hubspot.records.get(kind, each) for each in ends)
    if primary is None or other is None or primary.archived or other.archived:
        raise errors.not_found(call)
    if primary.id == other.id:
        raise errors.validation(call, f"Cannot merge {kind.singular} {primary.id} with itself")
    merged = [*_ids(primary), *_ids(other), str(primary.id), str(other.id)]
    if len(merged) > MOST_MERGED:
        raise errors.validation(call, f"Merging would exceed the limit of {MOST_MERGED} merged records")
    survivor = _joined(hubspot, call, primary, other, merged)
    call.records = 1
    call.change(
        kind.plural, str(survivor.id), "merge", "hs_merged_object_ids", None,
        survivor.props["hs_merged_object_ids"],
    )  # fmt: skip
    view = View.of(hubspot.portal, kind, [*kind.defaults, "hs_merged_object_ids"])
    return answer(render.records(hubspot.portal, view, [survivor])[0])


def _ids(record: Record) -> list[str]:
    return [each for each in record.props.get("hs_merged_object_ids", "").split(";") if each]


def _joined(hubspot: HubSpot, call: Call, primary: Record, other: Record, merged: list[str]) -> Record:
    """A new record of a new id: the primary's values win, what hangs on both moves, both ids lead to it."""
    kind, db = primary.type, hubspot.store.db
    new_id = hubspot.records.next_id(kind)
    props = other.props | primary.props
    props |= {
        "hs_object_id": str(new_id), kind.modified: times.iso(call.now),
        "hs_merged_object_ids": ";".join(dict.fromkeys(merged)),
    }  # fmt: skip
    if kind.plural == "contacts":
        listed = [*emails(primary.props), *emails(other.props)]
        further = [each for each in dict.fromkeys(listed) if each != props.get("email")]
        if further:
            props["hs_additional_emails"] = ";".join(further)
    props[kind.created] = times.iso(min(primary.created, other.created))
    survivor = Record(kind, new_id, min(primary.created, other.created), call.now, False, None, props)
    for old in (primary, other):
        key = (kind.plural, old.id)
        db.execute("update aliases set current = ? where object = ? and current = ?", (new_id, *key))
        db.execute("insert into aliases values (?, ?, ?)", (*key, new_id))
        for end in ("from", "to"):
            db.execute(
                f"update or ignore associations set {end}_id = ? where {end}_type = ? and {end}_id = ?",
                (new_id, *key),
            )
        db.execute(
            "update timeline_events set object_id = ?, shown = json_set(shown, '$.objectId', ?) "
            "where object = ? and object_id = ?",
            (new_id, str(new_id), *key),
        )
        if kind.plural == "contacts":
            db.execute("update addresses set id = ? where id = ?", (new_id, old.id))
    db.execute("update history set id = ? where object = ? and id = ?", (new_id, kind.plural, primary.id))
    for old in (primary, other):
        hubspot.records.remove(old)
    db.execute(
        f'insert into "{kind.plural}" ({COLUMNS}) values (?, ?, ?, 0, null, ?)',
        (new_id, survivor.created, survivor.modified, orjson.dumps(props)),
    )
    return survivor


def _forget(hubspot: HubSpot, call: Call) -> Response:
    """204 whether or not there was such a contact; its addresses cannot be created again."""
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    if kind.plural != "contacts":
        raise errors.not_found(call)
    value, id_property = str(body.get("objectId") or ""), str(body.get("idProperty") or "hs_object_id")
    if not value or id_property not in ("hs_object_id", "email"):
        raise errors.validation(call, "Some required fields were not set: [objectId]")
    record = hubspot.records.get(kind, value, id_property)
    addresses = [value.strip().lower()] if id_property == "email" else []
    if record is not None:
        addresses += emails(record.props)
        hubspot.records.remove(record)
        hubspot.store.db.execute(
            "delete from journal_snapshots where json_extract(shown, '$.objectId') = ? "
            "and json_extract(shown, '$.objectTypeId') = ?", (record.id, kind.type_id),
        )  # fmt: skip
        call.records = 1
        call.change("contacts", str(record.id), "gdpr_delete", "archived", "false", "true")
    elif id_property == "hs_object_id":
        raise errors.not_found(call)
    for each in addresses:
        hubspot.store.db.execute("insert or ignore into blocklist values (?)", (each,))
        hubspot.store.db.execute("delete from email_sends where recipient = ?", (each,))
    return Response(status_code=204)
