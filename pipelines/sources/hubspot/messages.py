"""E-mail events and campaigns, behavioural events, form submissions: whence, and their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.pages import Page
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.catalogs import table_of
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.begun import Begun
from pipelines.sources.hubspot.event_lists import one_after_another
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

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


def read_email_events(reading: Reading, client: HubSpotClient) -> Begun:
    table = table_of("hubspot", "email_events")

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        return timeline(client, "/email/public/v1/events", "events", wanted, "created", _email_event)

    return uncounted(reading, table, "e-mail events", lambda: [read_events(reading, table, pages)])


def uncounted(
    reading: Reading, table: RawTable, called: str, read: Callable[[], list[TableFetch]], calls: int = 1
) -> Begun:
    """Events that nobody counts: to read all of them takes nobody knows how many calls."""
    return Begun([], read, calls, called if is_read_whole(reading, table) else "")


def is_read_whole(reading: Reading, table: RawTable) -> bool:
    """Whether all events are read, however old: the first time, and by each sweep."""
    return reading.of(table).cursor is None or reading.sweep_is_due(table)


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


def read_email_campaigns(reading: Reading, client: HubSpotClient) -> Begun:
    """Those with activity since; each is asked for by itself, so only when it moved."""
    table = table_of("hubspot", "email_campaigns")
    known = reading.of(table)
    assert table.late is not None
    lower = None if is_read_whole(reading, table) or known.cursor is None else known.cursor - table.late
    have = reading.known.all_versions("hubspot", table) if lower is None else known.versions
    met = list(_since(marketing.old_pages(client, "/email/public/v1/campaigns", "campaigns", {}), lower))
    still = [each for each in met if have.get(str(each["id"])) == _stamp(each)]
    moved = [each for each in met if have.get(str(each["id"])) != _stamp(each)]

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        yield [{"id": str(each["id"]), "last_updated_at": each.get("lastUpdatedTime")} for each in still], ""
        for each in moved:
            name, at = str(each["id"]), moment_of(each.get("lastUpdatedTime"))
            if name not in wanted.have and (at is None or at < wanted.upper):
                yield [_email_campaign(each, client.get(f"/email/public/v1/campaigns/{name}"))], name

    return Begun([], lambda: [read_events(reading, table, pages)], len(moved))


def _since(pages: Iterable[Sequence[Json]], lower: datetime | None) -> Iterator[Json]:
    """The newest first, to the first that is older."""
    for page in pages:
        for each in page:
            at = moment_of(each.get("lastUpdatedTime"))
            if lower and at and at < lower:
                return
            yield each


def _stamp(listed: Json) -> int | None:
    """The version of a campaign; one without a stamp is like no known one."""
    at = moment_of(listed.get("lastUpdatedTime"))
    return -1 if at is None else microseconds(at)


def _email_campaign(listed: Json, shown: Json) -> Row:
    return {
        "id": str(listed["id"]), "last_updated_at": listed.get("lastUpdatedTime"), "name": shown.get("name"),
        "subject": shown.get("subject"), "type": shown.get("type"), "content_id": shown.get("contentId"),
        "app_id": shown.get("appId"), "app_name": shown.get("appName"), "included": shown.get("numIncluded"),
        "counters": shown.get("counters"),
    }  # fmt: skip


def read_behaviour(reading: Reading, client: HubSpotClient) -> Begun:
    """One type of event after the other; of a type that is new here everything, however old.

    HubSpot's bounds leave themselves out, so they are asked for a millisecond wider.
    """
    table = table_of("hubspot", "behavioral_events")
    known = reading.known.distinct("hubspot", table, "event_type")
    types = [str(each) for each in client.get("/events/v3/events/event-types").get("eventTypes") or []]

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        def of(name: str, after: str | None) -> Iterator[Page]:
            params = {"eventType": name, "occurredBefore": _iso(wanted.upper, 1)}
            if wanted.lower is not None and name in known:
                params["occurredAfter"] = _iso(wanted.lower, -1)
            return client.paged("/events/v3/events", 100, params, after)

        return one_after_another(types, wanted, of, _behaviour)

    def read() -> list[TableFetch]:
        return [read_events(reading, table, pages, whole=lambda row: row["event_type"] not in known)]

    return uncounted(reading, table, "behavioural events", read, len(types))


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

        return one_after_another(form_ids, wanted, of, submission)

    return read_events(reading, table, pages, whole=lambda row: row["form_id"] not in known)


def submission(form: str, shown: Json) -> Row:
    """A row of what was sent; one that HubSpot gives no id has one made of what it says."""
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
