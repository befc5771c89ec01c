"""Marketing events found, and who took part: by ids of the app, HubSpot, contacts; lists that go with them.

Belongs here: what is asked about events and written beside them. Events themselves, and attendance, are
`event_writes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.hubspot import errors, event_writes, oauth, pages, requests
from sandbox.hubspot.event_writes import Event

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = """
create table if not exists lists_of_events (
    event_id integer, list_id integer, at integer not null, primary key (event_id, list_id)) without rowid;
"""
MOST = 100


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLE)
    area, seats, lists = "/marketing/marketing-events", "/participations", "/associations"
    give = hubspot.versioned
    found = [
        *give("GET", area, "/events/search", lambda call: _search(hubspot, call)),
        *give("GET", area, "/{external}/identifiers", lambda call: _identifiers(hubspot, call)),
        *give("GET", area, "/{app}/settings", lambda call: _settings(hubspot, call)),
        *give("POST", area, "/{app}/settings", lambda call: _set(hubspot, call)),
        *give("POST", area, "/batch/update", lambda call: _update_many(hubspot, call)),
        *give("POST", area, "/batch/archive", lambda call: _archive_many(hubspot, call)),
        *give("PATCH", area, "/{id}", lambda call: _update(hubspot, call)),
        *give("DELETE", area, "/{id}", lambda call: _archive(hubspot, call)),
        *give(
            "GET", area, f"{seats}/contacts/{{contact}}/breakdown", lambda call: _of_contact(hubspot, call)
        ),
        *give("GET", area, f"{seats}/{{id}}", lambda call: _counts(hubspot, call)),
        *give("GET", area, f"{seats}/{{id}}/breakdown", lambda call: _seats(hubspot, call)),
        *give("GET", area, f"{seats}/{{account}}/{{external}}/breakdown", lambda call: _seats(hubspot, call)),
        *give("GET", area, f"{seats}/{{account}}/{{external}}", lambda call: _counts(hubspot, call)),
    ]
    for event in ("/{id}", "/{account}/{external}"):
        found += give("GET", area, f"{lists}{event}/lists", lambda call: _lists(hubspot, call))
        found += give("PUT", area, f"{lists}{event}/lists/{{list}}", lambda call: _tie(hubspot, call))
        found += give("DELETE", area, f"{lists}{event}/lists/{{list}}", lambda call: _untie(hubspot, call))
    for way, by in (("upsert", "vid"), ("email-upsert", "email")):
        path = f"/events/{{external}}/{{state}}/{way}"
        found += give("POST", area, path, _recording(hubspot, by))
    return found


def _recording(hubspot: HubSpot, by: str) -> Any:
    def record(call: Call) -> Response:
        """As attendance by the app's id, without an answer."""
        event_writes.attend(hubspot, call, by=by)
        return Response(status_code=204)

    return record


def _event(hubspot: HubSpot, call: Call) -> Event:
    """The event in the path, by HubSpot's id or by the app's two."""
    if "id" in call.params:
        return event_writes.by_id(hubspot, call, call.params["id"])
    found = event_writes.find(hubspot, call.params["external"], call.params["account"])
    if found is None:
        raise errors.not_found(call)
    return found


def _search(hubspot: HubSpot, call: Call) -> Response:
    """Events of this app whose external id begins so."""
    wanted = call.query.get("q", "")
    if not wanted:
        raise errors.validation(call, "q must be the beginning of an external event id")
    found = [
        event
        for event in pages.shown(hubspot.store.rows("select shown from marketing_events order by id"))
        if str(event.get("externalEventId") or "").startswith(wanted)
    ]
    results = [
        {
            "externalEventId": event["externalEventId"], "objectId": event["objectId"],
            "externalAccountId": event.get("externalAccountId", "northwind"), "appId": oauth.APP_ID,
        }
        for event in found
    ]  # fmt: skip
    return answer({"results": results})


def _identifiers(hubspot: HubSpot, call: Call) -> Response:
    """Every event of that external id, whatever account it is of."""
    rows = hubspot.store.rows(
        "select shown from marketing_events where json_extract(shown, '$.externalEventId') = ? order by id",
        (call.params["external"],),
    )
    results = [
        {
            "objectId": event["objectId"], "externalEventId": event["externalEventId"],
            "externalAccountId": event.get("externalAccountId", "northwind"),
            "marketingEventName": event.get("eventName"), "appInfo": event.get("appInfo"),
        }
        for event in pages.shown(rows)
    ]  # fmt: skip
    return answer({"total": len(results), "results": results})


def _app(hubspot: HubSpot, call: Call) -> None:
    if call.params["app"] != str(oauth.APP_ID):
        raise errors.not_found(call)


def _settings(hubspot: HubSpot, call: Call) -> Response:
    _app(hubspot, call)
    url = hubspot.store.value("select value from meta where key = 'event_details_url'")
    if url is None:
        raise errors.not_found(call)
    return answer({"appId": oauth.APP_ID, "eventDetailsUrl": url})


