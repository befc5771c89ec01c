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
)
