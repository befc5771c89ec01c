"""Meetings booked by somebody at a rep's link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import associations, errors, requests
from sandbox.hubspot.objects import invalid
from sandbox.hubspot.records import Conflict, Invalid

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_LONGEST = 8 * times.HOUR


def routes(hubspot: HubSpot) -> list[Route]:
    book = "/scheduler/{version}/meetings/meeting-links"
    return [
        *hubspot.route("POST", f"{book}/book", lambda call: _book(hubspot, call)),
        *hubspot.route(
            "GET", f"{book}/book/{{slug}}", lambda call: _link(hubspot, call, call.params["slug"])
        ),
    ]


def _found_link(hubspot: HubSpot, call: Call, slug: Any) -> dict[str, Any]:
    row = hubspot.store.row(
        "select shown from meeting_links where json_extract(shown, '$.slug') = ?", (str(slug)[:200],)
    )
    if row is None:
        raise errors.error(call, 404, f"No meeting link has the slug {str(slug)[:80]}", "OBJECT_NOT_FOUND")
    found: dict[str, Any] = orjson.loads(row[0])
    return found


def _link(hubspot: HubSpot, call: Call, slug: str) -> Response:
    link = _found_link(hubspot, call, slug)
    return answer({
        "linkId": link["id"], "isOffline": False, "linkType": link["type"],
        "userSlug": link["slug"], "allUsersBusyTimes": [],
        "customParams": {"durations": [30 * times.MINUTE], "meetingBufferTime": 0},
    })  # fmt: skip


def _book(hubspot: HubSpot, call: Call) -> Response:
    """The guest becomes a contact, the booking a meeting of the link's owner. A time is given away once."""
    body = requests.body_of(call)
    link = _found_link(hubspot, call, body.get("slug"))
    start, length = body.get("startTime"), body.get("duration")
    first, last, email = (str(body.get(n) or "") for n in ("firstName", "lastName", "email"))
    if not first or not last or not email:
        raise errors.validation(call, "Some required fields were not set: [firstName, lastName, email]")
    at = int(str(start)) if str(start).isdecimal() and len(str(start)) < 16 else None
    if at is None or at < call.now or isinstance(length, bool) or not isinstance(length, int) or not (
        0 < length <= _LONGEST
    ):  # fmt: skip
        raise errors.validation(call, "startTime must lie ahead and duration be some milliseconds")
    owner = _owner(hubspot, link)
    if hubspot.store.value(
        "select 1 from meetings where archived = 0 and json_extract(props, '$.hs_meeting_start_time') = ? "
        "and json_extract(props, '$.hs_meeting_source_id') = ?", (times.iso(at), link["id"]),
    ):  # fmt: skip
        raise errors.error(call, 409, "This time is not available any more", "CONFLICT")
    try:
        contact = _guest(hubspot, call, email, {"firstname": first, "lastname": last})
        meeting = _meeting(hubspot, call, link, owner, at, length)
    except (Invalid, Conflict) as problem:
        raise invalid(hubspot, call, problem) from None
    associations.insert(
        hubspot.store, associations.rows_for("meetings", meeting, "contacts", contact, primary=False)
    )
    call.records = 1
    return answer({
        "calendarEventId": str(meeting), "contactId": str(contact), "bookingTimezone": body.get("timezone"),
        "start": times.iso(at), "end": times.iso(at + length), "duration": length, "subject": link["name"],
        "guestEmails": body.get("guestEmails") or [], "isOffline": False,
    })  # fmt: skip


def _owner(hubspot: HubSpot, link: dict[str, Any]) -> str:
    found = hubspot.store.value("select id from owners where user_id = ?", (int(link["organizerUserId"]),))
    return "" if found is None else str(found)


def _guest(hubspot: HubSpot, call: Call, email: str, names: dict[str, str]) -> int:
    kind = hubspot.portal.type_of("contacts")
    assert kind is not None
    record = hubspot.records.get(kind, email, "email")
    if record is None or record.archived:
        record = hubspot.records.create(call, kind, {"email": email, **names, "lifecyclestage": "lead"})
    return record.id


def _meeting(hubspot: HubSpot, call: Call, link: dict[str, Any], owner: str, at: int, length: int) -> int:
    kind = hubspot.portal.type_of("meetings")
    assert kind is not None
    props = {
        "hs_timestamp": times.iso(at), "hs_meeting_title": link["name"], "hs_meeting_outcome": "SCHEDULED",
        "hs_meeting_start_time": times.iso(at), "hs_meeting_end_time": times.iso(at + length),
        "hubspot_owner_id": owner,
    }  # fmt: skip
    record = hubspot.records.create(call, kind, props)
    record.props |= {
        "hs_meeting_source": "MEETINGS_PUBLIC", "hs_meeting_source_id": link["id"],
        "hs_meeting_external_url": link["link"],
    }  # fmt: skip
    hubspot.records.save(record)
    return record.id