def _set(hubspot: HubSpot, call: Call) -> Response:
    _app(hubspot, call)
    url = requests.body_of(call).get("eventDetailsUrl")
    if not isinstance(url, str) or not url.startswith("https://") or "%s" not in url:
        raise errors.validation(call, "eventDetailsUrl must be an https address with %s for the event's id")
    hubspot.store.set_meta("event_details_url", url)
    return answer({"appId": oauth.APP_ID, "eventDetailsUrl": url})


def _update(hubspot: HubSpot, call: Call) -> Response:
    return answer(event_writes.change(hubspot, call, _event(hubspot, call), requests.body_of(call)))


def _update_many(hubspot: HubSpot, call: Call) -> Response:
    """Each that is there; those that are not are told beside them."""
    results, problems = [], []
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        text = str(item.get("objectId") or "")
        row = event_writes.row_of(hubspot, text)
        if row is None:
            problems.append({
                "status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": [text]},
                "message": f"Marketing event {text[:40]} does not exist",
            })  # fmt: skip
        else:
            results.append(event_writes.change(hubspot, call, row, item))
    return pages.done(call, results, problems)


def _archive(hubspot: HubSpot, call: Call) -> Response:
    event_writes.remove(hubspot, call, _event(hubspot, call))
    return Response(status_code=204)


def _archive_many(hubspot: HubSpot, call: Call) -> Response:
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        event = event_writes.row_of(hubspot, str(item.get("objectId") or ""))
        if event is not None:
            event_writes.remove(hubspot, call, event)
    return Response(status_code=204)


def _counts(hubspot: HubSpot, call: Call) -> Response:
    """In which state each contact is by now: the latest word counts."""
    event = _event(hubspot, call)
    latest: dict[str, str] = {}
    for contact, state in hubspot.store.rows(
        "select json_extract(shown, '$.associations.contact.contactId'), "
        "json_extract(shown, '$.properties.attendanceState') from participations where event_id = ? "
        "order by json_extract(shown, '$.properties.occurredAt'), id",
        (int(event["objectId"]),),
    ):
        latest[contact] = state
    states = list(latest.values())
    names = {
        "attended": "ATTENDED",
        "registered": "REGISTERED",
        "cancelled": "CANCELLED",
        "noShows": "NO_SHOW",
    }
    return answer({name: states.count(state) for name, state in names.items()})


def _seats(hubspot: HubSpot, call: Call) -> Response:
    event = _event(hubspot, call)
    return _breakdown(hubspot, call, "event_id = ?", [int(event["objectId"])])


def _of_contact(hubspot: HubSpot, call: Call) -> Response:
    """What one contact took part in, by id or by address."""
    kind, text = hubspot.portal.type_of("contacts"), call.params["contact"]
    assert kind is not None
    record = hubspot.records.get(kind, text, "email" if "@" in text else "hs_object_id")
    if record is None or record.archived:
        raise errors.not_found(call)
    clause = "json_extract(shown, '$.associations.contact.contactId') = ?"
    return _breakdown(hubspot, call, clause, [str(record.id)])


def _breakdown(hubspot: HubSpot, call: Call, clause: str, values: list[Any]) -> Response:
    state = call.query.get("state")
    if state:
        clause += " and json_extract(shown, '$.properties.attendanceState') = ?"
        values = [*values, state.upper()]
    source = f"participations where {clause}"
    return pages.by_after(call, hubspot.store, source, values, default=10, most=MOST, total=True)


def _listed(hubspot: HubSpot, call: Call) -> tuple[Event, dict[str, Any]]:
    event, text = _event(hubspot, call), call.params["list"]
    row = hubspot.store.row("select shown from lists where id = ?", (requests.whole_id(text),))
    if row is None:
        raise errors.not_found(call)
    return event, orjson.loads(row[0])


def _lists(hubspot: HubSpot, call: Call) -> Response:
    event = _event(hubspot, call)
    rows = hubspot.store.rows(
        "select l.shown from lists_of_events e join lists l on l.id = e.list_id where e.event_id = ? "
        "order by l.id",
        (int(event["objectId"]),),
    )
    results = pages.shown(rows)
    return answer({"total": len(results), "results": results})


def _tie(hubspot: HubSpot, call: Call) -> Response:
    event, listed = _listed(hubspot, call)
    hubspot.store.db.execute(
        "insert or ignore into lists_of_events values (?, ?, ?)",
        (int(event["objectId"]), int(listed["listId"]), call.now),
    )
    call.records = 1
    call.change("marketing-events", event["objectId"], "update", "list", None, listed["listId"])
    return Response(status_code=204)


def _untie(hubspot: HubSpot, call: Call) -> Response:
    event, listed = _listed(hubspot, call)
    hubspot.store.db.execute(
        "delete from lists_of_events where event_id = ? and list_id = ?",
        (int(event["objectId"]), int(listed["listId"])),
    )
    call.records = 1
    call.change("marketing-events", event["objectId"], "update", "list", listed["listId"], None)
    return Response(status_code=204)
