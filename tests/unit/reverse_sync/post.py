"""Somewhere to send to that is no vendor: actions of kinds of its own, and what may go wrong with them.

Belongs here: the outbox, the kinds, and the world that sends to them. What is asked of them is in the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.results import Outcomes, RowResult
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync import plan as planning
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.actions.base import (
    CANNOT_TELL,
    NOT_THERE,
    WAS_THERE,
    Action,
    Found,
    Reversibility,
)
from pipelines.reverse_sync.actions.registry import ChannelKind, Registry
from pipelines.reverse_sync.plan import Plan
from pipelines.reverse_sync.results import ApplyResult
from pipelines.run import Run, silent
from pipelines.settings import Settings
from tests.fixtures.actions import statements

from .conftest import NOON, World


@dataclass
class Outbox:
    """Where tests send to: what arrived, in order, and what goes wrong, once a call."""

    vendor: str = "pigeon"
    label: str = "Pigeon"
    count: CallCount = field(default_factory=CallCount)
    now: datetime = NOON
    sent: list[str] = field(default_factory=list)
    hung_on: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)
    """Keys that the first look-up does not show yet."""
    there: set[str] = field(default_factory=set)
    """Keys of what somebody else has done already."""
    removed: list[str] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.count.calls

    def called(self) -> str:
        self.count.one()
        self.now += timedelta(seconds=1)
        return self.faults.pop(0) if self.faults else ""


class Letter:
    """Carried two at a time, can be looked for and taken back."""

    vendor: ClassVar[str] = "pigeon"
    kind: ClassVar[str] = "letter"
    batch_size: ClassVar[int] = 2
    reversibility: ClassVar[Reversibility] = "compensable"
    is_noticed: ClassVar[bool] = True
    lag: ClassVar[timedelta] = timedelta(seconds=60)

    def __init__(self, channel: Outbox) -> None:
        self.outbox = channel

    @staticmethod
    def unfit(action: Action) -> str:
        return "" if action.payload.get("text") else "a letter needs a text"

    @staticmethod
    def forecast(actions: int) -> int:
        return -(-actions // 2)

    def send(self, actions: Sequence[Action]) -> Outcomes:
        fault = self.outbox.called()
        if fault == "lost before":
            raise errors.AnswerLost("no answer")
        if fault == "down":
            raise errors.Unavailable("no answer")
        if fault == "malformed":
            raise errors.Rejected("the request is malformed", code="MALFORMED", status=400)
        rows = []
        for action in actions:
            if action.action_key in self.outbox.refused:
                rows.append(RowResult(False, code=self.outbox.refused[action.action_key], message="no"))
                continue
            if action.action_key in self.outbox.there:
                rows.append(RowResult(True, f"id-{action.action_key}", code=WAS_THERE))
                continue
            self.outbox.sent.append(action.action_key)
            if action.parent is not None:
                self.outbox.hung_on[action.action_key] = action.parent.id
            rows.append(RowResult(True, f"id-{action.action_key}"))
        if fault == "lost after":
            raise errors.AnswerLost("no answer")
        return Outcomes(rows, request_id=f"q{self.outbox.calls}")

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        self.outbox.called()
        found = [
            Found(f"id-{a.action_key}")
            if a.action_key in self.outbox.sent and a.action_key not in self.outbox.unseen
            else NOT_THERE
            for a in actions
        ]
        self.outbox.unseen.clear()
        return found

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        fault = self.outbox.called()
        for action, made in actions:
            if action.action_key in self.outbox.sent:
                self.outbox.sent.remove(action.action_key)
                self.outbox.removed.append(made)
        if fault == "lost after":
            raise errors.AnswerLost("no answer")
        return Outcomes([RowResult(True, i) for _, i in actions])


class Shout(Letter):
    """Cannot be looked for: nobody hears it twice."""

    kind: ClassVar[str] = "shout"
    reversibility: ClassVar[Reversibility] = "final"

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        return [CANNOT_TELL for _ in actions]


class Told(Letter):
    """Goes to colleagues."""

    kind: ClassVar[str] = "message"
    is_noticed: ClassVar[bool] = False


@dataclass
class Post:
    """The world with somewhere to send to."""

    world: World
    outbox: Outbox

    @property
    def registry(self) -> Registry:
        @contextmanager
        def opened(settings: Settings) -> Iterator[Any]:
            yield self.outbox

        return Registry((Letter, Shout, Told), {"pigeon": ChannelKind(opened, lambda settings: None)})

    def publish(self, *rows: dict[str, Any], publish_id: str = "p1") -> None:
        usual = {"vendor": "pigeon", "kind": "letter", "object": "letters", "payload": {"text": "hello"}}
        self.world.publish(publish_id=publish_id, extra=statements(*({**usual, **row} for row in rows)))

    def plan(self, run: str = "run1") -> Plan:
        w = self.world
        return planning.make(w.warehouse, w.state, w.settings, Run(run), silent, registry=self.registry)

    def apply(self, plan: Plan, run: str = "run1", **options: Any) -> ApplyResult:
        return self.apply_file(plan.path, run, **options)

    def apply_file(self, path: Path, run: str, **options: Any) -> ApplyResult:
        w = self.world
        return applying.apply(
            path, w.warehouse, w.state, w.settings, Run(run), silent, registry=self.registry,
            open_destination=w.open_destination, pause=self.outbox.paused.append, **options,
        )  # fmt: skip

    def recover(self) -> recovery.Recovered:
        return recovery.recover(
            self.world.state, self.world.settings, open_destination=self.world.open_destination,
            registry=self.registry, pause=self.outbox.paused.append,
        )  # fmt: skip

    def states(self) -> dict[str, tuple[str, str]]:
        rows = self.world.journal("action_key, state, result_id")
        return {key: (state, result_id) for key, state, result_id in rows}

    def reasons(self, plan: Plan) -> dict[str, str]:
        return {held.record_id: held.reason for held in plan.held}
