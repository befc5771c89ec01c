"""What hangs on records and is read with them: property history and associations."""

from __future__ import annotations

from pipelines.sources.schema import RawTable

HISTORY_PROPERTIES: dict[str, tuple[str, ...]] = {
    "contacts": ("lifecyclestage", "hs_lead_status", "hubspot_owner_id"),
    "deals": ("dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id"),
}
_ENGAGED = ("contacts", "companies", "deals", "tickets")
ASSOCIATIONS: dict[str, tuple[str, ...]] = {
    "contacts": ("companies",),
    "deals": ("contacts", "companies"),
    "tickets": ("contacts", "companies"),
    "leads": ("contacts", "companies"),
    "line_items": ("deals",),
    **dict.fromkeys(("calls", "emails", "meetings", "notes", "tasks", "communications"), _ENGAGED),
}

TABLES: tuple[RawTable, ...] = (
    *(
        RawTable(
            f"{name}_property_history",
            name,
            {
                "id": "text",
                "property": "text",
                "changed_at": "timestamp",
                "value": "text",
                "source_type": "text",
                "source_id": "text",
            },
            key=("id", "property", "changed_at"),
            comes_with=(name,),
            note="history of HISTORY_PROPERTIES, newest and oldest alike",
        )
        for name in HISTORY_PROPERTIES
    ),
    RawTable(
        "associations",
        "associations",
        {
            "from_type": "text",
            "from_id": "text",
            "to_type": "text",
            "to_id": "text",
            "type_id": "integer",
            "category": "text",
            "label": "text",
        },
        key=("from_type", "from_id", "to_type", "to_id", "type_id", "category"),
        comes_with=tuple(ASSOCIATIONS),
        note="the pairs of ASSOCIATIONS; type names are the plural API names",
    ),
)
