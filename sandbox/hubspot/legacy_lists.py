"""Lists of contacts by v1: read, made, deleted, their members, contacts put on them and taken off.

In the store they are those of `lists`; a list's id is the same in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, legacy_contacts, list_filters, list_writes, pages, requests
from sandbox.hubspot.marketing import one

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

AREA, CONTACTS = "/contacts/v1/lists", "0-1"
MOST = 500
Json = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    give, own = hubspot.route, f"{AREA}/{{id}}"
    found = [
        *give("GET", AREA, lambda call: _list(hubspot, call, "")),
        *give("GET", f"{AREA}/static", lambda call: _list(hubspot, call, "STATIC")),
        *give("GET", f"{AREA}/dynamic", lambda call: _list(hubspot, call, "DYNAMIC")),
        *give("POST", AREA, lambda call: _create(hubspot, call)),
        *give("GET", own, lambda call: answer(_shown(hubspot, _found(hubspot, call)))),
        *give("DELETE", own, lambda call: _delete(hubspot, call)),
        *give("POST", f"{own}/add", lambda call: _change(hubspot, call, add=True)),
        *give("POST", f"{own}/remove", lambda call: _change(hubspot, call, add=False)),
    ]
    for order, called in (("record_id", "all"), ("at desc, record_id desc", "recent")):
        found += give("GET", f"{own}/contacts/{called}", _telling(hubspot, order))
    return found


def _found(hubspot: HubSpot, call: Call) -> Json:
    shown: Json = one(hubspot, call, "lists")
    if shown["objectTypeId"] != CONTACTS:
        raise errors.not_found(call)
    list_filters.refresh(hubspot, call, shown)
    return shown


def _shown(hubspot: HubSpot, shown: Json) -> Json:
    number = int(shown["listId"])
    size = hubspot.store.value("select count(*) from list_members where list_id = ?", (number,))
    is_dynamic = shown["processingType"] == "DYNAMIC"
    return {
        "listId": number, "internalListId": number, "portalId": hubspot.portal.id, "name": shown["name"],
        "dynamic": is_dynamic, "listType": "DYNAMIC" if is_dynamic else "STATIC", "archived": False,
        "createdAt": times.parse(shown["createdAt"]), "updatedAt": times.parse(shown["updatedAt"]),
        "deleteable": True, "readOnly": False, "internal": False, "filters": [],
        "metaData": {
            "processing": "DONE", "size": size, "error": "",
            "lastSizeChangeAt": times.parse(shown["updatedAt"]),
            "lastProcessingStateChangeAt": times.parse(shown["updatedAt"]),
        },
    }  # fmt: skip


def _list(hubspot: HubSpot, call: Call, kind: str) -> Response:
    count, offset = min(requests.number_of(call, "count", 20, 10**9), 250), requests.whole(call, "offset")
    every = pages.shown(hubspot.store.rows("select shown from lists order by id"))
    some = [
        each for each in every
        if each["objectTypeId"] == CONTACTS
        and (not kind or (each["processingType"] == "DYNAMIC") == (kind == "DYNAMIC"))
    ]  # fmt: skip
    page = some[offset : offset + count]
    for each in page:
        list_filters.refresh(hubspot, call, each)
    lists = [_shown(hubspot, each) for each in page]
    return answer({"lists": lists, "has-more": offset + count < len(some), "offset": offset + len(page)})


def _create(hubspot: HubSpot, call: Call) -> Response:
    """A static list; the filters of the old API are not worked out, so that a dynamic one is refused."""
    body = requests.body_of(call)
    if body.get("dynamic") is True:
        raise errors.validation(call, "Dynamic lists are made by the newer API")
    wish = {"name": body.get("name"), "objectTypeId": CONTACTS, "processingType": "MANUAL"}
    return answer(_shown(hubspot, list_writes.create(hubspot, call, wish)))


def _delete(hubspot: HubSpot, call: Call) -> Response:
    _found(hubspot, call)
    return list_writes.delete(hubspot, call)


def _change(hubspot: HubSpot, call: Call, *, add: bool) -> Response:
    """By ids and, to add, by addresses; what is no contact is told beside what was done."""
    shown, body = _found(hubspot, call), requests.body_of(call)
    vids, emails = body.get("vids") or [], requests.strings(call, body, "emails")
    if not isinstance(vids, list) or len(vids) + len(emails) > MOST:
        raise errors.validation(call, f"vids must be a list, with at most {MOST} contacts in all")
    kind = hubspot.portal.type_of("contacts")
    assert kind is not None
    by_email = {each: hubspot.records.get(kind, each, "email") for each in emails}
    wanted = list_writes.ids_of(call, vids) + [str(found.id) for found in by_email.values() if found]
    done = list_writes.change(hubspot, call, wanted if add else [], [] if add else wanted)
    told = orjson.loads(bytes(done.body))
    changed = [int(each) for each in told["recordsIdsAdded" if add else "recordIdsRemoved"]]
    invalid = [int(each) for each in told["recordIdsMissing"]]
    return answer({
        "updated": changed, "invalidVids": invalid,
        "discarded": [int(each) for each in wanted if int(each) not in (*changed, *invalid)],
        "invalidEmails": [each for each, found in by_email.items() if found is None],
        "listId": int(shown["listId"]),
    })  # fmt: skip


def _telling(hubspot: HubSpot, order: str) -> Any:
    def tell(call: Call) -> Response:
        shown = _found(hubspot, call)
        count, offset = (
            min(requests.number_of(call, "count", 20, 10**9), 100),
            requests.whole(call, "vidOffset"),
        )
        rows = hubspot.store.rows(
            f"select record_id, at from list_members where list_id = ? order by {order} limit ? offset ?",
            (int(shown["listId"]), count + 1, offset),
        )
        kind, page = hubspot.portal.type_of("contacts"), rows[:count]
        assert kind is not None
        names = call.query_list("property")
        people = [
            legacy_contacts.shown(hubspot, record, names) | {"addedAt": at}
            for (_, record), (_, at) in zip(
                hubspot.records.many(kind, [str(own) for own, _ in page]), page, strict=True
            )
            if record is not None
        ]
        more = len(rows) > count
        return answer({"contacts": people, "has-more": more, "vid-offset": offset + len(page)})

    return tell
