"""What is no CRM record in a portal from files: lists, forms with submissions, e-mails with events, teams.

Belongs here: a row's values as the API shows the thing, and what hangs on nothing, counted. Records, and what
ties them, are in `files_hubspot`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.worlds.portal import PORTAL_ID

if TYPE_CHECKING:
    from sandbox.worlds.files_hubspot import Portal

Values = dict[str, Any]
_IN_AN_EVENT = ("filteredEvent", "url", "response", "category", "status", "dropReason", "subject")


def _list(portal: Portal, v: Values) -> None:
    if _is_gone(v):
        portal.findings.note("lists: deleted, left out")
        return
    created, updated = portal.stamp(v.get("created")), portal.stamp(v.get("modified") or v.get("created"))
    _put(portal, "lists", int(v["id"]), {
        "listId": v["id"], "listVersion": int(v.get("list_version") or 1), "name": v.get("name") or v["id"],
        "objectTypeId": v.get("object_type_id") or "0-1",
        "processingType": v.get("processing_type") or "MANUAL", "processingStatus": "COMPLETE",
        "createdById": v.get("created_by"), "createdAt": times.iso(created), "updatedAt": times.iso(updated),
        "filtersUpdatedAt": times.iso(updated), "additionalProperties": {"hs_list_size": "0"},
    })  # fmt: skip


def _member(portal: Portal, v: Values) -> None:
    """Of a list that is there; who is in it may be nobody the data has, as after a privacy deletion."""
    if _is_gone(v):
        portal.findings.note("list_members: who has left, left out")
        return
    row = portal.store.row("select shown from lists where id = ?", (int(v["list"]),))
    if row is None:
        portal.findings.note("list_members: of a list that the data does not have, left out")
        return
    if portal.store.row("select 1 from contacts where id = ?", (int(v["contact"]),)) is None:
        portal.findings.note("list_members: a contact that the data does not have")
    added = portal.stamp(v.get("at"))
    cursor = portal.store.db.execute(
        "insert or ignore into list_members values (?, ?, ?)", (int(v["list"]), int(v["contact"]), added)
    )
    shown = orjson.loads(row[0])
    extra = shown["additionalProperties"]
    extra["hs_list_size"] = str(int(extra["hs_list_size"]) + cursor.rowcount)
    extra["hs_last_record_added_at"] = str(max(added, int(extra.get("hs_last_record_added_at", 0))))
    portal.store.db.execute("update lists set shown = ? where id = ?", (orjson.dumps(shown), int(v["list"])))


def _form(portal: Portal, v: Values) -> None:
    created, updated = portal.stamp(v.get("created")), portal.stamp(v.get("modified") or v.get("created"))
    _put(portal, "forms", v["id"], False, {
        "id": v["id"], "name": v.get("name") or v["id"], "formType": "hubspot", "archived": False,
        "createdAt": times.iso(created), "updatedAt": times.iso(updated), "fieldGroups": [],
        "configuration": {"language": "en", "cloneable": True, "editable": True},
    })  # fmt: skip


def _submission(portal: Portal, v: Values) -> None:
    """HubSpot names who sent a form by what they typed; the replica by the contact they became."""
    if portal.store.row("select 1 from forms where id = ?", (v["form"],)) is None:
        portal.findings.note("submissions: of a form that the data does not have, left out")
        return
    contact = portal.store.row("select props from contacts where id = ?", (int(v["contact"]),))
    if contact is None:
        portal.findings.note("submissions: by a contact that the data does not have")
    email = orjson.loads(contact[0]).get("email") if contact else None
    at = portal.stamp(v.get("at"))
    values = [{"name": "email", "value": email, "objectTypeId": "0-1"}] if email else []
    _put(portal, "submissions", v["id"], v["form"], at, {
        "conversionId": v["id"], "submittedAt": at, "values": values, "pageUrl": v.get("page_url"),
    })  # fmt: skip


def _email_campaign(portal: Portal, v: Values) -> None:
    updated = portal.stamp(v.get("modified"))
    _put(portal, "email_campaigns", int(v["id"]), updated, {
        "id": int(v["id"]), "appId": _whole(v.get("app_id")), "appName": v.get("app_name"),
        "name": v.get("name"), "subject": v.get("subject"), "contentId": _whole(v.get("content_id")),
        "type": v.get("type"), "numIncluded": _whole(v.get("num_included")) or 0, "counters": {},
        "lastUpdatedTime": updated,
    })  # fmt: skip


def _email_event(portal: Portal, v: Values) -> None:
    at, campaign = portal.stamp(v.get("at")), _whole(v.get("campaign"))
    if portal.store.row("select 1 from email_campaigns where id = ?", (campaign,)) is None:
        portal.findings.note("email_events: of a campaign that the data does not have")
    shown = {
        "id": v["id"], "created": at, "type": v.get("type"), "recipient": v.get("recipient"),
        "portalId": PORTAL_ID, "appId": _whole(v.get("app_id")), "emailCampaignId": campaign,
        "filteredEvent": v.get("filtered") == "true",
    }  # fmt: skip
    if v.get("sent_by"):
        shown["sentBy"] = {"id": v["sent_by"], "created": portal.stamp(v.get("sent_at"))}
    _put(portal, "email_events", v["id"], at, v.get("type"), v.get("recipient"), campaign, shown)


def _email_event_part(portal: Portal, v: Values) -> None:
    """What a replica keeps beside an event, by its kind; the API shows both as one."""
    row = portal.store.row("select shown from email_events where id = ?", (v["id"],))
    if row is None:
        portal.findings.note(f"email_events: parts ({v['kind']}) of an event that the data does not have")
        return
    shown = orjson.loads(row[0]) | {name: v[name] for name in _IN_AN_EVENT if v.get(name)}
    portal.store.db.execute("update email_events set shown = ? where id = ?", (orjson.dumps(shown), v["id"]))


def _team(portal: Portal, v: Values) -> None:
    _put(portal, "teams", int(v["id"]), {
        "id": v["id"], "name": v.get("name"), "userIds": [], "secondaryUserIds": [],
    })  # fmt: skip


def _team_member(portal: Portal, v: Values) -> None:
    row = portal.store.row("select shown from teams where id = ?", (int(v["team"]),))
    if row is None:
        portal.findings.note("team_members: of a team that the data does not have, left out")
        return
    shown = orjson.loads(row[0])
    shown["secondaryUserIds" if v.get("secondary") == "true" else "userIds"].append(v["user"])
    portal.store.db.execute("update teams set shown = ? where id = ?", (orjson.dumps(shown), int(v["team"])))


LOADERS: dict[str, Callable[[Portal, Values], None]] = {
    "lists": _list,
    "list_members": _member,
    "forms": _form,
    "submissions": _submission,
    "email_campaigns": _email_campaign,
    "email_events": _email_event,
    "email_event_parts": _email_event_part,
    "teams": _team,
    "team_members": _team_member,
}
"""By what a feed is `to`. Rows of one feed may refer to rows of the feeds before it."""


def _put(portal: Portal, table: str, *row: Any) -> None:
    """A row whose last value is the thing as it is shown; one that is there already stays."""
    marks = ", ".join("?" * len(row))
    cursor = portal.store.db.execute(
        f"insert or ignore into {table} values ({marks})", (*row[:-1], orjson.dumps(row[-1]))
    )
    if cursor.rowcount == 0:
        portal.findings.note(f"{table}: a row with an id that is there already, left out")


def _is_gone(v: Values) -> bool:
    return str(v.get("archived") or "").lower() == "true"


def _whole(value: Any) -> int | None:
    return int(value) if value and str(value).isdecimal() else None
