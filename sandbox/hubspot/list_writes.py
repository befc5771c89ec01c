"""Lists made, named, deleted and restored, and who is on them; what a record is on.

Only manual and snapshot lists take members; what a dynamic list holds is its filter's business
(`list_filters`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, list_filters, numbers, pages, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.marketing import one

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

KINDS = ("MANUAL", "SNAPSHOT", "DYNAMIC")
MOST_ADDED = 100_000


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(
        "create table if not exists deleted_lists (id integer primary key, shown blob not null)"
    )
    area = "/crm/lists"
    members = "/{id}/memberships"
    give = hubspot.versioned
    return [
        *give("POST", area, "", lambda call: _create(hubspot, call)),
        *give("GET", area, "", lambda call: _several(hubspot, call)),
        *give("GET", area, "/object-type-id/{type}/name/{name}", lambda call: _by_name(hubspot, call)),
        *give("GET", area, "/records/{type}/{record}/memberships", lambda call: _of_record(hubspot, call)),
        *give("PUT", area, "/{id}/update-list-name", lambda call: _rename(hubspot, call)),
        *give("PUT", area, "/{id}/restore", lambda call: _restore(hubspot, call)),
        *give("DELETE", area, "/{id}", lambda call: delete(hubspot, call)),
        *give("PUT", area, members + "/add", lambda call: change(hubspot, call, ids_of(call), [])),
        *give("PUT", area, members + "/remove", lambda call: change(hubspot, call, [], ids_of(call))),
        *give("PUT", area, members + "/add-and-remove", lambda call: _both(hubspot, call)),
        *give("DELETE", area, members, lambda call: _clear(hubspot, call)),
    ]


def _create(hubspot: HubSpot, call: Call) -> Response:
    return answer({"list": create(hubspot, call, requests.body_of(call))})


def create(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """Make a list. Raises HubSpot's refusal of what cannot be one."""
    name, kind = str(body.get("name") or "").strip(), str(body.get("processingType") or "")
    type_id = str(body.get("objectTypeId") or "")
    if not name or kind not in KINDS or hubspot.portal.type_of(type_id) is None:
        message = "Some required fields were not set: [name, objectTypeId, processingType]"
        raise errors.validation(call, message)
    if kind == "DYNAMIC" and not isinstance(body.get("filterBranch"), dict):
        raise errors.validation(call, "A dynamic list needs a filterBranch")
    if _named(hubspot, name) is not None:
        raise errors.error(call, 400, f"A list with the name {name[:80]} exists already", "VALIDATION_ERROR")
    number, stamp = numbers.following(hubspot.store, "lists", "deleted_lists"), times.iso(call.now)
    shown = {
        "listId": str(number), "listVersion": 1, "name": name, "objectTypeId": type_id,
        "processingType": kind, "processingStatus": "COMPLETE", "createdAt": stamp, "updatedAt": stamp,
        "filtersUpdatedAt": stamp,
        "createdById": "1", "updatedById": "1", "additionalProperties": {"hs_list_size": "0"},
    }  # fmt: skip
    if isinstance(body.get("filterBranch"), dict):
        shown["filterBranch"] = body["filterBranch"]
    list_filters.refresh(hubspot, call, shown)
    hubspot.store.db.execute("insert into lists values (?, ?)", (number, orjson.dumps(shown)))
    call.records = 1
    call.change("lists", str(number), "create", "name", None, name)
    return shown


def _named(hubspot: HubSpot, name: str) -> dict[str, Any] | None:
    every = pages.shown(hubspot.store.rows("select shown from lists order by id"))
    return next((each for each in every if each["name"].lower() == name.lower()), None)


def _several(hubspot: HubSpot, call: Call) -> Response:
    wanted = set(call.query_list("listIds"))
    every = pages.shown(hubspot.store.rows("select shown from lists order by id"))
    found = [each for each in every if each["listId"] in wanted]
    for each in found:
        list_filters.refresh(hubspot, call, each)
    return answer({"lists": found})


def _by_name(hubspot: HubSpot, call: Call) -> Response:
    found = _named(hubspot, call.params["name"])
    if found is None or found["objectTypeId"] != call.params["type"]:
        raise errors.not_found(call)
    list_filters.refresh(hubspot, call, found)
    return answer({"list": found})


def _of_record(hubspot: HubSpot, call: Call) -> Response:
    kind = hubspot.portal.type_of(call.params["type"])
    text = call.params["record"]
    record = requests.whole_id(text)
    if kind is None or record is None:
        raise errors.not_found(call)
    found = memberships(hubspot, call, kind, record)
    return answer({"results": found, "total": len(found)})


