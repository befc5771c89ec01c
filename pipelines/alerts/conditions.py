"""From what a step, a plan, an apply or a run has come to, to what is wrong with it.

Belongs here: pure judgement. Each function gives what was looked at (`asked`) and what of it is wrong: what
was asked and is not wrong is over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from pipelines.alerts.usual import is_far, usually
from pipelines.errors import GuardStopped, Locked, UsageError
from pipelines.reverse_sync.results import ApplyResult
from pipelines.rules.alerts import AlertsFile
from pipelines.run import StepResult
from pipelines.state.incidents import Seen


class Judged(NamedTuple):
    """Incidents that were asked about, by name, and those that are there."""

    asked: frozenset[str]
    wrong: tuple[Seen, ...]


NOTHING = Judged(frozenset(), ())


def of_step(result: StepResult, error: BaseException | None, rules: AlertsFile) -> Judged:
    """A step that failed. One that a person interrupted or asked for wrongly, or that waits for another run,
    is no incident, and one that a guard stopped is another."""
    no_matter: tuple[type[Exception], ...] = (Locked, UsageError)
    if rules.guard:  # which has told of it with the plan
        no_matter += (GuardStopped,)
    is_ours = error is None or (isinstance(error, Exception) and not isinstance(error, no_matter))
    if not rules.failure or not is_ours:
        return NOTHING
    name = f"failure: {result.step}"
    if error is None:
        return Judged(frozenset({name}), ())
    return Judged(frozenset({name}), (Seen(name, "failure", f"{result.step} failed: {_first_line(error)}"),))


def of_plan(
    stopped: Sequence[str], idle: Collection[str], refused: Collection[str], rules: AlertsFile
) -> Judged:
    """A plan that a guard stopped. What was wrong with the writing of a sync that is `idle` now, for nothing
    of it differs any more, is over, unless something of it lies `refused`."""
    over = {f"{what}: {name}" for name in idle for what in ("stopped", "volume")}
    over |= {f"errors: {name}" for name in idle if name not in refused}
    if not rules.guard:
        return Judged(frozenset(over), ())
    name = "guard: plan"
    wrong = (Seen(name, "guard", f"A guard stopped the plan: {'; '.join(stopped)}"),) if stopped else ()
    return Judged(frozenset({name, *over}), wrong)


def of_apply(applied: ApplyResult, before: Mapping[str, Sequence[int]], rules: AlertsFile) -> Judged:
    """Of each sync: the share that was not taken, what stopped it, and how much it was."""
    asked: set[str] = set()
    wrong: list[Seen] = []
    for sync, done in applied.syncs.items():
        sent = done.confirmed + done.rejected + done.unknown
        if rules.failure:
            asked.add(name := f"stopped: {sync}")
            if done.stopped:
                wrong.append(Seen(name, "failure", f"Writing {sync} was stopped: {done.stopped}"))
        if rules.error_share is not None and sent:
            asked.add(name := f"errors: {sync}")
            share = (sent - done.confirmed) / sent
            if share > rules.error_share:
                said = f"{share:.1%} of {sent:,} were not taken by {done.vendor} ({done.rejected:,} refused)"
                wrong.append(Seen(name, "error share", f"{sync}: {said}"))
        usual = usually(before.get(sync, ()))
        if rules.volume is not None and usual is not None:
            asked.add(name := f"volume: {sync}")
            if is_far(done.records, usual, rules.volume):
                said = f"{done.records:,} records were written, usually {usual:,.0f}"
                wrong.append(Seen(name, "volume", f"{sync}: {said}"))
    return Judged(frozenset(asked), tuple(wrong))


def of_drift(sentences: Sequence[str], rules: AlertsFile) -> Judged:
    """Objects and fields that were changed by hand at the CRMs: one incident, with the first of them."""
    if not rules.drift:
        return NOTHING
    name = "drift: objects as code"
    more = f"; and {len(sentences) - 3} more" if len(sentences) > 3 else ""
    said = f"{'; '.join(sentences[:3])}{more}. crm schema diff shows all, crm schema apply repairs"
    return Judged(frozenset({name}), (Seen(name, "drift", said),) if sentences else ())


def of_run(
    kind: str, seconds: float, before: Sequence[float], rules: AlertsFile, *, is_over: bool = True
) -> Judged:
    """A run that took far longer than those before it, or that has not ended after as long."""
    usual = usually(before)
    if rules.duration is None or usual is None:
        return NOTHING
    name = f"duration: {kind}"
    is_long = seconds > rules.duration.times * usual and seconds >= rules.duration.floor_minutes * 60
    took = "took" if is_over else "has not ended after"
    said = f"A {kind} {took} {seconds / 60:,.0f} minutes, usually {usual / 60:,.1f}"
    return Judged(frozenset({name}), (Seen(name, "duration", said),) if is_long else ())


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500] or type(error).__name__
