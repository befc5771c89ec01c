"""The first load of an object: everything HubSpot lists of it, in parts that a killed run goes on from.

Belongs here: reading lists to their end, the living and then the recycle bin. What changes later is in
`records`, how one list is read at several places at once in `stretches`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HISTORY_LIMIT, LIST_LIMIT
from pipelines.clients.hubspot.pages import Page
from pipelines.crashpoints import crashpoint
from pipelines.sources.ahead import Behind, ahead
from pipelines.sources.arrow import moment_of
from pipelines.sources.hubspot.pages import AnyPage, Extent
from pipelines.sources.hubspot.rows import Records, by_linked_type
from pipelines.sources.hubspot.sheet import Sheet, joined
from pipelines.sources.hubspot.stretches import PAGES_WORTH_IT, Stretches
from pipelines.sources.reading import HOLD_BACK, part_rows
from pipelines.sources.spool import Spool

if TYPE_CHECKING:
    from pipelines.sources.hubspot.records import RecordReader

Json = dict[str, Any]
LIVE, ARCHIVED = "live", "archived"


def open_first(reader: RecordReader) -> None:
    """Of a first load ask for its extent and its first page: it tells what the rest will take.

    What fails here is met again by whoever reads, and said then.
    """
    if reader.cursor is not None:
        return
    pages, landing = reader.pages, reader.landing
    try:
        if not reader.reading.rows_spooled(reader.table):
            try:
                page = pages.open(reader.shape.properties, reader.kept, landing.ends.listed)
            except errors.Rejected:
                landing.ends = landing.ends.unlisted
                page = pages.open(reader.shape.properties, reader.kept, ())
            count = max(1, len(page.results))
            linked = by_linked_type(page.results)
            reader.linked = {name: len(ids) / count for name, ids in linked.items()}
        reader.extent = pages.extent()
    except errors.AuthFailed:
        raise
    except errors.ClientError:
        return


def load(reader: RecordReader) -> Spool:
    """All records, or those that a killed run has left."""
    spool = reader.reading.spool(reader.table, "first", reader.kept)
    reader.landing.refused |= spool.refused
    if spool.is_complete:
        return spool
    phase, _, at = (spool.position or LIVE).partition(" ")
    extent = reader.extent or reader.pages.extent()
    reader.pages.highest = extent.highest
    if phase == LIVE:
        if not spool.is_resumed:
            reader.landing.scope(spool, None)
        _living(reader, spool, at, extent)
        at = ""
    pages = reader.pages.listed(reader.shape.properties, at or None, archived=True)
    _list(reader, spool, ahead(pages, reader.client), extent.total, _token, archived=True)
    reader.pages.highest = None  # it is of this list; of the next one that reads the bin other checks hold
    return spool


def _living(reader: RecordReader, spool: Spool, at: str, extent: Extent) -> None:
    """The list, at several places at once where it is long. `at`: where a killed load has stopped."""
    read = partial(
        reader.pages.living,
        reader.shape.properties,
        reader.table,
        history=reader.kept,
        linked_to=reader.landing.ends.listed,
    )
    pages = math.ceil(extent.total / (HISTORY_LIMIT if reader.kept else LIST_LIMIT))
    if at.startswith("[") or (not at and pages >= PAGES_WORTH_IT):
        ask = partial(read, answers_ahead=0)
        many = Stretches.of(ask, reader.client, pages, extent.highest, orjson.loads(at or "[]"))
        _list(reader, spool, many, extent.total, lambda _: many.left)
    else:
        _list(reader, spool, ahead(read(at or None), reader.client), extent.total, _token)


def _list(
    reader: RecordReader, spool: Spool, pages: Iterable[AnyPage], total: int,
    position: Callable[[AnyPage], str], *, archived: bool = False,
) -> None:  # fmt: skip
    """All pages, written out in parts while the next are read. What was archived since we began may be among
    the living."""
    found: list[AnyPage] = []
    reading, table = reader.reading, reader.table
    before, began = reading.calls_here(), spool.upper + HOLD_BACK
    done, so_far = (sum(part.rows for part in spool.parts(table.name)),) * 2
    with Behind(reader.client) as behind:
        for page in pages:
            found.append(_archived_before(page, began) if archived else page)
            so_far += len(found[-1])
            calls = reading.calls_here() - before
            reading.progress(f"hubspot {table.api_name}", so_far, max(total, so_far), calls)
            if so_far - done >= part_rows(table) and page.after is not None:
                here = f"{ARCHIVED if archived else LIVE} {position(page)}"
                behind.do(partial(_write, reader, spool, found, here))
                done, found = so_far, []
        behind.wait()
    _write(reader, spool, found, ARCHIVED, is_last=archived)


def _write(
    reader: RecordReader, spool: Spool, pages: Sequence[AnyPage], position: str, *, is_last: bool = False
) -> None:
    """A part with all that hangs on its records; a killed load goes on from `position`."""
    sheets = [each for each in pages if isinstance(each, Sheet)]
    records = Records([each for page in pages if isinstance(page, Page) for each in page.results])
    for found in (joined(sheets), records) if sheets else (records,):
        reader.landing.records(spool, found, spool.upper, is_first=True)
    spool.commit(position, complete=is_last)
    crashpoint("extract.part_written")


def _token(page: AnyPage) -> str:
    """Where HubSpot says that the next page begins."""
    return page.after or ""


def _archived_before(page: AnyPage, limit: datetime) -> AnyPage:
    """A page of the recycle bin without what was put there since."""
    assert isinstance(page, Page)
    moments = [moment_of(each.get("archivedAt")) for each in page.results]
    return page.picked([each is None or each < limit for each in moments], page.after)
