"""What decides what a refresh comes to (rows, rules, code, business date) and whether any of it changed.

Belongs here: the fingerprint that lets a run skip what it already did. It is kept by `pipelines.standing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipelines import standing
from pipelines.run import Run
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

CODE = ("pipelines", "dbt_project", "expectations")
CODE_SUFFIXES = (".py", ".sql", ".yml")


class Inputs:
    """Of one run. Configuration and code are read once: they do not change under a run."""

    def __init__(self, settings: Settings, warehouse: Warehouse, decided: Callable[[], str]) -> None:
        self.settings, self.warehouse = settings, warehouse
        self._decided = decided

    def unchanged(self, as_of: Callable[[duckdb.DuckDBPyConnection], datetime]) -> bool:
        """Nothing is in the works, and the warehouse was made of the very inputs there are now."""
        if self.warehouse.has_work() or not self.settings.paths.published.exists() or not self._has_warehouse:
            return False
        with self.warehouse.reading("warehouse") as connection:
            used = standing.used_inputs(connection)
            return bool(used) and used == self.fingerprint(connection, as_of(connection), self._decided())

    def is_due(self, as_of: Callable[[duckdb.DuckDBPyConnection], datetime]) -> bool:
        """A clock has run out, or somebody's hours have opened, since the refresh before."""
        if not self._has_warehouse:
            return False
        with self.warehouse.reading("warehouse") as connection:
            moment = standing.next_due(connection)
            return moment is not None and moment <= as_of(connection)

    def is_a_new_day(self, as_of: datetime) -> bool:
        """What ages with the business date has to be worked out again."""
        if not self._has_warehouse:
            return True
        with self.warehouse.reading("warehouse") as connection:
            return standing.used_date(connection) != self.business_date(as_of)

    def recorded_journal(self) -> str | None:
        """The journal's version that the activity marts show; None when they have to be built."""
        if not self._has_warehouse:
            return None
        with self.warehouse.reading("warehouse") as connection:
            return standing.recorded_journal(connection)

    def record(self, connection: duckdb.DuckDBPyConnection, as_of: datetime, run: Run, decided: str) -> None:
        """Leave the fingerprint in the refresh that is about to be published."""
        standing.record_inputs(
            connection, self.fingerprint(connection, as_of, decided), self.business_date(as_of), run.id,
            self.code,
        )  # fmt: skip

    def fingerprint(self, connection: duckdb.DuckDBPyConnection, as_of: datetime, decided: str) -> str:
        parts = (
            standing.raw_version(connection),
            self._rules_and_code,
            decided,
            self.business_date(as_of).isoformat(),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def business_date(self, as_of: datetime) -> date:
        return as_of.astimezone(self._zone).date()

    @property
    def _has_warehouse(self) -> bool:
        return self.settings.paths.warehouse.exists()

    @cached_property
    def _zone(self) -> ZoneInfo:
        from pipelines.rules.kpis import load_kpis

        return ZoneInfo(load_kpis(self.settings.config_dir).business_zone)

    @cached_property
    def _rules_and_code(self) -> str:
        from pipelines.rules.tables import config_hash

        return config_hash(self.settings.config_dir) + self.code

    @cached_property
    def code(self) -> str:
        """The hash of what shapes data."""
        return code_hash()


def code_hash(root: Path = PROJECT_ROOT) -> str:
    """Of every file of ours that shapes data: a change of code is a reason to run again."""
    files = (path for top in CODE for path in sorted((root / top).rglob("*")) if path.suffix in CODE_SUFFIXES)
    return _hash_files(files)


def _hash_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
