"""Tasks, notes and lead objects in HubSpot, created by the hundred beside the record they hang on.

Belongs here: HubSpot's words for the engine's. Engagements have no property of ours, so our key stands in
their text, and a lost one is looked for among those of its parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InHubSpot
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

_TO_TASK = {"contacts": 204, "companies": 192, "deals": 216, "tickets": 230}
_TO_NOTE = {"contacts": 202, "companies": 190, "deals": 214, "tickets": 228}


class _Engagement(InHubSpot):
    """What tasks and notes share."""

    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = True
    lag: ClassVar[timedelta] = timedelta(seconds=30)
    object: ClassVar[str]
    body: ClassVar[str]
    types: ClassVar[Mapping[str, int]]

    @classmethod
    def _unfit_parent(cls, action: Action) -> str:
        if action.record_key and action.parent and action.parent.object not in cls.types:
            return f"HubSpot's {cls.object} cannot hang on {action.parent.object}"
        return "" if action.record_key or action.needs else "it names no record to hang on"

    def properties(self, action: Action) -> dict[str, str]:
        raise NotImplementedError

    def send(self, actions: Sequence[Action]) -> Outcomes:
        inputs: list[dict[str, Any]] = []
        for action in actions:
            parent = action.parent
            assert parent is not None
            kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.types[parent.object]}
            inputs.append(
                {
                    "properties": self.properties(action),
                    "associations": [{"to": {"id": parent.id}, "types": [kind]}],
                }
            )
        return self._client.batch_create(self.object, inputs)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By parent and our key in the text, over associations and a batch read: search would lag behind."""
        of_parent = self._of_parents(actions)
        ids = list(dict.fromkeys(i for found in of_parent.values() for i in found))
        texts = {
            str(each["id"]): str((each.get("properties") or {}).get(self.body) or "")
            for each in self._client.batch_read(self.object, ids, [self.body])
        }
        return [self._among(action, of_parent, texts) for action in actions]

    def _of_parents(self, actions: Sequence[Action]) -> dict[tuple[str, str], list[str]]:
        """(object, id) of each parent -> ids of its engagements, one call for each kind of parent."""
        parents: dict[str, list[str]] = {}
        for action in actions:
            if action.parent is not None:
                parents.setdefault(action.parent.object, []).append(action.parent.id)
        found: dict[tuple[str, str], list[str]] = {}
        for kind, ids in parents.items():
            for each in self._client.associations(kind, self.object, list(dict.fromkeys(ids))):
                there = found.setdefault((kind, str(each["from"]["id"])), [])
                there += [str(to["toObjectId"]) for to in each.get("to") or []]
        return found

    @classmethod
    def _is_it(cls, action: Action, text: str) -> bool:
        return action.mark in text

    @classmethod
    def _among(
        cls, action: Action, of_parent: Mapping[tuple[str, str], list[str]], texts: Mapping[str, str]
    ) -> Found:
        parent = action.parent
        if parent is None:
            return NOT_THERE
        ids = of_parent.get((parent.object, parent.id), [])
        return next((Found(i) for i in ids if cls._is_it(action, texts.get(i, ""))), NOT_THERE)

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Archive what we made, unless somebody has worked on it since."""
        names = sorted({name for action, _ in actions for name in self.properties(action)})
        held = {
            str(each["id"]): each.get("properties") or {}
            for each in self._client.batch_read(self.object, [i for _, i in actions], names)
        }
        changed = {i for a, i in actions if i in held and not _is_as_sent(held[i], self.properties(a))}
        mine = [i for _, i in actions if i in held and i not in changed]
        request_id = self._client.batch_archive(self.object, mine) if mine else ""
        rows = [
            RowResult(
                i not in changed, i, code=CHANGED_BY_OTHERS if i in changed else "",
                message="somebody has changed it since" if i in changed else "",
            )
            for _, i in actions
        ]  # fmt: skip
        return Outcomes(rows, request_id=request_id)


class HubSpotTask(_Engagement):
    """A task. Payload: `subject`; `body`, `due_at`, `owner_id`, `priority` (low, medium, high), `type`."""

    kind: ClassVar[str] = "task"
    object: ClassVar[str] = "tasks"
    body: ClassVar[str] = "hs_task_body"
    types: ClassVar[Mapping[str, int]] = _TO_TASK

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("subject"):
            return "a task needs a subject"
        if not (action.payload.get("due_at") or action.due_at):
            return "a task in HubSpot needs due_at"
        return HubSpotTask._unfit_parent(action)

    def properties(self, action: Action) -> dict[str, str]:
        said = action.payload
        wanted = {
            "hs_task_subject": said["subject"],
            "hs_task_body": _with_mark(action),
            "hs_timestamp": said.get("due_at") or action.due_at,
            "hubspot_owner_id": said.get("owner_id"),
            "hs_task_priority": str(said.get("priority") or "medium").upper(),
            "hs_task_type": str(said.get("type") or "todo").upper(),
            "hs_task_status": "NOT_STARTED",
        }
        return {name: str(value) for name, value in wanted.items() if value}


class HubSpotNote(_Engagement):
    """A note. Payload: `body`, and `at`, `owner_id`."""

    kind: ClassVar[str] = "note"
    object: ClassVar[str] = "notes"
    body: ClassVar[str] = "hs_note_body"
    types: ClassVar[Mapping[str, int]] = _TO_NOTE

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("body"):
            return "a note needs a body"
        if not (action.payload.get("at") or action.due_at):
            return "a note in HubSpot needs at, the moment it is of"
        return HubSpotNote._unfit_parent(action)

    def properties(self, action: Action) -> dict[str, str]:
        said = action.payload
        wanted = {
            "hs_note_body": _with_mark(action),
            "hs_timestamp": said.get("at") or action.due_at,
            "hubspot_owner_id": said.get("owner_id"),
        }
        return {name: str(value) for name, value in wanted.items() if value}


class HubSpotLead(_Engagement):
    """A lead object of a contact. Payload: `name`, which says which lead it is, `pipeline`, `stage`;
    `owner_id`.
    """

    kind: ClassVar[str] = "lead"
    is_noticed: ClassVar[bool] = False
    object: ClassVar[str] = "leads"
    body: ClassVar[str] = "hs_lead_name"
    types: ClassVar[Mapping[str, int]] = {"contacts": 578}

    @staticmethod
    def unfit(action: Action) -> str:
        lacking = [name for name in ("name", "pipeline", "stage") if not action.payload.get(name)]
        return f"a lead needs a {lacking[0]}" if lacking else HubSpotLead._unfit_parent(action)

    def properties(self, action: Action) -> dict[str, str]:
        said = action.payload
        wanted = {
            "hs_lead_name": said["name"], "hs_pipeline": said["pipeline"], "hs_pipeline_stage": said["stage"],
            "hubspot_owner_id": said.get("owner_id"),
        }  # fmt: skip
        return {name: str(value) for name, value in wanted.items() if value}

    @classmethod
    def _is_it(cls, action: Action, text: str) -> bool:
        """No text of a lead takes our key: its name, among those of the contact, is it."""
        return text == str(action.payload["name"])


def _with_mark(action: Action) -> str:
    body = str(action.payload.get("body") or "")
    return f"{body}<br>{action.mark}" if body else action.mark


def _is_as_sent(held: Mapping[str, Any], sent: Mapping[str, str]) -> bool:
    return all(str(held.get(name) or "") == value for name, value in sent.items() if name != "hs_timestamp")
