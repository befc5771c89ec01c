"""How a portal is set up: owners, pipelines and stages, property definitions."""

from __future__ import annotations

from pipelines.sources.schema import RawTable

TABLES: tuple[RawTable, ...] = (
    RawTable(
        "owners",
        "owners",
        {
            "id": "text",
            "email": "text",
            "first_name": "text",
            "last_name": "text",
            "user_id": "text",
            "archived": "boolean",
            "team_ids": "list",
            "primary_team_id": "text",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        },
    ),
    RawTable(
        "pipelines",
        "pipelines",
        {
            "object_type": "text",
            "id": "text",
            "label": "text",
            "display_order": "integer",
            "archived": "boolean",
        },
        key=("object_type", "id"),
    ),
    RawTable(
        "pipeline_stages",
        "pipelines",
        {
            "object_type": "text",
            "pipeline_id": "text",
            "id": "text",
            "label": "text",
            "display_order": "integer",
            "is_closed": "boolean",
            "probability": "number",
            "archived": "boolean",
        },
        key=("object_type", "pipeline_id", "id"),
    ),
    RawTable(
        "properties",
        "properties",
        {
            "object_type": "text",
            "name": "text",
            "label": "text",
            "type": "text",
            "field_type": "text",
            "group_name": "text",
            "calculated": "boolean",
            "read_only_value": "boolean",
            "has_unique_value": "boolean",
            "options": "json",
            "archived": "boolean",
        },
        key=("object_type", "name"),
    ),
    RawTable(
        "teams", "teams", {"id": "text", "name": "text", "user_ids": "list", "secondary_user_ids": "list"}
    ),
    RawTable(
        "currencies", "account-info", {"code": "text", "is_company_currency": "boolean"}, key=("code",),
        note="the portal's own, and those it has beside it",
    ),
    RawTable(
        "exchange_rates", "exchange-rates",
        {
            "id": "text", "from_currency": "text", "to_currency": "text", "rate": "rate",
            "effective_at": "timestamp", "visible_in_ui": "boolean", "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        note="one unit of from_currency is `rate` of to_currency",
    ),
    RawTable(
        "meeting_links", "meeting-links",
        {
            "id": "text", "slug": "text", "link": "text", "name": "text", "type": "text",
            "organizer_user_id": "text", "member_user_ids": "list", "default_link": "boolean",
            "created_at": "timestamp", "updated_at": "timestamp",
        },
        note="what was booked through one is in meetings, its id in hs_meeting_source_id; staged as bookings",
    ),
    RawTable(
        "schemas", "schemas",
        {
            "id": "text", "name": "text", "fully_qualified_name": "text", "label": "text",
            "primary_property": "text", "required_properties": "list", "associations": "json",
            "archived": "boolean", "created_at": "timestamp", "updated_at": "timestamp",
        },
        note="custom objects",
    ),
)  # fmt: skip
