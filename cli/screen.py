"""What people see while the loop runs, and the one screen at its end.

Belongs here: printing. On a terminal a line per step with a live bar and one per object that is being
read; elsewhere a plain line as a step ends, and now and then one of an object that takes long.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from cli.progress import Readings
from pipelines.run import StepResult

MARKS = {"done": "[green]✔[/]", "skipped": "[dim]–[/]", "partial": "[yellow]![/]", "failed": "[red]✘[/]"}
MAX_NOTES, MAX_NOTES_OF_TROUBLE = 6, 24
COUNTS_SHOWN = 6
_ENDS = ("confirmed", "rejected", "unknown", "held", "calls", "repair calls")
"""What an apply counts beside the records of each sync."""


class _Live(Progress):
    """The step with its bar, and below it a line for each object that is being read, as wide as it is."""

    def __init__(self, lines: dict[str, str], console: Console) -> None:
        self.lines = lines
        super().__init__(
            SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), BarColumn(bar_width=24),
            TextColumn("{task.fields[item]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console, transient=True,
        )  # fmt: skip

    def get_renderables(self) -> Iterator[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        for line in list(self.lines.values()):  # others write while this is drawn
            yield Text(f"  {line}", style="dim")


class Screen:
    """A Reporter for people. Use as a context manager around the steps."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        self._live: _Live | None = None
        self._task: TaskID | None = None
        self._readings = Readings(time.monotonic)
        self._lines: dict[str, str] = {}

    def __enter__(self) -> Screen:
        if self.console.is_terminal:
            self._live = _Live(self._lines, self.console)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def started(self, step: str) -> None:
        if self._live is not None:
            if self._task is not None:
                self._live.remove_task(self._task)
            self._task = self._live.add_task(step, total=None, item="")

    def progress(self, item: str, done: int, total: int | None, calls: int | None = None) -> None:
        if calls is not None:
            self._reading(item, done, total, calls)
        elif self._live is not None and self._task is not None:
            self._live.update(self._task, completed=done, total=total, item=item)

    def _reading(self, item: str, done: int, total: int | None, calls: int) -> None:
        """On a terminal a live line for each object while it is read; elsewhere one now and then."""
        reading = self._readings.heard(item, done, total, calls)
        if self._live is None:
            line = self._readings.due(reading)
            if line is not None:
                self.console.print(Text(f"    {line}", style="dim"))
        elif reading.is_over:
            self._lines.pop(item, None)
        else:
            self._lines[item] = reading.line(self._readings.clock())

    def told(self, sentence: str) -> None:
        self.console.print(Text(f"    {sentence}", style="dim"))

    def _remove(self, task: TaskID | None) -> None:
        if self._live is not None and task is not None:
            self._live.remove_task(task)

    def ended(self, result: StepResult) -> None:
        self._remove(self._task)
        self._task = None
        self._lines.clear()
        self._readings = Readings(self._readings.clock)
        seconds = f"[dim]{result.seconds:.1f} s[/]"
        self.console.print(f"{MARKS[result.status]} {result.step:<14}{_counts(result.counts)}  {seconds}")
        most = MAX_NOTES_OF_TROUBLE if result.status == "partial" else MAX_NOTES
        for note in result.notes[:most]:
            self.console.print(Text(f"    {note}", style="dim"))
        if len(result.notes) > most:
            self.console.print(f"    [dim]and {len(result.notes) - most} more, in the run's log[/]")


def _counts(counts: dict[str, int]) -> str:
    """The counts by name, or their sum where there are too many names for a line."""
    said = {name.replace("_", " "): number for name, number in counts.items() if number}
    if len(said) > COUNTS_SHOWN and "confirmed" in said:
        ends = {name: said.pop(name) for name in _ENDS if name in said}
        ended = ", ".join(f"{number:,} {name}" for name, number in ends.items())
        return f"{sum(said.values()):,} records of {len(said)} syncs: {ended}"
    if len(said) > COUNTS_SHOWN:
        return f"{sum(said.values()):,} rows of {len(said)} tables"
    return ", ".join(f"{number:,} {name}" for name, number in said.items())


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    wrapping: Sequence[int] = (),
) -> Table:
    """A quiet table; `numbers` are columns set to the right, `wrapping` those that may take more lines."""
    made = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 3, 0, 0)
    )
    for position, name in enumerate(columns):
        justify: Literal["left", "right"] = "right" if position in numbers else "left"
        made.add_column(
            name,
            justify=justify,
            header_style="dim",
            no_wrap=position not in wrapping,
            overflow="fold" if position in wrapping else "ellipsis",
        )
    for row in rows:
        made.add_row(*(Text(str(cell)) for cell in row))
    return made
