"""What else may be done to a list: other filters, members of another list, a day when it stops to follow.

Belongs here: also the members by when they joined, of many records at once, and how many there were.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, list_filters, list_writes, pages, requests
from sandbox.hubspot.marketing import MEMBERS, one

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

MOST = 100
_STEP = {"add": 1, "remove": -1}
Json = dict[str, Any]


def routes(hubspot: HubSpot) -> list[Route]:
    area, conversion = "/crm/lists", "/{id}/schedule-conversion"
    give = hubspot.versioned
    return [
        *give("GET", area, "/idmapping", lambda call: _mapped(hubspot, call)),
        *give("POST", area, "/idmapping", lambda call: _all_mapped(hubspot, call)),
        *give("POST", area, "/records/memberships/batch/read", lambda call: _of_records(hubspot, call)),
        *give("PUT", area, "/{id}/update-list-filters", lambda call: _filter(hubspot, call)),
        *give("PUT", area, "/{id}/memberships/add-from/{source}", lambda call: _add_from(hubspot, call)),
        *give("GET", area, "/{id}/memberships/join-order", lambda call: _joined(hubspot, call)),
        *give("GET", area, conversion, lambda call: _conversion(hubspot, call)),
        *give("PUT", area, conversion, lambda call: _convert(hubspot, call)),
        *give("DELETE", area, conversion, lambda call: _stay(hubspot, call)),
        *give("GET", area, "/{id}/size-and-edits-history/between", lambda call: _sizes(hubspot, call)),
    ]


def _known(hubspot: HubSpot, text: str) -> bool:
    return bool(hubspot.store.value("select 1 from lists where id = ?", (requests.whole_id(text),)))


def _mapped(hubspot: HubSpot, call: Call) -> Response:
    """A list's id of the old API is the same."""
    text = call.query.get("legacyListId", "")
    if not _known(hubspot, text):
        raise errors.error(call, 404, f"No list has the legacy id {text[:40]}", "OBJECT_NOT_FOUND")
    return answer({"legacyListId": text, "listId": text})


def _all_mapped(hubspot: HubSpot, call: Call) -> Response:
    ids = list_writes.ids_of(call)
    found = [{"legacyListId": each, "listId": each} for each in ids if _known(hubspot, each)]
    missing = [each for each in ids if not _known(hubspot, each)]
    return answer({"legacyListIdsToIdsMapping": found, "missingLegacyListIds": missing})


def _of_records(hubspot: HubSpot, call: Call) -> Response:
    results = []
    for item in requests.inputs_of(call, requests.body_of(call), MOST):
        kind = hubspot.portal.type_of(str(item.get("objectTypeId")))
        record = requests.whole_id(item.get("recordId"))
        if kind is None or record is None:
            raise errors.validation(call, "inputs need objectTypeId and recordId")
        on = list_writes.memberships(hubspot, call, kind, record)
        results.append({"objectTypeId": kind.type_id, "recordId": str(record), "recordListMemberships": on})
    return pages.done(call, results)


def _filter(hubspot: HubSpot, call: Call) -> Response:
    shown, branch = one(hubspot, call, "lists"), requests.body_of(call).get("filterBranch")
    if not isinstance(branch, dict):
        raise errors.validation(call, "Some required fields were not set: [filterBranch]")
    list_filters.refresh(hubspot, call, shown)  # its day to stop following may have come
    if shown["processingType"] != "DYNAMIC":
        kind = shown["processingType"]
        raise errors.validation(call, f"List {shown['listId']} is {kind}; its filters cannot be changed")
    before = orjson.dumps(shown.get("filterBranch")).decode()
    stamp = times.iso(call.now)
    shown |= {"filterBranch": branch, "filtersUpdatedAt": stamp, "listVersion": shown["listVersion"] + 1}
    list_writes.save(hubspot, call, shown)
    hubspot.store.db.execute("delete from list_marks where id = ?", (int(shown["listId"]),))
    call.records = 1
    call.change("lists", shown["listId"], "update", "filters", before, orjson.dumps(branch).decode())
    list_filters.refresh(hubspot, call, shown)
    return answer({"updatedList": shown})


def _add_from(hubspot: HubSpot, call: Call) -> Response:
    target = one(hubspot, call, "lists")
    source = one(hubspot, call, "lists", "source")
    if source["objectTypeId"] != target["objectTypeId"]:
        raise errors.validation(call, "Both lists must be of one type of objects")
    list_filters.refresh(hubspot, call, source)
    members = hubspot.store.rows(
        "select record_id from list_members where list_id = ? order by 1", (int(source["listId"]),)
    )
    if len(members) > list_writes.MOST_ADDED:
        raise errors.validation(
            call, f"List {source['listId']} has more than {list_writes.MOST_ADDED} members"
        )
    list_writes.change(hubspot, call, [str(record) for (record,) in members], [])
    return Response(status_code=204)


