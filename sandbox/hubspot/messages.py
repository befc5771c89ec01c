"""E-mail events, subscriptions and consent, behavioural events: what people did with what they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import email_statistics, errors, pages, requests
from sandbox.hubspot.marketing import one
from sandbox.hubspot.subscription_writes import unsubscribe

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

STATUSES = 100


def routes(hubspot: HubSpot) -> list[Route]:
    old, preferences = "/email/public/v1", "/communication-preferences/{version}"
    return [
        *hubspot.route("GET", f"{old}/events", lambda call: _events(hubspot, call)),
        *hubspot.route("GET", f"{old}/campaigns", lambda call: _campaigns(hubspot, call)),
        *hubspot.route("GET", f"{old}/campaigns/by-id", lambda call: _campaigns(hubspot, call)),
        *hubspot.route("GET", f"{old}/campaigns/{{id}}", lambda call: _campaign(hubspot, call)),
        *hubspot.route("GET", f"{old}/subscriptions", lambda call: _old_definitions(hubspot)),
        *hubspot.route(
            "GET", "/marketing-emails/v1/emails/with-statistics", lambda call: _emails(hubspot, call)
        ),
        *hubspot.route("GET", f"{old}/subscriptions/timeline", lambda call: _timeline(hubspot, call)),
        *hubspot.route("GET", f"{preferences}/definitions", lambda call: _definitions(hubspot, call)),
        *hubspot.route("POST", f"{preferences}/statuses/batch/read", lambda call: _statuses(hubspot, call)),
        *hubspot.route(
            "POST",
            f"{preferences}/statuses/batch/unsubscribe-all",
            lambda call: _unsubscribe_all(hubspot, call),
        ),
        *_occurrences(hubspot, "/events/v3/events"),
        *_occurrences(hubspot, "/events/event-occurrences/{version}"),
    ]


def _occurrences(hubspot: HubSpot, area: str) -> list[Route]:
    return [
        *hubspot.route("GET", area, lambda call: _behaviours(hubspot, call)),
        *hubspot.route("GET", f"{area}/event-types", lambda call: _types(hubspot)),
    ]


def _events(hubspot: HubSpot, call: Call) -> Response:
    clauses: list[tuple[str, Any]] = []
    for name, column in (("recipient", "recipient"), ("eventType", "type"), ("campaignId", "campaign_id")):
        if call.query.get(name):
            clauses.append((f"{column} = ?", call.query[name]))
    if call.says("excludeFilteredEvents"):
        clauses.append(("coalesce(json_extract(shown, '$.filteredEvent'), 0) <> ?", 1))
    return pages.newest_first(call, hubspot.store, "email_events", "events", clauses, default=10, most=1_000)


def _campaigns(hubspot: HubSpot, call: Call) -> Response:
    """Those with the latest activity first."""
    limit = requests.number_of(call, "limit", 10, 1_000)
    offset = requests.whole(call, "offset")
    rows = hubspot.store.rows(
        "select id, updated, json_extract(shown, '$.appId'), json_extract(shown, '$.appName') "
        "from email_campaigns order by updated desc, id desc limit ? offset ?",
        (limit + 1, offset),
    )
    found = [
        {"id": i, "lastUpdatedTime": at, "appId": app, "appName": name} for i, at, app, name in rows[:limit]
    ]
    more = len(rows) > limit
    return answer({"hasMore": more, "offset": str(offset + limit), "campaigns": found})


def _campaign(hubspot: HubSpot, call: Call) -> Response:
    return answer(one(hubspot, call, "email_campaigns"))


def _timeline(hubspot: HubSpot, call: Call) -> Response:
    return pages.newest_first(
        call, hubspot.store, "subscription_changes", "timeline", [], default=10, most=1_000
    )


def _definitions(hubspot: HubSpot, call: Call) -> Response:
    rows = hubspot.store.rows("select shown from subscription_types order by id")
    found = pages.shown(rows)
    if call.params["version"] == "v3":
        return answer({"subscriptionDefinitions": found})
    return pages.done(call, found)


def _old_definitions(hubspot: HubSpot) -> Response:
    """The same types as v1 lists them."""
    types = pages.shown(hubspot.store.rows("select shown from subscription_types order by id"))
    found = [
        {
            "id": int(each["id"]), "portalId": hubspot.portal.id, "name": each["name"],
            "description": each["description"], "active": each["isActive"], "internal": each["isInternal"],
            "category": each["purpose"], "channel": each["communicationMethod"], "order": place,
            "internalName": None, "businessUnitId": each["businessUnitId"],
        }
        for place, each in enumerate(types)
    ]  # fmt: skip
    return answer({"subscriptionDefinitions": found})


def _emails(hubspot: HubSpot, call: Call) -> Response:
    """Marketing e-mails of v1, one for each e-mail campaign, with counts of what became of it."""
    limit, offset = requests.number_of(call, "limit", 10, 300), requests.whole(call, "offset")
    source = "email_campaigns where json_extract(shown, '$.contentId') is not null"
    total = int(hubspot.store.value(f"select count(*) from {source}"))
    found = []
    rows = hubspot.store.rows(
        f"select id, updated, shown from {source} order by id limit ? offset ?", (limit, offset)
    )
    counted = email_statistics.by_campaign(hubspot.store, [own for own, _, _ in rows])
    for own, updated, blob in rows:
        shown, stats = orjson.loads(blob), email_statistics.shown(counted[own])
        found.append({
            "id": shown["contentId"], "portalId": hubspot.portal.id, "name": shown["name"],
            "subject": shown["subject"], "allEmailCampaignIds": [own], "primaryEmailCampaignId": own,
            "type": shown["type"], "state": "PUBLISHED", "archived": False, "isPublished": True,
            "created": updated, "updated": updated, "publishDate": updated,
            "stats": {name: stats[name] for name in ("counters", "deviceBreakdown", "ratios")},
        })  # fmt: skip
    return answer({"limit": limit, "offset": offset, "total": total, "totalCount": total, "objects": found})


def _statuses(hubspot: HubSpot, call: Call) -> Response:
    """Of each address a status for each subscription type; without a word of theirs it is NOT_SPECIFIED."""
    if call.query.get("channel") != "EMAIL":
        raise errors.validation(call, "channel must be EMAIL")
    inputs = requests.strings(call, requests.body_of(call), "inputs")
    if len(inputs) > STATUSES:
        raise errors.validation(call, f"The maximum number of inputs is {STATUSES}, not {len(inputs)}")
    types = pages.shown(hubspot.store.rows("select shown from subscription_types order by id"))
    results = []
    for address in dict.fromkeys(inputs):
        said = pages.shown(
            hubspot.store.rows(
                "select shown from subscription_statuses where recipient = ? order by type_id",
                (address.lower(),),
            )
        )
        known = {each["subscriptionId"] for each in said}
        said += [
            {
                "channel": "EMAIL", "source": "", "status": "NOT_SPECIFIED", "subscriberIdString": address,
                "subscriptionId": int(each["id"]), "subscriptionName": each["name"], "timestamp": None,
            }
            for each in types
            if int(each["id"]) not in known
        ]  # fmt: skip
        results.append({"subscriberIdString": address, "statuses": said})
    return pages.done(call, results)


def _unsubscribe_all(hubspot: HubSpot, call: Call) -> Response:
    """Out of every subscription, by address; the contact that has the address shows it."""
    if call.query.get("channel") != "EMAIL":
        raise errors.validation(call, "channel must be EMAIL")
    inputs = requests.strings(call, requests.body_of(call), "inputs")
    if len(inputs) > STATUSES:
        raise errors.validation(call, f"The maximum number of inputs is {STATUSES}, not {len(inputs)}")
    results = unsubscribe(hubspot, call, inputs)
    call.records = len(results)
    return pages.done(call, results)


def _types(hubspot: HubSpot) -> Response:
    rows = hubspot.store.rows("select distinct type from behaviours order by type")
    return answer({"eventTypes": [name for (name,) in rows]})


def _behaviours(hubspot: HubSpot, call: Call) -> Response:
    clauses, values = ["1 = 1"], []
    if call.query.get("eventType"):
        clauses.append("type = ?")
        values.append(call.query["eventType"])
    if call.query.get("objectType"):
        kind = hubspot.portal.type_of(call.query["objectType"])
        if kind is None:
            raise errors.validation(call, f"Unknown objectType: {call.query['objectType'][:60]}")
        clauses.append("object_type = ?")
        values.append(kind.singular)
    if call.query.get("objectId"):
        if not call.query.get("objectType") or requests.whole_id(call.query["objectId"]) is None:
            raise errors.validation(call, "objectId is a number and needs objectType")
        clauses.append("object_id = ?")
        values.append(call.query["objectId"])
    for name, comparison in (("occurredAfter", ">"), ("occurredBefore", "<")):
        if call.query.get(name):
            clauses.append(f"at {comparison} {_instant(call, name)}")
    down = call.query.get("sort", "").lstrip("-") != "occurredAt" or call.query["sort"].startswith("-")
    order = "at desc, id desc" if down else "at, id"
    for own in call.query_list("id"):
        clauses.append("id = ?")
        values.append(own)
    source = f"behaviours where {' and '.join(clauses)}"
    return pages.by_after(call, hubspot.store, source, values, order=order)


def _instant(call: Call, name: str) -> int:
    try:
        return times.parse(call.query[name].replace(" ", "+"))
    except ValueError:
        raise errors.validation(call, f"{name} must be an ISO 8601 timestamp") from None
