"""Watches one run: what it sees goes into the incidents, and whoever is to be told is told.

Belongs here: between the loop and the conditions. Watching never ends a run: what goes wrong with it is said
in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipelines.errors import CrmError, Locked
from pipelines.locking import FileLock
from pipelines.run import Run, StepResult
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

if TYPE_CHECKING:
    from pipelines.alerts.conditions import Judged
    from pipelines.reverse_sync.planned import Plan
    from pipelines.reverse_sync.results import ApplyResult
    from pipelines.rules.alerts import AlertsFile, Place
    from pipelines.state.engine import State
    from pipelines.state.incidents import Seen

log = logging.getLogger(__name__)
TELLING_SECONDS = 60.0
"""To wait for another run that tells people; what is not told by then the next run tells."""


@dataclass(frozen=True)
class Watch:
    """Of one run. `state` is opened when it is first needed."""

    settings: Settings
    warehouse: Warehouse
    run: Run
    state: Callable[[], State]

    def step_ended(self, result: StepResult, error: BaseException | None) -> None:
        """Each step, however it ended."""
        from pipelines.alerts import conditions

        if result.status == "skipped":
            return
        if isinstance(error, Locked):
            self._holder_met()
        self._take(lambda: conditions.of_step(result, error, self._rules))

    def _holder_met(self) -> None:
        """Another run is in the way, so it lives: one that hangs is known by those that wait for it."""
        self._take(lambda: judge_others(self.state(), self._rules, datetime.now(UTC), but=self.run.id))

    def planned(self, plan: Plan) -> None:
        """A plan of everything: one of a few people says nothing about what is wrong with that."""
        from pipelines.alerts import conditions
        from pipelines.state import dead_letters

        def judge() -> Judged:
            with self.state().reading() as connection:
                refused = {str(row["sync"]) for row in dead_letters.unreleased(connection)}
            busy = {name for name, each in plan.syncs.items() if each.records}
            busy |= {name for name, each in plan.actions.items() if each.total}
            idle = {*plan.syncs, *plan.actions} - busy
            return conditions.of_plan(plan.stopped, idle, refused, self._rules)

        self._take(judge)

    def applied(self, applied: ApplyResult, *, of_few: bool = False) -> None:
        """`of_few`: how much is usual is no matter of theirs."""
        from pipelines.alerts import conditions, usual

        def judge() -> Judged:
            before = {} if of_few else usual.written_before(self.warehouse, self.run.id)
            return conditions.of_apply(applied, before, self._rules)

        self._take(judge)

    def run_ended(self, kind: str) -> None:
        """A refresh or an activation."""
        from pipelines.alerts import conditions
        from pipelines.state import runs

        def judge() -> Judged:
            with self.state().reading() as connection:
                seconds, before = runs.durations(connection, self.run.id, kind)
            return conditions.of_run(kind, seconds or 0.0, before, self._rules)

        self._take(judge)

    @property
    def _rules(self) -> AlertsFile:
        from pipelines.rules.alerts import load_alerts

        return load_alerts(self.settings.config_dir)

    def _take(self, judge: Callable[[], Judged]) -> None:
        try:
            keep(judge(), self.settings, self.state(), self.run.id)
        except CrmError as error:  # a config that cannot be read has failed the run already
            log.warning("incidents could not be kept: %s", error)


def judge_others(state: State, rules: AlertsFile, now: datetime, *, but: str = "") -> Judged:
    """Runs, save one of ours, that have not ended after far longer than usual: they hang, or were killed."""
    from pipelines.alerts import conditions
    from pipelines.state import runs

    with state.reading() as connection:
        others = runs.going_on(connection, but)
        before = {kind: runs.durations(connection, run_id, kind)[1] for run_id, kind, _ in others}
    wrong: list[Seen] = []
    for _, kind, began in others:
        seconds = (now - began).total_seconds()
        wrong += conditions.of_run(kind, seconds, before[kind], rules, is_over=False).wrong
    return conditions.Judged(frozenset(seen.incident for seen in wrong), tuple(wrong))


def look(settings: Settings, state: State, asker: str, now: datetime | None = None) -> tuple[str, ...]:
    """Look for runs that hang while they do, and tell of each once. Returns what is wrong, as sentences."""
    from pipelines.rules.alerts import load_alerts

    judged = judge_others(state, load_alerts(settings.config_dir), now or datetime.now(UTC))
    keep(judged, settings, state, asker)
    return tuple(seen.sentence for seen in judged.wrong)


def keep(judged: Judged, settings: Settings, state: State, run_id: str) -> None:
    """Open and close incidents, then tell of those that somebody has not been told of."""
    from pipelines.rules.alerts import load_alerts
    from pipelines.state import incidents

    if not judged.asked:
        return
    now = datetime.now(UTC)
    with state.writing() as connection:
        for seen in judged.wrong:
            incidents.see(connection, seen, run_id, now)
        incidents.close(connection, judged.asked - {seen.incident for seen in judged.wrong}, now)
        open_ones = incidents.going_on(connection)
    places = load_alerts(settings.config_dir).tell
    names = {place.name for place in places}
    if all(names <= set(each["told"].split("\n")) for each in open_ones):
        return
    lock = FileLock(settings.home / "alerts.lock", "people are being told of incidents by")
    who, most = f"run {run_id}", TELLING_SECONDS
    try:
        with lock.held(who, wait_seconds=most), state.alone("telling people", who, wait_seconds=most):
            _tell(places, settings, state)
    except Locked as error:
        log.warning("the next run tells people: %s", error)


def _tell(places: Sequence[Place], settings: Settings, state: State) -> None:
    """One run at a time: another may have told meanwhile."""
    from pipelines.alerts.telling import tell
    from pipelines.state import incidents

    with state.reading() as connection:
        open_ones = incidents.going_on(connection)
    for each in open_ones:
        told, problems = tell(places, dict(each), settings)
        for problem in problems:
            log.warning("%s", problem)
        if "\n".join(sorted(told)) != each["told"]:
            with state.writing() as connection:
                incidents.told(connection, each["incident_id"], told)
