"""Engagements of v1: calls, e-mails, meetings, notes and tasks as one list, all or those that changed.

Offsets are whole numbers, as connectors take them for. Belongs here: reading, by all and one by one. Making
and changing them is `legacy_engagement_writes`. The objects are `objects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, requests
from sandbox.hubspot.legacy import RECENT, associated
from sandbox.hubspot.records import Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

ENGAGEMENTS = {"calls": "CALL", "emails": "EMAIL", "meetings": "MEETING", "notes": "NOTE", "tasks": "TASK"}
WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "calls": {
        "hs_call_title": ("title", ""), "hs_call_body": ("body", ""), "hs_call_status": ("status", ""),
        "hs_call_duration": ("durationMilliseconds", "number"), "hs_call_to_number": ("toNumber", ""),
        "hs_call_disposition": ("disposition", ""),
    },
    "emails": {
        "hs_email_subject": ("subject", ""), "hs_email_text": ("text", ""),
        "hs_email_html": ("html", ""), "hs_email_status": ("status", ""),
        "hs_email_from_email": ("from", "from"), "hs_email_to_email": ("to", "to"),
    },
    "meetings": {
        "hs_meeting_title": ("title", ""), "hs_meeting_body": ("body", ""),
        "hs_meeting_start_time": ("startTime", "ms"), "hs_meeting_end_time": ("endTime", "ms"),
        "hs_meeting_outcome": ("meetingOutcome", ""),
    },
    "notes": {"hs_note_body": ("body", "")},
    "tasks": {
        "hs_task_subject": ("subject", ""), "hs_task_body": ("body", ""), "hs_task_status": ("status", ""),
        "hs_task_type": ("taskType", ""), "hs_task_priority": ("priority", ""),
    },
}  # fmt: skip
"""Of each kind its properties, what v1 calls them and what it makes of their values."""
_KINDS = 8
"""More than there are kinds of engagement: an offset is the id and the kind in one number."""


def routes(hubspot: HubSpot) -> list[Route]:
    base = "/engagements/v1/engagements"
    return [
        *hubspot.route("GET", base + "/paged", lambda call: _all(hubspot, call)),
        *hubspot.route("GET", base + "/recent/modified", lambda call: _recent(hubspot, call)),
        *hubspot.route("GET", base + "/modified/after", lambda call: _after(hubspot, call)),
        *hubspot.route("GET", base + "/{id}", lambda call: _read(hubspot, call)),
    ]


def _listed(hubspot: HubSpot, columns: str) -> str:
    """Every engagement that is not archived, by the columns asked for and the place of its kind."""
    parts = [
        f'select {columns}, {place} as kind from "{plural}" where archived = 0'
        + hubspot.seen.listed(plural, archived=False)
        for place, plural in enumerate(ENGAGEMENTS)
    ]
    return " union all ".join(parts)


def _all_shown(hubspot: HubSpot, rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Rows that end with id and kind."""
    plurals, some = list(ENGAGEMENTS), []
    for *_, own, place in rows:
        kind = hubspot.portal.type_of(plurals[place])
        record = hubspot.records.stored(kind, own) if kind else None
        if record is not None:
            some.append(shown(hubspot, record))
    return some


