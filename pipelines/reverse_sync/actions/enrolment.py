"""Enrolling people in HubSpot: in a sequence, which writes to them, and in a static list.

Belongs here: looking before enrolling. Nobody is enrolled who opted out, has no address, or is in a sequence
already, nor by a sender who is no user or is shown no sequences, for want of a seat. That a sender has no
inbox connected is told by HubSpot's refusal, in its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.hubspot.sequences import Sequences
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync.actions.base import HELD, NOT_THERE, WAS_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.destinations.hubspot import OPT_OUT, HubSpotDestination


class SequenceEnrolment:
    """Payload: `sequence` (its name or id), `sender` (the e-mail address it is sent from); what speaks
    against it: `opted_out`, no `email`, `already` (why not, in words)."""

    vendor: ClassVar[str] = "hubspot"
    kind: ClassVar[str] = "enrolment"
    batch_size: ClassVar[int] = 1
    reversibility: ClassVar[Reversibility] = "final"
    is_noticed: ClassVar[bool] = True
    lag: ClassVar[timedelta] = timedelta(seconds=10)

    def __init__(self, channel: HubSpotDestination) -> None:
        self._client: HubSpotClient = channel.client
        self._sequences = Sequences(channel.client)

    @staticmethod
    def unfit(action: Action) -> str:
        said = action.payload
        if not said.get("sequence") or not said.get("sender"):
            return "an enrolment needs a sequence and a sender"
        if said.get("opted_out"):
            return "the person has opted out"
        if not said.get("email"):
            return "the person has no e-mail address"
        if said.get("already"):
            return str(said["already"])
        return "" if action.record_key else "it names no contact"

    @staticmethod
    def forecast(actions: int) -> int:
        return 3 * actions

    def send(self, actions: Sequence[Action]) -> Outcomes:
        (action,) = actions
        contact = _id(action)
        code, refusal = self._refusal(contact)
        if refusal:
            return Outcomes([RowResult(False, code=code, message=refusal)])
        sender = str(action.payload["sender"])
        user = self._sequences.user_of(sender)
        sequence = self._sequences.find(user, str(action.payload["sequence"]))
        return Outcomes([RowResult(True, self._sequences.enrol(user, sequence, contact, sender))])

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        found = []
        for action in actions:
            there = self._sequences.enrolment(_id(action))
            sequence = str(action.payload["sequence"])
            mine = there and sequence in (str(there.get("sequenceId")), str(there.get("sequenceName")))
            found.append(Found(str(there["id"])) if there and mine else NOT_THERE)
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        return Outcomes(
            [
                RowResult(False, i, code="FINAL", message="a sequence that has begun is begun")
                for _, i in actions
            ]
        )

    def _refusal(self, contact: str) -> tuple[str, str]:
        """Why this contact is not to be enrolled, by what HubSpot knows of them now: a code, and words. What
        the next extract knows too is held; what only HubSpot can tell waits for `crm retry`, for it would be
        asked again by every plan."""
        rows = self._client.batch_read("contacts", [contact], ["email", OPT_OUT])
        if not rows:
            return "NOT_ENROLLED", "the contact is not there any more"
        properties: dict[str, Any] = rows[0].get("properties") or {}
        if not properties.get("email"):
            return HELD, "the contact has no e-mail address"
        if _has_opted_out(rows[0]):
            return HELD, "the contact has opted out"
        there = self._sequences.enrolment(contact)
        said = f"the contact is in the sequence {there.get('sequenceName')} already" if there else ""
        return "NOT_ENROLLED", said


class ListMembership:
    """Payload: `list` (the name or id of a static list), and `opted_out` where it is one that people are
    written to by: nobody is put on that who refuses e-mail."""

    vendor: ClassVar[str] = "hubspot"
    kind: ClassVar[str] = "list_membership"
    batch_size: ClassVar[int] = 100
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=30)

    def __init__(self, channel: HubSpotDestination) -> None:
        self._client: HubSpotClient = channel.client
        self._sequences = Sequences(channel.client)

    @staticmethod
    def unfit(action: Action) -> str:
        if not action.payload.get("list"):
            return "a membership needs a list"
        if action.payload.get("opted_out"):
            return "the person has opted out"
        return "" if action.record_key else "it names no contact"

    @staticmethod
    def forecast(actions: int) -> int:
        return 1 + actions // 100

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        asks = any("opted_out" in action.payload for action in actions)
        return cls.forecast(len(actions)) + asks * ceil(len(actions) / cls.batch_size)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        rows = self._refusing(actions)
        for name, some in _by_list([a for a in actions if a.action_key not in rows]).items():
            try:
                told = self._sequences.change_members(self._sequences.list_id(name), [_id(a) for a in some])
            except errors.Rejected as error:
                rows |= {a.action_key: RowResult(False, code=error.code, message=error.what) for a in some}
                continue
            for a in some:
                if _id(a) in told.missing:
                    said = "the contact is not there any more"
                    rows[a.action_key] = RowResult(False, _id(a), code="NOT_FOUND", message=said)
                else:
                    code = "" if _id(a) in told.added else WAS_THERE
                    rows[a.action_key] = RowResult(True, _id(a), code=code)
        return Outcomes([rows[a.action_key] for a in actions])

    def _refusing(self, actions: Sequence[Action]) -> dict[str, RowResult]:
        """Those who may only come in while they have not opted out, and have since."""
        asked = [a for a in actions if "opted_out" in a.payload]
        wanted = list(dict.fromkeys(map(_id, asked)))
        shown = {
            str(row["id"]): row
            for row in (self._client.batch_read("contacts", wanted, [OPT_OUT]) if wanted else [])
        }
        held = {i: "the contact has opted out" for i, row in shown.items() if _has_opted_out(row)}
        # Of a contact that went into another, the other is shown: the next extract knows whom to ask about.
        held |= dict.fromkeys(set(wanted) - set(shown), "the contact is not there under this id any more")
        return {
            a.action_key: RowResult(False, code=HELD, message=held[_id(a)]) for a in asked if _id(a) in held
        }

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        members = {name: self._sequences.members(self._sequences.list_id(name)) for name in _by_list(actions)}
        return [Found(_id(a)) if _id(a) in members[str(a.payload["list"])] else NOT_THERE for a in actions]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        for name, some in _by_list([a for a, _ in actions]).items():
            self._sequences.change_members(self._sequences.list_id(name), [_id(a) for a in some], remove=True)
        return Outcomes([RowResult(True, i) for _, i in actions])


def _has_opted_out(contact: Mapping[str, Any]) -> bool:
    return str((contact.get("properties") or {}).get(OPT_OUT)).lower() == "true"


def _by_list(actions: Sequence[Action]) -> dict[str, list[Action]]:
    found: dict[str, list[Action]] = {}
    for action in actions:
        found.setdefault(str(action.payload["list"]), []).append(action)
    return found


def _id(action: Action) -> str:
    parent = action.parent
    return parent.id if parent else ""
