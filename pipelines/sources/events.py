"""Reads events: what happened, newest first, from a while before the last look on, for some show up late.

Belongs here: the window, its checkpoints, what is known already, the files, and the sweep, which reads all
for what showed up later than that. Whence an event comes and what its row looks like is each vendor's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import microseconds, moment_of
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import Mode, SweepResult, TableFetch
from pipelines.sources.reading import PART_ROWS, Reading, bad_of
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

Row = dict[str, Any]
PART_PAGES = 100
"""Pages after which a part is written, however few rows they had: what a kill costs in calls at most."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for: events from `lower` on (None: all) and before `upper`, after `position`.

    `have`: what a killed run brought of it, by id.
    """

    lower: datetime | None
    upper: datetime
    position: str
    have: Mapping[str, int | None]


Pages = Callable[[Wanted], Iterable[tuple[list[Row], str]]]
"""Pages of rows by a table's column names, each with the position to go on from after it."""


def read_events(
    reading: Reading, table: RawTable, pages: Pages, whole: Callable[[Row], bool] = lambda row: False
) -> TableFetch:
    """What is not in the warehouse yet. An event that comes twice, or at the edge of a page, counts once.

    `whole`: which rows count however old they are.

    What a killed run had begun is ended as it was begun; what happened since then is read besides.
    """
    before, known = reading.calls_here(), reading.of(table)
    late = table.late
    assert late is not None
    if reading.sweep_is_due(table):
        return _sweep(reading, table, pages)
    if known.cursor is None:
        spools, lower = [reading.spool(table, "first")], None
    else:
        spools, lower = [reading.window(table, known.cursor, 0)], known.cursor - late
    _read(reading, table, pages, whole, spools[0], lower, known.versions)
    if spools[0].is_resumed and spools[0].upper < reading.upper:
        since = spools[0].upper
        spools.append(reading.window(table, since, 1))
        versions = {**known.versions, **_have(table, spools[0])}
        _read(reading, table, pages, whole, spools[1], since - late, versions)
    parts = tuple(part for spool in spools for part in spool.parts(table.name))
    return reading.outcome(
        table, "loaded" if parts or known.cursor is None else "unchanged", parts,
        sum(part.rows for part in parts), notes=[note for spool in spools for note in bad_of(spool).notes()],
        calls=reading.calls_here() - before, window_from=lower, window_to=spools[-1].upper,
    )  # fmt: skip


def _sweep(reading: Reading, table: RawTable, pages: Pages) -> TableFetch:
    """Read all events, however old, and bring those that no window had. People who were erased do not count.

    What the vendor shows no more stays: it happened. It is counted, and said.
    """
    before, known = reading.calls_here(), reading.of(table)
    assert known.cursor is not None
    assert table.late is not None
    here = reading.known.all_versions(reading.vendor, table)
    spool = reading.window(table, known.cursor, 0, name="sweep")
    spool.start_over()
    spool.upper = reading.upper
    there = _read(reading, table, pages, lambda row: True, spool, None, here)
    brought = _have(table, spool)
    in_reach = microseconds(known.cursor - table.late)
    late = {key for key, at in brought.items() if at is None or at < in_reach}
    missing = late - here.keys()
    news = brought.keys() - here.keys() - missing
    at_vendor = sum(key in here or key in brought for key in there)
    gone = sum(key not in there for key in here)
    result = SweepResult(
        counted_at_vendor=at_vendor, counted_here=len(here) + len(news),
        missing=len(missing), extra=gone, mended=len(late), at=reading.upper,
    )  # fmt: skip
    parts = spool.parts(table.name)
    shown_no_more = f"{gone:,} that are here are shown no more, and are kept"
    found = reading.outcome(
        table, "loaded" if parts else "unchanged", parts, len(brought),
        notes=[*bad_of(spool).notes(), *([shown_no_more] if gone else [])],
        calls=reading.calls_here() - before, window_to=spool.upper,
    )  # fmt: skip
    return replace(found, sweep=result, is_news=True)


def _read(
    reading: Reading, table: RawTable, pages: Pages, whole: Callable[[Row], bool], spool: Spool,
    lower: datetime | None, versions: Mapping[str, int | None],
) -> set[str]:  # fmt: skip
    """Bring what is news; the ids that were met."""
    if spool.is_complete:
        return set()
    mode: Mode = "replace" if spool.folder.name == "first" else "merge"
    wanted = Wanted(lower=lower, upper=spool.upper, position=spool.position, have=_have(table, spool))
    bad, seen = bad_of(spool), set(wanted.have)
    waiting: list[Row] = []
    done = len(seen)
    for number, (page, position) in enumerate(pages(wanted), 1):
        waiting += _news(table, wanted, page, whole, versions, seen)
        if len(waiting) >= PART_ROWS or (waiting and number % PART_PAGES == 0):
            spool.write(table.name, mode, _typed(table, waiting).to_arrow(bad))
            spool.bad = dict(bad.found)
            spool.commit(position)
            crashpoint("extract.part_written")
            done, waiting = done + len(waiting), []
            reading.progress(f"{reading.vendor} {table.name}", done, None)
    if waiting:
        spool.write(table.name, mode, _typed(table, waiting).to_arrow(bad))
        spool.bad = dict(bad.found)
    if spool.has_news or spool.parts(table.name):
        spool.commit(complete=True)
    return seen


def _typed(table: RawTable, rows: Sequence[Row]) -> Columns:
    return Columns(table, {name: [row.get(name) for row in rows] for name in table.columns})


def _news(
    table: RawTable, wanted: Wanted, rows: Iterable[Row], whole: Callable[[Row], bool],
    versions: Mapping[str, int | None], seen: set[str],
) -> Iterator[Row]:  # fmt: skip
    """Rows of the window that neither the warehouse nor this fetch has in this version."""
    key = table.key[0]
    for row in rows:
        at, name = moment_of(row.get(table.cursor)), str(row[key])
        old = at is not None and wanted.lower is not None and at < wanted.lower and not whole(row)
        if old or name in seen or (at is not None and at >= wanted.upper):
            continue
        seen.add(name)
        if name not in versions or versions[name] != (None if at is None else microseconds(at)):
            yield row


def _have(table: RawTable, spool: Spool) -> dict[str, int | None]:
    """What the spool has, by id and version."""
    parts = spool.parts(table.name)
    if not parts:
        return {}
    import pyarrow.parquet as pq

    key, have = table.key[0], {}
    for part in parts:
        read = pq.read_table(part.path, columns=[key, table.cursor])
        for name, at in zip(read.column(key).to_pylist(), read.column(table.cursor).to_pylist(), strict=True):
            have[str(name)] = None if at is None else microseconds(at)
    return have