def _joined(hubspot: HubSpot, call: Call) -> Response:
    """Members, those who joined first before the others."""
    shown = one(hubspot, call, "lists")
    list_filters.refresh(hubspot, call, shown)
    limit, after = requests.number_of(call, "limit", 100, MEMBERS), requests.position_of(call)
    number = int(shown["listId"])
    rows = hubspot.store.rows(
        "select record_id, at from list_members where list_id = ? order by at, record_id limit ? offset ?",
        (number, limit + 1, after),
    )
    total = hubspot.store.value("select count(*) from list_members where list_id = ?", (number,))
    page: Json = {
        "total": total,
        "results": [{"recordId": str(r), "membershipTimestamp": times.iso(at)} for r, at in rows[:limit]],
    }
    if len(rows) > limit:
        page["paging"] = pages.following(call, str(after + limit))
    return answer(page)


def _told(shown: Json) -> Json:
    found = {"listId": shown["listId"], "requestedConversionTime": shown["conversion"]}
    return found | ({"convertedAt": shown["convertedAt"]} if shown.get("convertedAt") else {})


def _conversion(hubspot: HubSpot, call: Call) -> Response:
    shown = one(hubspot, call, "lists")
    list_filters.refresh(hubspot, call, shown)
    if not shown.get("conversion"):
        raise errors.error(call, 404, f"List {shown['listId']} is not to be converted", "OBJECT_NOT_FOUND")
    return answer(_told(shown))


def _convert(hubspot: HubSpot, call: Call) -> Response:
    """A dynamic list becomes a static one on a day, or when nobody joined or left it for some days."""
    shown, body = one(hubspot, call, "lists"), requests.body_of(call)
    list_filters.refresh(hubspot, call, shown)  # a day that is past already freezes who is on it now
    if shown["processingType"] != "DYNAMIC":
        raise errors.validation(call, f"List {shown['listId']} is not DYNAMIC")
    numbers = {n: body.get(n) for n in ("year", "month", "day", "offset")}
    kind, unit = body.get("conversionType"), str(body.get("timeUnit"))
    whole = {n: v for n, v in numbers.items() if isinstance(v, int) and not isinstance(v, bool)}
    if kind == "CONVERSION_DATE" and {"year", "month", "day"} <= whole.keys():
        try:
            dt.date(whole["year"], whole["month"], whole["day"])
        except (ValueError, OverflowError):
            raise errors.validation(call, "year, month and day are no date") from None
        wish: Json = {"conversionType": kind} | {n: whole[n] for n in ("year", "month", "day")}
    elif kind == "INACTIVITY" and unit in list_filters.DAYS_OF and 0 < whole.get("offset", 0) < 10_000:
        wish = {"conversionType": kind, "timeUnit": unit, "offset": whole["offset"]}
    else:
        raise errors.validation(call, "conversionType CONVERSION_DATE or INACTIVITY with its time is wanted")
    shown["conversion"] = wish
    list_writes.save(hubspot, call, shown)
    call.change("lists", shown["listId"], "update", "conversion", None, str(kind))
    list_filters.refresh(hubspot, call, shown)
    return answer(_told(shown))


def _stay(hubspot: HubSpot, call: Call) -> Response:
    shown = one(hubspot, call, "lists")
    if shown["processingType"] == "DYNAMIC" and shown.pop("conversion", None):
        list_writes.save(hubspot, call, shown)
        call.change("lists", shown["listId"], "update", "conversion", None, None)
    return Response(status_code=204)


def _sizes(hubspot: HubSpot, call: Call) -> Response:
    """The size at the end of each change of members between two days, and when the filters were changed."""
    shown = one(hubspot, call, "lists")
    list_filters.refresh(hubspot, call, shown)
    first, last = (_day(call, name) for name in ("startDate", "endDate"))
    steps = dict(
        hubspot.store.rows(
            "select at, sum(operation = 'add') - sum(operation = 'remove') from writes "
            "where object = 'lists' and record_id = ? and field = 'member' group by at order by at",
            (shown["listId"],),
        )
    )
    for own in call.changes:  # of this very look
        if (own.object, own.record_id, own.field) == ("lists", shown["listId"], "member"):
            steps[call.now] = steps.get(call.now, 0) + _STEP[own.operation]
    points: list[Json] = []
    # Back from how many there are: who was on the list before the log began is in no step.
    size = hubspot.store.value("select count(*) from list_members where list_id = ?", (int(shown["listId"]),))
    for at, step in reversed(steps.items()):
        if first <= at <= last:
            points.insert(0, {"timestamp": times.iso(at), "size": size})
        size -= step
    edits = [
        times.iso(at)
        for (at,) in hubspot.store.rows(
            "select distinct at from writes where object = 'lists' and record_id = ? and field = 'filters' "
            "and at between ? and ? order by at",
            (shown["listId"], first, last),
        )
    ]
    return answer({"sizeHistory": points, "editHistory": edits})


def _day(call: Call, name: str) -> int:
    try:
        return times.parse(call.query.get(name, ""))
    except ValueError:
        raise errors.validation(call, f"{name} must be an ISO 8601 timestamp") from None
