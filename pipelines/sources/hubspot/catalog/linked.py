"""What hangs on records and is read with them: property history and associations."""

from __future__ import annotations

from pipelines.sources.schema import RawTable

_OWNED_IN_STAGES = ("hs_pipeline", "hs_pipeline_stage", "hubspot_owner_id")
HISTORY_PROPERTIES: dict[str, tuple[str, ...]] = {
    "contacts": ("lifecyclestage", "hs_lead_status", "hubspot_owner_id", "hs_email_optout"),
    "companies": ("lifecyclestage", "hubspot_owner_id"),
    "deals": ("dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id"),
    "tickets": _OWNED_IN_STAGES,
    "leads": _OWNED_IN_STAGES,
}
"""Whose every change is kept, by object; config adds to them."""
_ENGAGED = ("contacts", "companies", "deals", "tickets", "leads")
ASSOCIATIONS: dict[str, tuple[str, ...]] = {
    "contacts": ("companies",),
    "companies": ("companies",),
    "deals": ("contacts", "companies", "deals"),
    "tickets": ("contacts", "companies", "deals", "tickets"),
    "leads": ("contacts", "companies"),
    "line_items": ("deals",),
    **dict.fromkeys(("calls", "emails", "meetings", "notes", "tasks", "communications"), _ENGAGED),
}
"""Pairs that are read from the start, each from one side; others in use are found, config adds to them."""


def history_of(object_type: str) -> RawTable:
    """The table of an object's property history."""
    return RawTable(
        f"{object_type}_property_history",
        object_type,
        {
            "id": "text",
            "property": "text",
            "changed_at": "timestamp",
            "value": "text",
            "source_type": "text",
            "source_id": "text",
        },
        key=("id", "property", "changed_at"),
        comes_with=(object_type,),
        note="history of HISTORY_PROPERTIES, newest and oldest alike",
    )


TABLES: tuple[RawTable, ...] = (
    *(history_of(each) for each in HISTORY_PROPERTIES),
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
        note="every pair in use, from one side; types by their plural API names",
    ),
)
