"""The check as a step of the loop: what a gate that fails says, and what warnings say.

Belongs here: turning a CheckResult into a StepResult or into GateFailed. What is asked is in `registry`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Thread

from expectations import runner
from expectations.results import CheckResult, Scope
from pipelines.errors import GateFailed
from pipelines.run import Progress, Run, StepResult, silent
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

REMEDY = (
    "mend it at the vendor and refresh again; if it is meant, remove warehouse.duckdb and analytics.duckdb "
    "from CRM_HOME, nothing is lost by that, and run make build"
)


@dataclass
class Checker:
    """`check` that keeps what it saw, by scope, for those who show each suite by itself."""

    seen: dict[Scope, CheckResult] = field(default_factory=dict)
    _warming: Thread | None = None

    def get_ready(self) -> None:
        """Begin importing Great Expectations beside what the loop does next."""
        if self._warming is None:
            self._warming = runner.warm_import()

    def __call__(
        self, scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress = silent
    ) -> StepResult:
        result = self.seen[scope] = runner.run(scope, warehouse, settings, run, progress)
        return as_step(result, run)


def check(
    scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress = silent
) -> StepResult:
    """Ask gates and warnings of a scope. Raises GateFailed naming table, expectation and what was seen."""
    return Checker()(scope, warehouse, settings, run, progress)


def as_step(result: CheckResult, run: Run) -> StepResult:
    """Warnings and skipped suites become notes. Raises GateFailed when a gate failed."""
    _stop_at_gates(result)
    return StepResult(
        step=f"check {result.scope}", run_id=run.id, status="done", seconds=result.seconds,
        counts={
            "gates_passed": result.count("gate", "passed"),
            "warnings": len(result.failed("warn")),
            "skipped": result.count("gate", "skipped") + result.count("warn", "skipped"),
            "expectations": sum(suite.expectations for suite in result.suites),
        },
        notes=(*_warnings(result), *_skipped(result)),
    )  # fmt: skip


def _stop_at_gates(result: CheckResult) -> None:
    failed = result.failed("gate")
    if not failed:
        return
    first = failed[0]
    sentences = [sentence for suite in failed for sentence in suite.failures]
    more = f" and {len(sentences) - 1} more" if len(sentences) > 1 else ""
    raise GateFailed(
        f"the {first.suite} gate stopped the run: {sentences[0].rstrip('.')}{more}",
        where=str(result.docs) if result.docs else first.table, remedy=REMEDY,
    )  # fmt: skip


def _warnings(result: CheckResult) -> list[str]:
    return [sentence for suite in result.failed("warn") for sentence in suite.failures]


def _skipped(result: CheckResult) -> list[str]:
    """Each reason once, with the tables it kept from being looked at."""
    tables: dict[str, list[str]] = {}
    for suite in result.suites:
        if suite.status == "skipped" and suite.table not in tables.setdefault(suite.note, []):
            tables[suite.note].append(suite.table)
    return [f"not checked, {why}: {', '.join(names)}" for why, names in tables.items()]
