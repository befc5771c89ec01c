"""The webhooks journal: what changed, to be fetched in files by whoever subscribed, for three days.

A file is cut from the write log when it is asked for; its offset is the place in the log where it ends, so a
reader that goes on from there misses nothing and reads nothing twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, Refused, answer
from sandbox.hubspot import changes, errors, journal_events, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

KEPT, LINK_LASTS, MOST, MOST_FILES = 3 * times.DAY, 5 * times.MINUTE, 10_000, 100
AREAS = (
    "/webhooks/{version}/journal", "/webhooks-journal/journal/{version}",
    "/webhooks/{version}/journal-local", "/webhooks-journal/journal-local/{version}",
)  # fmt: skip


def routes(hubspot: HubSpot) -> list[Route]:
    found: list[Route] = []
    give = hubspot.route
    for area in AREAS:
        found += give("GET", area + "/earliest", lambda call: _first(hubspot, call))
        found += give("GET", area + "/latest", lambda call: _last(hubspot, call))
        found += give("GET", area + "/offset/{offset}/next", lambda call: _next(hubspot, call))
        found += give("GET", area + "/batch/earliest/{count}", lambda call: _several(hubspot, call))
        found += give("GET", area + "/batch/latest/{count}", lambda call: _several(hubspot, call, last=True))
        found += give("GET", area + "/batch/{offset}/next/{count}", lambda call: _several(hubspot, call))
        found += give("POST", area + "/batch/read", lambda call: _named(hubspot, call))
        found += give("GET", area + "/status/{status}", lambda call: _status(hubspot, call))
    found += give("GET", "/journal-files/{start}/{end}", lambda call: _file(hubspot, call))
    return found


def is_file(path: str) -> bool:
    """A file is fetched by its link alone."""
    return path.startswith("/journal-files/")


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
    place = requests.whole_id(text)
    if place is None:
        raise errors.validation(call, "offset must be one that a file named")
    if place < _bounds(hubspot, call)[0]:
        raise errors.error(call, 404, "The offset is older than the journal is kept", "OBJECT_NOT_FOUND")
    return place


def _several(hubspot: HubSpot, call: Call, *, last: bool = False) -> Response:
    """So many files one after the other: from an offset, from the first on, or those that are the latest."""
    count = requests.whole_id(call.params["count"]) or 0
    if not 0 < count <= MOST_FILES:
        raise errors.validation(call, f"count must be between 1 and {MOST_FILES}")
    first, end = _bounds(hubspot, call)
    place = _place(hubspot, call, call.params["offset"]) if "offset" in call.params else first
    files: list[tuple[int, int]] = []
    while place < end and (last or len(files) < count):
        files.append((place, min(end, _end_of(hubspot, place))))
        place = files[-1][1]
    return _files(hubspot, call, files[-count:])


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


def _file(hubspot: HubSpot, call: Call) -> Response:
    said = (call.params["start"], call.params["end"], call.query.get("expires"))
    start, end, expires = (requests.whole_id(each) for each in said)
    if start is None or end is None or expires is None:
        raise errors.not_found(call)
    wanted = _sign(hubspot, start, end, expires)
    if expires < call.now or not hmac.compare_digest(call.query.get("sign", "").encode(), wanted.encode()):
        raise Refused(Response("the link has expired", 403, media_type="text/plain"))
    some = [w for w in changes.writes(hubspot, start, MOST) if w["seq"] <= end]
    events = journal_events.told(hubspot, some)
    return answer({"offset": str(end), "journalEvents": events, "publishedAt": times.iso(call.now)})


def _status(hubspot: HubSpot, call: Call) -> Response:
    """How a snapshot that was asked for stands: it is taken at once and kept as long as the journal."""
    own = call.params["status"]
    at = hubspot.store.value("select at from journal_snapshots where id = ?", (own,))
    if at is None:
        raise errors.not_found(call)
    state = "EXPIRED" if at < call.now - KEPT else "COMPLETED"
    return answer({"id": own, "status": state, "initiatedAt": at, "completedAt": at})
