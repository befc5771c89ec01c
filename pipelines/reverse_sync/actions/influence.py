"""Shares of won deals as rows of Salesforce's CampaignInfluence, in a model that belongs to this project.

Belongs here: Salesforce's words for a share. Which campaign has which share of which deal is a dbt model
(`actions_salesforce__campaign_influence`). A row is found again by what it is about, so it needs no mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, ClassVar

from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import COLLECTION_LIMIT, SalesforceClient
from pipelines.reverse_sync.actions.base import NOT_THERE, Action, Found, Reversibility
from pipelines.reverse_sync.actions.by_vendor import InSalesforce
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS

_ABOUT = ("opportunity_id", "campaign_id", "contact_id")


class SalesforceCampaignInfluence(InSalesforce):
    """A share. Payload: `model`, `opportunity_id`, `campaign_id`, `contact_id`, `influence` (percent).

    With `row_id` it is another share of a row that we have made, which held `held` when it was seen; 0 for a
    share that is gone. Or `cannot`, a sentence on why a share of a deal has no row there; it is held in the
    plan and counted.
    """

    kind: ClassVar[str] = "campaign_influence"
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = False
    lag: ClassVar[timedelta] = timedelta(seconds=15)

    def __init__(self, channel: SalesforceDestination) -> None:
        super().__init__(channel)
        self._models: dict[str, str] = {}

    @staticmethod
    def unfit(action: Action) -> str:
        said = action.payload
        if said.get("cannot"):
            return str(said["cannot"])
        if not said.get("model"):
            return "campaign influence is switched off (campaign_influence.model in attribution.yml)"
        missing = [name for name in _ABOUT if not said.get(name)]
        if missing:
            return f"it has no {missing[0]}"
        share = float(said.get("influence") or 0)
        fits = 0 <= share <= 100 if said.get("row_id") else 0 < share <= 100
        return "" if fits else "its share is not within 0 to 100%"

    @staticmethod
    def forecast(actions: int) -> int:
        return 2 * ceil(actions / COLLECTION_LIMIT)  # the model's id and the rows

    def send(self, actions: Sequence[Action]) -> Outcomes:
        """Rows are changed, then others created; those of a model the org does not have are refused here."""
        changed, request = _told(
            self._client, [(_row(a), float(a.payload["influence"])) for a in actions if _row(a)]
        )
        new = [a for a in actions if not _row(a)]
        models = [self._model(str(action.payload["model"])) for action in new]
        fit = [(action, model) for action, model in zip(new, models, strict=True) if model]
        made = (
            self._client.create_collection("CampaignInfluence", [_fields(a, model) for a, model in fit])
            if fit else Outcomes()
        )  # fmt: skip
        ends = iter(made)
        created = {
            action.action_key: next(ends) if model else RowResult(
                False, "", code="NO_SUCH_MODEL",
                message=f"the org has no influence model {action.payload['model']}, or it is not active",
            )
            for action, model in zip(new, models, strict=True)
        }  # fmt: skip
        rows = [changed[_row(a)] if _row(a) else created[a.action_key] for a in actions]
        return Outcomes(rows, request_id=made.request_id or request)

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """By what a row is about: there is one of each at most in a model. A change is one that it holds."""
        there: dict[tuple[str, ...], Mapping[str, Any]] = {}
        deals = sorted({_id(str(action.payload["opportunity_id"])) for action in actions})
        listed = ", ".join(f"'{deal}'" for deal in deals)
        soql = (
            "SELECT Id, OpportunityId, CampaignId, ContactId, ModelId, Influence FROM CampaignInfluence "
            f"WHERE OpportunityId IN ({listed})"
        )
        for page in self._client.query_pages(soql):
            for row in page.records:
                about = (row["ModelId"], row["OpportunityId"], row["CampaignId"], row["ContactId"])
                there[tuple(str(part)[:15] for part in about)] = row
        found = []
        for action in actions:
            about = (self._model(str(action.payload["model"])), *(action.payload[n] for n in _ABOUT))
            found.append(_found(action, there.get(tuple(str(part)[:15] for part in about))))
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Delete what we made, or give a row what it held, unless somebody has changed it since."""
        ids = list(dict.fromkeys(i for _, i in actions))
        read = self._client.read_collection("CampaignInfluence", ids, ["Id", "Influence"])
        held = dict(zip(ids, read, strict=True))
        ours = [
            (a, i) for a, i in actions if (row := held[i]) and _percent(row) == float(a.payload["influence"])
        ]
        back, request = _told(
            self._client, [(i, float(a.payload.get("held") or 0)) for a, i in ours if _row(a)]
        )
        mine = [i for a, i in ours if not _row(a)]
        went = self._client.delete_collection(mine) if mine else Outcomes()
        ended = back | dict(zip(mine, went, strict=True))
        rows = [
            RowResult(False, i, code=CHANGED_BY_OTHERS, message="somebody has changed it since")
            if held[i] and i not in ended else ended.get(i, RowResult(True, i))
            for _, i in actions
        ]  # fmt: skip
        return Outcomes(rows, request_id=went.request_id or request)

    def _model(self, name: str) -> str:
        """The id of the model, empty where the org has none of that name that is active."""
        if name not in self._models:
            asked = "".join(c for c in name if c.isalnum() or c == "_")
            soql = (
                f"SELECT Id FROM CampaignInfluenceModel WHERE DeveloperName = '{asked}' AND IsActive = true"
            )
            rows = [row for page in self._client.query_pages(soql) for row in page.records]
            self._models[name] = str(rows[0]["Id"]) if rows else ""
        return self._models[name]


def _fields(action: Action, model: str) -> dict[str, Any]:
    said = action.payload
    return {
        "ModelId": model, "OpportunityId": said["opportunity_id"], "CampaignId": said["campaign_id"],
        "ContactId": said["contact_id"], "Influence": float(said["influence"]),
    }  # fmt: skip


def _row(action: Action) -> str:
    """The row whose share is another now; empty where one is to be made."""
    return str(action.payload.get("row_id") or "")


def _found(action: Action, held: Mapping[str, Any] | None) -> Found:
    """A row that is there; of one whose share is to be another, whether it holds that."""
    if held is None or (_row(action) and _percent(held) != float(action.payload["influence"])):
        return NOT_THERE
    return Found(str(held["Id"]))


def _told(client: SalesforceClient, shares: Sequence[tuple[str, float]]) -> tuple[dict[str, RowResult], str]:
    """How each row took its share, and the request that brought it."""
    if not shares:
        return {}, ""
    sent = client.update_collection("CampaignInfluence", [{"Id": i, "Influence": s} for i, s in shares])
    return dict(zip([i for i, _ in shares], sent, strict=True)), sent.request_id


def _percent(row: Mapping[str, Any]) -> float:
    return float(row.get("Influence") or 0)


def _id(record_id: str) -> str:
    """An id as it may stand in a query: nothing but letters and digits."""
    return "".join(c for c in record_id if c.isalnum())
