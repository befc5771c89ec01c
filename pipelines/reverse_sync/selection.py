"""What of a plan still has to be sent for one sync, record by record.

Belongs here: leaving out what is stored already, what changed since the plan was made, and what the vendor's
own metadata says cannot be written. Each thing left out is counted with its reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.clients.errors import NotFound, Rejected
from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.destinations.base import Destination, FieldAccess
from pipelines.reverse_sync.forecast import is_asked
from pipelines.reverse_sync.moved import CHANGED_MEANWHILE, Each, Moved, was_changed
from pipelines.reverse_sync.outcomes import Change
from pipelines.reverse_sync.planfile import FieldChange, RecordChange
from pipelines.reverse_sync.results import SyncResult
from pipelines.reverse_sync.values import canonical
from pipelines.rules.syncs import Sync
from pipelines.state import State, agreed, journal
from pipelines.state.agreed import Agreed
from pipelines.state.journal import Intent, JournalState

REJECTED_BEFORE = "the CRM rejected it when this plan was applied before"
STOPPED = "a guard stopped the plan, and this lifts a refusal"
CHANGED_SINCE = "it was changed by another run since this plan was made"


class Selection:
    """The changes of one sync that are to be sent. What is not is counted in `result`."""

    def __init__(
        self, path: Path, header: Mapping[str, Any], name: str, sync: Sync, state: State, result: SyncResult,
        *, refusals_only: bool = False,
    ) -> None:  # fmt: skip
        self._path, self._name, self._sync, self._state, self._result = path, name, sync, state, result
        self._plan_id: str = header["plan_id"]
        self._extracted = _moment(header["extracted_until"].get(name))
        self._label = ""
        self.parents: dict[str, str] = {}
        """Record id -> its parent, of those that `batches` gave and nobody took yet."""
        self._access: Mapping[str, FieldAccess] = {}
        self._no_target = ""
        self._refusals_only = refusals_only
        self._asks_who_changed = bool(header.get("asks_who_changed"))
        self._looks_at_each = header.get("look_before_writing") == "each"
        self._moved: Moved | Each | None = None

    def ask(self, destination: Destination, planned: int) -> None:
        """Find out which fields the vendor does not have or does not let us write, and which records others
        have changed since: a call each. Where each is looked at, that comes with its batch."""
        self._label = destination.label
        self._ask_metadata(destination)
        if not self._asks_who_changed or not is_asked(
            self._sync.vendor, self._sync.object, consent=self._sync.consent
        ):
            return
        if self._looks_at_each:
            self._moved = Each(destination, self._sync.object)
        elif self._extracted:
            self._moved = Moved(destination, self._sync.object, self._extracted, planned)

    def _ask_metadata(self, destination: Destination) -> None:
        try:
            self._access = destination.fields(self._sync.object)
        except NotFound:
            self._access = {}  # without the object there are no fields either
        except Rejected as refused:  # what is there is nothing to write to: this sync waits, others go on
            self._no_target = "; ".join(part for part in (refused.what, refused.remedy) if part)

    def batches(self, size: int, limit: int | None) -> Iterator[list[list[Intent]]]:
        """Records to send, at most `size` at a time and at most `limit`, each as the list of its fields. What
        others changed since is looked for as each batch is given away, and leaves it."""
        for batch in self._pieces(size, limit):
            left = [record for record in self._without_changed(batch) if record]
            self._keep_parents(batch, left)
            if left:
                yield left

    def _keep_parents(self, batch: Sequence[list[Intent]], left: Sequence[list[Intent]]) -> None:
        """Forget those of records that are not given away."""
        for gone in {r[0].record_id for r in batch} - {r[0].record_id for r in left}:
            self.parents.pop(gone, None)

    def _pieces(self, size: int, limit: int | None) -> Iterator[list[list[Intent]]]:
        changes = (c for c in planfile.read_changes(self._path, self._name) if c.sync == self._name)
        waiting: list[list[Intent]] = []
        left = limit
        while some := list(islice(changes, size)):
            waiting += self._still_to_send(some)
            if left is not None:
                waiting = waiting[:left]
            while len(waiting) >= size:
                yield waiting[:size]
                left = None if left is None else left - size
                waiting = waiting[size:]
            if left is not None and len(waiting) >= left:
                break
        if waiting:
            yield waiting

    def change_of(self, intent: Intent) -> Change:
        """An intent with the type of its field."""
        return Change(
            intent.change_id, intent.record_id, intent.record_key, intent.field,
            self._sync.fields[intent.field].type, intent.before_value, intent.after_value,
        )  # fmt: skip

    def _still_to_send(self, records: Sequence[RecordChange]) -> list[list[Intent]]:
        intents = [self._intents(record) for record in records]
        with self._state.reading() as connection:
            known = agreed.of_records(connection, [record.record_key for record in records])
            ended = journal.states_of(connection, [i.change_id for record in intents for i in record])
        kept = [[i for i in record if self._is_to_send(i, known, ended)] for record in intents]
        for each, record in zip(records, kept, strict=True):
            if record and each.parent:
                self.parents[each.record_id] = each.parent
        return [record for record in kept if record]

    def _without_changed(self, records: list[list[Intent]]) -> list[list[Intent]]:
        """Fields that hold what the plan found in them. A record that is gone fails when it is written."""
        if self._moved is None:
            return records
        held = self._moved.held({r[0].record_id: [intent.field for intent in r] for r in records if r})
        return [
            [i for i in record if i.record_id not in held or self._is_as_planned(i, held[i.record_id])]
            for record in records
        ]

    def _is_as_planned(self, intent: Intent, held: Mapping[str, Any]) -> bool:
        change = self.change_of(intent)
        if canonical(change.type, held.get(intent.field)) == intent.after_value:
            self._result.already += 1
            return False
        return not was_changed(change, held.get(intent.field)) or self._hold(CHANGED_MEANWHILE)

    def _is_to_send(
        self, intent: Intent, known: Mapping[tuple[str, str], Agreed], ended: Mapping[str, JournalState]
    ) -> bool:
        if intent.field not in self._sync.fields:
            return self._hold(f"syncs.yml does not write {intent.field} any more")
        unfit = self._unfit(intent)
        if unfit:
            return self._hold(unfit)
        if self._refusals_only and journal.lifts(intent.after_value):
            return self._hold(STOPPED)
        if ended.get(intent.change_id) == "rejected":
            return self._hold(REJECTED_BEFORE)
        newer = self._newer(known.get((intent.record_key, intent.field)))
        if ended.get(intent.change_id) == "confirmed" or (newer and newer.value == intent.after_value):
            self._result.already += 1
            return False
        if newer and newer.value != intent.before_value:
            return self._hold(CHANGED_SINCE)
        return True

    def _unfit(self, intent: Intent) -> str:
        """Why the vendor's own metadata says this cannot be written; empty if it can."""
        if self._no_target:
            return self._no_target
        access = self._access.get(intent.field)
        field, value = f"{self._sync.object}.{intent.field}", intent.after_value
        if access is None:
            return f"{self._label} has no field {field}; create it, see docs/going-live.md"
        if not access.writable:
            return f"{self._label} does not let us write {field}; see docs/going-live.md"
        if value is None:
            return ""
        chosen = value.split(";") if self._sync.fields[intent.field].type == "set" else [value]
        if access.choices is not None and not set(chosen) <= access.choices:
            known = ", ".join(sorted(access.choices))
            return f"{self._label} does not take {value!r} for {field}, only {known}; mend {intent.rule}"
        if access.length is not None and len(value) > access.length:
            return f"{self._label} takes at most {access.length} characters for {field}"
        return ""

    def _newer(self, value: Agreed | None) -> Agreed | None:
        """An agreed value that the extract behind the plan had not seen."""
        if value is None or (self._extracted is not None and value.agreed_at <= self._extracted):
            return None
        return value

    def _hold(self, reason: str) -> bool:
        self._result.held[reason] = self._result.held.get(reason, 0) + 1
        return False

    def _intents(self, record: RecordChange) -> list[Intent]:
        return [self._intent(record, name, change) for name, change in record.fields.items()]

    def _intent(self, record: RecordChange, name: str, change: FieldChange) -> Intent:
        return Intent(
            change_id=change_id(self._plan_id, record.record_key, name), plan_id=self._plan_id,
            sync=self._name, vendor=record.vendor, object=record.object, record_id=record.record_id,
            record_key=record.record_key, field=name, before_value=change.before,
            after_value=change.after, provider=change.provider, rule=change.rule,
            reversibility="final" if self._sync.consent else "reversible",
        )  # fmt: skip


def change_id(plan_id: str, record_key: str, field: str) -> str:
    """The same whenever the same plan is applied, so that a resumed apply knows what it has done."""
    return hashlib.sha256(f"{plan_id}\0{record_key}\0{field}".encode()).hexdigest()[:24]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
