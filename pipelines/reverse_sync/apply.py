"""Writes a plan to the CRMs, through the journal; a plan that does not hold any more is refused.

Belongs here: the order of vendors and syncs. Why a plan is refused is `refusals.py`; what of it still has to
be sent `selection.py`; how a batch is sent and proven `writer.py`; what an interrupted apply left behind
`recovery.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.clients.errors import ClientError
from pipelines.reverse_sync import planfile, refusals
from pipelines.reverse_sync.destinations.base import Destination, Opener
from pipelines.reverse_sync.destinations.open import opener
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.outcomes import Outcome
from pipelines.reverse_sync.planfile import FieldChange
from pipelines.reverse_sync.recovery import Recovered, abandon_unsent, recover_vendor
from pipelines.reverse_sync.results import ApplyResult, SyncResult, Written
from pipelines.reverse_sync.selection import Selection
from pipelines.reverse_sync.writer import Writer
from pipelines.rules.syncs import Sync, Syncs, load_syncs
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, journal
from pipelines.state.journal import Intent
from pipelines.warehouse import Warehouse

__all__ = ["ApplyResult", "apply"]

_SAMPLES = 3


def apply(
    plan_path: Path, warehouse: Warehouse, state: State, settings: Settings, run: Run, progress: Progress,
    limit: int | None = None, force: bool = False, *, only: Collection[str] | None = None,
    open_destination: Opener | None = None,
) -> ApplyResult:  # fmt: skip
    """Write the plan in `plan_path`. `limit`: so many records of each sync at most. `force`: past the guards.
    `only`: these syncs, by name.

    Raises CrmError, before anything is sent, when the plan was altered, is stale, was stopped by a guard, or
    goes to a connection that may not be written to.
    """
    header = planfile.read_header(plan_path)
    syncs = load_syncs(settings.config_dir)
    refusals.refuse_stale(header, warehouse, plan_path)
    refusals.refuse_stopped(header, plan_path, force=force)
    planned = refusals.planned_syncs(header, syncs)
    wanted = {name: syncs.syncs[name] for name in planned if only is None or name in only}
    for sync in wanted.values():
        refusals.writable_connection(settings, sync.vendor)
    with only_one(settings.home / "apply.lock", f"run {run.id}"):
        applying = _Applying(plan_path, header, state, settings, syncs, run, progress, limit)
        return applying.all(wanted, open_destination or opener(settings), forced=force)


class _Applying:
    """One apply in the works."""

    def __init__(
        self, path: Path, header: dict[str, Any], state: State, settings: Settings, syncs: Syncs, run: Run,
        progress: Progress, limit: int | None,
    ) -> None:  # fmt: skip
        self.path, self.header, self.state, self.settings = path, header, state, settings
        self.syncs, self.run, self.progress, self.limit = syncs, run, progress, limit
        self.results: dict[str, SyncResult] = {}
        self.samples: list[Written] = []
        self.notes: list[str] = []
        self.recovered = Recovered()
        self.calls = 0

    def all(self, wanted: dict[str, Sync], open_destination: Opener, *, forced: bool) -> ApplyResult:
        """Vendor by vendor; one that is out of reach does not hold up the other."""
        if forced and self.header["stopped"]:
            self.notes.append(f"applied with force past a guard: {'; '.join(self.header['stopped'])}")
        self.recovered += abandon_unsent(self.state)
        for vendor in dict.fromkeys(sync.vendor for sync in wanted.values()):
            mine = {name: sync for name, sync in wanted.items() if sync.vendor == vendor}
            self.results |= {name: SyncResult(vendor, sync.object) for name, sync in mine.items()}
            with open_destination(vendor) as destination:
                try:
                    self._vendor(destination, mine)
                except ClientError as error:
                    self._stop(mine, str(error))
                self.calls += destination.calls
        return self._result()

    def _vendor(self, destination: Destination, mine: dict[str, Sync]) -> None:
        self._greet(destination, mine)
        self.recovered += recover_vendor(self.state, destination, self.syncs)
        for name, sync in mine.items():
            before = destination.calls
            try:
                self._sync(destination, name, sync)
            finally:
                self.results[name].calls = destination.calls - before

    def _greet(self, destination: Destination, mine: dict[str, Sync]) -> None:
        account = destination.account()
        first = next(change for change in planfile.read_changes(self.path) if change.sync in mine)
        refusals.refuse_other_org(destination, account, first.record_key, self.path)
        connection = refusals.writable_connection(self.settings, destination.vendor)
        if connection.environment != "sandbox":
            kind = "portal" if destination.vendor == "hubspot" else "org"
            named = f" ({account.name})" if account.name else ""
            note = f"writing to {destination.label} {kind} {account.org_id}{named}, {connection.environment}"
            self.notes.append(note)
            self.progress(note, 0, None)

    def _sync(self, destination: Destination, name: str, sync: Sync) -> None:
        """Send everything that still has to be sent, batch by batch."""
        selection = Selection(self.path, self.header, name, sync, self.state, self.results[name])
        selection.ask_metadata(destination)
        writer = Writer(self.state, destination, sync.object, self.run.id)
        planned = self.header["counts"][name]["records"]
        total = planned if self.limit is None else min(planned, self.limit)
        done = 0
        self.progress(name, done, total)
        for batch in selection.batches(destination.batch_size, self.limit):
            intents = [intent for record in batch for intent in record]
            ended = writer.write(intents, [selection.change_of(intent) for intent in intents])
            self._sample(name, sync, ended, intents)
            done += len(batch)
            self.progress(name, min(done, total), total)

    def _sample(self, name: str, sync: Sync, ended: Sequence[Outcome], intents: Sequence[Intent]) -> None:
        """The first records that were confirmed, for people to look at."""
        if sum(sample.sync == name for sample in self.samples) >= _SAMPLES:
            return
        confirmed = {outcome.change.change_id for outcome in ended if outcome.state == "confirmed"}
        by_record: dict[str, dict[str, FieldChange]] = {}
        for i in intents:
            if i.change_id in confirmed:
                change = FieldChange(i.before_value, i.after_value, i.provider, i.rule)
                by_record.setdefault(i.record_id, {})[i.field] = change
        for record_id, fields in islice(by_record.items(), _SAMPLES):
            self.samples.append(Written(name, sync.vendor, sync.object, record_id, fields))

    def _stop(self, mine: dict[str, Sync], sentence: str) -> None:
        for name in mine:
            if not self.results[name].stopped:
                self.results[name].stopped = sentence
        self.notes.append(f"stopped: {sentence}")

    def _result(self) -> ApplyResult:
        with self.state.reading() as connection:
            for tally in journal.tally(connection, self.header["plan_id"], self.run.id):
                result = self.results[tally.sync]
                if tally.state == "confirmed":
                    result.confirmed, result.records = tally.fields, tally.records
                elif tally.state in ("rejected", "unknown"):
                    setattr(result, tally.state, tally.fields)
                else:
                    result.unsent += tally.fields
        for name, result in self.results.items():
            self.notes += [
                f"{name}: {fields:,} fields held: {reason}" for reason, fields in result.held.items()
            ]
        return ApplyResult(
            plan_id=self.header["plan_id"], syncs=self.results, recovered=self.recovered, calls=self.calls,
            samples=tuple(self.samples), notes=tuple(self.notes),
        )  # fmt: skip
