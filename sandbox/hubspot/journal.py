"""The webhooks journal: what changed, to be fetched in files by whoever subscribed, for three days.

A file is cut from the write log when it is asked for; its offset is the place in the log where it ends, so a
reader that goes on from there misses nothing and reads nothing twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.hubspot import changes, errors, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

KEPT, LINK_LASTS, MOST, MOST_FILES = 3 * times.DAY, 5 * times.MINUTE, 10_000, 100
TABLES = "create table if not exists journal_subscriptions (id integer primary key, shown blob not null)"


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    found: list[Route] = []
    give = hubspot.route
    for area in ("/webhooks/{version}/journal", "/webhooks-journal/journal/{version}"):
        found += give("GET", area + "/earliest", lambda call: _first(hubspot, call))
        found += give("GET", area + "/latest", lambda call: _last(hubspot, call))
        found += give("GET", area + "/offset/{offset}/next", lambda call: _next(hubspot, call))
        found += give("GET", area + "/batch/earliest/{count}", lambda call: _several(hubspot, call))
        found += give("GET", area + "/batch/latest/{count}", lambda call: _several(hubspot, call, last=True))
        found += give("GET", area + "/batch/{offset}/next/{count}", lambda call: _several(hubspot, call))
        found += give("POST", area + "/batch/read", lambda call: _named(hubspot, call))
    for area in ("/webhooks/{version}/subscriptions", "/webhooks-journal/subscriptions/{version}"):
        found += give("GET", area, lambda call: answer({"results": _subscriptions(hubspot)}))
        found += give("POST", area, lambda call: _subscribe(hubspot, call))
        found += give("DELETE", area + "/portals/{portal}", lambda call: _leave(hubspot, call))
        found += give("GET", area + "/{id}", lambda call: answer(_subscription(hubspot, call)))
        found += give("DELETE", area + "/{id}", lambda call: _unsubscribe(hubspot, call))
    found += give("GET", "/journal-files/{start}/{end}", lambda call: _file(hubspot, call))
    return found


def is_file(path: str) -> bool:
    """A file is fetched by its link alone."""
    return path.startswith("/journal-files/")


def _subscriptions(hubspot: HubSpot) -> list[dict[str, Any]]:
    return [
        orjson.loads(s) for (s,) in hubspot.store.rows("select shown from journal_subscriptions order by id")
    ]


def _subscribe(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    kind = hubspot.portal.type_of(str(body.get("objectTypeId") or ""))
    properties = requests.strings(call, body, "properties")
    if kind is None or body.get("subscriptionType", "OBJECT") not in ("OBJECT", "ASSOCIATION"):
        raise errors.validation(call, "objectTypeId and subscriptionType OBJECT or ASSOCIATION are wanted")
    number = int(hubspot.store.value("select coalesce(max(id), 0) + 1 from journal_subscriptions"))
    shown = {
        "id": number, "subscriptionType": body.get("subscriptionType", "OBJECT"),
        "objectTypeId": kind.type_id,
        "portalId": hubspot.portal.id, "properties": properties, "actions": body.get("actions") or [],
        "createdAt": times.iso(call.now),
    }  # fmt: skip
    hubspot.store.db.execute("insert into journal_subscriptions values (?, ?)", (number, orjson.dumps(shown)))
    return answer(shown, 201)


def _subscription(hubspot: HubSpot, call: Call) -> dict[str, Any]:
    for each in _subscriptions(hubspot):
        if str(each["id"]) == call.params["id"]:
            return each
    raise errors.not_found(call)


def _leave(hubspot: HubSpot, call: Call) -> Response:
    """All subscriptions to a portal end."""
    if call.params["portal"] != str(hubspot.portal.id):
        raise errors.not_found(call)
    hubspot.store.db.execute("delete from journal_subscriptions")
    return Response(status_code=204)


def _unsubscribe(hubspot: HubSpot, call: Call) -> Response:
    text = call.params["id"]
    known = text.isdecimal() and len(text) < 16
    sql = "delete from journal_subscriptions where id = ?"
    if not known or not hubspot.store.db.execute(sql, (int(text),)).rowcount:
        raise errors.not_found(call)
    return Response(status_code=204)


def _wanted(hubspot: HubSpot) -> dict[str, set[str] | None]:
    """By type id the properties to tell of; a subscription without any tells of all."""
    found: dict[str, set[str] | None] = {}
    for each in _subscriptions(hubspot):
        known = found.get(each["objectTypeId"], set())
        found[each["objectTypeId"]] = (
            None if not each["properties"] or known is None else known | set(each["properties"])
        )
    return found


def _bounds(hubspot: HubSpot, call: Call) -> tuple[int, int]:
    """Where the log that is still kept begins and ends."""
    row = hubspot.store.row(
        "select coalesce(min(seq) - 1, 0), coalesce(max(seq), 0) from writes where at >= ?",
        (call.now - KEPT,),
    ) or (0, 0)
    return int(row[0]), int(row[1])


def _link(hubspot: HubSpot, call: Call, start: int, end: int) -> Response:
    """A file's address; 204 when it would be empty."""
    return answer(_address(hubspot, call, start, end)) if end > start else Response(status_code=204)


