"""Creating marketing campaigns in HubSpot, which has no unique field for them: looked for by name, then made
one by one, our key in their notes.

Belongs here: what `HubSpotCreator` does when the object is a campaign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.clients.hubspot import campaigns
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.records import fields_of, linked
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS
from pipelines.reverse_sync.values import for_text

NOTES = "hs_notes"


def send(client: HubSpotClient, actions: Sequence[Action]) -> Outcomes:
    return Outcomes([_one(client, action) for action in actions])


def _one(client: HubSpotClient, action: Action) -> RowResult:
    name = fields_of(action).get("hs_name", "")
    there = campaigns.named(client, name, [NOTES])
    if len(there) > 1:
        said = f"HubSpot has {len(there)} campaigns called {name}: name the right one in attribution.yml"
        return RowResult(False, code="MORE_THAN_ONE", message=said)
    if there:
        return linked(str(there[0]["id"]), campaigns.OBJECT, f"HubSpot has a campaign called {name}")
    made = campaigns.create(client, _properties(action))
    return RowResult(True, made, created=True, values={"object": campaigns.OBJECT})


def look_up(client: HubSpotClient, actions: Sequence[Action]) -> Sequence[Found]:
    found = []
    for action in actions:
        there = campaigns.named(client, fields_of(action).get("hs_name", ""), [NOTES])
        mine = (row for row in there if action.mark in str((row.get("properties") or {}).get(NOTES) or ""))
        found.append(next((Found(str(row["id"])) for row in mine), NOT_THERE))
    return found


def undo(client: HubSpotClient, actions: Sequence[tuple[Action, str]]) -> Outcomes:
    """Remove what we made, unless somebody has worked on it since."""
    names = sorted({name for action, _ in actions for name in _properties(action)})
    held = {str(row["id"]): row.get("properties") or {} for row in
            campaigns.read(client, [i for _, i in actions], names)}  # fmt: skip
    rows, mine = [], []
    for action, i in actions:
        if i in held and any(str(held[i].get(n) or "") != v for n, v in _properties(action).items()):
            said = "somebody has changed it since"
            rows.append(RowResult(False, i, code=CHANGED_BY_OTHERS, message=said))
            continue
        rows.append(RowResult(True, i))
        mine += [i] if i in held else []
    if mine:
        campaigns.remove(client, mine)
    return Outcomes(rows)


def _properties(action: Action) -> dict[str, Any]:
    said = {name: for_text(value) for name, value in fields_of(action).items()}
    notes = str(said.get(NOTES) or "")
    return {**said, NOTES: f"{notes}\n{action.mark}" if notes else action.mark}
