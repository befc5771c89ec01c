"""HubSpot's half of the default world, and its half of the answer key."""

from __future__ import annotations

from pathlib import Path

from sandbox.store import Store
from sandbox.worlds import (
    answer_key,
    coverage,
    hubspot_deals,
    hubspot_engagements,
    hubspot_marketing,
    hubspot_messages,
    hubspot_sales,
    hubspot_side,
    portal,
)
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.hubspot_side import HubSpot
from sandbox.worlds.loading import Indexes
from sandbox.worlds.region import Records, Region

ANSWERS = "answer_key_hubspot.sqlite"


class HubSpotHalf:
    """Filled region by region."""

    def __init__(self, home: Path, store: Store, indexes: Indexes, seed: int, founded: int) -> None:
        portal.prepare(store, seed, founded)
        indexes.leave_out()
        self.store = store
        self.draws, self.key = Draws(seed), AnswerKey()
        self.answers = answer_key.open_new(home / ANSWERS)
        self.side: HubSpot | None = None

    def add(self, region: Region, salesforce: Records) -> None:
        side = self.side or self._start(region)
        hubspot_side.add(side, region, salesforce)
        hubspot_deals.add(side)
        hubspot_sales.add(side)
        hubspot_engagements.add(side, region.tasks)
        hubspot_marketing.add(side, region.members)
        hubspot_messages.add(side)
        coverage.settle(self.key, region.business, region.members, salesforce.clicks)
        self.key.flush(self.answers)

    def _start(self, region: Region) -> HubSpot:
        self.side = side = HubSpot(self.store, self.draws, self.key, region.business)
        for part in (hubspot_side, hubspot_sales, hubspot_marketing, hubspot_messages):
            part.start(side)
        return side

    def finish(self) -> None:
        """What is counted over all regions."""
        if self.side is not None:
            for part in (hubspot_sales, hubspot_marketing, hubspot_messages):
                part.finish(self.side)
        self.answers.close()
