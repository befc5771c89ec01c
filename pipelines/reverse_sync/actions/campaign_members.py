"""Members of Salesforce campaigns: created once per person and campaign, moved forward and never back.

Belongs here: Salesforce's words for the engine's. What a campaign holds is asked just before it is changed,
so doing an action again does nothing. Payload: `campaign, status, order, before, create_status, forced,
source, left` (statuses of whoever left a list).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT
from pipelines.reverse_sync.actions.base import NOT_THERE, WAS_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import BesideOthers, InSalesforce
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

NO_STATUS = "NO_SUCH_STATUS"
Member = tuple[str, str]
"""(id, status)."""


class CampaignMember(BesideOthers, InSalesforce):
    """One person's place in one campaign."""

    kind: ClassVar[str] = "campaign_member"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    @staticmethod
    def unfit(action: Action) -> str:
        if not (action.payload.get("campaign") and action.payload.get("status")):
            return "a campaign member needs a campaign and a status"
        return "" if action.record_key or action.needs else "it names no lead or contact"

    @staticmethod
    def forecast(actions: int) -> int:
        return 3 * ceil(actions / COLLECTION_LIMIT)

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        pieces = [actions[n : n + cls.batch_size] for n in range(0, len(actions), cls.batch_size)]
        moved = [any(action.payload.get("before") for action in piece) for piece in pieces]
        new = [not all(action.payload.get("before") for action in piece) for piece in pieces]
        return 2 * len(pieces) + sum(moved) + sum(new)

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        """The campaign counts its members, and may get a status it lacks."""
        return BesideOthers.apart(action) | {str(action.payload["campaign"])}

    def send(self, actions: Sequence[Action]) -> Outcomes:
        held = self._held(actions)
        lacking = self._lacking(actions)
        rows: dict[str, RowResult] = {}
        new, moved = [], []
        for action in actions:
            member = held.get(_place(action))
            if (str(action.payload["campaign"]), str(action.payload["status"])) in lacking:
                said = f"the campaign has no status {action.payload['status']}"
                rows[action.action_key] = RowResult(False, code=NO_STATUS, message=said)
            elif member is None:
                new.append(action)
            elif _is_there(action, member[1]):
                rows[action.action_key] = RowResult(True, member[0], code=WAS_THERE)
            else:
                moved.append((action, *member))
        request_id = ""
        if new:
            made = self._client.create_collection("CampaignMember", [_fields(action) for action in new])
            request_id = made.request_id
            rows |= {a.action_key: row for a, row in zip(new, made, strict=True)}
        if moved:
            records = [{"Id": i, "Status": action.payload["status"]} for action, i, _ in moved]
            done = self._client.update_collection("CampaignMember", records)
            request_id = done.request_id
            rows |= {a.action_key: _moved(a, was, row) for (a, _, was), row in zip(moved, done, strict=True)}
        return Outcomes([rows[action.action_key] for action in actions], request_id=request_id)

    def _held(self, actions: Sequence[Action]) -> dict[tuple[str, str], Member]:
        """(campaign, lead or contact) -> the member that is there."""
        campaigns = {str(action.payload["campaign"]) for action in actions}
        people = {_person(action) for action in actions}
        found: dict[tuple[str, str], Member] = {}
        soql = (
            "SELECT Id, CampaignId, LeadId, ContactId, Status FROM CampaignMember "
            f"WHERE CampaignId IN ({_ids(campaigns)}) "
            f"AND (LeadId IN ({_ids(people)}) OR ContactId IN ({_ids(people)}))"
        )
        for row in self._rows(soql):
            for person in filter(None, (row.get("LeadId"), row.get("ContactId"))):
                found[str(row["CampaignId"])[:15], str(person)[:15]] = (str(row["Id"]), str(row["Status"]))
        return found

    def _lacking(self, actions: Sequence[Action]) -> set[tuple[str, str]]:
        """(campaign, status) that a campaign does not have; those that may be created are."""
        wanted = {(str(a.payload["campaign"]), str(a.payload["status"])): a for a in actions}
        campaigns = {campaign for campaign, _ in wanted}
        soql = f"SELECT CampaignId, Label FROM CampaignMemberStatus WHERE CampaignId IN ({_ids(campaigns)})"
        there = {(str(row["CampaignId"])[:15], str(row["Label"])) for row in self._rows(soql)}
        lacking = {pair for pair in wanted if (pair[0][:15], pair[1]) not in there}
        allowed = sorted(pair for pair in lacking if wanted[pair].payload.get("create_status"))
        if allowed:
            records = [{"CampaignId": campaign, "Label": label} for campaign, label in allowed]
            made = self._client.create_collection("CampaignMemberStatus", records)
            lacking -= {pair for pair, row in zip(allowed, made, strict=True) if row.ok}
        return lacking

    def _rows(self, soql: str) -> Iterable[Mapping[str, Any]]:
        return (row for page in self._client.query_pages(soql) for row in page.records)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        held = self._held(actions)
        members = [held.get(_place(action)) for action in actions]
        return [
            Found(member[0]) if member is not None and _is_there(action, member[1]) else NOT_THERE
            for action, member in zip(actions, members, strict=True)
        ]

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Who was no member goes, the others get their status back; whom others moved since stays."""
        held = self._client.read_collection("CampaignMember", [i for _, i in actions], ["Id", "Status"])
        rows: dict[str, RowResult] = {}
        gone, back = [], []
        for (action, i), row in zip(actions, held, strict=True):
            if row is None:
                rows[i] = RowResult(True, i)
            elif row.get("Status") != action.payload["status"]:
                rows[i] = RowResult(False, i, code=CHANGED_BY_OTHERS, message="somebody has moved it since")
            elif action.payload.get("before"):
                back.append({"Id": i, "Status": action.payload["before"]})
            else:
                gone.append(i)
        if gone:
            rows |= dict(zip(gone, self._client.delete_collection(gone), strict=True))
        if back:
            done = self._client.update_collection("CampaignMember", back)
            rows |= {str(each["Id"]): row for each, row in zip(back, done, strict=True)}
        return Outcomes([rows[i] for _, i in actions])


def _moved(action: Action, was: str, row: RowResult) -> RowResult:
    """A member who was there though the plan knew of none is not ours to take away again."""
    if not row.ok or action.payload.get("before"):
        return row
    return replace(row, code=WAS_THERE, message=f"was a member already, with the status {was}")


def _person(action: Action) -> str:
    assert action.parent is not None
    return action.parent.id


def _place(action: Action) -> tuple[str, str]:
    return str(action.payload["campaign"])[:15], _person(action)[:15]


def _fields(action: Action) -> dict[str, Any]:
    assert action.parent is not None
    who = "ContactId" if action.parent.object == "Contact" else "LeadId"
    said = action.payload
    return {"CampaignId": said["campaign"], who: action.parent.id, "Status": said["status"]}


def _is_there(action: Action, status: str) -> bool:
    """Whether a member stands where the action would put it, further on, or where people alone put one."""
    wanted, order = str(action.payload["status"]), list(action.payload.get("order") or ())
    if status == wanted or action.payload.get("forced"):
        return status == wanted
    if status not in order:
        return status not in (action.payload.get("left") or ())
    return wanted in order and order.index(status) >= order.index(wanted)


def _ids(values: Iterable[str]) -> str:
    """Ids as they may stand in a query: letters and digits."""
    return ", ".join("'" + "".join(c for c in each if c.isalnum()) + "'" for each in sorted(values)) or "''"
