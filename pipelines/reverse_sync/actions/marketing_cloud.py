"""Journey entries, updates of their data, and exits in Marketing Cloud.

Belongs here: Marketing Cloud's words for the engine's. Our key is the primary key of the event's own data
extension, so an entry whose answer was lost is found there before it may be sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from math import ceil
from typing import Any, ClassVar

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import rows
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import (
    CANNOT_TELL,
    HELD,
    NOT_THERE,
    Action,
    Found,
    Reversibility,
)
from pipelines.reverse_sync.actions.by_vendor import InBatches
from pipelines.reverse_sync.destinations.marketing_cloud import MarketingCloudDestination

ENTRY_ID = "EntryId"
EXITS = 50
_LIVE = "Published"


def _not_published(said: Mapping[str, Any]) -> str:
    return f"the journey {said.get('journey')} is not published any more: the event would let nobody in"


def _other_event(said: Mapping[str, Any], listens_to: str) -> str:
    return (
        f"the event is {said['event']}, but the published version of the journey {said.get('journey')} "
        f"listens to {listens_to}"
    )


class _InJourneys(InBatches[MarketingCloudClient]):
    """What entries and exits share."""

    vendor: ClassVar[str] = "marketing_cloud"
    lag: ClassVar[timedelta] = timedelta(seconds=60)


class JourneyEntry(_InJourneys):
    """An entry event. Payload: `event, journey, journey_status, listens_to, extension, contact_key, data`;
    `listens_to` is the event of the published version. What speaks against it: `missing_fields` (required by
    the event, not sent), `already` (the re-entry rule, or an entry of before a merge)."""

    kind: ClassVar[str] = "journey_entry"
    batch_size: ClassVar[int] = 1
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = True

    def __init__(self, channel: MarketingCloudDestination) -> None:
        super().__init__(channel)
        self._published: dict[str, str] | None = None

    @staticmethod
    def forecast(actions: int) -> int:
        """An event each, and one look at which journeys are published."""
        return actions + 1 if actions else 0

    @staticmethod
    def unfit(action: Action) -> str:
        said = action.payload
        if not (said.get("event") and said.get("contact_key")):
            return "an entry needs an event and a contact key"
        if "." in str(said["event"]):
            return f"the event key {said['event']} has a period, which Marketing Cloud refuses"
        if not said.get("extension"):
            return f"Marketing Cloud has no event {said['event']} with a data extension of its own"
        if said.get("journey_status") != _LIVE:
            status = said.get("journey_status") or "not there"
            return f"the journey {said.get('journey')} is {status}: the event would let nobody in"
        if said.get("listens_to") and said["listens_to"] != said["event"]:
            return _other_event(said, str(said["listens_to"]))
        if said.get("missing_fields"):
            return f"the event {said['event']} requires {said['missing_fields']}, which is not sent"
        if said.get("opted_out"):
            return "this person refuses e-mail"
        return str(said.get("already") or "")

    def send(self, actions: Sequence[Action]) -> Outcomes:
        """What the plan knew of the journey is as old as the last refresh: one that was stopped since, or
        published with another event, lets nobody in and says nothing, so which ones are published is read
        once before the first event."""
        if self._published is None:
            self._published = self._client.published_journeys()
        results = []
        for action in actions:
            said = action.payload
            listens_to = self._published.get(str(said.get("journey")))
            if listens_to is None:
                results.append(RowResult(False, code=HELD, message=_not_published(said)))
                continue
            if listens_to and listens_to != said["event"]:
                results.append(RowResult(False, code=HELD, message=_other_event(said, listens_to)))
                continue
            data = {**dict(said.get("data") or {}), ENTRY_ID: action.action_key}
            try:
                instance = self._client.fire(str(said["event"]), str(said["contact_key"]), data)
                results.append(RowResult(True, instance, created=True))
            except errors.Rejected as refused:
                results.append(RowResult(False, code=refused.code or "REJECTED", message=refused.what))
        return Outcomes(results)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """In the event's data extension, by our key. One that is gone or cannot be read tells nothing."""
        found = []
        for action in actions:
            where = f"{ENTRY_ID} eq '{action.action_key}'"
            try:
                kept = next(self._client.extension_rows(str(action.payload["extension"]), where=where))
            except (errors.NotFound, errors.Rejected):
                found.append(CANNOT_TELL)
                continue
            found.append(Found(action.action_key) if kept else NOT_THERE)
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Take them out of the journey again; what it has sent stays sent."""
        return _exits(self._client, [action for action, _ in actions])


class JourneyUpdate(_InJourneys):
    """New data in the row of an entry. Payload: `extension, entry_id, data, before`; `journey` for people."""

    kind: ClassVar[str] = "journey_update"
    batch_size: ClassVar[int] = rows.SYNC_LIMIT
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False

    @staticmethod
    def forecast(actions: int) -> int:
        return ceil(actions / rows.SYNC_LIMIT)

    @staticmethod
    def unfit(action: Action) -> str:
        said = action.payload
        whole = said.get("extension") and said.get("entry_id") and said.get("data")
        return "" if whole else "an update needs an extension, an entry and its data"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return self._write([(action, action.payload["data"]) for action in actions])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """Whether the row holds the data. Writing it again does no harm."""
        found = []
        for action in actions:
            said = action.payload
            held = rows.find(self._client, str(said["extension"]), ENTRY_ID, [str(said["entry_id"])])
            is_done = any(
                all(str(row.get(name.lower()) or "") == str(value or "") for name, value in _data(action))
                for row in held
            )
            found.append(Found(action.action_key) if is_done else NOT_THERE)
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Write what was there before."""
        return self._write([(action, action.payload.get("before") or {}) for action, _ in actions])

    def _write(self, wanted: Sequence[tuple[Action, Mapping[str, Any]]]) -> Outcomes:
        """By extension; of rows that go together and of which one is refused, each goes alone."""
        ended: dict[str, RowResult] = {}
        for extension, some in groupby(sorted(wanted, key=_extension), key=_extension):
            group = list(some)
            sent = [{ENTRY_ID: action.payload["entry_id"], **data} for action, data in group]
            told = rows.upsert_each(self._client, extension, (ENTRY_ID,), sent)
            ended |= {
                action.action_key: replace(row, id=action.action_key, values={})
                for (action, _), row in zip(group, told, strict=True)
            }
        return Outcomes([ended[action.action_key] for action, _ in wanted])


