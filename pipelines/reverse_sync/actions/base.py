"""What an action is, and what the engine asks of the handler that does it.

Belongs here: values and protocols. How a kind is done at a vendor is the module named after the vendor; which
handlers there are is `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

from pipelines.clients.counting import CallCount
from pipelines.clients.results import Outcomes

Reversibility = Literal["reversible", "compensable", "final"]
"""`reversible`: the value before can be written again. `compensable`: what was made can be removed.
`final`: nothing takes it back."""
UNDO = "undo"
"""The kind of an action that takes another one back, through the handler of that one."""
Pause = Callable[[float], None]
"""Waits so many seconds."""


COLUMNS = (
    "action_key", "sync", "kind", "vendor", "object", "record_key", "person_id", "payload", "needs",
    "provider", "rule", "reason", "reversibility", "due_at",
)  # fmt: skip
"""Of a table of desired actions, `reverse_sync.actions_*`."""


def empty_table_sql(name: str) -> str:
    """Statements that make a table of desired actions anew, for those that are worked out in Python."""
    columns = ", ".join(f"{each} {'timestamptz' if each == 'due_at' else 'varchar'}" for each in COLUMNS)
    return f"create schema if not exists reverse_sync; create or replace table {name} ({columns});"


class Done(NamedTuple):
    """What an action made: the object and id at its vendor."""

    vendor: str
    object: str
    id: str


@dataclass(frozen=True)
class Action:
    """One desired action. `record_key` is what it hangs on; `results` what the actions it needs have made."""

    action_key: str
    sync: str
    kind: str
    vendor: str
    object: str
    record_key: str
    person_id: str
    payload: Mapping[str, Any]
    needs: tuple[str, ...]
    provider: str
    rule: str
    reason: str
    reversibility: Reversibility
    due_at: str = ""
    results: Mapping[str, Done] = field(default_factory=dict)

    @property
    def parent(self) -> Done | None:
        """The record it hangs on: named by its key, or made by an action that this one needs."""
        if self.record_key:
            vendor, _, object_name, record_id = self.record_key.split(":", 3)
            return Done(vendor, object_name, record_id)
        return next(
            (d for key in self.needs if (d := self.results.get(key)) and d.vendor == self.vendor), None
        )

    @property
    def record_id(self) -> str:
        """The id of the record that `record_key` names."""
        return self.record_key.split(":", 3)[3]

    @property
    def mark(self) -> str:
        """Our key as a line of text, for things that have no field to keep it in."""
        return f"[crm:{self.action_key}]"


class Found(NamedTuple):
    """What a look-up says. `id`: it was done, and this is what it made. Without one it was not done, unless
    the handler cannot tell (`is_certain` false)."""

    id: str = ""
    is_certain: bool = True


HELD = "HELD"
"""Code of a result: nothing was sent, for a reason that may pass. The action waits, and is planned anew."""
WAS_THERE = "WAS_THERE"
"""Code of a confirmed action that found what it was to make, and left it: undo leaves it as well."""
CANNOT_TELL = Found(is_certain=False)
NOT_THERE = Found()


@runtime_checkable
class ForecastsGroups(Protocol):
    """A handler whose calls depend on more than how many actions there are."""

    @classmethod
    def forecast_group(cls, actions: Sequence[Action]) -> int:
        """Calls that doing these takes, in batches, if all goes well."""
        ...


@runtime_checkable
class SizesCalls(Protocol):
    """A handler that sends more at once when there is more to do."""

    def call_size(self, actions: int) -> int:
        """Actions in one call of `send` when there are so many of them."""
        ...


class Channel(Protocol):
    """An open connection to where actions go. The destinations of CRMs are channels."""

    @property
    def vendor(self) -> str: ...

    @property
    def label(self) -> str:
        """The name as people write it."""
        ...

    @property
    def calls(self) -> int:
        """Calls made so far, sign-ins left out."""
        ...

    @property
    def count(self) -> CallCount:
        """The same told apart: by thread, and what only trouble made necessary."""
        ...

    @property
    def now(self) -> datetime:
        """The other end's clock, as its latest answer told it."""
        ...


class Doer(Protocol):
    """What doing actions through the journal asks of whoever does them."""

    @property
    def batch_size(self) -> int:
        """Actions in one call of `send`."""
        ...

    @property
    def lag(self) -> timedelta:
        """How long the vendor may take to show what it stored; not finding it sooner proves nothing."""
        ...

    def send(self, actions: Sequence[Action]) -> Outcomes:
        """Do at most `batch_size` actions: a result for each, in order, `id` naming what was made.

        Raises ClientError as the clients do: AnswerLost when nobody knows what became of it.
        """
        ...

    def look_up(self, actions: Sequence[Action]) -> Sequence[Found]:
        """Whether these were done, found by our key. Reads only."""
        ...


class Handler(Doer, Protocol):
    """Does one kind of action at one vendor, over an open channel it is made with."""

    vendor: ClassVar[str]
    kind: ClassVar[str]
    reversibility: ClassVar[Reversibility]
    is_noticed: ClassVar[bool]
    """Whether it counts against what a person may get in a day."""

    def __init__(self, channel: Any) -> None: ...

    @staticmethod
    def unfit(action: Action) -> str:
        """Why this action cannot be done as it stands; empty if it can. Asked while planning, offline."""
        ...

    @staticmethod
    def forecast(actions: int) -> int:
        """Calls that doing so many takes, if all goes well."""
        ...

    def undo(self, actions: Sequence[tuple[Action, str]]) -> Outcomes:
        """Take back what these made (action, id): asked of compensable ones only."""
        ...
