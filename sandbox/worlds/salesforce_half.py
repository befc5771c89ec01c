"""Salesforce's half of the default world, and its half of the answer key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sandbox.salesforce import schema
from sandbox.store import Store
from sandbox.worlds import (
    answer_key,
    salesforce_activity,
    salesforce_org,
    salesforce_service,
    salesforce_setup,
    salesforce_side,
    touches,
)
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.loading import Indexes
from sandbox.worlds.region import Records, Region
from sandbox.worlds.salesforce_side import Salesforce


class SalesforceHalf:
    """Filled region by region."""

    def __init__(self, home: Path, store: Store, indexes: Indexes, seed: int, founded: int) -> None:
        self.loader = salesforce_org.prepare(
            store, home, seed=seed, at=founded, name="Northwind", currency="USD",
            objects=schema.standard_objects(),
        )  # fmt: skip
        indexes.leave_out(but=schema.BIN)
        self.draws, self.key = Draws(seed), AnswerKey()
        self.answers = answer_key.open_new(home / answer_key.FILE)
        self.side: Salesforce | None = None

    def add(self, region: Region, tell: Callable[[Records], None]) -> None:
        """Put a region in; `tell` is given its records as soon as they are known."""
        side = self.side or self._start(region)
        salesforce_side.add(side, region)
        side.records.answers, side.records.came = touches.answers(region.members)
        tell(side.records)
        salesforce_setup.add(side)
        salesforce_activity.opportunities(side)
        salesforce_activity.memberships(side, region.members)
        salesforce_activity.tasks(side, region.tasks)
        salesforce_service.add(side)
        self.key.flush(self.answers)

    def _start(self, region: Region) -> Salesforce:
        self.side = side = Salesforce(self.loader, self.draws, self.key, region.business)
        for part in (salesforce_side, salesforce_setup, salesforce_service):
            part.start(side)
        return side

    def finish(self) -> None:
        """All regions are in."""
        self.answers.close()