def _address(hubspot: HubSpot, call: Call, start: int, end: int) -> dict[str, str]:
    expires = call.now + LINK_LASTS
    sign = _sign(hubspot, start, end, expires)
    url = f"{call.base_url}/journal-files/{start}/{end}?expires={expires}&sign={sign}"
    return {"url": url, "expiresAt": times.iso(expires), "currentOffset": str(end)}


def _sign(hubspot: HubSpot, start: int, end: int, expires: int) -> str:
    text = f"{start}/{end}/{expires}".encode()
    return hmac.new(hubspot.token.encode(), text, hashlib.sha256).hexdigest()[:32]


def _end_of(hubspot: HubSpot, start: int) -> int:
    """Where a file that begins there ends: at most so many changes on."""
    sql = "select max(seq) from (select seq from writes where seq > ? order by seq limit ?)"
    return int(hubspot.store.value(sql, (start, MOST)) or start)


def _first(hubspot: HubSpot, call: Call) -> Response:
    start, end = _bounds(hubspot, call)
    return _link(hubspot, call, start, min(end, _end_of(hubspot, start)))


def _last(hubspot: HubSpot, call: Call) -> Response:
    start, end = _bounds(hubspot, call)
    return _link(hubspot, call, max(start, end - MOST), end)


def _next(hubspot: HubSpot, call: Call) -> Response:
    start = _place(hubspot, call, call.params["offset"])
    return _link(hubspot, call, start, min(_bounds(hubspot, call)[1], _end_of(hubspot, start)))


def _place(hubspot: HubSpot, call: Call, text: str) -> int:
    """The place in the log that an offset is. Refuses what is none, and what is older than the journal."""
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise errors.validation(call, "offset must be one that a file named")
    if int(text) < _bounds(hubspot, call)[0]:
        raise errors.error(call, 404, "The offset is older than the journal is kept", "OBJECT_NOT_FOUND")
    return int(text)


def _several(hubspot: HubSpot, call: Call, *, last: bool = False) -> Response:
    """So many files one after the other: from an offset, from the first on, or those that are the latest."""
    text = call.params["count"]
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or not 0 < int(text) <= MOST_FILES:
        raise errors.validation(call, f"count must be between 1 and {MOST_FILES}")
    first, end = _bounds(hubspot, call)
    place = _place(hubspot, call, call.params["offset"]) if "offset" in call.params else first
    files: list[tuple[int, int]] = []
    while place < end and (last or len(files) < int(text)):
        files.append((place, min(end, _end_of(hubspot, place))))
        place = files[-1][1]
    return _files(hubspot, call, files[-int(text) :])


def _named(hubspot: HubSpot, call: Call) -> Response:
    """The files that follow the offsets of a body."""
    inputs = requests.strings(call, requests.body_of(call), "inputs")
    if len(inputs) > MOST_FILES:
        raise errors.validation(call, f"The maximum number of inputs is {MOST_FILES}, not {len(inputs)}")
    end = _bounds(hubspot, call)[1]
    places = [_place(hubspot, call, each) for each in inputs]
    return _files(hubspot, call, [(at, min(end, _end_of(hubspot, at))) for at in places if at < end])


def _files(hubspot: HubSpot, call: Call, files: list[tuple[int, int]]) -> Response:
    return pages.done(call, [_address(hubspot, call, start, end) for start, end in files])


def is_of_record(hubspot: HubSpot, write: changes.Write) -> bool:
    """Whether a logged change is one of a record: a client's own type may be called like what is none."""
    return write["object"] in hubspot.portal.types.all and str(write["record_id"]).isdecimal()


def _file(hubspot: HubSpot, call: Call) -> Response:
    start, end, expires = call.params["start"], call.params["end"], call.query.get("expires", "")
    if not all(each.isdecimal() and len(each) < 16 for each in (start, end, expires)):
        raise errors.not_found(call)
    wanted = _sign(hubspot, int(start), int(end), int(expires))
    if (
        not hmac.compare_digest(call.query.get("sign", "").encode(), wanted.encode())
        or int(expires) < call.now
    ):
        raise Refused(Response("the link has expired", 403, media_type="text/plain"))
    some = [w for w in changes.writes(hubspot, int(start), MOST) if w["seq"] <= int(end)]
    some = [write for write in some if is_of_record(hubspot, write)]
    events = changes.journal_events(hubspot, some, _wanted(hubspot))
    return answer({"offset": end, "journalEvents": events, "publishedAt": times.iso(call.now)})
