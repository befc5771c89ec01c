"""Passes over all records of an object: columns filled for every row, and the sweep of ids.

Belongs here: what no window can find. Properties that are new or that HubSpot calculates without touching the
record; associations, which move the stamp of neither end; records that vanished without an entry in the
recycle bin, or that search never showed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.hubspot.pages import Page
from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import ARROW_TYPES, column
from pipelines.sources.fetched import SweepResult
from pipelines.sources.hubspot.landing import TooLarge
from pipelines.sources.hubspot.rows import Records, by_linked_type
from pipelines.sources.reading import PART_ROWS, bad_of
from pipelines.sources.spool import Spool

if TYPE_CHECKING:
    from pipelines.sources.hubspot.records import RecordReader

Json = dict[str, Any]


def refill(reader: RecordReader, names: tuple[str, ...]) -> Spool:
    """These columns of all records, archived ones too, in parts that a killed run goes on from.

    Its lists show who is associated with what, and those associations are read anew: some were made or taken
    away. Without names that is all the lists are read for. A sweep in the same fetch does it instead.
    """
    return _read_all(reader, "fill", names)


def past(reader: RecordReader, names: tuple[str, ...]) -> Spool:
    """The whole history of these properties of all records that live."""
    return _read_all(reader, "past", (reader.table.cursor,), names)


def _read_all(
    reader: RecordReader, kind: str, names: tuple[str, ...], history: tuple[str, ...] = ()
) -> Spool:
    assert reader.cursor is not None
    takes_links = not history and reader.reads_links
    about = (*names, *history, *(reader.landing.ends.all if takes_links else ()))
    spool = reader.reading.window(reader.table, reader.cursor, 0, name=kind, about=about)
    reader.landing.refused |= spool.refused  # by a killed run too: of such a pair not all was read
    if spool.is_complete:
        return spool
    phase, _, after = (spool.position or "live").partition(" ")
    phases = (False,) if history or not names else (False, True) if phase == "live" else (True,)
    for archived in phases:
        found: list[Json] = []
        linked = takes_links and not archived
        for page in _listed(
            reader, names or (reader.table.cursor,), after, archived=archived, history=history, linked=linked
        ):
            found += page.results
            if len(found) >= PART_ROWS or page.after is None:
                if history:
                    reader.landing.past(spool, Records(found))
                else:
                    if names:
                        _write(reader, spool, found, names)
                    if linked:
                        ids = [str(each["id"]) for each in found]
                        reader.landing.listed_links(spool, ids, by_linked_type(found), "merge")
                if linked and page.after is None:
                    reader.landing.scope(spool, None)
                here = "archived" if archived or page.after is None else "live"
                is_last = page.after is None and archived == phases[-1]
                spool.commit(f"{here} {page.after or ''}", complete=is_last)
                crashpoint("extract.part_written")
                found = []
        after = ""
    return spool


def _listed(
    reader: RecordReader, names: tuple[str, ...], after: str = "", *, archived: bool = False,
    history: tuple[str, ...] = (), linked: bool = False,
) -> Iterator[Page]:  # fmt: skip
    """Pages that show what records are associated with, where HubSpot lets a list show it."""
    landing, listed = reader.landing, reader.pages.listed
    if linked and landing.ends.listed:
        pages = listed(names, after or None, linked_to=landing.ends.listed)
        try:
            one = next(pages, None)
        except errors.Rejected:
            landing.ends = landing.ends.unlisted
        else:
            yield from () if one is None else chain([one], pages)
            return
    yield from listed(names, after or None, archived=archived, history=history)


def _write(reader: RecordReader, spool: Spool, found: list[Json], names: tuple[str, ...]) -> None:
    bad, types = bad_of(spool), reader.table.columns
    values = [each.get("properties") or {} for each in found]
    arrays = {"id": pa.array([str(each["id"]) for each in found], pa.string())}
    for name in names:
        arrays[name] = column([each.get(name) for each in values], types[name], name, bad)
    if bad.too_large:
        raise TooLarge(bad.too_large)
    fields = [("id", pa.string()), *((name, ARROW_TYPES[types[name]]) for name in names)]
    spool.write(reader.table.name, "fill", pa.table(arrays, schema=pa.schema(fields)))
    spool.bad = dict(bad.found)


def sweep(reader: RecordReader) -> tuple[Spool, SweepResult, list[str]]:
    """Compare all ids and versions with HubSpot's, mend what differs, read all associations anew.

    People who were erased do not count. The list: ids that lived here and are nowhere now.
    """
    assert reader.cursor is not None
    reading, table, pages = reader.reading, reader.table, reader.pages
    spool = reading.window(table, reader.cursor, 0, name="sweep")
    spool.start_over()
    spool.upper = reading.upper
    ours = {**reading.known.all_versions(reading.vendor, table), **reader.seen}
    here = {
        key: version
        for key, version in ours.items()
        if (key not in reader.seen or version is not None)
        and key not in reader.landing.merged
        and not reading.is_erased(table, key)
    }
    live: dict[str, int | None] = {}
    linked: dict[str, list[str]] = {}
    for page in _listed(reader, (table.cursor,), linked=True):
        some = [each for each in page.results if not reading.is_erased(table, str(each["id"]))]
        live |= {str(each["id"]): pages.version(each) for each in some}
        for to_type, ids in by_linked_type(some).items():
            linked.setdefault(to_type, []).extend(ids)
    binned = {
        str(each["id"]) for page in pages.listed((table.cursor,), archived=True) for each in page.results
    }
    missing = [key for key in live if key not in here]
    older = [key for key, version in live.items() if key in here and here[key] != version]
    extra = [key for key in here if key not in live]
    reader.seen.clear()
    mended = reader.land(spool, [*missing, *older])
    in_bin = [key for key in extra if key in binned]
    reader.land(spool, in_bin, archived=True)
    there = reader.land(spool, [key for key in extra if key not in binned])
    found = there | reader.landing.merged
    vanished = [key for key in extra if key not in binned and key not in found]
    vanished = pages.gone_for_good(vanished, len(binned))
    reader.landing.marks(spool, dict.fromkeys(vanished, (reading.upper, "swept")))
    reader.landing.listed_links(spool, list(live), linked, "merge")
    reader.landing.scope(spool, None)
    spool.commit(complete=True)
    result = SweepResult(
        counted_at_vendor=len(live), counted_here=len(here), missing=len(missing), extra=len(extra),
        mended=len(mended & {*missing, *older}) + len(extra), at=reading.upper,
    )  # fmt: skip
    return spool, result, vanished
