"""HubSpot's half of the default world and Marketing Cloud's account, with their half of the answer key.

They are one half because what readers did with Marketing Cloud's mail counts when a deal's coverage is
settled.
"""

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
    marketing_cloud,
    portal,
)
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.hubspot_side import HubSpot
from sandbox.worlds.loading import Indexes
from sandbox.worlds.marketing_cloud import MarketingCloud
from sandbox.worlds.region import Records, Region

ANSWERS = "answer_key_hubspot.sqlite"


class HubSpotHalf:
    """Filled region by region."""

    def __init__(
        self, home: Path, hubspot: Store, indexes: Indexes, marketing: Store, seed: int, founded: int
    ) -> None:
        portal.prepare(hubspot, seed, founded)
        indexes.leave_out()
        self.hubspot, self.marketing = hubspot, marketing
        self.draws, self.key = Draws(seed), AnswerKey()
        self.answers = answer_key.open_new(home / ANSWERS)
        self.sides: tuple[HubSpot, MarketingCloud] | None = None

    def add(self, region: Region, salesforce: Records) -> None:
        side, account = self.sides or self._start(region, salesforce)
        hubspot_side.add(side, region, salesforce)
        hubspot_deals.add(side)
        hubspot_sales.add(side)
        hubspot_engagements.add(side, region.tasks)
        hubspot_marketing.add(side)
        hubspot_messages.add(side)
        marketing_cloud.add(account, region, salesforce)
        coverage.settle(self.key, region.business, region.members)
        self.key.flush(self.answers)

    def _start(self, region: Region, salesforce: Records) -> tuple[HubSpot, MarketingCloud]:
        side = HubSpot(self.hubspot, self.draws, self.key, region.business)
        account = MarketingCloud(self.marketing, self.draws, self.key, region.business, salesforce)
        for part in (hubspot_side, hubspot_sales, hubspot_marketing, hubspot_messages):
            part.start(side)
        marketing_cloud.start(account)
        self.sides = side, account
        return self.sides

    def finish(self) -> None:
        """What is counted over all regions."""
        if self.sides is not None:
            side, account = self.sides
            hubspot_sales.finish(side)
            hubspot_marketing.finish(side)
            hubspot_messages.finish(side)
            marketing_cloud.finish(account)
        self.answers.close()
