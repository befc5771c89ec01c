"""Says how a run goes: times each step, tells the reporter and the log, leaves a row in `runs`.

Belongs here: the frame around a step. What a step does is in `pipelines.steps`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.alerts.watch import Watch
from pipelines.run import Reporter, Run, StepResult, StepStatus

if TYPE_CHECKING:
    from pipelines.state.engine import State

log = logging.getLogger(__name__)


@dataclass
class Doing:
    """A step while it runs: what it will have to say."""

    status: StepStatus = "done"
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, why: str) -> None:
        self.status = "skipped"
        self.notes.append(why)

    def add(self, counts: Mapping[str, int], notes: Iterable[str]) -> None:
        """What a part of the step has to say."""
        self.counts |= counts
        self.notes += notes


@dataclass(frozen=True)
class Ledger:
    """Of one run. `results` grows by one as each step ends."""

    run: Run
    reporter: Reporter
    results: list[StepResult]
    state: Callable[[], State]
    watch: Watch

    @contextmanager
    def step(self, name: str) -> Iterator[Doing]:
        """Time a step, collect what it says, and tell however it ends."""
        doing, started = Doing(), time.perf_counter()
        self.reporter.started(name)
        error: BaseException | None = None
        try:
            yield doing
        except BaseException as raised:
            doing.status, error = "failed", raised
            raise
        finally:
            result = StepResult(
                step=name, run_id=self.run.id, status=doing.status, seconds=time.perf_counter() - started,
                counts=doing.counts, notes=tuple(doing.notes),
            )  # fmt: skip
            self.results.append(result)
            log.info("%s %s %s %s", name, result.status, result.counts, "; ".join(result.notes))
            self.reporter.ended(result)
            self.watch.step_ended(result, error)

    @contextmanager
    def entry(self, kind: str) -> Iterator[None]:
        """Leave a row in `runs`; one that never ends keeps the status `running`."""
        from pipelines.state import runs

        with self.state().writing() as connection:
            runs.start(connection, self.run.id, kind, datetime.now(UTC))
        status: runs.RunStatus = "failed"
        try:
            yield
            status = "partial" if any(result.status == "partial" for result in self.results) else "done"
        finally:
            with self.state().writing() as connection:
                runs.finish(connection, self.run.id, kind, datetime.now(UTC), status)
            self.watch.run_ended(kind)
