"""Taking back what an action made, as an action of its own: through the handler of that one, and the journal.

Belongs here: that translation, and which actions go together. What is taken back is `reverse_sync.undo`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import RowMapping

from pipelines.clients.results import Outcomes
from pipelines.reverse_sync.actions.base import NOT_THERE, UNDO, Action, Found, Handler
from pipelines.state import dead_letters


def key_of(row: RowMapping) -> str:
    """Of the action that takes back what a row of the journal says was done: done again by another run, it
    may be taken back again."""
    return f"undo:{row['run_id']}:{row['action_key']}"


def line(row: RowMapping, of_run: str) -> dict[str, Any]:
    """The line of a plan that takes it back."""
    return {
        "action_key": key_of(row), "sync": row["sync"], "operation": UNDO,
        "vendor": row["vendor"], "object": row["object"], "record_key": row["record_key"],
        "person_id": row["person_id"], "needs": row["needs"].split(), "provider": dead_letters.UNDO,
        "payload": {
            "kind": row["operation"], "action_key": row["action_key"], "id": row["result_id"],
            "payload": orjson.loads(row["after_value"] or "{}"),
        },
        "rule": f"undo of {of_run}", "reason": "taken back", "reversibility": "final", "due_at": "",
    }  # fmt: skip


def original(action: Action) -> tuple[Action, str]:
    """The action that this one takes back, and what it made."""
    said: dict[str, Any] = dict(action.payload)
    made = replace(
        action, action_key=str(said["action_key"]), kind=str(said["kind"]), payload=said["payload"]
    )
    return made, str(said["id"])


def kind_of(action: Action) -> str:
    """The kind whose handler does this action."""
    return str(action.payload.get("kind")) if action.kind == UNDO else action.kind


Group = tuple[str, str, str, str]


def group_of(action: Action) -> Group:
    """Actions that one call may carry: vendor, kind, the kind that is undone, object."""
    return action.vendor, action.kind, kind_of(action), action.object


def waves(todo: Sequence[Action]) -> Iterator[dict[Group, list[Action]]]:
    """Actions by vendor and kind, wave after wave: what an action needs is in an earlier one."""
    level: dict[str, int] = {}
    for action in todo:  # each stands after what it needs
        level[action.action_key] = 1 + max((level.get(key, 0) for key in action.needs), default=0)
    ordered = sorted(todo, key=lambda action: level[action.action_key])
    for _, wave in groupby(ordered, key=lambda action: level[action.action_key]):
        grouped: dict[Group, list[Action]] = {}
        for action in wave:
            grouped.setdefault(group_of(action), []).append(action)
        yield grouped


class Undo:
    """A handler turned round. Taking back what is gone already is no failure, so it may be sent again."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.batch_size, self.lag = handler.batch_size, handler.lag

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return self._handler.undo([original(action) for action in actions])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        return [NOT_THERE for _ in actions]
