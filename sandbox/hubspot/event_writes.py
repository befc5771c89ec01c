"""Marketing events that an app keeps by its own ids, and who registered, attended or cancelled.

Events of other apps are not found by an external id: the pair of `externalEventId` and `externalAccountId`
names one. Reading by HubSpot's id is in `marketing.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

STATES = {"register": "REGISTERED", "attend": "ATTENDED", "cancel": "CANCELLED"}
_COUNTS = {"REGISTERED": "registrants", "ATTENDED": "attendees", "CANCELLED": "cancellations"}
_TEXTS = ("eventName", "eventOrganizer", "eventType", "eventDescription", "eventUrl")
MOST = 500
Event = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(
        "create index if not exists marketing_events_by_external on marketing_events "
        "(json_extract(shown, '$.externalEventId'))"
    )
    area, own = "/marketing/marketing-events", "/events/{external}"
    give = hubspot.versioned
    by_external, by_id = "/attendance/{external}/{state}/", "/{id}/attendance/{state}/"
    return [
        *give("POST", area, "/events", lambda call: _create(hubspot, call)),
        *give("POST", area, "/events/upsert", lambda call: _upsert_many(hubspot, call)),
        *give("POST", area, "/events/delete", lambda call: _delete_many(hubspot, call)),
        *give("GET", area, own, lambda call: answer(_own(hubspot, call))),
        *give("PUT", area, own, lambda call: _put(hubspot, call)),
        *give("PATCH", area, own, lambda call: _patch(hubspot, call)),
        *give("DELETE", area, own, lambda call: _delete(hubspot, call)),
        *give("POST", area, f"{own}/cancel", lambda call: _cancel(hubspot, call)),
        *give("POST", area, f"{own}/complete", lambda call: _complete(hubspot, call)),
        *give("POST", area, f"{by_external}create", lambda call: attend(hubspot, call, by="vid")),
        *give("POST", area, f"{by_external}email-create", lambda call: attend(hubspot, call, by="email")),
        *give("POST", area, f"{by_id}create", lambda call: attend(hubspot, call, by="vid")),
        *give("POST", area, f"{by_id}email-create", lambda call: attend(hubspot, call, by="email")),
    ]


def _moment(call: Call, body: dict[str, Any], name: str) -> str | None:
    said = body.get(name)
    if said is None:
        return None
    try:
        return times.iso(times.parse(str(said)))
    except ValueError:
        raise errors.validation(call, f"{name} must be an ISO 8601 timestamp") from None


def _given(call: Call, body: dict[str, Any]) -> Event:
    """What a body says of an event."""
    found: Event = {name: str(body[name]) for name in _TEXTS if body.get(name) is not None}
    for name in ("startDateTime", "endDateTime"):
        moment = _moment(call, body, name)
        if moment is not None:
            found[name] = moment
    for name in ("eventCancelled", "eventCompleted"):
        if isinstance(body.get(name), bool):
            found[name] = body[name]
    extra = requests.objects_in(call, body, "customProperties")
    return found | ({"customProperties": extra} if extra else {})


def _account(call: Call, said: Any) -> str:
    if not isinstance(said, str) or not said:
        raise errors.validation(call, "externalAccountId is required")
    return said


def find(hubspot: HubSpot, external: str, account: str) -> Event | None:
    for (blob,) in hubspot.store.rows(
        "select shown from marketing_events where json_extract(shown, '$.externalEventId') = ?", (external,)
    ):
        found: Event = orjson.loads(blob)
        if found.get("externalAccountId", "northwind") == account:
            return found
    return None


def _own(hubspot: HubSpot, call: Call) -> Event:
    account = _account(call, call.query.get("externalAccountId"))
    found = find(hubspot, call.params["external"], account)
    if found is None:
        raise errors.not_found(call)
    return found


def _save(hubspot: HubSpot, call: Call, event: Event) -> Event:
    """Store an event with what follows from its times."""
    event["updatedAt"] = times.iso(call.now)
    end = event.get("endDateTime")
    past = event["eventCompleted"] or (end is not None and times.parse(end) < call.now)
    event["eventStatus"] = "CANCELLED" if event["eventCancelled"] else "PAST" if past else "UPCOMING"
    hubspot.store.db.execute(
        "insert or replace into marketing_events values (?, ?)", (int(event["objectId"]), orjson.dumps(event))
    )
    call.records += 1
    return event


def _make(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> Event:
    external = body.get("externalEventId")
    account = _account(call, body.get("externalAccountId"))
    if (
        not isinstance(external, str)
        or not external
        or not body.get("eventName")
        or not body.get("eventOrganizer")
    ):
        needed = "eventName, eventOrganizer, externalAccountId, externalEventId"
        raise errors.validation(call, f"Some required fields were not set: [{needed}]")
    number = numbers.following(hubspot.store, "marketing_events", first=400_000)
    event: Event = {
        "objectId": str(number), "externalEventId": external, "externalAccountId": account,
        "eventType": None, "eventDescription": None, "eventUrl": None, "startDateTime": None,
        "endDateTime": None, "eventCancelled": False, "eventCompleted": False, "registrants": 0,
        "attendees": 0, "cancellations": 0, "noShows": 0, "customProperties": [],
        "appInfo": {"id": "1", "name": "sandbox-app"}, "createdAt": times.iso(call.now),
    }  # fmt: skip
    call.change("marketing-events", str(number), "create", "eventName", None, str(body["eventName"]))
    return _save(hubspot, call, event | _given(call, body))


def _create(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    if isinstance(body.get("externalEventId"), str) and find(
        hubspot, body["externalEventId"], _account(call, body.get("externalAccountId"))
    ):
        raise errors.error(
            call, 409, "A marketing event with this external id exists", "OBJECT_ALREADY_EXISTS"
        )
    return answer(_make(hubspot, call, body))


def _changed(hubspot: HubSpot, call: Call, event: Event, given: Event) -> Event:
    for name, value in given.items():
        if event.get(name) != value:
            call.change(
                "marketing-events", event["objectId"], "update", name, str(event.get(name)), str(value)
            )
    return _save(hubspot, call, event | given)


def _upsert(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> Event:
    account = _account(call, body.get("externalAccountId"))
    event = find(hubspot, str(body.get("externalEventId") or ""), account)
    return _make(hubspot, call, body) if event is None else _changed(hubspot, call, event, _given(call, body))


def _put(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    return answer(_upsert(hubspot, call, body | {"externalEventId": call.params["external"]}))


def _upsert_many(hubspot: HubSpot, call: Call) -> Response:
    inputs = requests.inputs_of(call, requests.body_of(call), 100)
    results = [_upsert(hubspot, call, each) for each in inputs]
    return pages.done(call, results)


def _patch(hubspot: HubSpot, call: Call) -> Response:
    event = _own(hubspot, call)
    return answer(_changed(hubspot, call, event, _given(call, requests.body_of(call))))


def remove(hubspot: HubSpot, call: Call, event: Event) -> None:
    own = (int(event["objectId"]),)
    hubspot.store.db.execute("delete from marketing_events where id = ?", own)
    numbers.removed(hubspot.store, "marketing_events", *own)
    last = hubspot.store.value("select max(id) from participations where event_id = ?", own)
    numbers.removed(hubspot.store, "participations", int(last or 0))
    for table in ("participations", "lists_of_events"):
        hubspot.store.db.execute(f"delete from {table} where event_id = ?", own)
    call.change("marketing-events", event["objectId"], "delete", "archived", "false", "true")
    call.records += 1


def _delete(hubspot: HubSpot, call: Call) -> Response:
    remove(hubspot, call, _own(hubspot, call))
    return Response(status_code=204)


def _delete_many(hubspot: HubSpot, call: Call) -> Response:
    for each in requests.inputs_of(call, requests.body_of(call), 100):
        event = find(
            hubspot, str(each.get("externalEventId") or ""), _account(call, each.get("externalAccountId"))
        )
        if event is not None:
            remove(hubspot, call, event)
    return Response(status_code=204)


def _cancel(hubspot: HubSpot, call: Call) -> Response:
    return answer(_changed(hubspot, call, _own(hubspot, call), {"eventCancelled": True}))


def _complete(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    if body.get("startDateTime") is None or body.get("endDateTime") is None:
        raise errors.validation(call, "Some required fields were not set: [startDateTime, endDateTime]")
    given = _given(call, body) | {"eventCompleted": True}
    return answer(_changed(hubspot, call, _own(hubspot, call), given))


def attend(hubspot: HubSpot, call: Call, *, by: str) -> Response:
    """The same person with the same moment again is the same participation."""
    state = STATES.get(call.params["state"].lower())
    if state is None:
        raise errors.validation(call, f"subscriberState must be one of {', '.join(STATES)}")
    event = by_id(hubspot, call, call.params["id"]) if "id" in call.params else _own(hubspot, call)
    results = []
    for each in requests.inputs_of(call, requests.body_of(call), MOST):
        results.append(_seat(hubspot, call, event, state, each, by))
    _recount(hubspot, call, event)
    return pages.done(call, results)


def by_id(hubspot: HubSpot, call: Call, text: str) -> Event:
    """The event of HubSpot's id, or its 404."""
    found = row_of(hubspot, text)
    if found is None:
        raise errors.not_found(call)
    return found


