"""Deciding in a refresh beside rounds over a few people that decide meanwhile.

Belongs here: the decider's lock around what a refresh reads of decisions and keeps of them, and which people
a refresh leaves alone because somebody met them after it had begun to read. How it is decided is
`pipelines.decisions`, what a round over a few people does `pipelines.events`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines import keeping, standing
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import Connection

    from pipelines.decisions.step import Decided
    from pipelines.state.engine import State

WAIT_SECONDS = 120.0
"""A round over a few people takes seconds."""


class Deciding:
    """Of one refresh."""

    def __init__(
        self, settings: Settings, warehouse: Warehouse, state: Callable[[], State], run: Run
    ) -> None:  # fmt: skip
        self.settings, self.warehouse, self._state, self.run = settings, warehouse, state, run
        self._last_met: int | None = None
        """Who had been met last when this refresh began to read; None when another process read."""

    def reading_begins(self) -> None:
        """From here on, whoever is met without a refresh may be known better than by this one."""
        self._last_met = self._met_by_now()

    def has_read(self, reached: datetime) -> None:
        """What was read ends a moment before that was begun: CRMs show what is new only after a while."""
        from pipelines.state import met

        with self._state().reading() as reading:
            self._last_met = min(self._last_met or 0, met.read_by(reading, reached))

    def some_were_erased(self) -> None:
        """Numbers of people who were met may be given again."""
        self._last_met = min(self._last_met or 0, self._met_by_now())

    def note(self) -> None:
        """Leave it in the works. A refresh that read nothing itself goes by what the one before left."""
        if self._last_met is not None:
            with self.warehouse.writing() as connection:
                standing.begin(connection, self._last_met)

    def decide(self, as_of: Callable[[duckdb.DuckDBPyConnection], datetime]) -> Decided:
        """Decide, and keep it before anybody else decides. What no gate has let pass yet is kept later."""
        from pipelines.decisions import step as decisions
        from pipelines.decisions import taken

        state = self._state()
        with self._alone(), self.warehouse.writing() as connection:
            taken.forget(connection)
            decided = decisions.decide(
                connection, state, self.settings, self.run, as_of(connection),
                met_before=standing.begun(connection),
            )  # fmt: skip
            if keeping.gate_ahead(connection) is None:
                with state.writing() as writing:
                    taken.keep(writing, connection)
                taken.is_kept(connection)
            else:
                taken.take(state, connection)
        return decided

    @contextmanager
    def kept(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Connection, int]]:
        """The work file and the state, past the gates and once all is kept; with the records that have a
        person."""
        from pipelines.decisions import taken
        from pipelines.state import met

        with self._alone(), self.warehouse.writing() as connection:
            with self._state().writing() as state:
                later = met.after(state, standing.begun(connection) or 0)
                yield connection, state, keeping.keep(connection, state, later.keys())
            taken.is_kept(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self.warehouse.deciding(f"run {self.run.id}", wait_seconds=WAIT_SECONDS):
            yield

    def _met_by_now(self) -> int:
        from pipelines.state import met

        with self._state().reading() as reading:
            return met.last(reading)
