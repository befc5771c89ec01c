"""HubSpot's marketing campaigns over HTTP: what they hold, changing them by fifties, making and removing one.

Belongs here: requests about campaigns. They are no CRM records: no properties API describes them, no search
and no unique property finds one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.clients.batches import batched
from pipelines.clients.hubspot.client import HubSpotClient, Json
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult

OBJECT = "campaigns"
AT_ONCE = 50
_TEXTS = ("hs_name", "hs_utm", "hs_notes", "hs_audience", "hs_owner", "hs_color_hex", "hs_currency_code")
_STATUSES = ("planned", "in_progress", "active", "paused", "completed")
_READ_ONLY = {"modificationMetadata": {"readOnlyValue": True}}
PROPERTIES: tuple[Json, ...] = (
    *({"name": name, "type": "string", "fieldType": "text"} for name in _TEXTS),
    {"name": "hs_campaign_status", "type": "enumeration", "fieldType": "select",
     "options": [{"value": each} for each in _STATUSES]},
    *({"name": name, "type": "date", "fieldType": "date"} for name in ("hs_start_date", "hs_end_date")),
    *({"name": name, "type": "number", "fieldType": "number", **_READ_ONLY}
      for name in ("hs_budget_items_sum_amount", "hs_spend_items_sum_amount")),
)  # fmt: skip
"""As HubSpot documents them, in the shape in which its properties API describes other objects."""


def update(client: HubSpotClient, inputs: Sequence[Json]) -> Outcomes:
    """Update campaigns: inputs are `{"id", "properties"}`. The answer echoes what was stored."""
    rows = Outcomes()
    for some in batched(inputs, AT_ONCE):
        answer = client.change("POST", f"{client.path(OBJECT)}/batch/update", {"inputs": list(some)})
        stored = {str(each["id"]): each.get("properties") or {} for each in answer.get("results") or []}
        rows += [_outcome(str(each["id"]), stored) for each in some]
    return rows


def _outcome(campaign: str, stored: Mapping[str, Mapping[str, Any]]) -> RowResult:
    if campaign in stored:
        return RowResult(True, campaign, values=stored[campaign])
    message = "HubSpot's answer does not mention this campaign"
    return RowResult(False, campaign, code=MISSING_FROM_ANSWER, message=message)


def read(client: HubSpotClient, ids: Sequence[str], properties: Sequence[str]) -> list[Json]:
    """Those that are there; the others are left out."""
    found: list[Json] = []
    for some in batched(ids, AT_ONCE):
        body: Json = {"inputs": [{"id": each} for each in some]}
        params = {"properties": ",".join(properties)}
        found += client.post(f"{client.path(OBJECT)}/batch/read", body, params).get("results") or []
    return found


def named(client: HubSpotClient, name: str, properties: Sequence[str]) -> list[Json]:
    """Campaigns of exactly this name, in any case."""
    wanted = {"name": name, "properties": ",".join(("hs_name", *properties)), "limit": "100"}
    rows = client.paged(client.path(OBJECT), 100, wanted)
    return [
        row
        for page in rows
        for row in page.results
        if str((row.get("properties") or {}).get("hs_name") or "").strip().lower() == name.strip().lower()
    ]


def create(client: HubSpotClient, properties: Mapping[str, Any]) -> str:
    """The id of the new campaign. Nothing keeps HubSpot from making a second of the same name."""
    return str(client.change("POST", client.path(OBJECT), {"properties": dict(properties)})["id"])


def remove(client: HubSpotClient, ids: Sequence[str]) -> None:
    """What is gone already stays gone."""
    for some in batched(ids, AT_ONCE):
        client.change(
            "POST", f"{client.path(OBJECT)}/batch/archive", {"inputs": [{"id": each} for each in some]}
        )
