"""One method per step of the loop; what the command line and Dagster both call.

Belongs here: the order of things, the lock around them, what is skipped, what is said about a step. How a
step does its work is in the package it calls. Great Expectations is above this package, so the check comes
in as a function. Imports of the heavy packages stand inside the methods: a step that is skipped costs nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from ulid import ULID

from pipelines import standing
from pipelines.errors import CrmError, GateFailed
from pipelines.run import Progress, Reporter, Run, Silent, StepResult, StepStatus
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

    from pipelines.reverse_sync.apply import ApplyResult
    from pipelines.reverse_sync.plan import Plan
    from pipelines.sources.fetch import Fetched
    from pipelines.state import State

log = logging.getLogger(__name__)

Scope = Literal["raw", "marts", "desired"]


class Check(Protocol):
    """Asks the gates of a scope of the refresh in the works: raises GateFailed, or says what it saw."""

    def __call__(
        self, scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress
    ) -> StepResult: ...


@dataclass
class Loop:
    """The steps of one run. Each returns a StepResult, tells the reporter, and raises CrmError when it failed."""

    settings: Settings
    check_with: Check
    run: Run = field(default_factory=Run)
    reporter: Reporter = field(default_factory=Silent)

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.settings.paths)
        self.results: list[StepResult] = []
        self._fetched: Fetched | None = None

    @cached_property
    def state(self) -> State:
        from pipelines.state import State

        return State.open(self.settings)

    @contextmanager
    def locked(self, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the writer's lock over several steps; each step also takes it by itself."""
        with self.warehouse.locked(f"run {self.run.id}", wait_seconds=wait_seconds):
            yield

    # -- refresh: CRM -> published file --------------------------------------------------------------

    def refresh(self) -> None:
        """Extract to publish. A failing gate on raw or marts leaves what was published before."""
        with self.locked():
            self.extract()
            self.transform()
            self.check("raw")
            self.check("marts")
            self.decide()
            self.desired()
            try:
                self.check("desired")
            except GateFailed as stopped:
                log.warning("nothing will be planned: %s", stopped)
            self.publish()

    def extract(self) -> StepResult:
        """Fetch what is new and load it into the refresh in the works."""
        from pipelines.sources import fetch

        with self.locked(), self._step("extract") as step:
            if self.warehouse.discard_work():
                step.notes.append("removed what an interrupted refresh had left")
            self._fetched = fetched = fetch.fetch(
                self.settings, self.run, self._known(), self.reporter.progress, probe=self.state.record_probe
            )
            step.notes += fetched.notes
            step.counts |= fetched.rows
            if fetched.has_changes or self._is_a_new_day(fetched):
                self._start_work()
                self._load(fetched)
            else:
                step.status = "skipped"
                step.notes.append("nothing new in the CRMs")
            if fetched.stale:
                step.status = "partial"
        return self.results[-1]

    def transform(self) -> StepResult:
        """Rules, staging, identity and marts."""
        with self.locked(), self._step("transform") as step:
            if self._unchanged():
                return step.skip("rows, config, code and business date are as they were")
            from pipelines import transform
            from pipelines.rules import tables

            self._ensure_work()
            with self.warehouse.writing() as connection:
                as_of = self._as_of(connection)
                tables.write(connection, self.settings.config_dir, self.run, as_of, self.state.registry())
            built = transform.build(self.warehouse, self.settings, self.run, "marts", self.reporter.progress)
            step.counts |= {"models": built.models, "tests": built.tests}
            step.notes += built.warnings
        return self.results[-1]

    def check(self, scope: Scope) -> StepResult:
        """Ask the gates of a scope. Raises GateFailed; the outcome stays in `ops.gates`."""
        with self.locked(), self._step(f"check {scope}") as step:
            if self._unchanged():
                return step.skip("nothing changed since these gates passed")
            passed, message = True, ""
            try:
                seen = self.check_with(scope, self.warehouse, self.settings, self.run, self.reporter.progress)
                step.counts |= seen.counts
                step.notes += seen.notes
            except GateFailed as failed:
                passed, message = False, str(failed)
                raise
            finally:
                with self.warehouse.writing() as connection:
                    standing.record_gate(connection, scope, passed=passed, message=message, run_id=self.run.id)
        return self.results[-1]

    def decide(self) -> StepResult:
        """Routing: who gets which new lead."""
        with self.locked(), self._step("decide") as step:
            if self._unchanged():
                return step.skip("no lead is new")
            from pipelines.decisions import routing

            with self.warehouse.writing() as connection:
                decided = routing.decide(
                    connection, self.state, self.settings.config_dir, self.run, self._as_of(connection)
                )
            step.counts |= decided.counts
            step.notes += decided.notes
        return self.results[-1]

    def desired(self) -> StepResult:
        """What each CRM record should look like."""
        with self.locked(), self._step("desired") as step:
            if self._unchanged():
                return step.skip("nothing changed since it was worked out")
            from pipelines import transform

            built = transform.build(self.warehouse, self.settings, self.run, "desired", self.reporter.progress)
            step.counts |= {"models": built.models, "tests": built.tests}
            step.notes += built.warnings
        return self.results[-1]

    def publish(self) -> StepResult:
        """Swap in the refresh: the warehouse and the analysts' file. State is written here, after the gates."""
        with self.locked(), self._step("publish") as step:
            if self._unchanged():
                return step.skip("what is published is up to date")
            from pipelines.decisions import routing
            from pipelines.identity import registry
            from pipelines.sources import spool

            with self.warehouse.writing() as connection:
                for scope in ("raw", "marts"):
                    asked = standing.gate(connection, scope)
                    if asked is None or not asked[0]:
                        raise GateFailed(
                            f"the {scope} gate has not been passed in this refresh", where="publish",
                            remedy=f"run crm check {scope}",
                        )  # fmt: skip
                registry.keep(self.state, connection)
                routing.keep(self.state, connection)
                standing.record_inputs(connection, self._inputs(connection), self.run.id)
            self.warehouse.publish(str(ULID()))
            spool.clear(self.settings)
            step.counts["published"] = 1
        return self.results[-1]

    # -- activation: published file -> CRMs ----------------------------------------------------------

    def recover(self) -> StepResult | None:
        """Find out what an interrupted apply had written. None when there is nothing to settle."""
        from pipelines.reverse_sync import apply as applying

        if not self.state.has_unsettled():
            return None
        with self._step("recover") as step:
            settled = applying.recover(self.state, self.settings)
            step.counts |= settled.counts
            step.notes.append("an earlier apply was interrupted; what it wrote has been read back")
        return self.results[-1]

    def plan(self) -> Plan:
        """Work out what to write. Reads the published file and the state only."""
        from pipelines.reverse_sync import plan as planning

        with self._step("plan") as step:
            with self.warehouse.reading() as connection:
                asked = standing.gate(connection, "desired")
                if asked is not None and not asked[0]:
                    raise GateFailed(f"nothing is planned, the desired state did not pass: {asked[1]}")
            plan = planning.make(self.warehouse, self.state, self.settings, self.run, self.reporter.progress)
            step.counts |= plan.counts
            step.notes += plan.notes
        return plan

    def apply(self, plan: Plan, *, limit: int | None = None, force: bool = False) -> ApplyResult:
        """Write a plan through the journal."""
        from pipelines.reverse_sync import apply as applying

        with self._step("apply") as step:
            applied = applying.apply(
                plan.path, self.warehouse, self.state, self.settings, self.run, self.reporter.progress,
                limit=limit, force=force,
            )  # fmt: skip
            step.counts |= applied.counts
            step.notes += applied.notes
            if applied.is_partial:
                step.status = "partial"
        return applied

    def record(self) -> StepResult:
        """Load the journal into `ops`, rebuild the activity marts and publish them."""
        from pipelines import transform
        from pipelines.reverse_sync import record

        with self.locked(wait_seconds=600), self._step("record") as step:
            self._start_work(keep_gates=True)
            with self.warehouse.writing() as connection:
                step.counts |= record.load_journal(connection, self.state)
            built = transform.build(self.warehouse, self.settings, self.run, "activity", self.reporter.progress)
            step.counts |= {"models": built.models, "tests": built.tests}
            self.warehouse.publish(str(ULID()))
        return self.results[-1]

    # -- helpers -------------------------------------------------------------------------------------

    def _known(self) -> fetch_types.Known:
        raise NotImplementedError
