"""Writes a plan to the CRMs, through the journal; a plan that does not hold any more is refused.

Belongs here: vendors side by side, and the sum of what became of them. Why a plan is refused is
`refusals.py`; what goes to one vendor `vendor_apply.py`; what an interrupted apply left `recovery.py`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pipelines.reverse_sync import planfile, refusals
from pipelines.reverse_sync.actions import desired
from pipelines.reverse_sync.actions.base import Action, Channel, Pause
from pipelines.reverse_sync.actions.performing import Performer
from pipelines.reverse_sync.actions.registry import REGISTRY, Registry
from pipelines.reverse_sync.actions.settling import settle_open
from pipelines.reverse_sync.destinations.base import Opener
from pipelines.reverse_sync.destinations.open import opener
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.mirror.effective import load_effective
from pipelines.reverse_sync.recovery import Recovered, abandon_unsent
from pipelines.reverse_sync.results import ApplyResult, Calls, SyncResult
from pipelines.reverse_sync.vendor_apply import Task, VendorApply
from pipelines.rules.syncs import Sync
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, journal
from pipelines.state.actions import standing
from pipelines.threads import Pool
from pipelines.warehouse import Warehouse

__all__ = ["ApplyResult", "apply"]


def apply(
    plan_path: Path, warehouse: Warehouse, state: State, settings: Settings, run: Run, progress: Progress,
    limit: int | None = None, force: bool = False, *, only: Collection[str] | None = None,
    open_destination: Opener | None = None, registry: Registry = REGISTRY, pause: Pause = time.sleep,
    wait_seconds: float = 0.0,
) -> ApplyResult:  # fmt: skip
    """Write the plan in `plan_path`. `limit`: so many records and actions of each sync at most, of those that
    are still to be written. `force`: past the guards. `only`: these syncs, by name. `wait_seconds`: so long
    for another apply to end.

    Raises CrmError, before anything is sent, when the plan was altered, is stale, or goes to a connection
    that may not be written to; and when a guard stopped it, after opt-outs, which no guard holds.
    """
    header = planfile.read_header(plan_path)
    syncs = load_effective(settings)
    refusals.refuse_stale(header, warehouse, plan_path)
    planned = refusals.planned_syncs(header, syncs)
    refusals.refuse_other_rules(header, settings, plan_path)
    wanted = {name: syncs.syncs[name] for name in planned if only is None or name in only}
    wanted = dict(sorted(wanted.items(), key=lambda each: not each[1].consent))  # opt-outs travel first
    todo, left_out = _to_do(plan_path, header, state, only, limit)
    is_stopped = bool(header["stopped"]) and not force
    if is_stopped:
        todo, left_out = [], []
        wanted = {name: sync for name, sync in wanted.items() if sync.consent}
        if not wanted:
            refusals.refuse_stopped(header, plan_path)
    for vendor in dict.fromkeys([*(s.vendor for s in wanted.values()), *(a.vendor for a in todo)]):
        _may_send(vendor, settings, registry)
    task = Task(
        plan_path,
        header,
        state,
        settings,
        syncs,
        run,
        progress,
        limit,
        threading.Event(),
        registry,
        pause,
        todo,
        left_out,
        refusals_only=is_stopped,
    )
    with only_one(settings.home / "apply.lock", f"run {run.id}", state, wait_seconds=wait_seconds):
        result = _Applying(task).all(wanted, open_destination or opener(settings), forced=force)
    if is_stopped:
        refusals.refuse_stopped(header, plan_path, opted_out=sum(s.records for s in result.syncs.values()))
    return result


def _to_do(
    path: Path, header: dict[str, Any], state: State, only: Collection[str] | None, limit: int | None
) -> tuple[list[Action], list[tuple[Action, str]]]:
    """The actions of a plan that are asked for and were not done meanwhile, at most `limit` of each sync, in
    the plan's order; and those that may not be begun, with the reason."""
    if not any(summary["kinds"] for summary in header.get("actions", {}).values()):
        return [], []
    asked = [desired.of_line(line) for line in planfile.read_actions(path)]
    asked = [action for action in asked if only is None or action.sync in only]
    with state.reading() as connection:
        known = standing(connection, [action.action_key for action in asked])
    taken: Counter[str] = Counter()
    todo, left_out = [], []
    for action in asked:
        stands = known.get(action.action_key)
        if stands is not None and stands.state == "confirmed":
            continue
        if stands is not None and stands.is_settled and not stands.may_begin:
            left_out.append((action, desired.why_not_begun(stands)))
        elif limit is None or taken[action.sync] < limit:
            taken[action.sync] += 1
            todo.append(action)
    return todo, left_out


