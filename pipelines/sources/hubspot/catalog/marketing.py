"""Lists, forms, marketing events, and the parts and reports of campaigns."""

from __future__ import annotations

from datetime import timedelta

from pipelines.sources.schema import RawTable

TABLES: tuple[RawTable, ...] = (
    RawTable(
        "lists", "lists",
        {
            "id": "text", "name": "text", "object_type_id": "text", "processing_type": "text",
            "processing_status": "text", "list_version": "integer", "size": "integer",
            "last_added_at": "timestamp", "last_removed_at": "timestamp", "created_by_id": "text",
            "created_at": "timestamp", "updated_at": "timestamp", "filters_updated_at": "timestamp",
            "deleted_at": "timestamp",
        },
    ),
    RawTable(
        "list_members", "lists",
        {"list_id": "text", "object_type": "text", "record_id": "text", "added_at": "timestamp"},
        key=("list_id", "record_id"), note="read again when anything of the lists changed",
    ),
    RawTable(
        "forms", "forms",
        {
            "id": "text", "name": "text", "form_type": "text", "archived": "boolean",
            "created_at": "timestamp", "updated_at": "timestamp", "archived_at": "timestamp",
            "field_groups": "json", "configuration": "json",
        },
    ),
    RawTable(
        "form_submissions", "form-submissions",
        {
            "id": "text", "form_id": "text", "submitted_at": "timestamp", "email": "text",
            "page_url": "text", "page_name": "text", "answers": "json",
        },
        cursor="submitted_at", late=timedelta(days=1),
        note="`answers` is a list of name, value and objectTypeId",
    ),
    RawTable(
        "marketing_events", "marketing-events",
        {
            "id": "text", "external_event_id": "text", "name": "text", "event_type": "text",
            "organizer": "text", "description": "text", "url": "text", "status": "text",
            "starts_at": "timestamp", "ends_at": "timestamp", "cancelled": "boolean",
            "completed": "boolean", "registrants": "integer", "attendees": "integer",
            "cancellations": "integer", "no_shows": "integer", "custom_properties": "json",
            "created_at": "timestamp", "updated_at": "timestamp",
        },
    ),
    RawTable(
        "marketing_event_participations", "marketing-events",
        {
            "id": "text", "event_id": "text", "contact_id": "text", "email": "text", "state": "text",
            "occurred_at": "timestamp", "attendance_percentage": "number",
            "attendance_seconds": "integer", "created_at": "timestamp",
        },
        note="where each invited person stands; read again when anything of the events changed",
    ),
    RawTable(
        "campaign_assets", "campaigns",
        {"campaign_id": "text", "asset_type": "text", "id": "text", "name": "text", "metrics": "json"},
        key=("campaign_id", "asset_type", "id"),
    ),
    RawTable(
        "campaign_items", "campaigns",
        {
            "campaign_id": "text", "kind": "text", "id": "text", "name": "text", "description": "text",
            "amount": "money", "currency": "text", "position": "integer", "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        key=("campaign_id", "kind", "id"), note="what budget and spend are made of",
    ),
    RawTable(
        "campaign_reports", "campaigns",
        {
            "campaign_id": "text", "sessions": "integer", "new_contacts_first_touch": "integer",
            "new_contacts_last_touch": "integer", "influenced_contacts": "integer",
            "attributed_contacts": "integer", "attributed_deals": "integer", "deal_amount": "money",
            "attributed_revenue": "money", "currency": "text",
        },
        key=("campaign_id",), note="HubSpot's own metrics, and its revenue by its linear model",
    ),
    RawTable(
        "campaign_contacts", "campaigns", {"campaign_id": "text", "contact_id": "text"},
        key=("campaign_id", "contact_id"),
        note="whom a campaign influenced, by HubSpot's report; it tells no day and nothing that they did",
    ),
)  # fmt: skip
