"""What extract does around the sources: what is known already, who must stay out, how connections answered.

Belongs here: lending the warehouse and the state to `sources` for a moment. Reading a CRM is in `sources`;
the order of things is in `steps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines.run import Progress, Run, Tell, unheard
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.sources.fetched import Fetched
    from pipelines.sources.known import Known
    from pipelines.state.engine import State
    from pipelines.state.suppression import Suppression


@dataclass(frozen=True)
class Extraction:
    """One run's reading of the CRMs."""

    settings: Settings
    warehouse: Warehouse
    state: State
    run: Run

    def fetch(
        self, progress: Progress, *, tell: Tell = unheard, sweep: bool = False, tracked_only: bool = False
    ) -> Fetched:
        """Fetch (`sweep`: compare all ids too; `tracked_only`: without Marketing Cloud's whole tables), and
        remember for uptime whether each connection answered."""
        from pipelines.sources import fetch

        return fetch.fetch(
            self.settings, self.run, self._known(), progress, on_probe=self._save_probe,
            suppression=self.suppression(), sweep=sweep,
            tracked_only=tracked_only, tell=tell,
        )  # fmt: skip

    def load(self, fetched: Fetched, progress: Progress) -> None:
        """Bring what was fetched into the refresh in the works."""
        from pipelines.sources import load

        with self.warehouse.writing() as connection:
            load.load(fetched, connection, self.settings, self.run, progress, suppression=self.suppression())

    def suppression(self) -> Suppression:
        """People who were erased and must not come back."""
        from pipelines.state import suppression

        with self.state.reading() as state:
            return suppression.load(state, self.settings.paths.suppression_key)

    def newly_erased(self, fetched: Fetched) -> list[str]:
        """Record keys of people whom a CRM deleted for privacy and who still stand here."""
        listed = self.suppression()
        return [key for key in fetched.erased if not listed.has_record(key)]

    def _known(self) -> Known:
        from pipelines.sources.known import known_from

        if not self.settings.paths.warehouse.exists():
            return known_from(None)
        with self.warehouse.reading("warehouse") as connection:
            return known_from(connection, lambda: self.warehouse.reading("warehouse"))

    def _save_probe(self, vendor: str, at: datetime, ok: bool, seconds: float, message: str) -> None:
        from pipelines.state import runs

        probe = runs.Probe(vendor, self.run.id, at, ok, round(seconds * 1000), message)
        with self.state.writing() as state:
            runs.save_probe(state, probe)
