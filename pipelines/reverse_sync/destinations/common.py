"""What destinations have in common: a client whose calls they count, and how much goes in a round.

Belongs here: what two vendors would say alike. The protocol is `base.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Generic, TypeVar

from pipelines.clients.client import Client
from pipelines.clients.counting import CallCount
from pipelines.reverse_sync.destinations.base import Account
from pipelines.state.bulk_jobs import BulkJobs

AClient = TypeVar("AClient", bound=Client)


class OverClient(ABC, Generic[AClient]):
    """A destination that is one client of its vendor, whose calls and clock are its own."""

    def __init__(self, client: AClient) -> None:
        self._client = client

    @property
    def client(self) -> AClient:
        """For actions, which are more than the fields of a record."""
        return self._client

    @property
    def calls(self) -> int:
        return self._client.count.calls

    @property
    def count(self) -> CallCount:
        return self._client.count

    @property
    def now(self) -> datetime:
        if self._client.server_time is None:
            self.account()
        assert self._client.server_time is not None
        return self._client.server_time

    @abstractmethod
    def account(self) -> Account: ...


class InOneCall:
    """A vendor that is done with its answer: a round is as many calls as go side by side, the next
    begins while it is under way, and no job outlives them."""

    batch_size: int
    at_once: int = 1

    @property
    def day(self) -> tuple[int, int] | None:
        return None

    def call_size(self, records: int) -> int:
        return self.batch_size

    def round_size(self, records: int) -> int:
        return self.batch_size * self.at_once

    def side_by_side(self, object_name: str, records: int, *, grouped: bool) -> int:
        return self.at_once

    def changed_since(self, object_name: str, since: datetime, records: int) -> Collection[str] | None:
        """It tells nobody, so that nothing is known to have changed."""
        return ()

    def keep_jobs(self, jobs: BulkJobs) -> None:
        """There are none."""

    def settle_jobs(self) -> None:
        """There are none."""
