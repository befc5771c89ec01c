"""The default world: one seeded business, told to both CRMs, with its answer key."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sandbox import times
from sandbox.hubspot import portal
from sandbox.salesforce import schema
from sandbox.store import Store
from sandbox.worlds import business as model
from sandbox.worlds import dirt, hubspot_side, salesforce_org, salesforce_side, touches
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.progress import Progress

NOW = times.parse("2026-06-30T12:00:00Z")
PORTAL_ID = 48_290_173


def prepare_portal(
    store: Store, seed: int, at: int, *, currency: str = "USD", zone: str = "America/New_York"
) -> None:
    """A portal without records, with its token."""
    portal.prepare(store, PORTAL_ID, time_zone=zone, currency=currency, at=at)
    digest = hashlib.sha256(f"hubspot:{seed}".encode()).hexdigest()
    store.set_meta(
        "token", f"pat-na1-{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    )


def create(home: Path, hubspot: Store, salesforce: Store, size: str, seed: int, progress: Progress) -> None:
    """Fill both stores and write the answer key."""
    progress(f"drawing a business of {model.SIZES[size]} people")
    found = model.build(seed, size, NOW)
    members = touches.memberships(seed, found)
    tasks = touches.tasks(seed, found)
    touches.settle_causes(seed, found, members, tasks)
    rng = model.rng_for(seed, "addresses")
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
    side = salesforce_side.fill(loader, seed, found, theirs, members, tasks, key)

    progress(f"filling HubSpot: {sum(p.in_hubspot for p in found.people)} people, {len(found.deals)} deals")
    prepare_portal(hubspot, seed, founded)
    ours = {person: (address[0], address[2]) for person, address in addresses.items()}
    hubspot_side.fill(hubspot, seed, found, side, ours, key)
    key.save(home / "answer_key.sqlite")
