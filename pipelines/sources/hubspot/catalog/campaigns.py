"""Marketing campaigns."""

from __future__ import annotations

from pipelines.sources.schema import RawTable

CAMPAIGN_PROPERTIES = {
    "name": "hs_name",
    "status": "hs_campaign_status",
    "utm": "hs_utm",
    "start_date": "hs_start_date",
    "end_date": "hs_end_date",
    "spend": "hs_spend_items_sum_amount",
    "budget": "hs_budget_items_sum_amount",
    "currency": "hs_currency_code",
    "notes": "hs_notes",
    "audience": "hs_audience",
    "owner": "hs_owner",
}

TABLES: tuple[RawTable, ...] = (
    RawTable(
        "campaigns",
        "campaigns",
        {
            "id": "text",
            "name": "text",
            "status": "text",
            "utm": "text",
            "start_date": "date",
            "end_date": "date",
            "spend": "money",
            "budget": "money",
            "currency": "text",
            "notes": "text",
            "audience": "text",
            "owner": "text",
            "created_at": "timestamp",
            "updated_at": "timestamp",
        },
        note="columns are CAMPAIGN_PROPERTIES",
    ),
)
