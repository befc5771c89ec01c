"""Taking back what an action made, as an action of its own: through the handler of that one, and the journal.

Belongs here: that translation. Which actions are taken back is `reverse_sync.undo`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.clients.results import Outcomes
from pipelines.reverse_sync.actions.base import NOT_THERE, UNDO, Action, Found, Handler


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


class Undo:
    """A handler turned round. Taking back what is gone already is no failure, so it may be sent again."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.batch_size, self.lag = handler.batch_size, handler.lag

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return self._handler.undo([original(action) for action in actions])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        return [NOT_THERE for _ in actions]
