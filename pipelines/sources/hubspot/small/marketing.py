"""Lists, forms, marketing events and campaigns' parts. What hangs on them is read again when they changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.catalogs import table_of
from pipelines.sources.columns import Columns
from pipelines.sources.events import Row
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot.begun import Begun
from pipelines.sources.hubspot.catalog import CAMPAIGN_PROPERTIES
from pipelines.sources.hubspot.messages import is_read_whole, read_submissions
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

Json = dict[str, Any]


def columns(table: RawTable, found: Iterable[Json], names: Mapping[str, str]) -> Columns:
    """`names`: our column to HubSpot's name."""
    rows = list(found)
    return Columns(table, {ours: [row.get(theirs) for row in rows] for ours, theirs in names.items()})


def read_lists(reading: Reading, client: HubSpotClient) -> Begun:
    before = reading.calls_here()
    table, members = (table_of("hubspot", name) for name in ("lists", "list_members"))
    found = [
        {
            **each, "size": (extra := each.get("additionalProperties") or {}).get("hs_list_size"),
            "added": extra.get("hs_last_record_added_at"), "removed": extra.get("hs_last_record_removed_at"),
        }
        for each in marketing.lists(client)
    ]  # fmt: skip
    names = {
        "id": "listId", "name": "name", "object_type_id": "objectTypeId", "list_version": "listVersion",
        "processing_type": "processingType", "processing_status": "processingStatus", "size": "size",
        "last_added_at": "added", "last_removed_at": "removed", "created_by_id": "createdById",
        "created_at": "createdAt", "updated_at": "updatedAt", "filters_updated_at": "filtersUpdatedAt",
        "deleted_at": "deletedAt",
    }  # fmt: skip
    fetched = reading.whole(table, columns(table, found, names), calls=reading.calls_here() - before)

    def read() -> TableFetch:
        rows = [
            {**member, "list": each["listId"], "type": _TYPES.get(kind := str(each["objectTypeId"]), kind)}
            for each in found
            for member in marketing.members(client, str(each["listId"]))
        ]  # fmt: skip
        names = {
            "list_id": "list", "object_type": "type", "record_id": "recordId",
            "added_at": "membershipTimestamp",
        }  # fmt: skip
        return reading.whole(members, columns(members, rows, names))

    calls = sum(pages_of(each["size"], marketing.MEMBERS) for each in found)
    return hung(reading, fetched, members, read, calls)


_TYPES = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-136": "leads"}


def pages_of(count: object, limit: int) -> int:
    """Calls for a list of about so many; an empty one is asked for too, for counts lag behind."""
    return max(1, math.ceil(int(str(count or 0)) / limit))


def is_due(reading: Reading, parent: TableFetch, table: RawTable) -> bool:
    """Whether a table is read again: its parent changed, or it could not be read last time.

    Also on the schedule of what is calculated: not all that hangs on a thing moves the thing's own stamp.
    """
    known = reading.of(table)
    fine = known.cursor is not None and known.status in ("loaded", "unchanged")
    return parent.status != "unchanged" or not fine or reading.calculated_is_due(table)


def hung(
    reading: Reading, parent: TableFetch, table: RawTable, read: Callable[[], TableFetch], calls: int
) -> Begun:
    """One table that hangs on another, which is read."""
    due = is_due(reading, parent, table)
    return Begun([parent], lambda: hanging(reading, parent, table, read), calls if due else 0)


def hanging(
    reading: Reading, parent: TableFetch, table: RawTable, read: Callable[[], TableFetch]
) -> list[TableFetch]:
    if not is_due(reading, parent, table):
        return [reading.outcome(table, "unchanged")]

    def anew() -> list[TableFetch]:
        return [replace(read(), calculated_at=reading.upper, is_news=True)]

    return reading.guarded([table], anew, optional=True)


def read_forms(reading: Reading, client: HubSpotClient) -> Begun:
    """Forms, then the submissions of each, newest first."""
    before = reading.calls_here()
    table, submissions = (table_of("hubspot", name) for name in ("forms", "form_submissions"))
    found = list(marketing.forms(client))
    names = {
        "id": "id", "name": "name", "form_type": "formType", "archived": "archived",
        "created_at": "createdAt", "updated_at": "updatedAt", "archived_at": "archivedAt",
        "field_groups": "fieldGroups", "configuration": "configuration",
    }  # fmt: skip
    fetched = reading.whole(table, columns(table, found, names), calls=reading.calls_here() - before)

    def read() -> list[TableFetch]:
        return [read_submissions(reading, client, [str(each["id"]) for each in found])]

    is_whole = bool(found) and is_read_whole(reading, submissions)
    return Begun([fetched], read, len(found), "form submissions" if is_whole else "")


