"""Deleting a record because its partner in the other CRM was deleted: only where a mapping asks for it.

Belongs here: both vendors' words for it. Which records these are is `reverse_sync.mirror.deletions`. Both
keep what is deleted in a bin for a while; nothing here takes it out of there, so it is final.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from pipelines.clients.hubspot import campaigns
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InHubSpot, InSalesforce

KIND = "delete_record"
_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND")


class _Delete:
    """What both vendors share."""

    kind: ClassVar[str] = KIND
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def unfit(action: Action) -> str:
        return "" if action.record_key else "it names no record"

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Never asked: it is final."""
        raise NotImplementedError


def _ids(actions: Sequence[Action]) -> list[str]:
    return [action.record_id for action in actions]


class SalesforceDelete(_Delete, InSalesforce):
    """Into the recycle bin."""

    def send(self, actions: Sequence[Action]) -> Outcomes:
        went = self._client.delete_collection(_ids(actions))
        rows = [
            RowResult(True, i) if row.code in _GONE else row
            for i, row in zip(_ids(actions), went, strict=True)
        ]
        return Outcomes(rows, request_id=went.request_id)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        held = self._client.read_collection(actions[0].object, _ids(actions), ["Id"])
        return [NOT_THERE if row else Found(i) for i, row in zip(_ids(actions), held, strict=True)]


class HubSpotDelete(_Delete, InHubSpot):
    """Into the recycle bin; a campaign has none."""

    def send(self, actions: Sequence[Action]) -> Outcomes:
        if actions[0].object == campaigns.OBJECT:
            campaigns.remove(self._client, _ids(actions))
        else:
            self._client.batch_archive(actions[0].object, _ids(actions))
        return Outcomes([RowResult(True, i) for i in _ids(actions)])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        ids, name = _ids(actions), actions[0].object
        if name == campaigns.OBJECT:
            rows = campaigns.read(self._client, ids, ["hs_name"])
        else:
            rows = self._client.batch_read(name, ids, [])
        there = {str(row["id"]) for row in rows}
        return [NOT_THERE if i in there else Found(i) for i in ids]
