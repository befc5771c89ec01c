"""E-mail events and campaigns, consent, behavioural events, form submissions: whence, and their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.arrow import BadValues, microseconds, moment_of
from pipelines.sources.catalogs import table_of
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.events import Row, read_events
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
    def since(lower: datetime | None) -> Iterator[Row]:
        found = marketing.old_pages(client, "/email/public/v1/events", "events", _window(reading, lower))
        for event in found:
            sent = event.get("sentBy") or {}
            yield {ours: event.get(theirs) for ours, theirs in _EMAIL_EVENT.items()} | {
                "sent_by_id": sent.get("id"), "sent_by_at": sent.get("created"),
            }  # fmt: skip

    return [read_events(reading, table_of("hubspot", "email_events"), since)]


def read_email_campaigns(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Those with activity since; each is asked for by itself, so only when it moved."""
    table = table_of("hubspot", "email_campaigns")
    versions = reading.of(table).versions

    def since(lower: datetime | None) -> Iterator[Row]:
        for each in marketing.old_pages(client, "/email/public/v1/campaigns", "campaigns", {}):
            at = moment_of(each.get("lastUpdatedTime"))
            if lower and at and at < lower:
                return
            if at and versions.get(str(each["id"])) == microseconds(at):
                continue
            shown = client.get(f"/email/public/v1/campaigns/{each['id']}")
            yield {
                "id": str(each["id"]), "last_updated_at": each.get("lastUpdatedTime"),
                "name": shown.get("name"), "subject": shown.get("subject"), "type": shown.get("type"),
                "content_id": shown.get("contentId"), "app_id": shown.get("appId"),
                "app_name": shown.get("appName"), "included": shown.get("numIncluded"),
                "counters": shown.get("counters"),
            }  # fmt: skip

    return [read_events(reading, table, since)]


def read_consent(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """Changes of subscriptions; then how those stand now whom a change was about."""
    changes, table = (table_of("hubspot", n) for n in ("subscription_changes", "subscription_statuses"))
    moved: dict[str, None] = {}

    def since(lower: datetime | None) -> Iterator[Row]:
        path = "/email/public/v1/subscriptions/timeline"
        for item in marketing.old_pages(client, path, "timeline", _window(reading, lower)):
            moved[str(item["recipient"])] = None
            for change in item.get("changes") or []:
                yield _change(item, change)

    fetched, known = read_events(reading, changes, since), reading.of(table)
    first = known.cursor is None or known.status in ("stale", "absent")
    if fetched.status == "unchanged" and not first:
        return [fetched, reading.outcome(table, "unchanged")]
    if first and fetched.window_from is not None:
        list(since(None))
    return [fetched, *reading.guarded([table], lambda: [_statuses(reading, client, list(moved), first)])]


def _change(item: Json, change: Json) -> Row:
    row = {
        "occurred_at": change.get("timestamp") or item.get("timestamp"), "email": item["recipient"],
        "subscription_id": change.get("subscriptionId"), "change": change.get("change"),
        "change_type": change.get("changeType"), "source": change.get("source"),
        "caused_by_event_id": (change.get("causedByEvent") or {}).get("id"),
    }  # fmt: skip
    return row | {"id": _digest(row)}


def _statuses(reading: Reading, client: HubSpotClient, addresses: list[str], first: bool) -> TableFetch:
    before, table = reading.calls_here(), table_of("hubspot", "subscription_statuses")
    names = {
        "email": "subscriberIdString", "subscription_id": "subscriptionId", "status": "status",
        "subscription_name": "subscriptionName", "source": "source", "legal_basis": "legalBasis",
        "legal_basis_explanation": "legalBasisExplanation", "changed_at": "timestamp",
    }  # fmt: skip
    found = list(marketing.statuses(client, addresses))
    spool, bad = reading.spool(table, "changes"), BadValues()
    rows = Columns(table, {ours: [each.get(theirs) for each in found] for ours, theirs in names.items()})
    spool.write(table.name, "replace" if first else "merge", rows.to_arrow(bad))
    spool.commit(complete=True)
    return reading.outcome(
        table, "loaded", spool.parts(table.name), len(rows), notes=bad.notes(),
        calls=reading.calls_here() - before,
    )  # fmt: skip


def read_behaviour(reading: Reading, client: HubSpotClient) -> list[TableFetch]:
    """HubSpot's bounds leave themselves out, so they are asked for a millisecond wider."""

    def since(lower: datetime | None) -> Iterator[Row]:
        types = client.get("/events/v3/events/event-types").get("eventTypes") or []
        for name in types:
            params = {"eventType": str(name), "occurredBefore": _iso(reading.upper, 1)}
            if lower is not None:
                params["occurredAfter"] = _iso(lower, -1)
            for event in client.pages("/events/v3/events", 100, params):
                yield {
                    "id": event["id"], "occurred_at": event.get("occurredAt"),
                    "event_type": event.get("eventType"), "object_id": event.get("objectId"),
                    "object_type": _OBJECTS.get(str(event.get("objectType") or "").lower()),
                    "properties": event.get("properties"),
                }  # fmt: skip

    return [read_events(reading, table_of("hubspot", "behavioral_events"), since)]


def submissions_of(client: HubSpotClient, form_ids: Iterable[str], lower: datetime | None) -> Iterator[Row]:
    """HubSpot lists them newest first and takes no bound: reading stops at the first that is older."""
    for form_id in form_ids:
        for each in marketing.submissions(client, form_id):
            at = moment_of(each.get("submittedAt"))
            if lower and at and at < lower:
                break
            answers = each.get("values") or []
            row = {
                "form_id": form_id, "submitted_at": each.get("submittedAt"), "answers": answers,
                "page_url": each.get("pageUrl"), "page_name": each.get("pageName"),
                "email": next((a.get("value") for a in answers if a.get("name") == "email"), None),
            }  # fmt: skip
            yield row | {"id": each.get("conversionId") or _digest(row)}


def _window(reading: Reading, lower: datetime | None) -> dict[str, str]:
    """Both ends inclusive, in milliseconds; the end stays put while pages are read."""
    window = {"endTimestamp": str(microseconds(reading.upper) // 1_000)}
    return window if lower is None else window | {"startTimestamp": str(microseconds(lower) // 1_000)}


def _iso(moment: datetime, milliseconds: int) -> str:
    at = datetime.fromtimestamp((microseconds(moment) // 1_000 + milliseconds) / 1_000, moment.tzinfo)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(row: Row) -> str:
    """An id for what HubSpot gives none."""
    return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
