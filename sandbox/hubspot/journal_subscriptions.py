"""What an app wants the webhooks journal to tell it: subscriptions, filters on them, snapshots of records.

Belongs here: what is asked for and kept. Which events come of it is `journal_events`, how they are fetched
`journal`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, marketing, numbers, oauth, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists journal_subscriptions (id integer primary key, shown blob not null);
create table if not exists journal_filters (
    id integer primary key, subscription integer not null, shown blob not null);
create table if not exists journal_snapshots (id text primary key, at integer not null, shown blob not null)
"""
SNAPSHOTS = "journal-snapshots"
MOST_SNAPSHOTS = 100
ACTIONS: dict[str, tuple[str, ...]] = {
    "OBJECT": ("CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE", "SNAPSHOT"),
    "ASSOCIATION": ("ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"),
    "LIST_MEMBERSHIP": ("ADDED_TO_LIST", "REMOVED_FROM_LIST"),
    "GDPR_PRIVACY_DELETION": ("GDPR_DELETE",),
    "APP_LIFECYCLE_EVENT": ("APP_INSTALL", "APP_UNINSTALL"),
}
_SINGLE = ("EQ", "N_EQ", "LT", "GT", "LTE", "GTE", "CONTAINS", "STARTS_WITH", "ENDS_WITH")
_SEVERAL, _NONE = ("IN", "NOT_IN"), ("IS_EMPTY", "IS_NOT_EMPTY")
Json = dict[str, Any]


@dataclass
class Subscription:
    """One that is kept, and what its filters ask: any of them lets an event through."""

    shown: Json
    since: int
    filters: list[list[Json]] = field(default_factory=list)


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    found: list[Route] = []
    give = hubspot.route
    for area in ("/webhooks/{version}/subscriptions", "/webhooks-journal/subscriptions/{version}"):
        found += give("GET", area, lambda call: answer({"results": _all(hubspot)}))
        found += give("POST", area, lambda call: _subscribe(hubspot, call))
        found += give("POST", area + "/filters", lambda call: _add_filter(hubspot, call))
        found += give("GET", area + "/filters/subscription/{id}", lambda call: _filters_of(hubspot, call))
        found += give("GET", area + "/filters/{filter}", lambda call: answer(_filter(hubspot, call)))
        found += give("DELETE", area + "/filters/{filter}", lambda call: _drop_filter(hubspot, call))
        found += give("DELETE", area + "/portals/{portal}", lambda call: _leave(hubspot, call))
        found += give("GET", area + "/{id}", lambda call: answer(_one(hubspot, call, call.params["id"])))
        found += give("DELETE", area + "/{id}", lambda call: _unsubscribe(hubspot, call))
    for area in ("/webhooks/{version}/snapshots", "/webhooks-journal/snapshots/{version}"):
        found += give("POST", area + "/crm", lambda call: _snapshots(hubspot, call))
    return found


def _all(hubspot: HubSpot) -> list[Json]:
    rows = hubspot.store.rows("select shown from journal_subscriptions order by id")
    return [orjson.loads(shown) for (shown,) in rows]


def kept(hubspot: HubSpot) -> list[Subscription]:
    """All subscriptions with their filters."""
    found = {each["id"]: Subscription(each, times.parse(each["createdAt"])) for each in _all(hubspot)}
    for own, shown in hubspot.store.rows("select subscription, shown from journal_filters order by id"):
        found[own].filters.append(orjson.loads(shown)["filter"]["conditions"])
    return list(found.values())


def _numbers(call: Call, body: Json, name: str) -> list[int]:
    listed = body.get(name) or []
    found = [requests.whole_id(each) for each in listed] if isinstance(listed, list) else [None]
    if None in found:
        raise errors.validation(call, f"{name} must be a list of ids")
    return [each for each in found if each is not None]