def _all(hubspot: HubSpot, call: Call) -> Response:
    """By id. More than 250 a page are given as 250."""
    limit, offset = min(requests.number_of(call, "limit", 100, 10**9), 250), requests.whole(call, "offset")
    # Each kind gives its next page by its key, and of those the first are taken: nothing else is sorted.
    parts = [
        f'select * from (select id, {place} as kind from "{plural}" where +archived = 0'
        + hubspot.seen.listed(plural, archived=False)
        + f" and id >= ? and id * {_KINDS} + {place} > ? order by id limit ?)"
        for place, plural in enumerate(ENGAGEMENTS)
    ]
    rows = hubspot.store.rows(
        f"{' union all '.join(parts)} order by id, kind limit ?",
        (*(offset // _KINDS, offset, limit + 1) * len(parts), limit + 1),
    )
    page = rows[:limit]
    last = page[-1][0] * _KINDS + page[-1][1] if page else offset
    return answer({"results": _all_shown(hubspot, page), "hasMore": len(rows) > limit, "offset": last})


def _recent(hubspot: HubSpot, call: Call) -> Response:
    """The last changed first, of 30 days, 10,000 at most."""
    count = min(requests.number_of(call, "count", 20, 10**9), 100)
    offset, since = (
        requests.whole(call, "offset"),
        max(requests.whole(call, "since"), call.now - 30 * times.DAY),
    )
    source = f"({_listed(hubspot, 'modified, id')}) where modified >= ?"
    total = int(hubspot.store.value(f"select count(*) from {source}", (since,)))
    rows = hubspot.store.rows(
        f"select id, kind from {source} order by modified desc, id desc limit ? offset ?",
        (since, max(0, min(count, RECENT - offset)), offset),
    )
    told = {
        "results": _all_shown(hubspot, rows),
        "hasMore": offset + len(rows) < min(total, RECENT) and bool(rows),
        "offset": offset + len(rows), "total": total,
    }  # fmt: skip
    return answer(told)


def _after(hubspot: HubSpot, call: Call) -> Response:
    """By last change and id. `after` is that of the page before, or milliseconds."""
    limit = requests.number_of(call, "limit", 100, 250)
    text = call.query.get("after") or "0"
    at, _, place = text.partition("_")
    if not all(part.isdecimal() and len(part) < 16 for part in (at, place or "0")):
        raise errors.validation(call, "Invalid after")
    rows = hubspot.store.rows(
        f"select modified, id, kind from ({_listed(hubspot, 'modified, id')}) "
        "where (modified, id) > (?, ?) order by modified, id limit ?",
        (int(at), int(place or 0), limit + 1),
    )
    page = rows[:limit]
    last = f"{page[-1][0]}_{page[-1][1]}" if page else text
    more = len(rows) > limit
    return answer({"results": _all_shown(hubspot, page), "hasMore": more, "after": last, "offset": last})


def _read(hubspot: HubSpot, call: Call) -> Response:
    return answer(shown(hubspot, found(hubspot, call)))


def found(hubspot: HubSpot, call: Call) -> Record:
    """The engagement of the path's id, of whatever kind: they share one row of ids."""
    for plural in ENGAGEMENTS:
        kind = hubspot.portal.type_of(plural)
        record = hubspot.records.get(kind, call.params["id"]) if kind else None
        if record is not None and not record.archived:
            return record
    raise errors.not_found(call)


def shown(hubspot: HubSpot, record: Record) -> dict[str, Any]:
    """An engagement in the shape of v1."""
    owner, at = record.props.get("hubspot_owner_id"), record.props.get("hs_timestamp")
    return {
        "engagement": {
            "id": record.id, "portalId": hubspot.portal.id, "active": True, "createdAt": record.created,
            "lastUpdated": record.modified, "ownerId": int(owner) if owner and owner.isdecimal() else None,
            "type": ENGAGEMENTS[record.type.plural], "timestamp": times.parse(at) if at else record.created,
        },
        "associations": {**associated(hubspot, record), "ownerIds": [], "workflowIds": [], "contentIds": [],
                         "quoteIds": [], "marketingEventIds": []},
        "attachments": [],
        "metadata": metadata(record),
    }  # fmt: skip


def metadata(record: Record) -> dict[str, Any]:
    """What v1 calls an engagement's own properties; those it has no word for by their names."""
    words, prefix = WORDS[record.type.plural], f"hs_{record.type.singular}_"
    told: dict[str, Any] = {}
    for name, value in record.props.items():
        if name in words:
            word, kind = words[name]
            told[word] = _value(value, kind)
        elif name.startswith(prefix):
            told[name.removeprefix(prefix)] = value
    return told


def _value(value: str, kind: str) -> Any:
    if kind == "ms":
        return times.parse(value)
    if kind == "number":
        return int(float(value))
    if kind == "from":
        return {"email": value}
    return [{"email": each} for each in value.split(";")] if kind == "to" else value
