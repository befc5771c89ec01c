"""The part of an apply that goes to one vendor: who is there, what an earlier run left, then sync after sync.

Belongs here: that order, and what is told about it. What is left out of a plan is `selection.py`, how a batch
is sent and proven `writer.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.clients.errors import ClientError
from pipelines.reverse_sync import planfile, refusals
from pipelines.reverse_sync.actions.base import Action, Pause
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.destinations.base import Destination
from pipelines.reverse_sync.outcomes import Outcome
from pipelines.reverse_sync.planfile import FieldChange
from pipelines.reverse_sync.recovery import Recovered, recover_vendor
from pipelines.reverse_sync.results import SyncResult, Written
from pipelines.reverse_sync.selection import Selection
from pipelines.reverse_sync.writer import Round, Writer
from pipelines.rules.syncs import Sync, Syncs
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.state import State, api_days
from pipelines.state.api_days import ApiDay
from pipelines.state.bulk_jobs import BulkJobs
from pipelines.state.journal import Intent

_SAMPLES = 3


@dataclass(frozen=True)
class Task:
    """What every vendor of one apply shares."""

    path: Path
    header: dict[str, Any]
    state: State
    settings: Settings
    syncs: Syncs
    run: Run
    progress: Progress
    limit: int | None
    cancelled: threading.Event
    registry: Registry
    pause: Pause
    todo: Sequence[Action] = ()
    left_out: Sequence[tuple[Action, str]] = ()
    """Actions of the plan that may not be begun, with the reason."""
    refusals_only: bool = False
    """A guard has stopped the plan: people's refusals are written all the same, and nothing else."""


class VendorApply:
    """One vendor's syncs on their way. Its results are its own, so that vendors can go side by side."""

    def __init__(self, task: Task, destination: Destination, wanted: dict[str, Sync]) -> None:
        self._task, self._destination, self._wanted = task, destination, wanted
        self.results = {name: SyncResult(sync.vendor, sync.object) for name, sync in wanted.items()}
        self.samples: list[Written] = []
        self.notes: list[str] = []
        self.recovered = Recovered()
        self.stopped = False

    @property
    def vendor(self) -> str:
        return self._destination.vendor

    def greet(self) -> None:
        """Make sure that the other end is what the plan was made for, and name it unless it is a sandbox."""
        try:
            account = self._destination.account()
        except ClientError as error:
            self._stop(str(error))
            return
        key = self._a_record_key()
        if key:
            refusals.refuse_other_org(self._destination, account, key, self._task.path)
        connection = refusals.writable_connection(self._task.settings, self._destination.vendor)
        if connection.environment != "sandbox":
            kind = "portal" if self._destination.vendor == "hubspot" else "org"
            named = f" ({account.name})" if account.name else ""
            there = f"{self._destination.label} {kind} {account.org_id}{named}, {connection.environment}"
            self.notes.append(f"writing to {there}")
            self._task.progress(self.notes[-1], 0, None)

    def _a_record_key(self) -> str:
        """Of a record that this plan writes to here, or that an action hangs on."""
        changes = planfile.read_changes(self._task.path) if self._wanted else iter(())
        first = next((change.record_key for change in changes if change.sync in self._wanted), "")
        mine = f"{self._destination.vendor}:"
        return first or next((a.record_key for a in self._task.todo if a.record_key.startswith(mine)), "")

    def write(self) -> None:
        """Settle what an interrupted apply left, then write each sync; a vendor that cannot go on ends."""
        if self.stopped:
            return
        try:
            with self._destination.count.repairing():
                of, there = self._task, self._destination
                self.recovered = recover_vendor(of.state, there, of.syncs, of.registry, of.pause)
            self._destination.keep_jobs(BulkJobs(self._task.state, self.vendor, self._task.run.id))
            for name, sync in self._wanted.items():
                before, repair = self._destination.calls, self._destination.count.repair
                try:
                    self._sync(name, sync)
                finally:
                    self.results[name].calls = self._destination.calls - before
                    self.results[name].repair = self._destination.count.repair - repair
        except ClientError as error:
            self._stop(str(error))
        except BaseException:
            self._task.cancelled.set()
            raise

    def keep_day(self) -> None:
        """What the vendor said about its calls of the day, which the next plan is held against."""
        day = self._destination.day
        if day is not None:
            with self._task.state.writing() as connection:
                api_days.save(connection, ApiDay(self.vendor, *day, self._destination.now))

    def _sync(self, name: str, sync: Sync) -> None:
        """Send everything that still has to be sent, batch by batch."""
        task = self._task
        selection = Selection(
            task.path, task.header, name, sync, task.state, self.results[name],
            refusals_only=task.refusals_only,
        )  # fmt: skip
        planned = task.header["counts"][name]["records"]
        selection.ask(self._destination, planned)
        total = planned if task.limit is None else min(planned, task.limit)
        # An undo is made from the journal, which knows no parents.
        grouped = bool(sync.grouped_by) and not task.header.get("undo_of")
        writer = Writer(task.state, self._destination, sync.object, task.run.id, total, grouped=grouped)
        done = 0
        task.progress(name, done, total)
        for each, ended in writer.write(self._rounds(selection, total)):
            self._sample(name, sync, ended, each.intents)
            done += len({intent.record_id for intent in each.intents})
            task.progress(name, min(done, total), total)

    def _rounds(self, selection: Selection, total: int) -> Iterator[Round]:
        """What is to be sent, until somebody else's trouble ends the apply."""
        for batch in selection.batches(self._destination.round_size(total), self._task.limit):
            if self._task.cancelled.is_set():
                return
            intents = [intent for record in batch for intent in record]
            parents = {i.record_id: p for i in intents if (p := selection.parents.pop(i.record_id, ""))}
            yield Round(intents, [selection.change_of(intent) for intent in intents], parents)

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

    def _stop(self, sentence: str) -> None:
        self.stopped = True
        for result in self.results.values():
            result.stopped = sentence
        self.notes.append(f"stopped: {sentence}")