def _may_send(vendor: str, settings: Settings, registry: Registry) -> None:
    """Raises UsageError when this run may not send anything there."""
    if vendor in registry.channels:
        registry.channels[vendor].refuse(settings)
    else:
        refusals.writable_connection(settings, vendor)


class _Applying:
    """One apply in the works."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.notes: list[str] = []

    def all(self, wanted: dict[str, Sync], open_destination: Opener, *, forced: bool) -> ApplyResult:
        """Ask every other end who it is before anything is written; then vendors go side by side.

        One that is out of reach does not hold up the other.
        """
        if forced and self.task.header["stopped"]:
            self.notes.append(f"applied with force past a guard: {'; '.join(self.task.header['stopped'])}")
        recovered = abandon_unsent(self.task.state)
        registry, todo = self.task.registry, self.task.todo
        with ExitStack() as stack:
            vendors, channels = [], {}
            for vendor in dict.fromkeys([*(s.vendor for s in wanted.values()), *(a.vendor for a in todo)]):
                if vendor in registry.channels:
                    channels[vendor] = stack.enter_context(registry.channels[vendor].open(self.task.settings))
                    with channels[vendor].count.repairing():
                        settle_open(self.task.state, channels[vendor], registry, self.task.pause)
                    continue
                mine = {name: sync for name, sync in wanted.items() if sync.vendor == vendor}
                destination = stack.enter_context(open_destination(vendor))
                channels[vendor] = destination
                vendors.append(VendorApply(self.task, destination, mine))
                vendors[-1].greet()
            self._side_by_side(vendors)
            acted = self._act({k: c for k, c in channels.items() if not self._is_stopped(k, vendors)})
            for each in vendors:
                each.keep_day()
            calls = Calls.of(channel.count for channel in channels.values())
        return self._result(vendors, acted, calls, sum((vendor.recovered for vendor in vendors), recovered))

    @staticmethod
    def _is_stopped(name: str, vendors: list[VendorApply]) -> bool:
        return any(vendor.stopped for vendor in vendors if vendor.vendor == name)

    def _act(self, channels: dict[str, Channel]) -> dict[str, SyncResult]:
        """The actions, once the fields are written. Those of a vendor that was stopped are not begun."""
        task = self.task
        results: dict[str, SyncResult] = {}
        if task.todo:
            results = self._perform(channels)
        for action, reason in task.left_out:
            held = results.setdefault(action.sync, SyncResult(action.vendor, action.object)).held
            held[reason] = held.get(reason, 0) + 1
        return results

    def _perform(self, channels: dict[str, Channel]) -> dict[str, SyncResult]:
        task = self.task
        performer = Performer(
            task.state, task.registry, channels, task.header["plan_id"], task.run.id, task.pause
        )
        done = 0
        for number in performer.perform(task.todo):
            done += number
            task.progress("actions", done, len(task.todo))
        self.notes += performer.notes
        for action in task.todo:
            if action.vendor not in channels:
                performer.results[action.sync].stopped = f"{action.vendor} could not go on"
        return performer.results

    def _side_by_side(self, vendors: list[VendorApply]) -> None:
        if len(vendors) < 2:
            for vendor in vendors:
                vendor.write()
            return
        with Pool(max_workers=len(vendors) or 1, thread_name_prefix="apply") as pool:
            going = [pool.submit(vendor.write) for vendor in vendors]
            try:
                for future in going:
                    future.result()
            except BaseException:
                self.task.cancelled.set()
                raise

    def _result(
        self, vendors: list[VendorApply], acted: dict[str, SyncResult], calls: Calls, recovered: Recovered
    ) -> ApplyResult:
        results = {name: result for vendor in vendors for name, result in vendor.results.items()}
        for name, result in acted.items():
            results[name] = results[name].with_actions(result) if name in results else result
        with self.task.state.reading() as connection:
            for tally in journal.tally(connection, self.task.header["plan_id"], self.task.run.id):
                if tally.sync in results:  # another piece of this plan has ended it
                    results[tally.sync].count(tally)
        notes = [*self.notes, *(note for vendor in vendors for note in vendor.notes)]
        for name, result in results.items():
            held = result.held.items()
            notes += [f"{name}: {number:,} {_noun(name, acted)} held: {reason}" for reason, number in held]
        return ApplyResult(
            plan_id=self.task.header["plan_id"], syncs=results, recovered=recovered,
            calls=calls.made, repair=calls.repair, notes=tuple(notes),
            samples=tuple(sample for vendor in vendors for sample in vendor.samples),
        )  # fmt: skip


def _noun(sync: str, acted: dict[str, SyncResult]) -> str:
    return "fields or actions" if sync in acted else "fields"
