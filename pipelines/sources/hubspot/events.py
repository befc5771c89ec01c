"""Reads events: what happened, newest first, from a while before the last look on, for some show up late.

Belongs here: the window, what is known already, the files. Whence an event comes and what its row looks like
is in `messages` and `marketing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from pipelines.sources.arrow import BadValues, microseconds, moment_of
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import TableFetch
from pipelines.sources.reading import PART_ROWS, Reading
from pipelines.sources.schema import RawTable

Row = dict[str, Any]
Since = Callable[[datetime | None], Iterable[Row]]
"""Rows of a table from a moment on (None: all), by its columns' names."""


def read_events(reading: Reading, table: RawTable, since: Since) -> TableFetch:
    """What is not in the warehouse yet. An event that comes twice, or at the edge of a page, counts once."""
    before, known = reading.calls_here(), reading.of(table)
    first = known.cursor is None
    lower = None if known.cursor is None or table.late is None else known.cursor - table.late
    spool, bad = reading.spool(table, "changes"), BadValues()
    for part in _parts(_news(reading, table, since(lower), lower)):
        rows = Columns(table, {name: [row.get(name) for row in part] for name in table.columns})
        spool.write(table.name, "replace" if first else "merge", rows.to_arrow(bad))
    if spool.has_news:
        spool.commit(complete=True)
    parts = spool.parts(table.name)
    return reading.outcome(
        table, "loaded" if parts or first else "unchanged", parts, sum(part.rows for part in parts),
        notes=bad.notes(), calls=reading.calls_here() - before, window_from=lower,
    )  # fmt: skip


def _news(reading: Reading, table: RawTable, rows: Iterable[Row], lower: datetime | None) -> Iterator[Row]:
    versions, key, seen = reading.of(table).versions, table.key[0], set()
    for row in rows:
        at = moment_of(row.get(table.cursor))
        if row[key] in seen or (at is not None and (at >= reading.upper or (lower and at < lower))):
            continue
        seen.add(row[key])
        if at is None or versions.get(row[key]) != microseconds(at):
            yield row


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) >= PART_ROWS:
            yield part
            part = []
    if part:
        yield part
