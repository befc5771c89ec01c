"""Finds out what an interrupted apply had written, by reading the records back.

Belongs here: settling rows that a run left open in the journal. Nothing is sent: what turns out not to be
stored is planned again, or sent when the same plan is applied again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import RowMapping

from pipelines.clients.errors import NotFound, Rejected
from pipelines.reverse_sync import outcomes
from pipelines.reverse_sync.actions.base import Channel, Pause
from pipelines.reverse_sync.actions.registry import REGISTRY, Registry
from pipelines.reverse_sync.actions.settling import settle_open
from pipelines.reverse_sync.destinations.base import Destination, Opener
from pipelines.reverse_sync.destinations.open import opener
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.mirror.effective import load_effective
from pipelines.reverse_sync.outcomes import Change, Outcome
from pipelines.reverse_sync.writer import read_records, settle
from pipelines.rules.syncs import Syncs
from pipelines.settings import Settings
from pipelines.state import State, journal
from pipelines.state.bulk_jobs import BulkJobs
from pipelines.state.journal import NOT_SENT, Settlement

log = logging.getLogger(__name__)
_AT_ONCE = 100


@dataclass(frozen=True)
class Recovered:
    """Fields and actions that an interrupted apply had stored, had not stored, that others changed meanwhile,
    and of which only a person can find out."""

    confirmed: int = 0
    not_stored: int = 0
    rejected: int = 0
    unknown: int = 0
    calls: int = 0

    @property
    def counts(self) -> dict[str, int]:
        counts = {"confirmed": self.confirmed, "not_stored": self.not_stored, "rejected": self.rejected}
        return counts | ({"unknown": self.unknown} if self.unknown else {})

    def __add__(self, other: Recovered) -> Recovered:
        return Recovered(
            self.confirmed + other.confirmed, self.not_stored + other.not_stored,
            self.rejected + other.rejected, self.unknown + other.unknown, self.calls + other.calls,
        )  # fmt: skip


def is_due(state: State) -> bool:
    """Whether an apply was interrupted and left rows whose end is not known."""
    with state.reading() as connection:
        return journal.has_open(connection)


def recover(
    state: State, settings: Settings, *, open_destination: Opener | None = None,
    registry: Registry = REGISTRY, pause: Pause = time.sleep, wait_seconds: float = 0.0,
) -> Recovered:  # fmt: skip
    """Settle everything that an interrupted apply left open, at every vendor. Reads, never writes, a CRM."""
    syncs = load_effective(settings)
    open_destination = open_destination or opener(settings)
    with only_one(settings.home / "apply.lock", "a recovery", state, wait_seconds=wait_seconds):
        found = abandon_unsent(state)
        with state.reading() as connection:
            vendors = sorted({str(row["vendor"]) for row in journal.open_rows(connection)})
        for vendor in vendors:
            if vendor in registry.channels:
                with registry.channels[vendor].open(settings) as channel:
                    found += _recover_actions(state, channel, registry, pause)
                continue
            with open_destination(vendor) as destination:
                found += recover_vendor(state, destination, syncs, registry, pause)
    return found


def abandon_unsent(state: State) -> Recovered:
    """Rows that were intended and never sent: no call was made, so there is nothing to read."""
    with state.writing() as connection:
        unsent = [row for row in journal.open_rows(connection) if row["state"] == "intended"]
        message = "the run ended before this was sent"
        journal.settle(
            connection,
            [
                Settlement(row["change_id"], "intended", NOT_SENT, message, "", row["intended_at"])
                for row in unsent
            ],
        )
    return Recovered(not_stored=len(unsent))


def recover_vendor(
    state: State, destination: Destination, syncs: Syncs, registry: Registry = REGISTRY,
    pause: Pause = time.sleep,
) -> Recovered:  # fmt: skip
    """Settle the open rows of one vendor over an open destination; jobs that still store rows come first."""
    destination.keep_jobs(BulkJobs(state, destination.vendor, "recovery"))
    destination.settle_jobs()
    found = _recover_actions(state, destination, registry, pause)
    return found + _recover_fields(state, destination, syncs)


def _recover_actions(state: State, channel: Channel, registry: Registry, pause: Pause) -> Recovered:
    calls = channel.calls
    acts = settle_open(state, channel, registry, pause)
    return Recovered(
        confirmed=acts["confirmed"], not_stored=acts["not_stored"], unknown=acts["unknown"],
        calls=channel.calls - calls,
    )  # fmt: skip


def _recover_fields(state: State, destination: Destination, syncs: Syncs) -> Recovered:
    """By object: one that has become no target since stays open with its rows, and keeps no other from going
    on."""
    with state.reading() as connection:
        rows = journal.open_fields(connection, destination.vendor)
    if not rows:
        return Recovered()
    calls, unread = destination.calls, 0
    ended: list[Outcome] = []
    for object_name, group in groupby(rows, key=lambda row: str(row["object"])):
        changes = [_as_change(row, syncs) for row in group]
        try:
            for some in _in_records(changes, _AT_ONCE):
                held = read_records(destination, object_name, some)
                judged = [outcomes.of_lost_answer(c, held.get(c.record_id), destination.label) for c in some]
                settle(state, judged, destination, str(rows[0]["run_id"]))
                changes, ended = changes[len(some) :], ended + judged
        except (Rejected, NotFound) as error:
            unread += len(changes)
            log.warning("%s %s: what was sent cannot be read: %s", destination.label, object_name, error)
    return Recovered(
        unknown=unread,
        confirmed=_count(ended, lambda outcome: outcome.state == "confirmed"),
        not_stored=_count(ended, lambda outcome: outcome.again),
        rejected=_count(ended, lambda outcome: outcome.state == "rejected"),
        calls=destination.calls - calls,
    )


def _as_change(row: RowMapping, syncs: Syncs) -> Change:
    kind = syncs.field_type(row["vendor"], row["object"], row["field"])
    return Change(
        row["change_id"], row["record_id"], row["record_key"], row["field"], kind,
        row["before_value"], row["after_value"],
    )  # fmt: skip


def _in_records(changes: Sequence[Change], size: int) -> list[list[Change]]:
    """Pieces of at most `size` records, none of them cut in two."""
    records = [list(group) for _, group in groupby(changes, key=lambda change: change.record_id)]
    return [
        [change for record in records[start : start + size] for change in record]
        for start in range(0, len(records), size)
    ]


def _count(ended: Sequence[Outcome], condition: Callable[[Outcome], bool]) -> int:
    return sum(1 for outcome in ended if condition(outcome))
