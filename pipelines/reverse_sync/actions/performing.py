"""Does the actions of a plan, through the journal: each at most once, whatever breaks.

Belongs here: the order of intent, call and outcome, and what follows a lost answer. What an action is at a
vendor is its handler's; what an interrupted apply left open `settling.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.results import MISSING_FROM_ANSWER, Outcomes, RowResult
from pipelines.crashpoints import crashpoint
from pipelines.reverse_sync.actions import side_by_side
from pipelines.reverse_sync.actions.base import HELD, Action, Channel, Doer, Done, Pause, SizesCalls
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.actions.settling import ended, look, tell_identity
from pipelines.reverse_sync.actions.undoing import waves
from pipelines.reverse_sync.rejections import NEVER_ARRIVED, RETRY, judge
from pipelines.reverse_sync.results import SyncResult
from pipelines.state import State, actions, dead_letters
from pipelines.state.actions import Ended
from pipelines.state.journal import NOT_SENT, Intent

CRASHPOINTS = ("action.intended", "action.sent", "action.answered", "action.lost", "action.settled")
"""Every place in this module where a process may die, in the order in which they are reached."""
NEED_UNDONE = "what it needs was not done"
NOT_FREE = "another apply has begun it"
_ATTEMPTS = 3


@dataclass(frozen=True)
class _Sent:
    """What came of a batch that needs another look: nobody knows of `doubtful` ones whether they were done,
    `again` were refused for a moment only (a lock, trouble of the vendor's own)."""

    number: int = 0
    doubtful: list[Action] = field(default_factory=list)
    again: list[Action] = field(default_factory=list)


class Performer:
    """Actions on their way. A vendor that cannot go on is left out from then on; the others go on."""

    def __init__(
        self, state: State, registry: Registry, channels: Mapping[str, Channel], plan_id: str, run_id: str,
        pause: Pause,
    ) -> None:  # fmt: skip
        self._state, self._registry, self._channels = state, registry, channels
        self._plan_id, self._run_id, self._pause = plan_id, run_id, pause
        self.results: dict[str, SyncResult] = {}
        self.notes: list[str] = []
        self._stopped: dict[str, str] = {}
        self._lock = threading.Lock()

    def perform(self, todo: Sequence[Action]) -> Iterator[int]:
        """Do these, what others need first. Yields how many were dealt with since the last time."""
        for wave in waves(todo):
            for (vendor, *_), some in wave.items():
                for action in some:
                    self.results.setdefault(action.sync, SyncResult(action.vendor, action.object))
                if vendor in self._channels and vendor not in self._stopped:
                    yield from self._group(vendor, some)
                if vendor in self._stopped:
                    for action in some:
                        self.results[action.sync].stopped = self._stopped[vendor]

    def _group(self, vendor: str, some: Sequence[Action]) -> Iterator[int]:
        """All of one kind: batches, side by side where the handler lets them, and the doubtful ones of them
        once more at the end."""
        channel = self._channels[vendor]
        handler = self._registry.doer(channel, some[0])
        assert handler is not None
        before, repair = channel.calls, channel.count.repair
        waiting: Sequence[Action] = some
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                ended = _Sent()
                for sent in self._pass(handler, channel, self._with_results(waiting), attempt):
                    ended.doubtful.extend(sent.doubtful)
                    ended.again.extend(sent.again)
                    yield sent.number if attempt == 1 else 0
                with channel.count.repairing():
                    code = NOT_SENT if attempt < _ATTEMPTS else NEVER_ARRIVED
                    waiting = [*ended.again, *self._look_again(handler, channel, ended.doubtful, code)]
                if not waiting:
                    break
        except errors.ClientError as error:
            self._stopped[vendor] = str(error)
            self.notes.append(f"stopped: {error}")
        finally:
            first = self.results[some[0].sync]
            first.calls += channel.calls - before
            first.repair += channel.count.repair - repair

    def _pass(
        self, handler: Doer, channel: Channel, waiting: Sequence[Action], attempt: int
    ) -> Iterator[_Sent]:
        """All that wait, once. Intents are written here, one batch after the other; calls may overlap."""
        size = handler.call_size(len(waiting)) if isinstance(handler, SizesCalls) else handler.batch_size
        batches = batched(side_by_side.by_parent(handler, waiting), size)
        calls = (
            (
                side_by_side.about(handler, batch),
                partial(self._begin, handler, channel, batch, attempt),
            )
            for batch in batches
        )
        yield from side_by_side.run(calls, side_by_side.at_once(handler))

    def _with_results(self, some: Sequence[Action]) -> list[Action]:
        """Actions with what those they need have made; one that lacks it is left out, and counted."""
        needed = sorted({key for action in some for key in action.needs})
        if not needed:
            return list(some)
        with self._state.reading() as connection:
            known = actions.standing(connection, needed)
        made = {k: Done(s.vendor, s.object, s.result_id) for k, s in known.items() if s.state == "confirmed"}
        kept = []
        for action in some:
            if set(action.needs) <= made.keys():
                kept.append(replace(action, results={key: made[key] for key in action.needs}))
            else:
                self._hold(action, NEED_UNDONE)
        return kept

    def _begin(
        self, handler: Doer, channel: Channel, batch: Sequence[Action], attempt: int
    ) -> Callable[[], _Sent]:
        """Intend; what is returned sends and settles, in a thread of its own where others are under way."""
        with self._state.writing() as connection:
            intents = [self._intent(action) for action in batch]
            free = actions.intend(connection, intents, run_id=self._run_id, at=channel.now)
        crashpoint("action.intended")
        for action in batch:
            if action.action_key not in free:
                self._hold(action, NOT_FREE)
        mine = [action for action in batch if action.action_key in free]

        def send() -> _Sent:
            with nullcontext() if attempt == 1 else channel.count.repairing():
                sent = self._send(handler, channel, mine, attempt) if mine else _Sent()
            return replace(sent, number=len(batch))

        return send

    def _send(self, handler: Doer, channel: Channel, mine: Sequence[Action], attempt: int) -> _Sent:
        with self._state.writing() as connection:
            actions.mark_sent(connection, [action.action_key for action in mine])
        crashpoint("action.sent")
        calls = channel.count.here
        try:
            answers = _halving(handler, channel, mine)
        except errors.AnswerLost as lost:
            return _Sent(doubtful=self._doubt(mine, "ANSWER_LOST", str(lost)))
        except errors.ClientError as error:
            if channel.count.here - calls > 1:  # an earlier one of several calls may have stored something
                return _Sent(doubtful=self._doubt(mine, "ANSWER_LOST", str(error)))
            self._settle(ended(action, "intended", NOT_SENT, str(error), channel) for action in mine)
            raise
        crashpoint("action.answered")
        return self._answered(channel, mine, answers, attempt)

    def _answered(self, channel: Channel, mine: Sequence[Action], answers: Outcomes, attempt: int) -> _Sent:
        done, silent, again = [], [], []
        for action, row in zip(mine, answers, strict=True):
            if row.ok:
                made = ended(action, "confirmed", row.code, row.message, channel, row.id or "")
                done.append(made._replace(object=row.values.get("object") or action.object))
            elif row.code in RETRY:
                again.append(action)
                code = NOT_SENT if attempt < _ATTEMPTS else row.code  # which the next plan tries again
                done.append(ended(action, "intended", code, f"{row.code}: {row.message}", channel))
            elif row.code == HELD:
                self._hold(action, row.message)
                done.append(ended(action, "intended", NOT_SENT, row.message, channel))
            elif row.code == MISSING_FROM_ANSWER:
                silent.append(action)
            else:
                done.append(ended(action, "rejected", row.code or "REJECTED", row.message, channel))
        self._settle([each._replace(request_id=answers.request_id) for each in done], mine)
        if silent:
            self._doubt(silent, MISSING_FROM_ANSWER, "the answer does not mention it")
        return _Sent(doubtful=silent, again=again)

    def _doubt(self, some: Sequence[Action], code: str, message: str) -> list[Action]:
        """Nobody knows whether these were done: say so, then look (`_look_again`) before anything else."""
        self._settle(Ended(a.action_key, "unknown", code, message[:1000], "", "", None) for a in some)
        crashpoint("action.lost")
        return list(some)

    def _look_again(
        self, handler: Doer, channel: Channel, doubtful: Sequence[Action], code: str
    ) -> list[Action]:
        """Look for these at once and, for what is not there yet, after the vendor's lag. Returns what is
        proven not to be done; it is kept with this code."""
        absent = look(self._state, handler, channel, doubtful)
        if absent:
            self._pause(handler.lag.total_seconds())
            absent = look(self._state, handler, channel, absent)
            self._settle(ended(a, "intended", code, "it never arrived", channel) for a in absent)
        return absent

    def _settle(self, some: Iterable[Ended], of: Sequence[Action] = ()) -> None:
        rows = list(some)
        with self._state.writing() as connection:
            actions.settle(connection, rows)
            tell_identity(connection, rows, of)
            dead_letters.follow(connection, [actions.change_id(row.action_key) for row in rows], judge)
        if any(row.state != "unknown" for row in rows):
            crashpoint("action.settled")

    def _hold(self, action: Action, reason: str) -> None:
        held = self.results[action.sync].held
        with self._lock:
            held[reason] = held.get(reason, 0) + 1

    def _intent(self, action: Action) -> Intent:
        parent = action.parent
        return Intent(
            change_id=actions.change_id(action.action_key), plan_id=self._plan_id, sync=action.sync,
            vendor=action.vendor, object=action.object, record_id=parent.id if parent else "",
            record_key=action.record_key, field=action.kind, before_value=None,
            after_value=orjson.dumps(dict(action.payload), option=orjson.OPT_SORT_KEYS).decode(),
            provider=action.provider, rule=action.rule, operation=action.kind, action_key=action.action_key,
            needs=" ".join(action.needs), person_id=action.person_id, reversibility=action.reversibility,
        )  # fmt: skip


def _halving(handler: Doer, channel: Channel, some: Sequence[Action]) -> Outcomes:
    """One call; a batch that is rejected as a whole is halved until the bad action stands alone."""
    try:
        return handler.send(some)
    except errors.Rejected as error:
        if len(some) == 1:
            return Outcomes([RowResult(False, code=error.code, message=error.what, fields=error.fields)])
    half = len(some) // 2
    with channel.count.repairing():
        first, second = (_halving(handler, channel, part) for part in (some[:half], some[half:]))
    return Outcomes([*first, *second], request_id=second.request_id or first.request_id)
