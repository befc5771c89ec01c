"""What every vendor's client is, whatever it can ask: something open, that counts its calls.

Belongs here: what is the same of all. What a vendor can be asked is in its own folder.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pipelines.clients.counting import CallCount
from pipelines.clients.transport import Transport


class Client:
    """An open connection to one vendor. A context manager, safe to use from several threads."""

    _transport: Transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._transport.close()

    @property
    def calls(self) -> int:
        """Calls made so far."""
        return self._transport.count.total

    @property
    def count(self) -> CallCount:
        """Calls made so far, told apart."""
        return self._transport.count

    @property
    def calls_here(self) -> int:
        """Calls made by the current thread."""
        return self._transport.count.here

    def count_here(self, calls: int) -> None:
        """Credit the current thread with calls that another made for it."""
        self._transport.count.credit(calls)

    @property
    def server_time(self) -> datetime | None:
        """The vendor's clock, as its latest answer told it; None before the first."""
        return self._transport.server_time
