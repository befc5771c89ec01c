"""Writes a plan to the CRMs, through the journal; a plan that does not hold any more is refused.

Belongs here: vendors side by side, and the sum of what became of them. Why a plan is refused is
`refusals.py`; what goes to one vendor `vendor_apply.py`; what an interrupted apply left `recovery.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from pipelines.reverse_sync import planfile, refusals
from pipelines.reverse_sync.destinations.base import Opener
from pipelines.reverse_sync.destinations.open import opener
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.mirror.effective import load_effective
from pipelines.reverse_sync.recovery import Recovered, abandon_unsent
from pipelines.reverse_sync.results import ApplyResult
from pipelines.reverse_sync.vendor_apply import Task, VendorApply
from pipelines.rules.syncs import Sync
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, journal
from pipelines.warehouse import Warehouse

__all__ = ["ApplyResult", "apply"]


def apply(
    plan_path: Path, warehouse: Warehouse, state: State, settings: Settings, run: Run, progress: Progress,
    limit: int | None = None, force: bool = False, *, only: Collection[str] | None = None,
    open_destination: Opener | None = None,
) -> ApplyResult:  # fmt: skip
    """Write the plan in `plan_path`. `limit`: so many records of each sync at most. `force`: past the guards.
    `only`: these syncs, by name.

    Raises CrmError, before anything is sent, when the plan was altered, is stale, or goes to a connection
    that may not be written to; and when a guard stopped it, after opt-outs, which no guard holds.
    """
    header = planfile.read_header(plan_path)
    syncs = load_effective(settings)
    refusals.refuse_stale(header, warehouse, plan_path)
    planned = refusals.planned_syncs(header, syncs)
    wanted = {name: syncs.syncs[name] for name in planned if only is None or name in only}
    wanted = dict(sorted(wanted.items(), key=lambda each: not each[1].consent))  # opt-outs travel first
    is_stopped = bool(header["stopped"]) and not force
    if is_stopped:
        wanted = {name: sync for name, sync in wanted.items() if sync.consent}
        if not wanted:
            refusals.refuse_stopped(header, plan_path)
    for sync in wanted.values():
        refusals.writable_connection(settings, sync.vendor)
    task = Task(plan_path, header, state, settings, syncs, run, progress, limit, threading.Event())
    with only_one(settings.home / "apply.lock", f"run {run.id}"):
        result = _Applying(task).all(wanted, open_destination or opener(settings), forced=force)
    if is_stopped:
        refusals.refuse_stopped(header, plan_path, opted_out=sum(s.records for s in result.syncs.values()))
    return result


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
        with ExitStack() as stack:
            vendors = []
            for vendor in dict.fromkeys(sync.vendor for sync in wanted.values()):
                mine = {name: sync for name, sync in wanted.items() if sync.vendor == vendor}
                destination = stack.enter_context(open_destination(vendor))
                vendors.append(VendorApply(self.task, destination, mine))
                vendors[-1].greet()
            self._side_by_side(vendors)
        return self._result(vendors, sum((vendor.recovered for vendor in vendors), recovered))

    def _side_by_side(self, vendors: list[VendorApply]) -> None:
        if len(vendors) == 1:
            vendors[0].write()
            return
        with ThreadPoolExecutor(max_workers=len(vendors) or 1, thread_name_prefix="apply") as pool:
            going = [pool.submit(vendor.write) for vendor in vendors]
            try:
                for future in going:
                    future.result()
            except BaseException:
                self.task.cancelled.set()
                raise

    def _result(self, vendors: list[VendorApply], recovered: Recovered) -> ApplyResult:
        results = {name: result for vendor in vendors for name, result in vendor.results.items()}
        with self.task.state.reading() as connection:
            for tally in journal.tally(connection, self.task.header["plan_id"], self.task.run.id):
                results[tally.sync].count(tally)
        notes = [*self.notes, *(note for vendor in vendors for note in vendor.notes)]
        for name, result in results.items():
            held = result.held.items()
            notes += [f"{name}: {fields:,} fields held: {reason}" for reason, fields in held]
        return ApplyResult(
            plan_id=self.task.header["plan_id"], syncs=results, recovered=recovered,
            calls=sum(vendor.calls for vendor in vendors),
            samples=tuple(sample for vendor in vendors for sample in vendor.samples), notes=tuple(notes),
        )  # fmt: skip