def memberships(hubspot: HubSpot, call: Call, kind: ObjectType, record: int) -> list[dict[str, Any]]:
    """The lists that a record is on."""
    for (blob,) in hubspot.store.rows("select shown from lists order by id"):
        list_filters.refresh(hubspot, call, orjson.loads(blob))
    found = []
    for list_id, at, shown in hubspot.store.rows(
        "select m.list_id, m.at, l.shown from list_members m join lists l on l.id = m.list_id "
        "where m.record_id = ? order by m.list_id",
        (record,),
    ):
        if orjson.loads(shown)["objectTypeId"] == kind.type_id:
            stamp = times.iso(at)
            found.append({
                "listId": str(list_id), "listVersion": 1, "firstAddedTimestamp": stamp,
                "lastAddedTimestamp": stamp,
            })  # fmt: skip
    return found


def _rename(hubspot: HubSpot, call: Call) -> Response:
    shown, name = one(hubspot, call, "lists"), call.query.get("listName", "").strip()
    if not name:
        raise errors.validation(call, "listName is required")
    save(hubspot, call, shown | {"name": name})
    call.change("lists", shown["listId"], "update", "name", shown["name"], name)
    return answer({"updatedList": shown | {"name": name}})


def save(hubspot: HubSpot, call: Call, shown: dict[str, Any]) -> None:
    shown["updatedAt"] = times.iso(call.now)
    hubspot.store.db.execute(
        "update lists set shown = ? where id = ?", (orjson.dumps(shown), int(shown["listId"]))
    )


def delete(hubspot: HubSpot, call: Call) -> Response:
    """Delete the list in the path; it can be restored."""
    shown = one(hubspot, call, "lists")
    hubspot.store.db.execute("delete from lists where id = ?", (int(shown["listId"]),))
    hubspot.store.db.execute(
        "insert or replace into deleted_lists values (?, ?)", (int(shown["listId"]), orjson.dumps(shown))
    )
    call.change("lists", shown["listId"], "delete", "name", shown["name"], None)
    return Response(status_code=204)


def _restore(hubspot: HubSpot, call: Call) -> Response:
    shown = one(hubspot, call, "deleted_lists")
    hubspot.store.db.execute("delete from deleted_lists where id = ?", (int(shown["listId"]),))
    hubspot.store.db.execute("insert into lists values (?, ?)", (int(shown["listId"]), orjson.dumps(shown)))
    call.change("lists", shown["listId"], "restore", "name", None, shown["name"])
    return Response(status_code=204)


def ids_of(call: Call, found: Any = None) -> list[str]:
    """Record ids: a list of strings or numbers."""
    if found is None:
        try:
            found = call.json()
        except ValueError:
            found = "not JSON"
    good = isinstance(found, list) and len(found) <= MOST_ADDED
    if not good or any(requests.whole_id(each) is None for each in found):
        raise errors.validation(call, "Invalid input JSON: a list of record ids is wanted")
    return [str(each) for each in found]


def _both(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    add, remove = (ids_of(call, body.get(n) or []) for n in ("recordIdsToAdd", "recordIdsToRemove"))
    return change(hubspot, call, add, remove)


def _editable(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = one(hubspot, call, "lists")
    if shown["processingType"] == "DYNAMIC":
        message = f"List {shown['listId']} is DYNAMIC; its memberships cannot be edited"
        raise errors.error(call, 400, message, "VALIDATION_ERROR")
    return shown


def change(hubspot: HubSpot, call: Call, add: list[str], remove: list[str]) -> Response:
    """Put records on a list and take others off. Ids of no record are named, not refused."""
    shown = _editable(hubspot, call)
    kind = hubspot.portal.type_of(shown["objectTypeId"])
    assert kind is not None
    number, db = int(shown["listId"]), hubspot.store.db
    added, missing, removed = [], [], []
    for text, record in hubspot.records.many(kind, add):
        if record is None or record.archived:
            missing.append(text)
        elif db.execute(
            "insert or ignore into list_members values (?, ?, ?)", (number, record.id, call.now)
        ).rowcount:
            added.append(str(record.id))
            call.change("lists", str(number), "add", "member", None, str(record.id))
    for text in remove:
        sql = "delete from list_members where list_id = ? and record_id = ?"
        if db.execute(sql, (number, int(text))).rowcount:
            removed.append(text)
            call.change("lists", str(number), "remove", "member", text, None)
    _resize(hubspot, call, shown)
    call.records = len(added) + len(removed)
    return answer({"recordsIdsAdded": added, "recordIdsRemoved": removed, "recordIdsMissing": missing})


def _resize(hubspot: HubSpot, call: Call, shown: dict[str, Any]) -> None:
    size = hubspot.store.value("select count(*) from list_members where list_id = ?", (int(shown["listId"]),))
    shown.setdefault("additionalProperties", {})["hs_list_size"] = str(size)
    save(hubspot, call, shown)


def _clear(hubspot: HubSpot, call: Call) -> Response:
    shown = _editable(hubspot, call)
    number = (int(shown["listId"]),)
    for (record,) in hubspot.store.rows("select record_id from list_members where list_id = ?", number):
        call.change("lists", shown["listId"], "remove", "member", str(record), None)
    hubspot.store.db.execute("delete from list_members where list_id = ?", number)
    _resize(hubspot, call, shown)
    return Response(status_code=204)