def read_marketing_events(reading: Reading, client: HubSpotClient) -> Begun:
    before = reading.calls_here()
    table, seats = (table_of("hubspot", n) for n in ("marketing_events", "marketing_event_participations"))
    found = list(client.pages(client.path("marketing_events"), 100))
    names = {
        "id": "objectId", "external_event_id": "externalEventId", "name": "eventName",
        "event_type": "eventType", "organizer": "eventOrganizer", "description": "eventDescription",
        "url": "eventUrl", "status": "eventStatus", "starts_at": "startDateTime", "ends_at": "endDateTime",
        "cancelled": "eventCancelled", "completed": "eventCompleted", "registrants": "registrants",
        "attendees": "attendees", "cancellations": "cancellations", "no_shows": "noShows",
        "custom_properties": "customProperties", "created_at": "createdAt", "updated_at": "updatedAt",
    }  # fmt: skip
    fetched = reading.whole(table, columns(table, found, names), calls=reading.calls_here() - before)

    def read() -> TableFetch:
        rows = [
            _seat(str(each["objectId"]), seat)
            for each in found
            for seat in marketing.participations(client, str(each["objectId"]))
        ]
        return reading.whole(seats, columns(seats, rows, {name: name for name in seats.columns}))

    counts = ("registrants", "attendees", "cancellations", "noShows")
    calls = sum(pages_of(sum(int(each.get(n) or 0) for n in counts), marketing.SEATS) for each in found)
    return hung(reading, fetched, seats, read, calls)


def _seat(event: str, seat: Json) -> Row:
    contact = (seat.get("associations") or {}).get("contact") or {}
    properties = seat.get("properties") or {}
    return {
        "id": seat["id"], "event_id": event, "contact_id": contact.get("contactId"),
        "email": contact.get("email"), "state": properties.get("attendanceState"),
        "occurred_at": properties.get("occurredAt"), "created_at": seat.get("createdAt"),
        "attendance_percentage": properties.get("attendancePercentage"),
        "attendance_seconds": properties.get("attendanceDurationSeconds"),
    }  # fmt: skip


def read_campaign_parts(
    reading: Reading, client: HubSpotClient, fetched: TableFetch, found: list[Json]
) -> Begun:
    """Assets, items of budget and spend, HubSpot's own reports and whom they list, of all campaigns when one
    changed.

    A campaign without a sum of either has no items, and one that influenced nobody lists nobody.
    """
    assets, items, reports, contacts = (
        table_of("hubspot", f"campaign_{n}") for n in ("assets", "items", "reports", "contacts")
    )
    ids = [str(each["id"]) for each in found]
    paid = [str(each["id"]) for each in found if any((each.get("properties") or {}).get(n) for n in _SUMS)]
    path = client.path("campaigns")
    nobody: set[str] = set()

    def read_assets() -> TableFetch:
        rows = [
            {"campaign_id": campaign, "asset_type": kind, "id": each["id"], "name": each.get("name"),
             "metrics": each.get("metrics")}
            for campaign, kind, each in marketing.campaigns_with_assets(client, ids)
        ]  # fmt: skip
        return reading.whole(assets, columns(assets, rows, {name: name for name in assets.columns}))

    def read_items() -> TableFetch:
        rows = [row for each in paid for row in _items(each, client.get(f"{path}/{each}/budget/totals"))]
        return reading.whole(items, columns(items, rows, {name: name for name in items.columns}))

    def read_reports() -> TableFetch:
        rows = [_report(client, f"{path}/{each}/reports", each) for each in ids]
        nobody.update(row["campaign_id"] for row in rows if not row["influenced_contacts"])
        return reading.whole(reports, columns(reports, rows, {name: name for name in reports.columns}))

    def read_contacts() -> TableFetch:
        rows = [
            {"campaign_id": each, "contact_id": contact}
            for each in ids
            if each not in nobody
            for contact in marketing.influenced_contacts(client, each)
        ]
        return reading.whole(contacts, columns(contacts, rows, {name: name for name in contacts.columns}))

    def read() -> list[TableFetch]:
        return [
            *hanging(reading, fetched, assets, read_assets),
            *hanging(reading, fetched, items, read_items),
            *hanging(reading, fetched, reports, read_reports),
            *hanging(reading, fetched, contacts, read_contacts),
        ]

    costs = (
        (assets, math.ceil(len(ids) / marketing.CAMPAIGNS)), (items, len(paid)), (reports, 2 * len(ids)),
        (contacts, len(ids)),
    )  # fmt: skip
    calls = sum(calls for table, calls in costs if is_due(reading, fetched, table))
    return Begun([fetched], read, calls)


_SUMS = (CAMPAIGN_PROPERTIES["spend"], CAMPAIGN_PROPERTIES["budget"])


def _items(campaign: str, totals: Json) -> list[Row]:
    return [
        {
            "campaign_id": campaign, "kind": kind, "id": each["id"], "name": each.get("name"),
            "description": each.get("description"), "amount": each.get("amount"),
            "currency": totals.get("currencyCode"), "position": each.get("order"),
            "created_at": each.get("createdAt"), "updated_at": each.get("updatedAt"),
        }
        for kind in ("budget", "spend")
        for each in totals.get(f"{kind}Items") or []
    ]  # fmt: skip


def _report(client: HubSpotClient, path: str, campaign: str) -> Row:
    metrics = client.get(f"{path}/metrics")
    revenue = client.get(f"{path}/revenue", {"attributionModel": "LINEAR"})
    return {
        "campaign_id": campaign, "sessions": metrics.get("sessions"),
        "new_contacts_first_touch": metrics.get("newContactsFirstTouch"),
        "new_contacts_last_touch": metrics.get("newContactsLastTouch"),
        "influenced_contacts": metrics.get("influencedContacts"),
        "attributed_contacts": revenue.get("contactsNumber"), "attributed_deals": revenue.get("dealsNumber"),
        "deal_amount": revenue.get("dealAmount"), "attributed_revenue": revenue.get("revenueAmount"),
        "currency": revenue.get("currencyCode"),
    }  # fmt: skip
