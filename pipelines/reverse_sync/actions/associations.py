"""Ties between records of HubSpot: made, with labels where they have some, and moved to another record.

Belongs here: HubSpot's words for the engine's. Payload: `to`, the other object; `from_id`, the record that is
tied, where no action made it; `labels`, by what people see of them; `instead_of`, the record it is tied to
until now, whose association goes first because a pair may be limited to one; `lacking`, why it cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, ClassVar

from pipelines.clients.hubspot.client import BATCH_LIMIT
from pipelines.clients.hubspot.types import type_name
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InHubSpot
from pipelines.reverse_sync.actions.records import RecordCreator
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

Json = dict[str, Any]
Tie = tuple[str, str, tuple[str, ...]]
"""Ids of both ends, and the labels."""


class HubSpotAssociation(InHubSpot):
    """Ties a record that another action created to its company, or a record named by `from_id` to the one the
    action hangs on (or that was created). Doing it twice changes nothing.
    """

    kind: ClassVar[str] = "associate"
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = False
    lag = RecordCreator.lag

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("to"):
            return "an association needs to: the other object"
        if action.payload.get("lacking"):
            return str(action.payload["lacking"])
        if action.payload.get("from_id"):
            return "" if action.record_key or action.needs else "it names no record to tie to"
        return (
            "" if action.needs and (action.record_key or len(action.needs) > 1) else "it names no two records"
        )

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        """The record that is tied: it may be tied twice, or moved."""
        given = str(action.payload.get("from_id") or "")
        return frozenset({given or next(iter(action.needs), action.record_key)})

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        pairs: dict[str, list[Action]] = {}
        for action in actions:
            pairs.setdefault(str(action.payload.get("to")), []).append(action)
        return sum(
            ceil(len(some) / BATCH_LIMIT)
            + ceil(sum(bool(a.payload.get("instead_of")) for a in some) / BATCH_LIMIT)
            + 2 * any(a.payload.get("labels") for a in some)
            for some in pairs.values()
        )

    def send(self, actions: Sequence[Action]) -> Outcomes:
        rows: dict[str, RowResult] = {}
        by_pair: dict[tuple[str, str], list[Action]] = {}
        for action in actions:
            by_pair.setdefault((action.object, str(action.payload["to"])), []).append(action)
        request_id = ""
        for (kind, to), some in by_pair.items():
            known = self._labels(kind, to) if any(a.payload.get("labels") for a in some) else []
            absent = {a.action_key: label for a in some for label in a.payload.get("labels") or ()
                      if label not in {each.get("label") for each in known}}  # fmt: skip
            for key, label in absent.items():
                said = f"{kind} and {to} have no label {label}"
                rows[key] = RowResult(False, code="NO_SUCH_LABEL", message=said)
            fit = [a for a in some if a.action_key not in absent]
            moved = [(_ends(a)[0], str(a.payload["instead_of"])) for a in fit if a.payload.get("instead_of")]
            if moved:
                self._client.dissociate(type_name(kind), type_name(to), moved)
            ties = [(*_ends(action), tuple(action.payload.get("labels") or ())) for action in fit]
            request_id = self._tie(kind, to, ties, known)
            rows |= {a.action_key: RowResult(True, ":".join(_ends(a))) for a in fit}
        return Outcomes([rows[action.action_key] for action in actions], request_id=request_id)

    def _labels(self, kind: str, to: str) -> list[Json]:
        return self._client.association_labels(type_name(kind), type_name(to))

    def _tie(self, kind: str, to: str, ties: Sequence[Tie], known: Sequence[Json]) -> str:
        """The plain ones in one call, those with labels in another."""
        start, end = type_name(kind), type_name(to)
        request_id = ""
        if plain := [(a, b) for a, b, labels in ties if not labels]:
            request_id = self._client.associate(start, end, plain)
        if labelled := [tie for tie in ties if tie[2]]:
            request_id = self._client.associate_as(
                start, end, [(a, b, _types(known, labels)) for a, b, labels in labelled]
            )
        return request_id

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """What is not known to be tied is tied again: the same association is one association."""
        return [NOT_THERE for _ in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """A tie goes with the record that was created; one that was moved goes back, if it still stands."""
        rows = {made: RowResult(True, made) for _, made in actions}
        by_pair: dict[tuple[str, str], list[tuple[Action, str]]] = {}
        for action, made in actions:
            if action.payload.get("instead_of"):
                by_pair.setdefault((action.object, str(action.payload["to"])), []).append((action, made))
        for (kind, to), some in by_pair.items():
            ids = [made.partition(":")[0] for _, made in some]
            tied = {
                (str(each["from"]["id"]), str(other["toObjectId"]))
                for each in self._client.associations(type_name(kind), type_name(to), ids)
                for other in each.get("to") or []
            }
            back: list[tuple[Action, str, str]] = []
            for action, made in some:
                own, _, other = made.partition(":")
                if (own, other) in tied:
                    back.append((action, own, other))
                else:
                    said = "somebody has changed it since"
                    rows[made] = RowResult(False, made, code=CHANGED_BY_OTHERS, message=said)
            if back:
                self._client.dissociate(type_name(kind), type_name(to), [(own, o) for _, own, o in back])
                ties = [(own, str(a.payload["instead_of"]), tuple(a.payload.get("labels") or ()))
                        for a, own, _ in back]  # fmt: skip
                self._tie(kind, to, ties, self._labels(kind, to) if any(tie[2] for tie in ties) else [])
        return Outcomes([rows[made] for _, made in actions])


def _types(known: Sequence[Json], labels: Sequence[str]) -> list[Json]:
    """The plain type of a pair and those of these labels."""
    return [
        {"associationCategory": each["category"], "associationTypeId": each["typeId"]}
        for each in known
        if each.get("label") is None or each["label"] in labels
    ]


def _ends(action: Action) -> tuple[str, str]:
    """The record named or created, and what it is tied to: named by its key, or created as well."""
    given = action.payload.get("from_id")
    made = [action.results[key].id for key in action.needs]
    own = str(given) if given else made.pop(0)
    return own, action.record_id if action.record_key else made[0]
