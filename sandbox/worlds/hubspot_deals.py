"""The deals HubSpot holds, each with the history of its stage, amount, close date and owner."""

from __future__ import annotations

from sandbox.hubspot import catalog
from sandbox.times import iso
from sandbox.worlds import dirt
from sandbox.worlds.hubspot_side import HubSpot, Props, save, store
from sandbox.worlds.model import Deal, Moment

_TRACKED = ("dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id")
_REASONS = ("Price", "Timing", "Competitor", "No budget", "")


def stage_of(moment: Moment) -> str:
    if moment.progress < 0:
        return "closedlost"
    return "closedwon" if moment.progress == 2 else catalog.DEAL_STAGES[min(4, int(moment.progress * 5))][0]


def add(side: HubSpot) -> None:
    """Put a region's deals into a portal, and the associations so far."""
    side.amounts.clear()
    for deal in side.business.deals:
        if not deal.in_hubspot:
            continue
        record_id = side.new_id("deals")
        side.key.deals.append((deal.key, "hubspot", "deals", str(record_id)))
        _deal(side, deal, record_id)
        company = side.companies[deal.company.key]
        side.links.add("deals", record_id, "companies", company, primary=True)
        for person in deal.contacts:
            if person.key in side.contacts:
                side.links.add("deals", record_id, "contacts", side.contacts[person.key])
    store(side)
    side.links.store(side.store)


def _deal(side: HubSpot, deal: Deal, record_id: int) -> None:
    rng, last = side.rng, deal.last
    stage = stage_of(last)
    probability = next(p for name, _, p in catalog.DEAL_STAGES if name == stage)
    linked = deal.key in side.salesforce.opportunities and rng.random() < 0.45
    # Amounts drift apart where two systems are kept by hand.
    drift = 1.0 if rng.random() > 0.07 else rng.uniform(0.9, 1.1)
    history = [_values(side, m, drift) for m in deal.moments]
    side.amounts[deal.key] = int(history[-1]["amount"])
    props = history[-1] | {
        "dealname": deal.name if rng.random() > 0.1 else dirt.typo(rng, deal.name),
        "deal_currency_code": deal.currency,
        "dealtype": "existingbusiness" if deal.repeat else "newbusiness",
        "closed_lost_reason": rng.choice(_REASONS) if stage == "closedlost" else "",
        "hs_is_closed": "true" if stage.startswith("closed") else "false",
        "hs_is_closed_won": "true" if stage == "closedwon" else "false",
        "hs_deal_stage_probability": str(probability),
        "hs_salesforceopportunityid": side.salesforce.opportunities[deal.key] if linked else "",
    }
    archived = last.at if not stage.startswith("closed") and rng.random() < 0.01 else None
    save(side, "deals", record_id, props, deal.created, last.at, archived)
    before: tuple[str, ...] = ("",) * len(_TRACKED)
    for moment, values in zip(deal.moments, history, strict=True):
        user = f"userId:{side.owners[moment.rep.email] - 61_000}"
        now = tuple(values.values())
        side.history += [
            ("deals", record_id, name, moment.at, new, user)
            for name, old, new in zip(_TRACKED, before, now, strict=True)
            if new != old
        ]
        before = now


def _values(side: HubSpot, moment: Moment, drift: float) -> Props:
    """What the properties of `_TRACKED` are at a moment, in their order."""
    return {
        "dealstage": stage_of(moment), "pipeline": "default", "amount": str(int(moment.amount * drift)),
        "closedate": iso(moment.close), "hubspot_owner_id": str(side.owners[moment.rep.email]),
    }  # fmt: skip
