"""The default world: one seeded business, told to both CRMs and to Marketing Cloud, with its answer key."""

from __future__ import annotations

from pathlib import Path

from sandbox import times
from sandbox.salesforce import schema
from sandbox.store import Store
from sandbox.worlds import (
    business,
    coverage,
    dirt,
    hubspot_deals,
    hubspot_engagements,
    hubspot_marketing,
    hubspot_messages,
    hubspot_sales,
    hubspot_side,
    marketing_cloud,
    portal,
    salesforce_activity,
    salesforce_org,
    salesforce_service,
    salesforce_setup,
    salesforce_side,
    touches,
)
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import rng_for
from sandbox.worlds.progress import Progress

NOW = times.parse("2026-06-30T12:00:00Z")
QUIET = times.HOUR
"""Nothing happens in the hour before the world begins, so nothing stands at the edge of a reader's window."""


def create(
    home: Path, hubspot: Store, salesforce: Store, marketing: Store, size: str, seed: int, progress: Progress
) -> None:  # fmt: skip
    """Fill the stores and write the answer key."""
    progress(f"drawing a business of {business.SIZES[size]} people")
    found = business.build(seed, size, NOW - QUIET)
    members = touches.memberships(seed, found)
    tasks = touches.tasks(seed, found)
    touches.settle_causes(seed, found, members, tasks)
    rng = rng_for(seed, "addresses")
    addresses = {p.key: dirt.emails(rng, p) for p in found.people if p.in_hubspot and p.in_salesforce}
    key = AnswerKey()
    founded = NOW - 900 * times.DAY

    progress(f"filling Salesforce: {len(members)} campaign members, {len(tasks)} tasks")
    loader = salesforce_org.prepare(
        salesforce,
        home,
        seed=seed,
        at=founded,
        name="Northwind",
        currency="USD",
        objects=schema.standard_objects(),
    )
    theirs = {person: address[1] for person, address in addresses.items()}
    side = salesforce_side.fill(loader, seed, found, theirs, key)
    salesforce_activity.opportunities(side)
    salesforce_activity.memberships(side, members)
    salesforce_activity.tasks(side, tasks)
    salesforce_setup.fill(side)
    salesforce_service.fill(side, seed)
    salesforce_service.interests(side, seed)

    progress(f"filling HubSpot: {sum(p.in_hubspot for p in found.people)} people, {len(found.deals)} deals")
    portal.prepare(hubspot, seed, founded)
    ours = {person: (address[0], address[2]) for person, address in addresses.items()}
    portal_side = hubspot_side.fill(hubspot, seed, found, side, ours, key)
    hubspot_deals.fill(portal_side)
    hubspot_sales.fill(portal_side, seed)
    links = hubspot_marketing.settings(portal_side, seed)
    hubspot_engagements.fill(portal_side, seed, tasks, links)
    hubspot_marketing.fill(portal_side, seed)
    hubspot_messages.fill(portal_side, seed)
    marketing_cloud.fill(marketing, seed, side, key)
    coverage.settle(key, found, members)
    key.save(home / "answer_key.sqlite")
