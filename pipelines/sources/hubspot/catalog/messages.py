"""Marketing e-mail and its events, consent, behavioural events. Events never change, but may show up late.

`late`: how far before the last look each next one begins. What shows up later still, the sweep brings.
"""

from __future__ import annotations

from datetime import timedelta

from pipelines.sources.schema import RawTable

TABLES: tuple[RawTable, ...] = (
    RawTable(
        "email_campaigns", "email-campaigns",
        {
            "id": "text", "name": "text", "subject": "text", "type": "text", "content_id": "text",
            "app_id": "text", "app_name": "text", "included": "integer", "counters": "json",
            "last_updated_at": "timestamp",
        },
        cursor="last_updated_at", late=timedelta(days=1),
    ),
    RawTable(
        "email_events", "email-events",
        {
            "id": "text", "occurred_at": "timestamp", "type": "text", "recipient": "text",
            "email_campaign_id": "text", "app_id": "text", "subject": "text", "sender": "text",
            "url": "text", "link_id": "text", "referer": "text", "device_type": "text",
            "user_agent": "text", "browser": "json", "location": "json", "duration": "integer",
            "filtered_event": "boolean", "category": "text", "status": "text", "response": "text",
            "drop_reason": "text", "sent_by_id": "text", "sent_by_at": "timestamp",
        },
        cursor="occurred_at", late=timedelta(days=3),
        note="`filtered_event`: HubSpot takes it for a machine's",
    ),
    RawTable(
        "subscription_types", "subscription-definitions",
        {
            "id": "text", "name": "text", "description": "text", "purpose": "text",
            "communication_method": "text", "is_active": "boolean", "is_default": "boolean",
            "is_internal": "boolean", "created_at": "timestamp", "updated_at": "timestamp",
        },
    ),
    RawTable(
        "subscription_changes", "subscription-changes",
        {
            "id": "text", "occurred_at": "timestamp", "email": "text", "subscription_id": "text",
            "change": "text", "change_type": "text", "source": "text", "caused_by_event_id": "text",
        },
        cursor="occurred_at", late=timedelta(days=1),
    ),
    RawTable(
        "subscription_statuses", "subscription-statuses",
        {
            "email": "text", "subscription_id": "text", "subscription_name": "text", "status": "text",
            "source": "text", "legal_basis": "text", "legal_basis_explanation": "text",
            "changed_at": "timestamp",
        },
        key=("email", "subscription_id"), comes_with=("subscription_changes",),
        note="of everyone who ever changed a subscription; of a contact who has one without, a sweep learns",
    ),
    RawTable(
        "behavioral_events", "behavioral-events",
        {
            "id": "text", "occurred_at": "timestamp", "event_type": "text", "object_type": "text",
            "object_id": "text", "properties": "json",
        },
        cursor="occurred_at", late=timedelta(days=1),
    ),
)  # fmt: skip
