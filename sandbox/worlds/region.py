"""A region of the default world with all that happened in it, as each CRM's half of the world is told it.

Both halves may be filled by processes of their own: each draws the same regions from the same seed, and what
HubSpot knows of Salesforce's records comes as `Records`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.worlds import business, dirt, touches
from sandbox.worlds.draw import Draws
from sandbox.worlds.model import Business
from sandbox.worlds.touches import Membership, Task


@dataclass
class Region:
    business: Business
    members: list[Membership]
    tasks: list[Task]
    addresses: dict[int, tuple[str, str, str]]
    """Of who is in both CRMs: how HubSpot and Salesforce have the address, and what HubSpot has beside it."""


@dataclass
class Records:
    """Salesforce's ids of a region (which record stands for which company, person and deal), and clicks."""

    accounts: dict[int, str] = field(default_factory=dict)
    leads: dict[int, str] = field(default_factory=dict)
    contacts: dict[int, str] = field(default_factory=dict)
    opportunities: dict[int, str] = field(default_factory=dict)
    campaigns: dict[int, str] = field(default_factory=dict)
    clicks: list[tuple[int, int]] = field(default_factory=list)
    """Person and time of each click in a mail of Marketing Cloud's."""
    answers: dict[int, int] = field(default_factory=dict)
    """When a person answered a campaign first."""
    came: set[tuple[int, int]] = field(default_factory=set)
    """Who was at which campaign's event."""


def regions(seed: int, size: str, now: int, *, with_members: bool = True) -> Iterator[Region]:
    """A world of a size, region by region, always the same for a seed.

    Without campaign members for who is told by `Records` what they did: nothing else depends on them.
    """
    draws = Draws(seed)
    for found in business.regions(draws, size, now):
        members = touches.memberships(draws, found) if with_members else []
        tasks = touches.tasks(draws, found)
        touches.settle_causes(draws, found, members, tasks)
        rng = draws("addresses")
        addresses = {p.key: dirt.emails(rng, p) for p in found.people if p.in_hubspot and p.in_salesforce}
        yield Region(found, members, tasks, addresses)
