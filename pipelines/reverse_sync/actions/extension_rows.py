"""Rows of a data extension of ours whose record does not come in any more: removed, or emptied.

Belongs here: Marketing Cloud's words for it. Which rows these are is `reverse_sync.extensions.leaving`. What
a row held is in the payload, so undo can write it back: `key` (the primary key's column), `before` (canonical
text by column), `moments` (the columns that hold points in time); `of` is how many rows the extension has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import rows
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.marketing_cloud.times import told
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InBatches

REMOVE, EMPTY = "remove_row", "empty_row"
_NOT_BACK = "it stands there again with something in it, and was left as it is"


class _Leaving(InBatches[MarketingCloudClient]):
    """What both share. Rows of one group are of one extension."""

    vendor: ClassVar[str] = "marketing_cloud"
    lag: ClassVar[timedelta] = timedelta(seconds=60)
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False

    @staticmethod
    def unfit(action: Action) -> str:
        return "" if action.record_key and action.payload.get("key") else "it names no row"

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        held = self._held(actions)
        return [
            NOT_THERE if self._has_something(action, held) else Found(action.action_key) for action in actions
        ]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Write back what they held, but for rows that hold something again or whose image was erased."""
        ended: dict[str, RowResult] = {}
        kept = [action for action, _ in actions if action.payload.get("key")]
        held = self._held(kept)
        for action, _ in actions:
            if action not in kept:
                code, said = "ERASED", "what it held was erased"
            elif self._has_something(action, held):
                code, said = "CHANGED_SINCE", _NOT_BACK
            else:
                continue
            ended[action.action_key] = RowResult(False, code=code, message=said)
        for some in batched([a for a in kept if a.action_key not in ended], rows.SYNC_LIMIT):
            ended |= self._written([(action, _image(action)) for action in some])
        return Outcomes([ended[action.action_key] for action, _ in actions])

    def _written(self, wanted: Sequence[tuple[Action, Mapping[str, Any]]]) -> dict[str, RowResult]:
        first, key = wanted[0][0], str(wanted[0][0].payload["key"])
        sent = [{key: action.record_id, **image} for action, image in wanted]
        told_of = rows.upsert_each(self._client, first.object, (key,), sent)
        return {
            action.action_key: RowResult(row.ok, action.action_key, code=row.code, message=row.message)
            for (action, _), row in zip(wanted, told_of, strict=True)
        }

    def _held(self, actions: Sequence[Action]) -> dict[str, Mapping[str, Any]]:
        """The rows that are there now by their key, which knows no case."""
        found: dict[str, Mapping[str, Any]] = {}
        for some in batched(actions, rows.LOOKED_FOR):
            key = str(some[0].payload["key"])
            for row in rows.find(self._client, some[0].object, key, [a.record_id for a in some]):
                found[str(row.get(key.lower()) or "").lower()] = row
        return found

    def _has_something(self, action: Action, held: Mapping[str, Mapping[str, Any]]) -> bool:
        raise NotImplementedError


class RowRemoval(_Leaving):
    """The row goes, by its primary key."""

    kind: ClassVar[str] = REMOVE
    batch_size: ClassVar[int] = rows.DELETE_LIMIT

    def send(self, actions: Sequence[Action]) -> Outcomes:
        ids = [action.record_id for action in actions]
        told_of = rows.delete_some(self._client, actions[0].object, str(actions[0].payload["key"]), ids)
        refused = [a for a, row in zip(actions, told_of, strict=True) if not row.ok]
        held = self._held(refused)  # one that is gone already is refused, too
        return Outcomes(
            RowResult(True, action.action_key)
            if row.ok or not self._has_something(action, held)
            else row
            for action, row in zip(actions, told_of, strict=True)
        )  # fmt: skip

    def _has_something(self, action: Action, held: Mapping[str, Mapping[str, Any]]) -> bool:
        return action.record_id.lower() in held


class RowEmptying(_Leaving):
    """The row keeps its key and nothing else of what we fill."""

    kind: ClassVar[str] = EMPTY
    batch_size: ClassVar[int] = rows.SYNC_LIMIT

    def send(self, actions: Sequence[Action]) -> Outcomes:
        ended = self._written([(action, dict.fromkeys(action.payload["before"])) for action in actions])
        return Outcomes([ended[action.action_key] for action in actions])

    def _has_something(self, action: Action, held: Mapping[str, Mapping[str, Any]]) -> bool:
        row = held.get(action.record_id.lower(), {})
        return any(row.get(name.lower()) for name in action.payload["before"])


def _image(action: Action) -> dict[str, Any]:
    """What the row held, as an extension takes it."""
    moments = action.payload.get("moments") or ()
    return {
        name: told(value) if value and name in moments else value
        for name, value in action.payload["before"].items()
    }
