"""Tasks in Salesforce, created two hundred at a time.

Belongs here: Salesforce's words for the engine's. A task has no field of ours, so our key stands in its
description, and a lost one is looked for among those of its parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Done, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import BesideOthers, InSalesforce
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

_WHO = ("Lead", "Contact")
_PRIORITY = {"low": "Low", "medium": "Normal", "high": "High"}


class SalesforceTask(BesideOthers, InSalesforce):
    """A task. Payload: `subject`; `body`, `due_at`, `owner_id`, `priority` (low, medium, high), `status`."""

    kind: ClassVar[str] = "task"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = True
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("subject"):
            return "a task needs a subject"
        return "" if action.record_key or action.needs else "it names no record to hang on"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return self._client.create_collection("Task", [_fields(action) for action in actions])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By parent and our key in the description, which a condition of SOQL cannot look into."""
        parents = {a.parent for a in actions if a.parent is not None}
        texts: dict[str, list[tuple[str, str]]] = {}
        for field, some in (("WhoId", [p for p in parents if _is_who(p)]),
                            ("WhatId", [p for p in parents if not _is_who(p)])):  # fmt: skip
            for start in range(0, len(some), COLLECTION_LIMIT):
                ids = ", ".join(f"'{_id(p.id)}'" for p in some[start : start + COLLECTION_LIMIT])
                soql = f"SELECT Id, {field}, Description FROM Task WHERE {field} IN ({ids})"
                for page in self._client.query_pages(soql):
                    for row in page.records:
                        there = texts.setdefault(str(row[field])[:15], [])
                        there.append((str(row["Id"]), str(row.get("Description") or "")))
        return [_among(action, texts) for action in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Delete what we made, unless somebody has worked on it since."""
        names = ["Id", "Subject", "Description", "Status", "OwnerId"]
        held = dict(
            zip([i for _, i in actions], self._client.read_collection("Task", [i for _, i in actions], names),
                strict=True)
        )  # fmt: skip
        changed = {i for action, i in actions if (row := held[i]) and not _is_as_sent(row, _fields(action))}
        mine = [i for _, i in actions if held[i] and i not in changed]
        went = self._client.delete_collection(mine) if mine else Outcomes()
        ended = dict(zip(mine, went, strict=True))
        rows = []
        for _, i in actions:
            if i in changed:
                rows.append(
                    RowResult(False, i, code=CHANGED_BY_OTHERS, message="somebody has changed it since")
                )
            else:
                rows.append(ended.get(i, RowResult(True, i)))
        return Outcomes(rows, request_id=went.request_id)


def _fields(action: Action) -> dict[str, Any]:
    said, parent = action.payload, action.parent
    assert parent is not None
    body = str(said.get("body") or "")
    wanted = {
        "Subject": str(said["subject"])[:255],
        "Description": f"{body}\n\n{action.mark}" if body else action.mark,
        "WhoId" if _is_who(parent) else "WhatId": parent.id,
        "ActivityDate": str(said.get("due_at") or action.due_at)[:10],
        "OwnerId": said.get("owner_id"),
        "Priority": _PRIORITY.get(str(said.get("priority") or "medium").lower(), "Normal"),
        "Status": said.get("status") or "Not Started",
    }
    return {name: value for name, value in wanted.items() if value}


def _among(action: Action, texts: Mapping[str, list[tuple[str, str]]]) -> Found:
    if action.parent is None:
        return NOT_THERE
    there = texts.get(action.parent.id[:15], [])
    return next((Found(i) for i, text in there if action.mark in text), NOT_THERE)


def _is_who(parent: Done) -> bool:
    return parent.object in _WHO


def _id(record_id: str) -> str:
    """An id as it may stand in a query: nothing but letters and digits."""
    return "".join(c for c in record_id if c.isalnum())


def _is_as_sent(held: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    return all(held.get(n) == sent[n] for n in ("Subject", "Description", "Status", "OwnerId") if n in sent)
