"""Activities that were logged in the other CRM: made beside whom they are about, found again by our key.

Belongs here: both vendors' words for the engine's. Neither has a field of ours, so our key stands in the
text. Payload: `fields`, `body` (the one that holds the text), `who` and `what` (`object:id`), `source`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import BesideOthers, InHubSpot, InSalesforce
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

_TO = {
    "calls": {"contacts": 194, "companies": 182, "deals": 206},
    "emails": {"contacts": 198, "companies": 186, "deals": 210},
    "meetings": {"contacts": 200, "companies": 188, "deals": 212},
    "notes": {"contacts": 202, "companies": 190, "deals": 214},
    "tasks": {"contacts": 204, "companies": 192, "deals": 216},
}
"""HubSpot's association types from an engagement to what it is about."""
_CHANGED = "somebody has changed it since"


class _Activity:
    """What both vendors share."""

    kind: ClassVar[str] = "activity"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("fields"):
            return "it has no fields"
        return "" if action.record_key else "it is about no record"


def sent_fields(action: Action) -> dict[str, Any]:
    """The fields with our key in the text."""
    said: dict[str, Any] = dict(action.payload["fields"])
    name = str(action.payload["body"])
    return {**said, name: f"{said[name]}\n{action.mark}" if said.get(name) else action.mark}


def _what(action: Action) -> tuple[str, str]:
    """(object, id) of the deal or account it is about; empty when it is about a person alone."""
    found = str(action.payload.get("what") or "").partition(":")
    return found[0], found[2]


class SalesforceActivity(_Activity, BesideOthers, InSalesforce):
    """A task or event."""

    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        return frozenset({str(action.payload.get("who") or action.record_key), _what(action)[1]} - {""})

    def send(self, actions: Sequence[Action]) -> Outcomes:
        rows = [{**sent_fields(action), **_ends(action)} for action in actions]
        return self._client.create_collection(actions[0].object, rows)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By whom it is about, and our key in the text, which a condition of SOQL cannot look into."""
        found: dict[str, str] = {}
        for field in ("WhoId", "WhatId"):
            ids = sorted({e for a in actions if (e := _ends(a).get(field)) and e.isalnum()})
            for start in range(0, len(ids), COLLECTION_LIMIT):
                listed = ", ".join(f"'{each}'" for each in ids[start : start + COLLECTION_LIMIT])
                soql = f"SELECT Id, Description FROM {actions[0].object} WHERE {field} IN ({listed})"
                for page in self._client.query_pages(soql):
                    found |= {str(r["Id"]): str(r.get("Description") or "") for r in page.records}
        return [_by_mark(action, found) for action in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Delete what we made, unless somebody has worked on it since."""
        name = actions[0][0].object
        fields = sorted({n for a, _ in actions for n in sent_fields(a)})
        held = dict(zip([i for _, i in actions],
                        self._client.read_collection(name, [i for _, i in actions], ["Id", *fields]),
                        strict=True))  # fmt: skip
        mine = [i for a, i in actions if (row := held[i]) and _stands(row, sent_fields(a))]
        went = dict(zip(mine, self._client.delete_collection(mine), strict=True)) if mine else {}
        return Outcomes([went.get(i) or _left(i, held[i]) for _, i in actions])


def _ends(action: Action) -> dict[str, str]:
    """Who and what: a lead takes no deal or account beside it."""
    parent = action.parent
    assert parent is not None
    who = str(action.payload.get("who") or "")
    found = {"WhoId": who} if who else {}
    _, what = _what(action)
    return found | ({"WhatId": what} if what and not who.startswith("00Q") else {})


class HubSpotActivity(_Activity, InHubSpot):
    """A call, e-mail, meeting, note or task."""

    lag: ClassVar[timedelta] = timedelta(seconds=30)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        inputs: list[dict[str, Any]] = [
            {"properties": _texts(action), "associations": _associations(action)} for action in actions
        ]
        return self._client.batch_create(actions[0].object, inputs)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By whom it is about and our key in the text, over associations: search would lag behind."""
        name, body = actions[0].object, str(actions[0].payload["body"])
        parents: dict[str, list[str]] = {}
        for action in actions:
            assert action.parent is not None
            parents.setdefault(action.parent.object, []).append(action.parent.id)
        ids = [
            str(to["toObjectId"])
            for kind, some in parents.items()
            for each in self._client.associations(kind, name, list(dict.fromkeys(some)))
            for to in each.get("to") or []
        ]
        rows = self._client.batch_read(name, list(dict.fromkeys(ids)), [body])
        texts = {str(row["id"]): str((row.get("properties") or {}).get(body) or "") for row in rows}
        return [_by_mark(action, texts) for action in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Archive what we made, unless somebody has worked on it since."""
        name = actions[0][0].object
        fields = sorted({n for a, _ in actions for n in _texts(a)})
        rows = self._client.batch_read(name, [i for _, i in actions], fields)
        held = {str(row["id"]): row.get("properties") or {} for row in rows}
        mine = [i for a, i in actions if i in held and _stands(held[i], _texts(a))]
        if mine:
            self._client.batch_archive(name, mine)
        return Outcomes([RowResult(True, i) if i in mine else _left(i, held.get(i)) for _, i in actions])


def _texts(action: Action) -> dict[str, str]:
    return {name: str(value) for name, value in sent_fields(action).items() if value is not None}


def _associations(action: Action) -> list[dict[str, Any]]:
    types = _TO[action.object]
    who = str(action.payload.get("who") or "")
    ends = [("contacts", who)] if who else []
    ends += [end for end in [_what(action)] if end[0] in types]
    return [
        {"to": {"id": i},
         "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": types[kind]}]}
        for kind, i in ends
    ]  # fmt: skip


def _by_mark(action: Action, texts: Mapping[str, str]) -> Found:
    return next((Found(i) for i, text in texts.items() if action.mark in text), NOT_THERE)


def _left(record_id: str, held: Mapping[str, Any] | None) -> RowResult:
    """What is gone is taken back; what stands otherwise stays."""
    if not held:
        return RowResult(True, record_id)
    return RowResult(False, record_id, code=CHANGED_BY_OTHERS, message=_CHANGED)


def _stands(held: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether nobody touched the words or the standing; moments come back spelt otherwise."""
    return all(
        str(held.get(name) or "") == str(value or "")
        for name, value in sent.items()
        if not any(part in name.lower() for part in ("time", "date", "duration"))
    )