def _wish(hubspot: HubSpot, call: Call, body: Json) -> Json:
    """What a subscription asks for, as it is shown."""
    kind = str(body.get("subscriptionType") or "OBJECT")
    if kind not in ACTIONS:
        raise errors.validation(call, f"subscriptionType must be one of {', '.join(ACTIONS)}")
    if str(body.get("portalId") or hubspot.portal.id) != str(hubspot.portal.id):
        raise errors.validation(call, "The app is not installed in this portal")
    actions = requests.strings(call, body, "actions") or list(ACTIONS[kind])
    wrong = [each for each in actions if each not in ACTIONS[kind]]
    if wrong:
        raise errors.validation(call, f"{wrong[0][:40]} is no action of {kind}: {', '.join(ACTIONS[kind])}")
    shown: Json = {
        "subscriptionType": kind,
        "actions": actions,
        "objectIds": _numbers(call, body, "objectIds"),
    }
    if kind in ("OBJECT", "ASSOCIATION", "GDPR_PRIVACY_DELETION"):
        shown["objectTypeId"] = _type_id(hubspot, call, body.get("objectTypeId"))
    if kind == "LIST_MEMBERSHIP":
        shown["listIds"] = _numbers(call, body, "listIds")
    if kind == "ASSOCIATION":
        others = requests.strings(call, body, "associatedObjectTypeIds")
        shown["associatedObjectTypeIds"] = [_type_id(hubspot, call, each) for each in others]
    if kind in ("OBJECT", "APP_LIFECYCLE_EVENT"):
        shown["properties"] = requests.strings(call, body, "properties")
    return shown


def _type_id(hubspot: HubSpot, call: Call, said: Any) -> str:
    kind = hubspot.portal.type_of(str(said or ""))
    if kind is None:
        raise errors.validation(call, f"{str(said)[:40]} is not the id of a type of object")
    return kind.type_id


def _subscribe(hubspot: HubSpot, call: Call) -> Response:
    """One to the same type of event and of object is the same, and asks for something else now."""
    shown = _wish(hubspot, call, requests.body_of(call))
    same = [
        each for each in _all(hubspot)
        if all(each.get(name) == shown.get(name) for name in ("subscriptionType", "objectTypeId"))
    ]  # fmt: skip
    stamp = times.iso(call.now)
    number = same[0]["id"] if same else numbers.following(hubspot.store, "journal_subscriptions")
    shown = {
        "id": number, "appId": oauth.APP_ID, "portalId": hubspot.portal.id, "objectTypeId": "", **shown,
        "createdAt": same[0]["createdAt"] if same else stamp, "updatedAt": stamp, "deletedAt": None,
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert or replace into journal_subscriptions values (?, ?)", (number, orjson.dumps(shown))
    )
    return answer(shown, 200 if same else 201)


def _one(hubspot: HubSpot, call: Call, said: Any) -> Json:
    own = requests.whole_id(said)
    row = hubspot.store.row("select shown from journal_subscriptions where id = ?", (own,))
    if row is None:
        raise errors.not_found(call)
    found: Json = orjson.loads(row[0])
    return found


def _forget(hubspot: HubSpot, number: int) -> None:
    hubspot.store.db.execute("delete from journal_subscriptions where id = ?", (number,))
    hubspot.store.db.execute("delete from journal_filters where subscription = ?", (number,))
    numbers.removed(hubspot.store, "journal_subscriptions", number)


def _leave(hubspot: HubSpot, call: Call) -> Response:
    """All subscriptions to a portal end."""
    if call.params["portal"] != str(hubspot.portal.id):
        raise errors.not_found(call)
    for each in _all(hubspot):
        _forget(hubspot, each["id"])
    return Response(status_code=204)


def _unsubscribe(hubspot: HubSpot, call: Call) -> Response:
    _forget(hubspot, _one(hubspot, call, call.params["id"])["id"])
    return Response(status_code=204)


