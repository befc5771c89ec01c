"""One method per step of the loop; what the command line and Dagster both call.

Belongs here: the order of things, the lock around them, what is skipped, what is said about a step. The
work is in packages it calls; Great Expectations is above them, so the check comes as a function. Heavy ones
are imported inside the methods: a step that is skipped costs nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ulid import ULID

from pipelines import keeping, order, standing
from pipelines.alerts.watch import Watch
from pipelines.checking import Check as Check
from pipelines.checking import Scope as Scope
from pipelines.deciding import Deciding
from pipelines.errors import GateFailed
from pipelines.inputs import Inputs
from pipelines.ledger import Doing, Ledger
from pipelines.run import Reporter, Run, Silent, StepResult
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    import duckdb

    from pipelines.erasure.erase import Erased
    from pipelines.erasure.request import Asked
    from pipelines.extraction import Extraction
    from pipelines.reverse_sync.apply import ApplyResult
    from pipelines.reverse_sync.mirror.metadata import Metadata
    from pipelines.reverse_sync.plan import Plan
    from pipelines.reverse_sync.undo import Undoing
    from pipelines.sources.fetched import Fetched
    from pipelines.state.engine import State
    from pipelines.transform import BuildResult

log = logging.getLogger(__name__)
OTHERS_SECONDS = 600.0  # to wait for a refresh before recording, and for an apply before erasing in a refresh


@dataclass
class Loop:
    """The steps of one run. Each tells the reporter, and raises CrmError when it failed."""

    settings: Settings
    check_with: Check
    run: Run = field(default_factory=Run)
    reporter: Reporter = field(default_factory=Silent)
    will_check: bool = False
    """Whether this process asks the gates too: only then is it worth loading early what they need."""
    data_tests: bool = True
    """Whether models are tested as they are built; without, a failing test stops nothing."""
    tracked_only: bool = False
    """Leave out what of Marketing Cloud can only be read whole, for a listener has read it lately."""
    patience: float = 0.0
    """Seconds to wait for what another run of this home holds; a person at a keyboard is told at once."""

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.settings.paths)
        self.results: list[StepResult] = []
        self.built: dict[str, BuildResult] = {}
        self.fetched: Fetched | None = None
        self._deciding = Deciding(self.settings, self.warehouse, lambda: self.state, self.run)
        self._inputs = Inputs(self.settings, self.warehouse, self._identity_version)
        self._watch = Watch(self.settings, self.warehouse, self.run, lambda: self.state)
        self._ledger = Ledger(self.run, self.reporter, self.results, lambda: self.state, self._watch)

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *_: object) -> None:
        if "state" in self.__dict__:
            self.state.close()

    @cached_property
    def state(self) -> State:
        from pipelines.state.engine import State

        return State.open(self.settings)

    @contextmanager
    def locked(self, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the writer's lock over several steps; each step also takes it by itself."""
        with self.warehouse.locked(f"run {self.run.id}", wait_seconds=wait_seconds):
            yield

    # -- refresh: CRM to published file --------------------------------------------------------------

    def refresh(self) -> None:
        """Extract to publish. A failing gate on raw or marts leaves what was published before."""
        self.will_check = True
        with self.locked(wait_seconds=self.patience), self._ledger.entry("refresh"):
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

    def extract(self, *, sweep: bool = False) -> StepResult:
        """Fetch what is new and load it into a new refresh in the works; `sweep`: compare all ids too."""
        with self.locked(), self._ledger.step("extract") as step:
            _ = self._metadata  # a mapping that cannot hold stops here, before anything is read
            if self.warehouse.discard_work():
                step.notes.append("removed what an interrupted refresh had left")
            if self.settings.paths.erasing.exists():
                self.erase([], reason="", wait_seconds=OTHERS_SECONDS)
                step.notes.append("completed an erasure that had been interrupted")
            if self.will_check:
                from pipelines import transform

                transform.parse_ahead(self.settings)
            self._deciding.reading_begins()
            self.fetched = fetched = self._extraction.fetch(
                self.reporter.progress, tell=self.reporter.told, sweep=sweep, tracked_only=self.tracked_only
            )
            self._deciding.has_read(fetched.whole_until)
            step.notes += (*fetched.problems, *fetched.notes)
            step.counts |= fetched.rows
            self._erase_deleted(fetched, step)
            if fetched.has_changes or self._inputs.is_a_new_day(fetched.as_of):
                self._get_ready()
                self._start_work()
                self._extraction.load(fetched, self.reporter.progress)
            else:
                step.skip("nothing is new in the CRMs")
            if fetched.stale or fetched.problems:
                step.status = "partial"
        return self.results[-1]

    def transform(self) -> StepResult:
        """Rules, staging, identity and marts."""
        with self.locked(), self._ledger.step("transform") as step:
            if self._inputs.unchanged(self._as_of):
                step.skip("rows, config, code and business date are as they were")
            else:
                from pipelines import objects

                order.must_be_extracted(self.warehouse)
                self._get_ready()
                if not self.warehouse.has_work():
                    self._start_work()
                with self.warehouse.writing() as connection:
                    as_of = self._as_of(connection)
                    keeping.hand_out(connection, self.state, self.settings.config_dir, self.run, as_of)
                    objects.find(connection, self.settings.config_dir)
                self._build("marts", step)
                with self.warehouse.writing() as connection:
                    step.counts |= objects.make_marts(connection, self.settings.config_dir)
        return self.results[-1]

    def check(self, scope: Scope) -> StepResult:
        """Ask the gates of a scope. Raises GateFailed; the outcome stays in `ops.gates`."""
        with self.locked(), self._ledger.step(f"check {scope}") as step:
            if self._inputs.unchanged(self._as_of):
                step.skip("nothing changed since these gates were asked")
            else:
                order.must_be_in_the_works(self.warehouse)
                self._ask(scope, step)
        return self.results[-1]

    def decide(self) -> StepResult:
        """Handoffs, escalations, routing, stage automation, and what is to be done about them."""
        with self.locked(), self._ledger.step("decide") as step:
            if self._inputs.unchanged(self._as_of) and not self._inputs.is_due(self._as_of):
                step.skip("no lead is new, and no clock has run out")
            else:
                if self._inputs.unchanged(self._as_of):
                    self.warehouse.start_work(by_hand=not self.will_check)
                    self._deciding.note()
                order.must_be_in_the_works(self.warehouse)
                decided = self._deciding.decide(self._as_of)
                step.add(decided.counts, decided.notes)
        return self.results[-1]

    def desired(self) -> StepResult:
        """What each CRM record should look like."""
        with self.locked(), self._ledger.step("desired") as step:
            if self._inputs.unchanged(self._as_of):
                step.skip("nothing changed since it was worked out")
            else:
                order.must_be_in_the_works(self.warehouse)
                self._build("desired", step)
                self._mirror(step)
        return self.results[-1]

    def publish(self) -> StepResult:
        """Swap in the refresh: warehouse and analysts' file. State is written here, past the gates."""
        with self.locked(), self._ledger.step("publish") as step:
            if self._inputs.unchanged(self._as_of):
                step.skip("what is published is up to date")
            else:
                order.must_be_in_the_works(self.warehouse)
                self._publish(step)
        return self.results[-1]

    def erase(
        self, asked: Sequence[Asked], *, reason: str, dry_run: bool = False, keep_spool: bool = False,
        must_know: bool = True, wait_seconds: float = 0.0,
    ) -> Erased:  # fmt: skip
        """Erase people for privacy, everywhere; what was interrupted is completed first."""
        from pipelines import erasure

        with self._ledger.step("erase") as step:
            erased = erasure.erase(
                erasure.Place(self.settings, self.warehouse, self.state), asked, reason=reason,
                dry_run=dry_run, keep_spool=keep_spool, must_know=must_know,
                wait_seconds=max(self.patience, wait_seconds),
            )  # fmt: skip
            step.counts |= {"people": erased.people, "rows and files": sum(erased.rows.values())}
            if not erased.is_complete:
                step.status = "partial"
        return erased

    # -- activation: published file to CRMs ----------------------------------------------------------

    def recover(self) -> StepResult | None:
        """Find out what an interrupted apply had written. None when there is nothing to settle."""
        from pipelines.reverse_sync import recovery

        if not recovery.is_due(self.state):
            return None
        with self._ledger.step("recover") as step:
            found = recovery.recover(self.state, self.settings, wait_seconds=self.patience)
            step.counts |= found.counts
            step.notes.append("an apply was interrupted; what it had written was read back")
        return self.results[-1]

    def plan(self, of: Warehouse | None = None) -> Plan:
        """Work out what to write. Reads the published file (`of` another warehouse) and the state."""
        from pipelines.reverse_sync import plan as planning

        with self._ledger.step("plan") as step:
            warehouse = of or self.warehouse
            order.must_be_fit_to_plan(warehouse)
            plan = planning.make(
                warehouse, self.state, self.settings, self.run, self.reporter.progress, of_all=of is None
            )
            step.counts |= plan.counts
            step.notes += (*plan.stopped, *plan.warnings, *plan.notes)
            if of is None:
                self._watch.planned(plan)
        return plan

    def undo(self, of_run: str) -> Undoing:
        """Plan the way back of a run. Reads the CRMs, writes nothing to them."""
        from pipelines.reverse_sync import undo

        with self._ledger.step("undo") as step:
            order.must_be_published(self.warehouse)
            made = undo.make(of_run, self.warehouse, self.state, self.settings, self.run)
            step.counts |= made.counts
        return made

    def apply(
        self, plan_path: Path, *, limit: int | None = None, force: bool = False,
        only: Collection[str] | None = None, of: Warehouse | None = None,
    ) -> ApplyResult:  # fmt: skip
        """Write a plan through the journal; `only` these syncs of it, when given. `of`: as for the plan."""
        from pipelines.reverse_sync import apply as applying

        with self._ledger.entry("activation"), self._ledger.step("apply") as step:
            order.must_be_published(self.warehouse)  # before anything is written: record would be refused
            applied = applying.apply(
                plan_path, of or self.warehouse, self.state, self.settings, self.run, self.reporter.progress,
                limit=limit, force=force, only=only, wait_seconds=self.patience,
            )  # fmt: skip
            step.counts |= applied.counts
            step.notes += applied.notes
            step.status = "partial" if applied.is_partial else step.status
            self._watch.applied(applied, of_few=of is not None)
        return applied

    def record(self) -> StepResult:
        """Load the journal into `ops`, rebuild the activity marts and publish them."""
        from pipelines.reverse_sync import record

        with self.locked(wait_seconds=OTHERS_SECONDS), self._ledger.step("record") as step:
            version = record.version(self.state)
            if self._inputs.recorded_journal() == version:
                step.skip("the journal and the marts are as they were recorded")
            elif not order.is_fit_to_record(self.warehouse, self._inputs.code):
                step.skip("the warehouse was made by another version; the next refresh builds the marts anew")
            else:
                self.warehouse.start_work()
                with self.warehouse.writing() as connection:
                    step.counts |= record.load_journal(connection, self.state, self.run)
                    standing.record_journal(connection, version)
                    keeping.keep_stamps(connection, self.state)
                self._build("activity", step)
                with self.warehouse.writing() as connection, self.state.writing() as state:
                    keeping.keep_kpis(connection, state)
                self.warehouse.publish_again()
        return self.results[-1]

    # -- inside the steps ----------------------------------------------------------------------------

    def _get_ready(self) -> None:
        if self.will_check:
            self.check_with.get_ready()

    @cached_property
    def _extraction(self) -> Extraction:
        from pipelines.extraction import Extraction

        return Extraction(self.settings, self.warehouse, self.state, self.run)

    def _erase_deleted(self, fetched: Fetched, step: Doing) -> None:
        """A person whom a CRM deleted for privacy leaves here too, before anything new is loaded."""
        from pipelines.erasure import parse

        new = self._extraction.newly_erased(fetched)
        if new:
            self.erase(
                [parse(key) for key in new], reason="deleted for privacy at the CRM", keep_spool=True,
                must_know=False, wait_seconds=OTHERS_SECONDS,
            )  # fmt: skip
            self._deciding.some_were_erased()
            step.notes.append(f"{len(new)} people were deleted for privacy at their CRM and left here too")

    def _build(self, stage: Literal["marts", "desired", "activity"], step: Doing) -> None:
        from pipelines import transform

        built = transform.build(
            self.warehouse, self.settings, self.run, stage, self.reporter.progress, tests=self.data_tests
        )
        self.built[stage] = built
        step.counts |= {"models": built.models, "tests": built.tests}
        step.notes += built.warnings

    @cached_property
    def _metadata(self) -> Metadata | None:
        """What the CRMs say of the fields that are mapped; None when nothing is. Asked once a run."""
        from pipelines.reverse_sync.mirror import check

        return check.described(self.settings)

    def _mirror(self, step: Doing) -> None:
        """What each CRM's records want in the other."""
        from pipelines.reverse_sync.mirror import run as mirroring

        described, known = self._metadata, (self.state, self.settings)
        with self.warehouse.writing() as connection:
            wished = mirroring.wish(connection, *known, described, self.run, self._as_of(connection))
        step.counts |= wished[0]
        step.notes += wished[1]

    def _ask(self, scope: Scope, step: Doing) -> None:
        passed, message = False, "the check itself did not end"
        try:
            seen = self.check_with(scope, self.warehouse, self.settings, self.run, self.reporter.progress)
            passed, message = True, ""
            step.add(seen.counts, seen.notes)
        except GateFailed as failed:
            message = str(failed)
            raise
        finally:
            with self.warehouse.writing() as connection:
                standing.record_gate(connection, scope, passed=passed, message=message, run_id=self.run.id)

    def _publish(self, step: Doing) -> None:
        from pipelines.sources import spool
        from pipelines.state import settled

        with self._deciding.kept() as (connection, state, records):
            step.counts["records with a person"] = records
            self._inputs.record(connection, self._as_of(connection), self.run, settled.version(state))
        self.warehouse.publish(str(ULID()))
        spool.clear(self.settings)

    def _start_work(self) -> None:
        self.warehouse.start_work(by_hand=not self.will_check)
        with self.warehouse.writing() as connection:
            standing.prepare(connection)
        self._deciding.note()

    def _as_of(self, connection: duckdb.DuckDBPyConnection) -> datetime:
        """The latest bound reached by extract: of this process's fetch, else of the loads in the file."""
        return self.fetched.as_of if self.fetched is not None else standing.latest_bound(connection)

    def _identity_version(self) -> str:
        from pipelines.state import settled

        with self.state.reading() as connection:
            return settled.version(connection)
