"""Journey entries that events ask for, kept in the state from when they come until a round has seen to them.

Belongs here: `crm listen`'s keeping. Which event brings whom into which journey is `pipelines.listening`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines import listening
from pipelines.listening import Entry, Named

if TYPE_CHECKING:
    from pipelines.rules.events import EventsFile
    from pipelines.settings import Settings


class Kept:
    """Without a rule that brings anybody in, the state is opened once, for what an earlier process left."""

    def __init__(
        self, settings: Settings, file: EventsFile, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._settings, self._file, self._now = settings, file, now

    def keep(self, events: Sequence[listening.Event]) -> None:
        """Keep who enters by these. Call it before the event is answered: it does not come again."""
        from pipelines.state import waiting_entries
        from pipelines.state.engine import State

        rows = [
            waiting_entries.WaitingEntry(
                e.key, e.journey, e.named.vendor, e.named.object, e.named.record_id, e.kind, self._now()
            )
            for e in dict.fromkeys(listening.entries(events, self._file))
        ]  # fmt: skip
        if rows:
            with contextlib.closing(State.open(self._settings)) as state, state.writing() as connection:
                waiting_entries.save(connection, rows)

    def waiting(self) -> list[Entry]:
        """What an earlier process left."""
        from pipelines.state import waiting_entries
        from pipelines.state.engine import State

        with contextlib.closing(State.open(self._settings)) as state, state.reading() as connection:
            rows = waiting_entries.load(connection)
        return [
            Entry(Named(row.vendor, row.object, row.record_id), row.journey, row.event_key, row.event_kind)
            for row in rows
        ]

    def settle(self, entries: Collection[Entry]) -> None:
        """These are seen to."""
        from pipelines.state import waiting_entries
        from pipelines.state.engine import State

        with contextlib.closing(State.open(self._settings)) as state, state.writing() as connection:
            waiting_entries.settle(connection, [(each.key, each.journey) for each in entries])
