"""HubSpot's half of the default world with Marketing Cloud's account, and their half of the answer key.

The account's subscribers are Salesforce's leads and contacts; it is made here, because Salesforce has more to
write than both of these.
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
        self, home: Path, store: Store, indexes: Indexes, marketing: Store, seed: int, founded: int
    ) -> None:
        portal.prepare(store, seed, founded)
        indexes.leave_out()
        self.store, self.marketing = store, marketing
        self.draws, self.key = Draws(seed), AnswerKey()
        self.answers = answer_key.open_new(home / ANSWERS)
        self.sides: tuple[HubSpot, MarketingCloud] | None = None

    def add(self, region: Region, salesforce: Records) -> None:
        side, account = self.sides or self._start(region, salesforce)
        marketing_cloud.add(account, region, salesforce)
        hubspot_side.add(side, region, salesforce)
        hubspot_deals.add(side)
        hubspot_sales.add(side)
        hubspot_engagements.add(side, region.tasks)
        hubspot_marketing.add(side)
        hubspot_messages.add(side)
        coverage.settle(self.key, region.business, salesforce)
        self.key.flush(self.answers)

    def _start(self, region: Region, salesforce: Records) -> tuple[HubSpot, MarketingCloud]:
        side = HubSpot(self.store, self.draws, self.key, region.business)
        for part in (hubspot_side, hubspot_sales, hubspot_marketing, hubspot_messages):
            part.start(side)
        account = MarketingCloud(self.marketing, self.draws, self.key, region.business, salesforce)
        marketing_cloud.start(account)
        self.sides = side, account
        return self.sides

    def finish(self) -> None:
        """What is counted over all regions, and what follows from all that happened."""
        if self.sides is not None:
            side, account = self.sides
            for part in (hubspot_sales, hubspot_marketing, hubspot_messages):
                part.finish(side)
            marketing_cloud.finish(account)
        self.answers.close()