def _condition(call: Call, said: Json) -> Json:
    operator, name = str(said.get("operator")), said.get("property")
    if said.get("filterType") != "CRM_OBJECT_PROPERTY" or not isinstance(name, str) or not name:
        raise errors.validation(call, "A condition needs filterType CRM_OBJECT_PROPERTY and a property")
    found: Json = {"filterType": "CRM_OBJECT_PROPERTY", "property": name, "operator": operator}
    if operator in _SINGLE and isinstance(said.get("value"), str):
        return found | {"value": said["value"]}
    if operator in _SEVERAL and said.get("values"):
        return found | {"values": requests.strings(call, said, "values")}
    if operator in _NONE:
        return found
    raise errors.validation(call, f"{operator[:40]} needs a value, or is none of the operators there are")


def _add_filter(hubspot: HubSpot, call: Call) -> Response:
    body = requests.body_of(call)
    subscription, wish = _one(hubspot, call, body.get("subscriptionId")), body.get("filter")
    conditions = requests.objects_in(call, wish, "conditions") if isinstance(wish, dict) else []
    if not conditions:
        raise errors.validation(call, "Some required fields were not set: [filter.conditions]")
    number = numbers.following(hubspot.store, "journal_filters")
    checked = {"conditions": [_condition(call, each) for each in conditions]}
    shown = {"id": number, "createdAt": call.now, "filter": checked}
    hubspot.store.db.execute(
        "insert into journal_filters values (?, ?, ?)", (number, subscription["id"], orjson.dumps(shown))
    )
    return answer({"filterId": number}, 201)


def _filters_of(hubspot: HubSpot, call: Call) -> Response:
    own = (_one(hubspot, call, call.params["id"])["id"],)
    rows = hubspot.store.rows("select shown from journal_filters where subscription = ? order by id", own)
    return answer([orjson.loads(shown) for (shown,) in rows])


def _filter(hubspot: HubSpot, call: Call) -> Json:
    found: Json = marketing.one(hubspot, call, "journal_filters", "filter")
    return found


def _drop_filter(hubspot: HubSpot, call: Call) -> Response:
    number = _filter(hubspot, call)["id"]
    hubspot.store.db.execute("delete from journal_filters where id = ?", (number,))
    numbers.removed(hubspot.store, "journal_filters", number)
    return Response(status_code=204)


def _snapshots(hubspot: HubSpot, call: Call) -> Response:
    """What records hold now, told by the journal as events."""
    wished = requests.objects_in(call, requests.body_of(call), "snapshotRequests")
    if not 0 < len(wished) <= MOST_SNAPSHOTS:
        raise errors.validation(call, f"Between 1 and {MOST_SNAPSHOTS} snapshotRequests are wanted")
    made = [_snapshot(hubspot, call, each, place) for place, each in enumerate(wished)]
    return answer({"snapshotResponses": made})


def _snapshot(hubspot: HubSpot, call: Call, wish: Json, place: int) -> Json:
    kind = hubspot.portal.type_of(_type_id(hubspot, call, wish.get("objectTypeId")))
    assert kind is not None
    record = hubspot.records.get(kind, str(wish.get("objectId") or ""))
    if record is None or record.archived:
        raise errors.not_found(call)
    names = requests.strings(call, wish, "properties")
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{call.request_id}:{place}"))
    event = {
        "type": "object", "portalId": hubspot.portal.id, "occurredAt": call.now, "action": "SNAPSHOT",
        "objectTypeId": kind.type_id, "objectId": record.id,
        "propertyChanges": {name: record.props.get(name) for name in names},
    }  # fmt: skip
    hubspot.store.db.execute(
        "insert into journal_snapshots values (?, ?, ?)", (own, call.now, orjson.dumps(event))
    )
    call.change(SNAPSHOTS, own, "create", "objectId", None, str(record.id))
    return {name: event[name] for name in ("portalId", "objectId", "objectTypeId")} | {
        "snapshotStatusId": own
    }
