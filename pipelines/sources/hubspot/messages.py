"""E-mail events and campaigns, behavioural events, form submissions: whence, and their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient, Page
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.catalogs import table_of
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.event_lists import one_after_another
from pipelines.sources.reading import Reading

Json = dict[str, Any]
_OBJECTS = {"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets"}
_EMAIL_EVENT = {
    "id": "id", "occurred_at": "created", "type": "type", "recipient": "recipient",
    "email_campaign_id": "emailCampaignId", "app_id": "appId", "subject": "subject", "sender": "from",
    "url": "url", "link_id": "linkId", "referer": "referer", "device_type": "deviceType",
    "user_agent": "userAgent", "browser": "browser", "location": "location", "duration": "duration",
    "filtered_event": "filteredEvent", "category": "category", "status": "status", "response": "response",
    "drop_reason": "dropReason",
}  # fmt: skip


def read_email_events(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        return timeline(client, "/email/public/v1/events", "events", wanted, "created", _email_event)

    return [read_events(reading, table_of("hubspot", "email_events"), pages)]


def _email_event(event: Json) -> list[Row]:
    sent = event.get("sentBy") or {}
    row = {ours: event.get(theirs) for ours, theirs in _EMAIL_EVENT.items()}
    return [row | {"sent_by_id": sent.get("id"), "sent_by_at": sent.get("created")}]


def timeline(
    client: HubSpotClient, path: str, key: str, wanted: Wanted, at: str, rows: Callable[[Json], list[Row]]
) -> Iterator[tuple[list[Row], str]]:
    """Pages of the old API, newest first. The position: when the last of a page was, for tokens pass away.

    Both ends are asked for inclusively, in milliseconds; the end stays put while pages are read.
    """
    last = int(wanted.position) if wanted.position else microseconds(wanted.upper) // 1_000
    window = {"endTimestamp": str(last + 1)}
    if wanted.lower is not None:
        window["startTimestamp"] = str(microseconds(wanted.lower) // 1_000)
    for page in marketing.old_pages(client, path, key, window):
        last = min([last, *(int(each[at]) for each in page)])
        yield [row for each in page for row in rows(each)], str(last)


def read_email_campaigns(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Those with activity since; each is asked for by itself, so only when it moved."""
    table = table_of("hubspot", "email_campaigns")
    versions = reading.of(table).versions

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        for page in marketing.old_pages(client, "/email/public/v1/campaigns", "campaigns", {}):
            for each in page:
                name, at = str(each["id"]), moment_of(each.get("lastUpdatedTime"))
                if wanted.lower and at and at < wanted.lower:
                    return
                known = at is not None and versions.get(name) == microseconds(at)
                if not known and name not in wanted.have and (at is None or at < wanted.upper):
                    yield [_email_campaign(each, client.get(f"/email/public/v1/campaigns/{name}"))], name

    return [read_events(reading, table, pages)]


def _email_campaign(listed: Json, shown: Json) -> Row:
    return {
        "id": str(listed["id"]), "last_updated_at": listed.get("lastUpdatedTime"), "name": shown.get("name"),
        "subject": shown.get("subject"), "type": shown.get("type"), "content_id": shown.get("contentId"),
        "app_id": shown.get("appId"), "app_name": shown.get("appName"), "included": shown.get("numIncluded"),
        "counters": shown.get("counters"),
    }  # fmt: skip


def read_behaviour(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """One type of event after the other; of a type that is new here everything, however old.

    HubSpot's bounds leave themselves out, so they are asked for a millisecond wider.
    """
    table = table_of("hubspot", "behavioral_events")
    known = reading.known.distinct("hubspot", table, "event_type")

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        def of(name: str, after: str | None) -> Iterator[Page]:
            params = {"eventType": name, "occurredBefore": _iso(wanted.upper, 1)}
            if wanted.lower is not None and name in known:
                params["occurredAfter"] = _iso(wanted.lower, -1)
            return client.paged("/events/v3/events", 100, params, after)

        types = client.get("/events/v3/events/event-types").get("eventTypes") or []
        return one_after_another([str(each) for each in types], wanted, of, _behaviour)

    return [read_events(reading, table, pages, whole=lambda row: row["event_type"] not in known)]


def _behaviour(name: str, event: Json) -> Row:
    return {
        "id": event["id"], "occurred_at": event.get("occurredAt"), "event_type": event.get("eventType"),
        "object_id": event.get("objectId"), "properties": event.get("properties"),
        "object_type": _OBJECTS.get(str(event.get("objectType") or "").lower()),
    }  # fmt: skip


def read_submissions(reading: Reading, client: HubSpotClient, form_ids: Sequence[str]) -> TableFetch:
    """HubSpot lists them newest first and takes no bound: reading stops at the first that is older.

    Of a form that is new here everything is read, however old.
    """
    table = table_of("hubspot", "form_submissions")
    known = reading.known.distinct("hubspot", table, "form_id")

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        def of(form: str, after: str | None) -> Iterator[Page]:
            for page in marketing.submissions(client, form, after):
                yield page
                moments = [at for each in page.results if (at := moment_of(each.get("submittedAt")))]
                if wanted.lower and form in known and moments and min(moments) < wanted.lower:
                    return

        return one_after_another(form_ids, wanted, of, _submission)

    return read_events(reading, table, pages, whole=lambda row: row["form_id"] not in known)


def _submission(form: str, shown: Json) -> Row:
    answers = shown.get("values") or []
    row = {
        "form_id": form, "submitted_at": shown.get("submittedAt"), "answers": answers,
        "page_url": shown.get("pageUrl"), "page_name": shown.get("pageName"),
        "email": next((a.get("value") for a in answers if a.get("name") == "email"), None),
    }  # fmt: skip
    return row | {"id": shown.get("conversionId") or digest(row)}


def _iso(moment: datetime, milliseconds: int) -> str:
    at = datetime.fromtimestamp((microseconds(moment) // 1_000 + milliseconds) / 1_000, moment.tzinfo)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(row: Row) -> str:
    """An id for what HubSpot gives none."""
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
