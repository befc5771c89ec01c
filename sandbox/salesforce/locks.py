"""Row locks: the parents of the rows that a bulk job has in work are held until its next rows are taken.

Two jobs that write children of one parent at once get in each other's way, as at Salesforce. Off until
`/_sandbox/org` says `row_locks`: clients that do not mean to meet it run their jobs side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import SObject
from sandbox.store import Store

PARENTS = ("AccountId", "CampaignId", "OpportunityId", "ParentId", "WhatId", "WhoId")
"""References whose record Salesforce locks while a child is written."""


class Locks:
    """Which job holds which records."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._held: dict[str, str] = {}

    @property
    def on(self) -> bool:
        return bool(self.store.value("select value from meta where key = 'row_locks'"))

    def release(self, job: str) -> None:
        """The rows that a job had in work are stored."""
        self._held = {own: holder for own, holder in self._held.items() if holder != job}

    def take(self, job: str, sobject: SObject, row: Mapping[str, Any]) -> None:
        """Hold the parents of a row for a job. Raises RowError when another job has one."""
        if not self.on:
            return
        wanted = [str(row[n]) for n in row if n in PARENTS and n in sobject.fields and row[n]]
        taken = [own for own in wanted if self._held.get(own, job) != job]
        if taken:
            message = f"unable to obtain exclusive access to this record or 1 records: {taken[0]}"
            raise RowError("UNABLE_TO_LOCK_ROW", message)
        self._held |= dict.fromkeys(wanted, job)
