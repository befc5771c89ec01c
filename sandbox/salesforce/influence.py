"""Campaign influence: in the default model a deal's primary campaign has all of it; shares follow amounts.

Belongs here: rows of the model the org works out by itself, and the revenue share of every row. Rows of other
models are written by whoever has such a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce.values import log_text

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

Row = dict[str, Any]


def share(rows: Rows, row: Row) -> None:
    """Of a row of influence, how much of the deal's amount that is."""
    amount = rows.org.store.value("select Amount from Opportunity where Id = ?", (row["OpportunityId"],))
    has_both = amount is not None and row["Influence"] is not None
    row["RevenueShare"] = round(amount * row["Influence"] / 100, 2) if has_both else None


def follow(rows: Rows, call: Call, deal: Row, before: Row | None) -> None:
    """What a change of a deal's primary campaign or amount does to its influence."""
    held = before or {}
    if "CampaignId" in deal and deal["CampaignId"] != held.get("CampaignId"):
        _primary(rows, call, deal)
    if before is not None and deal["Amount"] != before["Amount"]:
        table, moment = rows.org.whole["CampaignInfluence"], times.iso_seconds(call.now)
        for (own,) in rows.org.store.rows(
            "select Id from CampaignInfluence where OpportunityId = ? and IsDeleted = 'false' order by Id",
            (deal["Id"],),
        ):
            row = rows.get(table, own)
            assert row is not None
            old = row["RevenueShare"]
            share(rows, row)
            rows.org.store.db.execute(
                "update CampaignInfluence set RevenueShare = ?, SystemModstamp = ? where Id = ?",
                (row["RevenueShare"], moment, own),
            )
            said = (log_text(old), log_text(row["RevenueShare"]))
            call.change("CampaignInfluence", own, "update", "RevenueShare", *said)


def _primary(rows: Rows, call: Call, deal: Row) -> None:
    """In the default model the primary campaign has the whole of it, and no other campaign of before."""
    store, table = rows.org.store, rows.org.whole["CampaignInfluence"]
    model = store.value(
        "select Id from CampaignInfluenceModel where IsDefaultModel = 'true' and IsActive = 'true' "
        "order by Id"
    )
    if model is None:
        return
    for (own,) in store.rows(
        "select Id from CampaignInfluence where OpportunityId = ? and ModelId = ? and ContactId is null "
        "and IsDeleted = 'false'",
        (deal["Id"], model),
    ):
        rows.delete(call, table, own)
    if deal["CampaignId"]:
        rows.create(call, table, {
            "OpportunityId": deal["Id"], "CampaignId": deal["CampaignId"], "ModelId": model, "Influence": 100,
        })  # fmt: skip