def _extension(each: tuple[Action, Mapping[str, Any]]) -> str:
    return str(each[0].payload["extension"])


def _data(action: Action) -> Sequence[tuple[str, Any]]:
    return list(dict(action.payload["data"]).items())


class JourneyExit(_InJourneys):
    """An exit. Payload: `journey, contact_key`."""

    kind: ClassVar[str] = "journey_exit"
    batch_size: ClassVar[int] = EXITS
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = False

    @staticmethod
    def unfit(action: Action) -> str:
        whole = action.payload.get("journey") and action.payload.get("contact_key")
        return "" if whole else "an exit needs a journey and a contact key"

    def send(self, actions: Sequence[Action]) -> Outcomes:
        return _exits(self._client, actions)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """An exit may be asked for twice: whoever is out is out."""
        told = self._client.exits([_pair(action) for action in actions])
        by_pair = {(str(t.get("contactKey")), str(t.get("definitionKey"))): t for t in told}
        found = []
        for action in actions:
            status = (by_pair.get(_pair(action)) or {}).get("status") or ()
            is_out = any("completed" in str(each.get("message")).lower() for each in status)
            found.append(Found(action.action_key) if is_out else NOT_THERE)
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        raise NotImplementedError("an exit is final")


def _pair(action: Action) -> tuple[str, str]:
    return str(action.payload["contact_key"]), str(action.payload["journey"])


def _exits(client: MarketingCloudClient, actions: Sequence[Action]) -> Outcomes:
    refused = {
        (str(each.get("contactKey")), str(each.get("definitionKey"))): each
        for each in client.leave([_pair(action) for action in actions])
    }
    results = []
    for action in actions:
        problem = refused.get(_pair(action))
        if problem is None:
            results.append(RowResult(True, action.action_key))
        else:
            said = "; ".join(str(each.get("message")) for each in problem.get("status") or ())
            results.append(RowResult(False, code="EXIT_IGNORED", message=said))
    return Outcomes(results)
