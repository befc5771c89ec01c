"""Entry events and exits: who is in which journey. A journey's first e-mail leaves at the entry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, errors, extensions, rows, tracking
from sandbox.marketing_cloud.extensions import RowError

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_EXIT = "/interaction/v1/interactions/contactexit"
_MEMBERS = "/interaction/v1/interactions/contactMembership"
MOST_EXITS = 50
MOST_MEMBERS = 200


def routes(mc: MarketingCloud) -> list[Route]:
    return [
        *mc.route("POST", "/interaction/v1/events", lambda call: _fire(mc, call)),
        *mc.route("POST", _EXIT, lambda call: _exit(mc, call)),
        *mc.route("POST", _EXIT + "/status", lambda call: _exit_status(mc, call)),
        *mc.route("POST", _MEMBERS, lambda call: _membership(mc, call)),
    ]


def _fire(mc: MarketingCloud, call: Call) -> Response:
    given = {str(k).lower(): v for k, v in _object(call).items()}
    contact, event, data = given.get("contactkey"), given.get("eventdefinitionkey"), given.get("data") or {}
    if (
        not isinstance(contact, str)
        or not contact
        or not isinstance(event, str)
        or not isinstance(data, dict)
    ):
        raise errors.invalid("ContactKey and EventDefinitionKey are required, Data is an object")
    if "." in event:
        raise errors.invalid("The EventDefinitionKey must not contain a period", 30000)
    row = mc.store.row("select key, extension from event_definitions where key = ?", (event,))
    if row is None:
        raise errors.invalid(f"No event definition with the key {event}", 30003)
    if mc.store.value("select active from contacts where key = ?", (contact,)) == 0:
        raise errors.invalid(f"The contact {contact} is not active", 30004)
    instance = account.guid("entry", call.request_id, call.now)
    if row[1]:
        _keep(mc, call, row[1], data)
    _know(mc, contact, data, call.now)
    entered = False
    for journey in mc.store.rows(
        "select id, key, version, entry_mode, body from interactions "
        "where event_key = ? and status = 'Published' order by key", (row[0],),
    ):  # fmt: skip
        if _may_enter(mc, contact, journey):
            _enter(mc, call, contact, row[0], journey, instance if not entered else "")
            entered = True
    if not entered:
        call.effect = "nobody entered"
    return answer({"eventInstanceId": instance}, 201)


def _object(call: Call) -> dict[str, Any]:
    given = rows.body_of(call)
    if not isinstance(given, dict):
        raise errors.invalid("The request body must be an object")
    return given


def _keep(mc: MarketingCloud, call: Call, extension: str, data: dict[str, Any]) -> None:
    """The event's own data extension keeps each entry; fields it does not have are refused."""
    found = extensions.find(mc.store, extension, by="id")
    if found is None:
        raise errors.invalid("The event definition's data extension is gone", errors.EXTENSION_KEY)
    try:
        rows.meet_fault(call)
        rows.store(mc, call, found, found.checked(data, whole=True))
    except RowError as problem:
        raise errors.invalid(problem.message, problem.code) from None


def _know(mc: MarketingCloud, contact: str, data: dict[str, Any], at: int) -> None:
    """A contact nobody knew is one from now on, and a subscriber when the event tells an address."""
    address = next(
        (str(v) for v in data.values() if isinstance(v, str) and re.fullmatch(r"\S+@\S+\.\S+", v)), ""
    )
    mc.store.db.execute(
        "insert or ignore into contacts (key, active, created, attributes) values (?, 1, ?, ?)",
        (contact, at, orjson.dumps({})),
    )
    if address:
        mc.store.db.execute(
            "insert or ignore into subscribers (key, email, status, created) values (?, ?, 'Active', ?)",
            (contact, address, at),
        )


def _may_enter(mc: MarketingCloud, contact: str, journey: tuple[Any, ...]) -> bool:
    """The journey's re-entry rule."""
    found = mc.store.rows(
        "select state from entries where contact = ? and journey_key = ?", (contact, journey[1])
    )
    states = [state for (state,) in found]
    if journey[3] == "MultipleEntries":
        return True
    if journey[3] == "SingleEntryAcrossAllVersions":
        return "active" not in states
    return not states


