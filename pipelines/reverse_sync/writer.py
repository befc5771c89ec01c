"""Sends batches through the journal: intent on the disk, then the call, then the outcome on the disk.

Belongs here: the order of these, and what happens when an answer is lost, a batch fails as a whole, or the
process dies in between. What to send is `apply.py`; what an answer means is `outcomes.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, groupby
from typing import Any, NamedTuple

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.results import Outcomes, RowResult
from pipelines.crashpoints import crashpoint
from pipelines.reverse_sync import outcomes
from pipelines.reverse_sync.destinations.base import Cell, Destination, RecordWrite
from pipelines.reverse_sync.outcomes import Change, Outcome
from pipelines.reverse_sync.rejections import RETRY, judge
from pipelines.state import State, agreed, dead_letters, journal
from pipelines.state.journal import NOT_SENT, Intent
from pipelines.threads import Pool

CRASHPOINTS = ("intended", "sent", "answered", "lost", "read_back", "settled")
"""Every place in this module where a process may die, in the order in which they are reached."""
_ATTEMPTS = 3
_AHEAD = 2
"""Rounds that are begun before the oldest has ended: nobody waits for its last answer."""
_TICK = timedelta(seconds=1)
"""A Date header is cut to the second: a write may have happened up to this much after it."""


class _Unproven(NamedTuple):
    """A change that the CRM said it took, and the call it was sent with."""

    change: Change
    request_id: str


@dataclass
class _Sent:
    """What came of a piece of a round; one that was not begun was not sent."""

    ended: list[Outcome] = field(default_factory=list)
    unproven: list[_Unproven] = field(default_factory=list)
    error: errors.ClientError | None = None
    begun: bool = False


class Round(NamedTuple):
    """What is written down together: intents, and the same as changes with the types of their fields."""

    intents: Sequence[Intent]
    changes: Sequence[Change]
    parents: Mapping[str, str] = {}
    """Record id -> the record that is locked while it is written: no two calls are about one at a time."""


@dataclass
class _Going:
    """A round under way: its pieces, and what came of each or will."""

    round: Round
    pieces: Sequence[Sequence[list[Change]]]
    sent: Sequence[_Sent | Future[_Sent]]

    def results(self) -> list[_Sent]:
        return [each.result() if isinstance(each, Future) else each for each in self.sent]


class Writer:
    """Writes changes of one sync to one destination. `records`: how many there are in all; it decides how.
    `grouped`: rounds name the parents of their records."""

    def __init__(
        self, state: State, destination: Destination, object_name: str, run_id: str, records: int = 0, *,
        grouped: bool = False,
    ) -> None:  # fmt: skip
        self._state, self._destination = state, destination
        self._object, self._run_id, self._records = object_name, run_id, records
        self._at_once = destination.side_by_side(object_name, records, grouped=grouped)
        self._stop = threading.Event()
        self._holding: dict[str, Future[_Sent]] = {}
        """Parent -> the call that was begun last of those that hold it."""

    def write(self, rounds: Iterable[Round]) -> Iterator[tuple[Round, list[Outcome]]]:
        """Send rounds (each the changes of at most `round_size` records, record by record) and settle them.
        Where calls go side by side a round begins while those before it are under way.

        Raises ClientError when the destination cannot go on; the journal then says which rows are open.
        """
        self._stop = threading.Event()
        with Pool(self._at_once, thread_name_prefix="write") as pool:
            going: deque[_Going] = deque()
            try:
                for each in rounds:
                    going.append(self._begin(each, pool))
                    if len(going) > (_AHEAD if self._at_once > 1 else 0):
                        yield self._ended(going)
                while going:
                    yield self._ended(going)
            finally:
                self._stop.set()  # what has not been begun is not, whatever ended this

    def _begin(self, each: Round, pool: Pool) -> _Going:
        with self._state.writing() as connection:
            journal.intend(connection, each.intents, run_id=self._run_id, at=self._destination.now)
        crashpoint("intended")
        records = _by_record(each.changes)
        pieces = list(batched(records, self._destination.call_size(max(self._records, len(records)))))
        if self._at_once > 1:
            pieces = [*pieces[::2], *pieces[1::2]]  # neighbours share a parent where one was cut in two
            return _Going(each, pieces, [self._submit(piece, each.parents, pool) for piece in pieces])
        return _Going(each, pieces, [self._send_piece(piece) for piece in pieces])

    def _submit(self, piece: Sequence[list[Change]], parents: Mapping[str, str], pool: Pool) -> Future[_Sent]:
        """Begin a piece once every earlier one that holds a parent of its records has ended. It waits in its
        thread; threads are given out in order, so that the ones waited for have theirs."""
        held = {parents[record[0].record_id] for record in piece if record[0].record_id in parents}
        before = {self._holding[parent] for parent in held if parent in self._holding}
        future = pool.submit(self._send_piece, piece, before)
        self._holding |= dict.fromkeys(held, future)
        return future

    def _send_piece(self, piece: Sequence[list[Change]], before: Iterable[Future[_Sent]] = ()) -> _Sent:
        """Once the destination cannot go on no other piece is begun."""
        wait(before)
        sent = _Sent()
        if self._stop.is_set():
            return sent
        sent.begun = True
        try:
            sent.ended = self._attempts(_changes_of(piece), sent.unproven)
        except errors.ClientError as error:
            self._stop.set()
            sent.error = error
        except BaseException:
            self._stop.set()
            raise
        return sent

    def _ended(self, going: deque[_Going]) -> tuple[Round, list[Outcome]]:
        """The oldest round, once all its pieces have ended; what its answers did not prove is read back."""
        sent = going[0].results()
        error = next((each.error for each in sent if each.error is not None), None)
        if error is None and self._stop.is_set():  # a younger one failed: this one may have been cut short
            error = next((s.error for each in going for s in each.results() if s.error is not None), None)
        if error is not None:
            self._break_off(going, error)
            raise error
        oldest = going.popleft()
        unproven = [change for each in sent for change in each.unproven]
        return oldest.round, [outcome for each in sent for outcome in each.ended] + self._prove(unproven)

    def _attempts(self, changes: Sequence[Change], unproven: list[_Unproven]) -> list[Outcome]:
        """One call, and more where rows are to be sent again. Adds to `unproven` what is to be read back."""
        ended, taken = self._attempt(changes, last=False)
        unproven += taken
        done = [outcome for outcome in ended if not outcome.again]
        for attempt in range(2, _ATTEMPTS + 1):
            waiting = [outcome.change for outcome in ended if outcome.again]
            if not waiting:
                break
            with self._destination.count.repairing():
                ended, taken = self._attempt(waiting, last=attempt == _ATTEMPTS)
            done += [outcome for outcome in ended if not outcome.again]
            unproven += taken
        return done

    def _attempt(self, changes: Sequence[Change], *, last: bool) -> tuple[list[Outcome], list[_Unproven]]:
        with self._state.writing() as connection:
            journal.mark_sent(connection, [change.change_id for change in changes])
        crashpoint("sent")
        calls = self._destination.count.here
        try:
            answers = self._send(_by_record(changes))
        except errors.AnswerLost as lost:
            return self._settle_lost(changes, lost, last=last), []
        except errors.ClientError as error:
            # After a single call that failed nothing was stored; of several, an earlier half may have been.
            if self._destination.count.here - calls > 1:
                return self._settle_lost(changes, error, last=True), []
            self._settle([Outcome(c, "intended", NOT_SENT, str(error)) for c in changes])
            raise
        crashpoint("answered")
        return self._settle_answered(changes, answers, last=last)

    def _send(self, records: Sequence[list[Change]]) -> Outcomes:
        """One call; a batch that is rejected as a whole is cut until the bad record stands alone."""
        writes = [_as_write(record) for record in records]
        try:
            return self._destination.update(self._object, writes)
        except errors.Rejected as error:
            if len(records) == 1:
                record_id = records[0][0].record_id
                refused = RowResult(
                    False, record_id, code=error.code, message=error.what, fields=error.fields
                )
                return Outcomes([refused])
        most = self._destination.batch_size
        size = most if len(records) > most else (len(records) + 1) // 2
        with self._destination.count.repairing():
            parts = [self._send(part) for part in batched(records, size)]
        return Outcomes(chain.from_iterable(parts), request_id=parts[-1].request_id)

    def _settle_answered(
        self, changes: Sequence[Change], answers: Outcomes, *, last: bool
    ) -> tuple[list[Outcome], list[_Unproven]]:
        """Proven by the answer where it refuses or echoes values; the rest is read back with its round."""
        proven: list[Outcome] = []
        unproven: list[_Unproven] = []
        for record, row in zip(_by_record(changes), answers, strict=True):
            for change in record:
                outcome = outcomes.of_answer(change, row, self._destination.label)
                if outcome is None:
                    unproven.append(_Unproven(change, answers.request_id))
                else:
                    outcome = _once_more(outcome, record, row, last=last)
                    proven.append(outcome._replace(request_id=answers.request_id))
        return self._settle(proven), unproven

    def _prove(self, unproven: Sequence[_Unproven]) -> list[Outcome]:
        """Read back what the answers of a round did not prove."""
        if not unproven:
            return []
        ended = self._read_back([each.change for each in unproven], outcomes.of_read_back)
        crashpoint("read_back")
        return self._settle(
            [o._replace(request_id=each.request_id) for o, each in zip(ended, unproven, strict=True)]
        )

    def _break_off(self, going: Iterable[_Going], error: errors.ClientError) -> None:
        """The destination cannot go on: say what was not sent, read back what was if it lets us."""
        ended = [
            (piece, sent) for each in going for piece, sent in zip(each.pieces, each.results(), strict=True)
        ]
        waiting = [change for piece, sent in ended if not sent.begun for change in _changes_of(piece)]
        self._settle([Outcome(change, "intended", NOT_SENT, str(error)) for change in waiting])
        with suppress(errors.ClientError), self._destination.count.repairing():
            self._prove([change for _, sent in ended for change in sent.unproven])

    def _settle_lost(
        self, changes: Sequence[Change], lost: errors.ClientError, *, last: bool
    ) -> list[Outcome]:
        """Nobody knows whether it was stored: say so, then look, before anything is sent again."""
        self._settle([Outcome(change, "unknown", "ANSWER_LOST", str(lost)) for change in changes])
        crashpoint("lost")
        with self._destination.count.repairing():
            ended = self._read_back(changes, outcomes.of_lost_answer)
        self._settle(ended)
        if last and any(outcome.again for outcome in ended):
            raise lost  # each time the answer was lost and nothing was stored: not something to go on with
        return ended

    def _read_back(
        self,
        changes: Sequence[Change],
        judge: Callable[[Change, Mapping[str, Any] | None, str], Outcome],
    ) -> list[Outcome]:
        try:
            self._destination.settle_jobs()
            held = read_records(self._destination, self._object, changes)
        except errors.ClientError as error:
            self._settle([Outcome(change, "unknown", "NOT_READ_BACK", str(error)) for change in changes])
            raise
        return [judge(change, held.get(change.record_id), self._destination.label) for change in changes]

    def _settle(self, ended: Sequence[Outcome]) -> list[Outcome]:
        if not ended:
            return []
        settle(self._state, ended, self._destination, self._run_id)
        if any(outcome.state != "unknown" for outcome in ended):
            crashpoint("settled")
        return list(ended)


def settle(state: State, ended: Sequence[Outcome], destination: Destination, run_id: str) -> None:
    """Write outcomes and, in the same transaction, the values both sides now agree on."""
    now = destination.now
    with state.writing() as connection:
        journal.settle(connection, [outcome.settlement(now) for outcome in ended])
        dead_letters.follow(connection, [outcome.change.change_id for outcome in ended], judge)
        confirmed = [outcome.change for outcome in ended if outcome.state == "confirmed"]
        agreed.save(
            connection,
            [agreed.Agreed(c.record_key, c.field, c.after, now + _TICK, run_id) for c in confirmed],
        )


def read_records(
    destination: Destination, object_name: str, changes: Sequence[Change]
) -> Mapping[str, Mapping[str, Any]]:
    """What the records of these changes hold now, in the fields that the changes are about."""
    ids = list(dict.fromkeys(change.record_id for change in changes))
    fields = list(dict.fromkeys(change.field for change in changes))
    return destination.read(object_name, ids, fields)


def _once_more(outcome: Outcome, record: Sequence[Change], row: RowResult, *, last: bool) -> Outcome:
    """What is refused for a moment only is sent again, and what a row error does not name without what it
    names. At the `last` attempt the one stays intended under the CRM's code, for the next plan tries it."""
    if outcome.state != "rejected":
        return outcome
    is_momentary = outcome.code in RETRY
    named = [change for change in record if change.field in row.fields]
    if not last and (is_momentary or (named and outcome.change not in named)):
        said = f"{outcome.code}: {outcome.message}"
        return outcome._replace(state="intended", code=NOT_SENT, message=said, again=True)
    return outcome._replace(state="intended") if is_momentary else outcome


def _by_record(changes: Iterable[Change]) -> list[list[Change]]:
    return [list(group) for _, group in groupby(changes, key=lambda change: change.record_id)]


def _changes_of(records: Iterable[Sequence[Change]]) -> list[Change]:
    return [change for record in records for change in record]


def _as_write(record: Sequence[Change]) -> RecordWrite:
    return RecordWrite(record[0].record_id, tuple(Cell(c.field, c.type, c.after) for c in record))
