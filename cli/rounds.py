"""The rounds of `crm listen`: one over everything, and the short one over people that events name.

Belongs here: opening what a round needs and the order of its steps. What a short round does is
`pipelines.events`.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.listening import Entry, Event, Named
from pipelines.rules.events import EventRule

if TYPE_CHECKING:
    from pipelines.events.round import Rounds
    from pipelines.reverse_sync.planned import Plan
    from pipelines.settings import Settings
    from pipelines.sources.again import Again
    from pipelines.steps import Loop
    from pipelines.warehouse import Warehouse

log = logging.getLogger(__name__)
AT_ONCE = 5_000
"""Records and actions of each sync that a round writes at most before others may."""
FIRST_ACTIONS, LEAST = 200, 50
"""So many at first where actions are to be done, which may be a call each; and at least, however slow."""
PIECE_SECONDS = 10.0
"""What a piece is to take: whoever waits to write waits so long for it."""
PATIENCE_SECONDS = 120.0
"""For what another round of this process, or another run, holds meanwhile."""
_OVERLAP = timedelta(seconds=60)
"""Asked for again at the next look: searches lag behind."""
_ERASING = timedelta(minutes=10)
"""How long after an erasure is completed here rows are still being taken out of data extensions."""


class Act:
    """One round of the loop: what is new is read, decided and written, or one sync, or a job.

    One for a process: it remembers when everything of Marketing Cloud was read. Between two such times only
    what is tracked by a moment is asked for, unless something was written there since.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._read: _Read | None = None

    def __call__(self, rule: EventRule) -> None:
        from cli.connect import live_loop

        if rule.do == "job":
            from cli.dagster_commands import run_job

            run_job(rule.name)
            return
        with live_loop() as loop:
            loop.patience = PATIENCE_SECONDS
            loop.recover()
            self.refresh(loop)
            plan = loop.plan()
            _refuse_stopped(loop, plan)
            wanted = [rule.name] if rule.do == "sync" else due(loop, plan)
            if not plan.is_empty and wanted:
                _apply(loop, plan, wanted)
            loop.record()

    def refresh(self, loop: Loop) -> None:
        """Everything, or all but what Marketing Cloud has no cursor for."""
        begun = self._now()
        loop.tracked_only = not self._is_due(loop, begun)
        loop.refresh()
        reached = None if loop.fetched is None else loop.fetched.reached("marketing_cloud")
        if not loop.tracked_only and reached is not None:
            self._read = _Read(begun, reached)

    def _is_due(self, loop: Loop, now: datetime) -> bool:
        from pipelines.rules.extract import load_extract
        from pipelines.state import erasures, runs

        every = load_extract(loop.settings.config_dir).marketing_cloud.whole_every_minutes
        if self._read is None or now - self._read.begun >= timedelta(minutes=every):
            return True
        with loop.state.reading() as reading:
            wrote = runs.last_written_at(reading, "marketing_cloud")
            erased = erasures.last_at(reading)
        if wrote is not None and wrote >= self._read.reached:
            return True
        return erased is not None and erased + _ERASING > self._read.begun


@dataclass(frozen=True)
class _Read:
    """A reading of everything: when it began by this machine's clock, and up to when by the vendor's."""

    begun: datetime
    reached: datetime


def _apply(
    loop: Loop, plan: Plan, wanted: Sequence[str], clock: Callable[[], float] = time.monotonic
) -> None:
    """Piece by piece, each as large as its time allows by the pace of the one before: between two of them a
    round over a few people may write."""
    records = [summary.records for name, summary in plan.syncs.items() if name in wanted]
    actions = [summary.total for name, summary in plan.actions.items() if name in wanted]
    most = left = max([*records, *actions], default=0)
    sent: dict[str, int] = {}
    piece = min(FIRST_ACTIONS, AT_ONCE) if max(actions, default=0) > LEAST else AT_ONCE
    while True:
        begun = clock()
        done = loop.apply(plan.path, only=wanted, limit=piece)
        before, sent = sent, {name: each.sent for name, each in done.syncs.items()}
        if not done.is_partial:  # what was refused or held takes a place in each piece
            left -= piece
        if most <= piece or left <= 0 or sent == before:
            return
        at_pace = piece * PIECE_SECONDS / max(clock() - begun, 0.001)
        piece = max(min(LEAST, AT_ONCE), min(AT_ONCE, int(at_pace)))


