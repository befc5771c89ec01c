"""Salesforce's half of the default world and Marketing Cloud's account, with their half of the answer key.

They are one half because the account's subscribers are the org's leads and contacts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.salesforce import schema
from sandbox.store import Store
from sandbox.worlds import (
    answer_key,
    marketing_cloud,
    salesforce_activity,
    salesforce_org,
    salesforce_service,
    salesforce_setup,
    salesforce_side,
)
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.loading import Indexes
from sandbox.worlds.marketing_cloud import MarketingCloud
from sandbox.worlds.region import Records, Region
from sandbox.worlds.salesforce_side import Salesforce


class SalesforceHalf:
    """Filled region by region."""

    def __init__(
        self, home: Path, store: Store, indexes: Indexes, marketing: Store, seed: int, founded: int
    ) -> None:
        self.loader = salesforce_org.prepare(
            store, home, seed=seed, at=founded, name="Northwind", currency="USD",
            objects=schema.standard_objects(),
        )  # fmt: skip
        indexes.leave_out()
        self.marketing = marketing
        self.draws, self.key = Draws(seed), AnswerKey()
        self.answers = answer_key.open_new(home / answer_key.FILE)
        self.sides: tuple[Salesforce, MarketingCloud] | None = None

    def add(self, region: Region, tell: Callable[[Records], None]) -> None:
        """Put a region in; `tell` is given its records as soon as they are known."""
        side, account = self.sides or self._start(region)
        salesforce_side.add(side, region)
        marketing_cloud.add(account, region, side.records)
        tell(side.records)
        salesforce_setup.add(side)
        salesforce_activity.opportunities(side)
        salesforce_activity.memberships(side, region.members)
        salesforce_activity.tasks(side, region.tasks)
        salesforce_service.add(side)
        self.key.flush(self.answers)

    def _start(self, region: Region) -> tuple[Salesforce, MarketingCloud]:
        side = Salesforce(self.loader, self.draws, self.key, region.business)
        for part in (salesforce_side, salesforce_setup, salesforce_service):
            part.start(side)
        records = Records(campaigns=side.campaigns)
        account = MarketingCloud(self.marketing, self.draws, self.key, region.business, records)
        marketing_cloud.start(account)
        self.sides = side, account
        return self.sides

    def finish(self) -> None:
        """What follows from all that happened."""
        if self.sides is not None:
            marketing_cloud.finish(self.sides[1])
        self.answers.close()