def _enter(
    mc: MarketingCloud, call: Call, contact: str, event: str, journey: tuple[Any, ...], instance: str
) -> None:  # fmt: skip
    entry = instance or account.guid("entry", call.request_id, journey[0])
    mc.store.db.execute(
        "insert into entries values (?, ?, ?, ?, ?, ?, ?, 'active', null)",
        (entry, contact, event, journey[0], journey[1], journey[2], call.now),
    )
    call.change("JourneyEntry", contact, "create", journey[1], None, entry)
    activities = orjson.loads(journey[4]).get("activities")
    for activity in activities if isinstance(activities, list) else ():
        if isinstance(activity, dict) and activity.get("type") == "EMAILV2":
            tracking.send_one(mc.store, contact, activity, call.now)
            break


def _wishes(call: Call) -> list[dict[str, Any]]:
    given = rows.body_of(call)
    if not isinstance(given, list) or not 0 < len(given) <= MOST_EXITS:
        raise errors.invalid(f"Between 1 and {MOST_EXITS} exits are taken at once")
    if not all(isinstance(each, dict) for each in given):
        raise errors.invalid("An exit is an object with ContactKey and DefinitionKey")
    return [{str(k).lower(): v for k, v in each.items()} for each in given]


def _exit(mc: MarketingCloud, call: Call) -> Response:
    problems = []
    for wish in _wishes(call):
        contact, journey = str(wish.get("contactkey")), str(wish.get("definitionkey"))
        versions = _versions(wish)
        if not mc.store.value("select 1 from interactions where key = ?", (journey,)):
            told = [{"version": 1, "message": "Exit request Ignored - Invalid Interaction Name."}]
            problems.append({"contactKey": contact, "definitionKey": journey, "status": told})
            continue
        for entry, version in mc.store.rows(
            "select id, version from entries where contact = ? and journey_key = ? and state = 'active'",
            (contact, journey),
        ):
            if versions and version not in versions:
                continue
            mc.store.db.execute(
                "update entries set state = 'exited', ended = ? where id = ?", (call.now, entry)
            )
            call.change("JourneyEntry", contact, "delete", journey, entry, None)
    return answer({"errors": problems}, 202)


def _versions(wish: dict[str, Any]) -> set[int]:
    """The versions that a contact is let out of; none: of all."""
    told = wish.get("versions") or []
    found = {account.whole(each) for each in told} if isinstance(told, list) else {None}
    if None in found:
        raise errors.invalid("Versions is a list of numbers")
    return {each for each in found if each is not None}


def _membership(mc: MarketingCloud, call: Call) -> Response:
    """The journeys that contacts are in now."""
    given = {str(k).lower(): v for k, v in _object(call).items()}
    wanted = given.get("contactkeylist")
    if not isinstance(wanted, list) or not wanted or len(wanted) > MOST_MEMBERS:
        raise errors.invalid(f"ContactKeyList names 1 to {MOST_MEMBERS} contacts")
    found = []
    for key in (str(each) for each in wanted):
        for instance, journey, version, name, interaction in mc.store.rows(
            "select e.id, e.journey_key, e.version, i.name, i.id from entries e "
            "join interactions i on i.id = e.interaction where e.contact = ? and e.state = 'active'", (key,),
        ):  # fmt: skip
            found.append({
                "contactKey": key, "id": interaction, "definitionKey": journey, "version": version,
                "name": name, "definitionInstanceId": instance,
            })  # fmt: skip
    call.records = len(found)
    return answer({"results": {"contactMemberships": found, "totalCount": len(found)}})


def _exit_status(mc: MarketingCloud, call: Call) -> Response:
    found = []
    for wish in _wishes(call):
        contact, journey = str(wish.get("contactkey")), str(wish.get("definitionkey"))
        entries = mc.store.rows(
            "select version, state, id from entries where contact = ? and journey_key = ? order by at",
            (contact, journey),
        )
        told: list[dict[str, Any]] = [
            {
                "version": version, "definitionInstanceId": entry,
                "message": "Exit process Completed." if state != "active" else "No exit was requested.",
            }
            for version, state, entry in entries
        ]  # fmt: skip
        if not told:
            told = [{"version": 1, "message": "Exit request Ignored - Contact is not in the journey."}]
        found.append({"contactKey": contact, "definitionKey": journey, "status": told})
    return answer(found)
