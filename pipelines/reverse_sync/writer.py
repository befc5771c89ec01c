"""Sends batches through the journal: intent on the disk, then the call, then the outcome on the disk.

Belongs here: the order of these, and what happens when an answer is lost, a batch fails as a whole, or the
process dies in between. What to send is `apply.py`; what an answer means is `outcomes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any

from pipelines.clients import errors
from pipelines.clients.results import Outcomes, RowResult
from pipelines.crashpoints import crashpoint
from pipelines.reverse_sync import outcomes
from pipelines.reverse_sync.destinations.base import Cell, Destination, RecordWrite
from pipelines.reverse_sync.outcomes import Change, Outcome
from pipelines.reverse_sync.rejections import RETRY, judge
from pipelines.state import State, agreed, dead_letters, journal
from pipelines.state.journal import NOT_SENT, Intent

CRASHPOINTS = ("intended", "sent", "answered", "lost", "read_back", "settled")
"""Every place in this module where a process may die, in the order in which they are reached."""
_ATTEMPTS = 3
_TICK = timedelta(seconds=1)
"""A Date header is cut to the second: a write may have happened up to this much after it."""


class Writer:
    """Writes changes of one sync to one destination."""

    def __init__(self, state: State, destination: Destination, object_name: str, run_id: str) -> None:
        self._state, self._destination = state, destination
        self._object, self._run_id = object_name, run_id

    def write(self, intents: Sequence[Intent], changes: Sequence[Change]) -> list[Outcome]:
        """Send one batch (the changes of at most `batch_size` records, record by record) and settle it.

        Raises ClientError when the destination cannot go on; the journal then says which rows are open.
        """
        with self._state.writing() as connection:
            journal.intend(connection, intents, run_id=self._run_id, at=self._destination.now)
        crashpoint("intended")
        done: list[Outcome] = []
        waiting = list(changes)
        for attempt in range(1, _ATTEMPTS + 1):
            ended = self._attempt(waiting, last=attempt == _ATTEMPTS)
            done += [outcome for outcome in ended if not outcome.again]
            waiting = [outcome.change for outcome in ended if outcome.again]
            if not waiting:
                break
        return done

    def _attempt(self, changes: Sequence[Change], *, last: bool) -> list[Outcome]:
        with self._state.writing() as connection:
            journal.mark_sent(connection, [change.change_id for change in changes])
        crashpoint("sent")
        calls = self._destination.calls
        try:
            answers = self._send(_by_record(changes))
        except errors.AnswerLost as lost:
            return self._settle_lost(changes, lost, last=last)
        except errors.ClientError as error:
            # After a single call that failed nothing was stored; of several, an earlier half may have been.
            if self._destination.calls - calls > 1:
                return self._settle_lost(changes, error, last=True)
            self._settle([Outcome(c, "intended", NOT_SENT, str(error)) for c in changes])
            raise
        crashpoint("answered")
        return self._settle_answered(changes, answers)

    def _send(self, records: list[list[Change]]) -> Outcomes:
        """One call; a batch that is rejected as a whole is halved until the bad record stands alone."""
        writes = [_as_write(record) for record in records]
        try:
            return self._destination.update(self._object, writes)
        except errors.Rejected as error:
            if len(records) == 1:
                return Outcomes(
                    [RowResult(False, records[0][0].record_id, code=error.code, message=error.what)]
                )
        half = len(records) // 2
        first, second = self._send(records[:half]), self._send(records[half:])
        return Outcomes([*first, *second], request_id=second.request_id or first.request_id)

    def _settle_answered(self, changes: Sequence[Change], answers: Outcomes) -> list[Outcome]:
        """Proven by the answer where it echoes values, by one read-back for the rest of the batch."""
        proven: list[Outcome] = []
        rest: list[Change] = []
        for record, row in zip(_by_record(changes), answers, strict=True):
            for change in record:
                outcome = outcomes.of_answer(change, row, self._destination.label)
                if outcome is not None and outcome.state == "rejected" and outcome.code in RETRY:
                    outcome = outcome._replace(state="intended", again=True)
                if outcome is None:
                    rest.append(change)
                else:
                    proven.append(outcome)
        self._settle(proven, answers.request_id)
        if rest:
            ended = self._read_back(rest, outcomes.of_read_back)
            crashpoint("read_back")
            proven += self._settle(ended, answers.request_id)
        return proven

    def _settle_lost(
        self, changes: Sequence[Change], lost: errors.ClientError, *, last: bool
    ) -> list[Outcome]:
        """Nobody knows whether it was stored: say so, then look, before anything is sent again."""
        self._settle([Outcome(change, "unknown", "ANSWER_LOST", str(lost)) for change in changes])
        crashpoint("lost")
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
            held = read_records(self._destination, self._object, changes)
        except errors.ClientError as error:
            self._settle([Outcome(change, "unknown", "NOT_READ_BACK", str(error)) for change in changes])
            raise
        return [judge(change, held.get(change.record_id), self._destination.label) for change in changes]

    def _settle(self, ended: Sequence[Outcome], request_id: str = "") -> list[Outcome]:
        if not ended:
            return []
        settle(self._state, ended, self._destination, self._run_id, request_id)
        if any(outcome.state != "unknown" for outcome in ended):
            crashpoint("settled")
        return list(ended)


def settle(
    state: State, ended: Sequence[Outcome], destination: Destination, run_id: str, request_id: str = ""
) -> None:
    """Write outcomes and, in the same transaction, the values both sides now agree on."""
    now = destination.now
    with state.writing() as connection:
        journal.settle(connection, [outcome.settlement(request_id, now) for outcome in ended])
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


def _by_record(changes: Iterable[Change]) -> list[list[Change]]:
    return [list(group) for _, group in groupby(changes, key=lambda change: change.record_id)]


def _as_write(record: Sequence[Change]) -> RecordWrite:
    return RecordWrite(record[0].record_id, tuple(Cell(c.field, c.type, c.after) for c in record))