def row_of(hubspot: HubSpot, text: str) -> Event | None:
    row = hubspot.store.row("select shown from marketing_events where id = ?", (requests.whole_id(text),))
    found: Event | None = None if row is None else orjson.loads(row[0])
    return found


def change(hubspot: HubSpot, call: Call, event: Event, body: dict[str, Any]) -> Event:
    """Change what a body says of an event."""
    return _changed(hubspot, call, event, _given(call, body))


def _seat(
    hubspot: HubSpot, call: Call, event: Event, state: str, wish: dict[str, Any], by: str
) -> dict[str, Any]:
    kind = hubspot.portal.type_of("contacts")
    assert kind is not None
    own = str(wish.get(by) or "")
    record = hubspot.records.get(kind, own, "email" if by == "email" else "hs_object_id") if own else None
    if record is None or record.archived:
        raise errors.validation(call, f"No contact was found for {own[:80] or by}")
    said = wish.get("interactionDateTime")
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= call.now + times.DAY:
        raise errors.validation(call, "interactionDateTime must be milliseconds since 1970")
    number = _number_of(hubspot, event, record.id, state, said)
    email = record.props.get("email", "")
    shown = {
        "id": str(number), "createdAt": times.iso(call.now),
        "associations": {
            "contact": {"contactId": str(record.id), "email": email,
                        "firstname": record.props.get("firstname"), "lastname": record.props.get("lastname")},
            "marketingEvent": {"marketingEventId": event["objectId"], "name": event.get("eventName"),
                               "externalEventId": event.get("externalEventId"),
                               "externalAccountId": event.get("externalAccountId", "northwind")},
        },
        "properties": {
            "occurredAt": said, "attendanceState": state, "attendancePercentage": None,
            "attendanceDurationSeconds": None,
        },
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert or replace into participations values (?, ?, ?)",
        (number, int(event["objectId"]), orjson.dumps(shown)),
    )
    call.change("participations", str(number), "create", "attendanceState", None, state)
    call.records += 1
    return {
        "vid": record.id,
        "email": email,
        "interactionDateTime": said,
        "properties": wish.get("properties") or {},
    }


def _number_of(hubspot: HubSpot, event: Event, contact: int, state: str, at: int) -> int:
    known = hubspot.store.value(
        "select id from participations where event_id = ? "
        "and json_extract(shown, '$.associations.contact.contactId') = ? "
        "and json_extract(shown, '$.properties.attendanceState') = ? "
        "and json_extract(shown, '$.properties.occurredAt') = ?",
        (int(event["objectId"]), str(contact), state, at),
    )
    if known is not None:
        return int(known)
    return numbers.following(hubspot.store, "participations", first=900_000)


def _recount(hubspot: HubSpot, call: Call, event: Event) -> None:
    counts = dict(
        hubspot.store.rows(
            "select json_extract(shown, '$.properties.attendanceState'), count(*) from participations "
            "where event_id = ? group by 1",
            (int(event["objectId"]),),
        )
    )
    _save(hubspot, call, event | {name: counts.get(state, 0) for state, name in _COUNTS.items()})