class Prompt:
    """Looks for people that are new or changed, and acts on those that are named. One for a process."""

    def __init__(
        self, settings: Settings, again: Again, said: Callable[[str], None],
        open_loop: Callable[[], AbstractContextManager[Loop]],
    ) -> None:  # fmt: skip
        from pipelines.events.round import Rounds

        self.settings, self.again, self._said, self._open_loop = settings, again, said, open_loop
        self.rounds: Rounds = Rounds(again)
        self._since: datetime | None = None

    def has_published(self) -> bool:
        """An earlier refresh stands, and people can be looked up in it."""
        return self.settings.paths.warehouse.exists()

    def get_ready(self) -> None:
        """What takes long once: before anybody waits for it."""
        with self._open_loop() as loop:
            self.rounds.get_ready(loop)

    def not_ours(self, events: Sequence[Event]) -> list[Event]:
        """Without those that tell of our own writing."""
        if not events:
            return []
        from pipelines.state.engine import State

        with contextlib.closing(State.open(self.settings)) as state:
            return self.rounds.not_ours(state, events)

    def look(self) -> list[Named]:
        """People's records that changed since the last look, or since the last refresh, those of people whose
        clock has run out, meetings that were booked and deals that have stayed too long; not what we wrote. A
        meeting or a deal is found once, for it takes a refresh."""
        from pipelines.events.round import MOST
        from pipelines.state.engine import State
        from pipelines.state.handoffs import made_by_us
        from pipelines.warehouse import Warehouse

        since = self._since or self._refreshed_at()
        if since is None:
            return []
        booked = self.again.booked(since, MOST)
        changed = [*self.again.changed(since, MOST + 1), *booked]
        now = self.again.now()
        self._since = (now or since) - _OVERLAP
        with contextlib.closing(State.open(self.settings)) as state:
            if booked:
                with state.reading() as reading:
                    ours = made_by_us(reading)
                changed = [each for each in changed if (each.vendor, each.record_id) not in ours]
            found = self.rounds.news(state, changed)
            ripe: list[Named] = []
            if self.has_published():
                asked = (Warehouse(self.settings.paths), state, self.settings, now or since)
                ripe = [*self.rounds.run_out(*asked), *self.rounds.stayed(*asked)]
        for each in booked:
            self.rounds.meet(Named(each.vendor, each.object, each.record_id), each.at)
        return list(dict.fromkeys([*ripe, *found]))

    def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
        """Decide about these and write what follows; let into journeys whom `entries` name. False when the
        next refresh has to see to some."""
        from pipelines.events.round import MOST

        if len(named) > MOST:
            self.rounds.clocks.acted()  # by the refresh
            return False
        started = time.monotonic()
        with self._open_loop() as loop:
            loop.patience = PATIENCE_SECONDS
            loop.recover()
            found = self.rounds.act(loop, named, entries)
            for note in found.notes:
                log.info(note)
            if found.warehouse is not None:
                plan = loop.plan(found.warehouse)
                _refuse_stopped(loop, plan, found.warehouse)
                if not plan.is_empty and (wanted := due(loop, plan)):
                    loop.apply(plan.path, only=wanted, of=found.warehouse)
        told = ", ".join(f"{number} {name}" for name, number in found.decided.items() if name != "standing")
        self._said(f"{len(named):,} named, {found.people:,} people: {told or 'nothing to decide'} "
                   f"({time.monotonic() - started:.1f} s)")  # fmt: skip
        self.rounds.clocks.acted()
        return not found.left

    def _refreshed_at(self) -> datetime | None:
        from pipelines.warehouse import Warehouse

        if not self.settings.paths.warehouse.exists():
            return None
        with Warehouse(self.settings.paths).reading("warehouse") as connection:
            row = connection.execute("select as_of from rules.run").fetchone()
        return row[0] if row else None


@contextlib.contextmanager
def prompt(
    settings: Settings, said: Callable[[str], None],
    open_loop: Callable[[], AbstractContextManager[Loop]] | None = None,
) -> Iterator[Prompt]:  # fmt: skip
    """With clients that stay open."""
    from cli.connect import live_loop
    from pipelines.clients.open import open_hubspot, open_salesforce
    from pipelines.run import Silent
    from pipelines.sources.again import Again

    with contextlib.ExitStack() as stack:
        hubspot = stack.enter_context(open_hubspot(settings)) if settings.hubspot else None
        salesforce = stack.enter_context(open_salesforce(settings)) if settings.salesforce else None
        yield Prompt(settings, Again(hubspot, salesforce), said, open_loop or (lambda: live_loop(Silent())))


def _refuse_stopped(loop: Loop, plan: Plan, of: Warehouse | None = None) -> None:
    """Raises GuardStopped where a guard holds the plan, once its opt-outs are written: none holds those."""
    if plan.stopped:
        try:
            loop.apply(plan.path, of=of)
        finally:
            if of is None:  # what was written is told, though the guard stands
                loop.record()


def due(loop: Loop, plan: Plan) -> list[str]:
    """What of a plan is written in a round: real-time, without a syncFrequency, or due by its own.
    Nothing takes more calls than `pace` of syncs.yml lets it."""
    from pipelines.reverse_sync import pace
    from pipelines.reverse_sync.mirror.effective import load_effective

    with loop.state.reading() as reading:
        waiting = pace.waiting(
            reading, plan, load_effective(loop.settings), datetime.now(UTC), by_schedule=False
        )
    for sentence in waiting.values():
        log.info(sentence)
    changed = [name for name, summary in plan.syncs.items() if summary.records]
    acting = [name for name, summary in plan.actions.items() if summary.total]
    return [name for name in dict.fromkeys((*changed, *acting)) if name not in waiting]
