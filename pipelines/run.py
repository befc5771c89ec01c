"""One run of the loop: its id, made by the first step and passed everywhere, and how steps report.

Belongs here: the values every step shares. What a step does is in its own package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ulid import ULID


class Progress(Protocol):
    """Called as progress(item, done, total): item names an object or a model, total is None when unknown.

    `calls`: of an object that is read from a CRM, how many calls its rows have taken so far.
    """

    def __call__(self, item: str, done: int, total: int | None, calls: int | None = None, /) -> None: ...


Tell = Callable[[str], None]
"""Called with a sentence for people, at once and not at the end of the step."""

StepStatus = Literal["done", "skipped", "partial", "failed"]


def silent(item: str, done: int, total: int | None, calls: int | None = None) -> None:
    """A Progress that says nothing."""


def unheard(sentence: str) -> None:
    """A Tell that says nothing."""


@dataclass(frozen=True)
class Run:
    """A run id is a ULID: unique, and later runs sort after earlier ones."""

    id: str = field(default_factory=lambda: str(ULID()))


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What a step did. `counts` are rows (or files, or calls) by name; `notes` are sentences for people."""

    step: str
    run_id: str
    status: StepStatus
    seconds: float
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Reporter(Protocol):
    """Who is told how a run goes: the screen, a Dagster log, or nobody."""

    def started(self, step: str) -> None: ...

    def progress(self, item: str, done: int, total: int | None, calls: int | None = None) -> None: ...

    def told(self, sentence: str) -> None: ...

    def ended(self, result: StepResult) -> None: ...


class Silent:
    """A Reporter that says nothing."""

    def started(self, step: str) -> None: ...

    def progress(self, item: str, done: int, total: int | None, calls: int | None = None) -> None: ...

    def told(self, sentence: str) -> None: ...

    def ended(self, result: StepResult) -> None: ...
