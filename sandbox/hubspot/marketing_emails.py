"""Marketing e-mails (v3 and dated): the world's, one for each e-mail campaign, and those an app makes.

Belongs here: which there are, how they are found and counted. Making and changing them is
`marketing_email_writes`, sending one to somebody `transactional`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import email_statistics, errors, pages, requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLES = """
create table if not exists marketing_emails (
    id integer primary key, archived integer not null, shown blob not null, draft blob);
create table if not exists marketing_email_revisions (
    id integer primary key, email integer not null, at integer not null, shown blob not null)
"""
Json = dict[str, Any]
AREA = "/marketing/emails"
_MOMENTS = ("createdAt", "updatedAt", "publishedAt")
_SORTS = ("name", *_MOMENTS, "createdBy", "updatedBy", "publishDate", "id")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLES)
    give = hubspot.versioned
    return [
        *give("GET", AREA, "", lambda call: _list(hubspot, call)),
        *give("GET", AREA, "/statistics/list", lambda call: _statistics(hubspot, call)),
        *give("GET", AREA, "/statistics/histogram", lambda call: _histogram(hubspot, call)),
        *give("GET", AREA, "/{id}", lambda call: _read(hubspot, call)),
    ]


def blank(call: Call, hubspot: HubSpot, own: int) -> Json:
    """An e-mail with nothing of its own yet."""
    stamp = times.iso(call.now)
    nobody: Json = {"include": [], "exclude": []}
    return {
        "id": str(own), "name": "", "subject": "", "type": "BATCH_EMAIL", "subcategory": "batch",
        "state": "DRAFT", "isPublished": False, "isTransactional": False, "archived": False,
        "sendOnPublish": True, "jitterSendTime": False, "language": "en", "businessUnitId": "0",
        "activeDomain": f"{hubspot.portal.id}.hs-sites.com", "emailTemplateMode": "DRAG_AND_DROP",
        "content": {"flexAreas": {}, "widgets": {}, "styleSettings": {}, "plainTextVersion": ""},
        "from": {"fromName": "", "replyTo": ""},
        "to": {"contactIds": nobody, "contactLists": nobody, "contactIlsLists": nobody,
               "limitSendFrequency": False, "suppressGraymail": True},
        "subscriptionDetails": {}, "webversion": {"enabled": False, "isPageRedirected": False},
        "allEmailCampaignIds": [], "createdAt": stamp, "updatedAt": stamp, "createdById": "9001",
        "updatedById": "9001",
    }  # fmt: skip


def _take_over(hubspot: HubSpot, call: Call) -> None:
    """What e-mail campaigns sent is an e-mail too; what came since the last look is added."""
    for campaign, updated, blob in hubspot.store.rows(
        "select id, updated, shown from email_campaigns c "
        "where json_extract(shown, '$.contentId') is not null and not exists "
        "(select 1 from marketing_emails where id = json_extract(c.shown, '$.contentId'))"
    ):
        sent = orjson.loads(blob)
        email_statistics.index(hubspot.store)
        first = hubspot.store.value("select min(at) from email_events where campaign_id = ?", (campaign,))
        stamp = times.iso(int(first or updated))
        own = int(sent["contentId"])
        shown = blank(call, hubspot, own) | {
            "name": sent.get("name") or "", "subject": sent.get("subject") or "",
            "type": sent.get("type") or "BATCH_EMAIL", "state": "PUBLISHED", "isPublished": True,
            "from": {"fromName": "Northwind", "replyTo": "news@northwind.example"},
            "createdAt": stamp, "updatedAt": stamp, "publishDate": stamp, "publishedAt": stamp,
            "publishedById": "9001", "allEmailCampaignIds": [str(campaign)],
            "primaryEmailCampaignId": str(campaign),
        }  # fmt: skip
        hubspot.store.db.execute(
            "insert or ignore into marketing_emails values (?, 0, ?, null)", (own, orjson.dumps(shown))
        )


def every(hubspot: HubSpot, call: Call, *, archived: bool = False) -> list[Json]:
    _take_over(hubspot, call)
    rows = hubspot.store.rows(
        "select shown from marketing_emails where archived = ? order by id", (archived,)
    )
    return [orjson.loads(shown) for (shown,) in rows]


def find(hubspot: HubSpot, call: Call, said: Any) -> tuple[Json, Json | None, bool] | None:
    """An e-mail, its draft where it has one, and whether it is archived."""
    _take_over(hubspot, call)
    own = requests.whole_id(said)
    row = hubspot.store.row("select shown, draft, archived from marketing_emails where id = ?", (own,))
    return None if row is None else (orjson.loads(row[0]), row[1] and orjson.loads(row[1]), bool(row[2]))


def _with_statistics(hubspot: HubSpot, some: list[Json]) -> list[Json]:
    campaigns = [int(own) for each in some for own in each["allEmailCampaignIds"]]
    counted = email_statistics.by_campaign(hubspot.store, campaigns)
    for each in some:
        mine = email_statistics.together(counted[int(own)] for own in each["allEmailCampaignIds"])
        each["stats"] = email_statistics.shown(mine)
    return some


def _list(hubspot: HubSpot, call: Call) -> Response:
    limit, after = requests.number_of(call, "limit", 10, 1_000), requests.position_of(call)
    sort = call.query.get("sort") or "id"
    name, down = sort.lstrip("-"), sort.startswith("-")
    if name not in _SORTS:
        raise errors.validation(call, f"sort must be one of {', '.join(_SORTS)}, with - for downwards")
    found = [each for each in every(hubspot, call, archived=call.says("archived")) if _fits(call, each)]
    found.sort(key=lambda each: _place(each, name), reverse=down)
    some = found[after : after + limit]
    if call.says("includeStats"):
        _with_statistics(hubspot, some)
    page: Json = {"total": len(found), "results": some}
    if after + limit < len(found):
        page["paging"] = pages.following(call, str(after + limit))
    return answer(page)


def _place(each: Json, name: str) -> Any:
    return int(each["id"]) if name == "id" else str(each.get(name) or "")


def _fits(call: Call, each: Json) -> bool:
    """Whether an e-mail is what the query of a list asks for."""
    asked = call.query
    for name in _MOMENTS:
        ends = {end: _instant(call, name + end) for end in ("", "After", "Before") if asked.get(name + end)}
        at = times.parse(each[name]) if each.get(name) else None
        if ends and at is None:
            return False
        if at is not None and not (
            ends.get("", at) == at and ends.get("After", at - 1) < at < ends.get("Before", at + 1)
        ):
            return False
    if asked.get("type") and asked["type"].upper() != each["type"]:
        return False
    if asked.get("campaign") and asked["campaign"] != each.get("campaign"):
        return False
    return not asked.get("isPublished") or call.says("isPublished") == each["isPublished"]


def _instant(call: Call, name: str) -> int:
    said = call.query[name]
    own = requests.whole_id(said)
    try:
        return times.parse(said.replace(" ", "+")) if own is None else own
    except ValueError:
        raise errors.validation(call, f"{name} must be an ISO 8601 timestamp") from None


def _read(hubspot: HubSpot, call: Call) -> Response:
    found = find(hubspot, call, call.params["id"])
    if found is None or found[2] != call.says("archived"):
        raise errors.not_found(call)
    shown = _with_statistics(hubspot, [found[0]])[0] if call.says("includeStats") else found[0]
    return answer(shown)


def _asked(hubspot: HubSpot, call: Call) -> list[Json]:
    """The e-mails whose ids a query of statistics names, or all that were sent."""
    wanted = set(call.query_list("emailIds"))
    found = every(hubspot, call)
    return [each for each in found if each["id"] in wanted or (not wanted and each["allEmailCampaignIds"])]


def _campaigns(some: list[Json]) -> list[int]:
    return [int(own) for each in some for own in each["allEmailCampaignIds"]]


def _statistics(hubspot: HubSpot, call: Call) -> Response:
    span, some = email_statistics.span_of(call), _asked(hubspot, call)
    counted = email_statistics.by_campaign(hubspot.store, _campaigns(some), span)
    counted = {campaign: each for campaign, each in counted.items() if each}
    there = [each for each in some if any(int(own) in counted for own in each["allEmailCampaignIds"])]
    return answer({
        "emails": [int(each["id"]) for each in there],
        "campaignAggregations": {str(own): email_statistics.shown(each) for own, each in counted.items()},
        "aggregate": email_statistics.shown(email_statistics.together(counted.values())),
    })  # fmt: skip


def _histogram(hubspot: HubSpot, call: Call) -> Response:
    span, interval = email_statistics.span_of(call), (call.query.get("interval") or "").upper()
    if interval not in email_statistics.INTERVALS:
        raise errors.validation(call, f"interval must be one of {', '.join(email_statistics.INTERVALS)}")
    campaigns = _campaigns(_asked(hubspot, call))
    found = email_statistics.histogram(hubspot.store, campaigns, span, interval)
    return answer({"total": len(found), "results": found})
