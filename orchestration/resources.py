"""What asset bodies work with: one Loop per Dagster run.

Belongs here: making and closing the Loop, holding the writer's lock between the steps of a refresh, and
remembering what a step said until the assets that show it have been told. What a step does is in
`pipelines.steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from expectations.results import CheckResult, Scope
from expectations.step import Checker
from pipelines.dbt_results import NodeResult
from pipelines.errors import GateFailed
from pipelines.rules.syncs import load_syncs
from pipelines.run import Reporter, Run, StepResult
from pipelines.settings import Settings, is_loopback
from pipelines.steps import Loop

if TYPE_CHECKING:
    from pipelines.reverse_sync.planned import Plan
    from pipelines.reverse_sync.results import ApplyResult

LOCK_WAIT_SECONDS = 30.0
SYNCS = "crm/syncs"
"""A run's tag: the names of the syncs it is for, parted by blanks."""


@dataclass
class RunLoop:
    """The Loop of one Dagster run, and what its steps have said so far."""

    loop: Loop
    checker: Checker
    stack: ExitStack
    gate_failed: GateFailed | None = None
    said: dict[str, StepResult] = field(default_factory=dict)
    applied: ApplyResult | None = None
    """What an apply of this run did."""
    only: frozenset[str] | None = None
    """Syncs that this run is for; None: all."""
    _plan: Plan | None = None
    _holds_lock: bool = False

    def refreshing(self) -> Loop:
        """The Loop, holding the writer's lock until the run ends: nobody starts over between steps."""
        if not self._holds_lock:
            self.stack.enter_context(self.loop.locked(wait_seconds=LOCK_WAIT_SECONDS))
            self._holds_lock = True
            self.loop.will_check = True
        return self.loop

    def extract(self) -> StepResult:
        return self.refreshing().extract()

    def checked(self, scope: Scope) -> CheckResult | None:
        """What the check of a scope saw, asked once per run; None when nothing changed since it was asked."""
        if scope not in self.said:
            loop = self.refreshing()
            try:
                self.said[scope] = loop.check(scope)
            except GateFailed as failed:
                self.gate_failed = self.gate_failed or failed
                self.said[scope] = loop.results[-1]
        return self.checker.seen.get(scope)

    def nodes(self, stage: str) -> tuple[NodeResult, ...]:
        """How each model and test of a stage came out in this run; nothing when the stage was skipped."""
        built = self.loop.built.get(stage)
        return built.nodes if built is not None else ()

    def plan(self) -> Plan:
        """The plan of this run, made once."""
        if self._plan is None:
            self._plan = self.loop.plan()
        return self._plan

    def apply(self) -> StepResult:
        """Apply the plan to the syncs that may be written without anybody watching."""
        plan = self.plan()
        allowed = unattended(self.loop.settings)
        wanted = [name for name, summary in plan.syncs.items() if summary.records]
        acting = [name for name, summary in plan.actions.items() if summary.total]
        may_act = unattended_actions(self.loop.settings, plan)
        mine = tuple(name for name in wanted if name in allowed)
        mine += tuple(name for name in acting if name in may_act and name not in mine)
        if self.only is not None:
            mine = tuple(name for name in mine if name in self.only)
        early = self.waiting(plan)
        mine = tuple(name for name in mine if name not in early)
        if not mine:
            why = (
                "nothing is left to change"
                if not (wanted or acting)
                else "; ".join(early.values()) or "no sync has auto_apply: true; use crm apply"
            )
            return StepResult(
                step="apply", run_id=self.loop.run.id, status="skipped", seconds=0.0, notes=(why,)
            )
        self.applied = self.loop.apply(plan.path, only=mine)
        return self.loop.results[-1]

    def waiting(self, plan: Plan) -> dict[str, str]:
        """Syncs whose next time by syncFrequency has not come."""
        from pipelines.reverse_sync import pace
        from pipelines.reverse_sync.mirror.effective import load_effective

        with self.loop.state.reading() as reading:
            return pace.waiting(reading, plan, load_effective(self.loop.settings), datetime.now(UTC))


def unattended(settings: Settings) -> set[str]:
    """Syncs that may be applied without a person: `auto_apply: true`, or a CRM on this machine."""
    local = {connection.vendor for connection in settings.connections if is_loopback(connection.url)}
    syncs = load_syncs(settings.config_dir).syncs
    return {name for name, sync in syncs.items() if sync.auto_apply or sync.vendor in local}


def unattended_actions(settings: Settings, plan: Plan) -> set[str]:
    """Syncs of actions that may be done without a person: named in `auto_actions`, or all of them at a CRM on
    this machine."""
    local = {connection.vendor for connection in settings.connections if is_loopback(connection.url)}
    named = load_syncs(settings.config_dir).auto_actions
    here = {name for name, each in plan.actions.items() if {kind.split()[0] for kind in each.kinds} <= local}
    return here | set(named)


class LogReporter:
    """Tells Dagster's log what each step says; also passes it on to whoever started the run."""

    def __init__(self, log: dg.DagsterLogManager, also: Reporter | None) -> None:
        self._log, self._also = log, also

    def started(self, step: str) -> None:
        if self._also:
            self._also.started(step)

    def progress(self, item: str, done: int, total: int | None, calls: int | None = None) -> None:
        if self._also:
            self._also.progress(item, done, total, calls)

    def told(self, sentence: str) -> None:
        self._log.info(sentence)
        if self._also:
            self._also.told(sentence)

    def ended(self, result: StepResult) -> None:
        counts = ", ".join(f"{name} {count:,}" for name, count in result.counts.items())
        self._log.info(f"{result.step} {result.status} in {result.seconds:.1f} s. {counts}")
        for note in result.notes:
            self._log.info(note)
        if self._also:
            self._also.ended(result)


def loop_resource(
    settings: Settings, reporter: Reporter | None = None, on_made: Callable[[RunLoop], None] | None = None
) -> dg.ResourceDefinition:
    """A resource whose life is the run's: it closes the state database and drops the lock at the end."""

    @dg.resource(description="The loop of this run: its id, its lock, its steps.")
    def run_loop(context: dg.InitResourceContext) -> Iterator[RunLoop]:
        checker = Checker()
        assert context.log is not None
        with ExitStack() as stack:
            loop = stack.enter_context(
                Loop(settings, checker, run=Run(), reporter=LogReporter(context.log, reporter))
            )
            named = context.run.tags.get(SYNCS) if context.run is not None else None
            made = RunLoop(loop, checker, stack, only=frozenset(named.split()) if named else None)
            if on_made is not None:
                on_made(made)
            yield made

    return run_loop
