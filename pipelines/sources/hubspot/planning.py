"""What a fetch of a portal will take, said before its first row; what HubSpot does not count, once it is in.

Belongs here: adding up and saying. How many calls an object takes is `calls`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.fetched import TableFetch
from pipelines.sources.forecast import Forecast
from pipelines.sources.hubspot import calls
from pipelines.sources.hubspot.begun import Begun
from pipelines.sources.hubspot.records import RecordReader
from pipelines.sources.reading import Reading

Result = list[TableFetch]
Rest = Callable[[], Result]


def announced(
    reading: Reading, client: HubSpotClient, begun: Sequence[Begun], readers: Sequence[RecordReader]
) -> list[Rest]:
    """Say what is to come; what is left to read beside records, which says in the end what it came to."""
    count = sum(each.calls for each in begun) + sum(calls.of_records(each) for each in readers)
    windows = client.budget.windows
    foreseen = Forecast(
        vendor="hubspot", calls=count, made=client.calls,
        searches=sum(calls.searches(each) for each in readers),
        day=client.budget.day, stop_at=reading.rules.budget.daily_share, window=windows.get("calls"),
        search_window=windows.get("search"),
        uncounted=tuple(each.uncounted for each in begun if each.uncounted),
    )  # fmt: skip
    reading.tell(foreseen.sentence())
    tally = _Tally(reading, foreseen, sum(bool(each.uncounted) for each in begun))
    return [tally.of(each) if each.uncounted else each.rest for each in begun if each.rest is not None]


class _Tally:
    """Adds up the calls for what nobody could count, and says the sum when all of it is read."""

    def __init__(self, reading: Reading, foreseen: Forecast, left: int) -> None:
        self.reading, self.foreseen, self.left = reading, foreseen, left
        self.beyond = 0
        """Calls beyond those that were foreseen."""
        self._lock = threading.Lock()

    def of(self, begun: Begun) -> Rest:
        def read() -> Result:
            assert begun.rest is not None
            before = self.reading.calls_here()
            try:
                return begun.rest()
            finally:
                self._add(self.reading.calls_here() - before - begun.calls)

        return read

    def _add(self, beyond: int) -> None:
        with self._lock:
            self.beyond += beyond
            self.left -= 1
            is_last = self.left == 0
        if is_last:
            self.reading.tell(self.foreseen.with_counted(self.beyond))
