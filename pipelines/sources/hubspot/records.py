"""Reads the records of one object type: everything the first time, then what changed, now and then all again.

Belongs here: windows and their order. The first time records are listed in the order of their ids; later they
are searched by last modification inside a window. Both are spooled in parts, and a killed run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pipelines.clients.hubspot.client import LIST_LIMIT, HubSpotClient
from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import microseconds
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot import first, privacy, whole
from pipelines.sources.hubspot.landing import Landing, TooLarge
from pipelines.sources.hubspot.pages import Extent, Pages
from pipelines.sources.hubspot.pairs import Ends
from pipelines.sources.hubspot.rows import Records, merged_into
from pipelines.sources.hubspot.shape import Shape
from pipelines.sources.known import overlap_of
from pipelines.sources.reading import Reading, bad_of, part_rows
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

Json = dict[str, Any]
NO_ENDS = Ends()


class RecordReader:
    """One object type of one fetch."""

    def __init__(
        self, reading: Reading, client: HubSpotClient, shape: Shape, *, history: RawTable | None = None,
        kept: Sequence[str] = (), associations: RawTable | None = None, ends: Ends = NO_ENDS,
        unknown: Callable[[], list[str]] = list,
    ) -> None:  # fmt: skip
        """`unknown` says which properties that config names HubSpot does not know."""
        self.reading, self.client, self.shape, self.table = reading, client, shape, shape.table
        self.history, self.kept, self.associations = history, tuple(kept), associations
        self.unknown = unknown
        self.extent: Extent | None = None
        """How large a first load is, if that was asked beforehand."""
        self.linked: Mapping[str, float] | None = None
        """What share of the records is associated with which type, by the first page; None: unseen."""
        self.known = reading.of(self.table)
        self.cursor = self.known.cursor
        self.pages = Pages(client, self.table.api_name, self.table.cursor, reading.org.url_host)
        self.landing = Landing(client, shape, history, associations, self.known.deleted, ends)
        self.went_on = False
        """Whether a window was gone on with that a killed run had left open."""
        self.seen: dict[str, int | None] = {}
        """What this fetch brought: id to version, None for what is gone."""

    @property
    def tables(self) -> list[RawTable]:
        return [each for each in (self.table, self.history, self.associations) if each is not None]

    def read_to_the_last_digit(self) -> list[TableFetch]:
        """As `read`. Where a number is larger than decimals hold, again, with its column in binary."""
        try:
            return self.read()
        except TooLarge as found:
            again = RecordReader(
                self.reading, self.client, self.shape.doubling(found.names, is_known=bool(self.known.rows)),
                history=self.history, kept=self.kept, associations=self.associations, ends=self.landing.ends,
                unknown=self.unknown,
            )  # fmt: skip
        return again.read_to_the_last_digit()

    def read(self) -> list[TableFetch]:
        """Everything, or what changed. What a killed run had begun is ended, then brought up to date."""
        before = self.reading.calls_here()
        spools: list[Spool] = []
        sweep, calculated_at, has_filled = None, None, False
        vanished: list[str] = []
        if self.cursor is None:
            window = first.load(self)
            calculated_at = window.upper
        else:
            names, past = self._to_refill(), self.new_in_history()
            # Before the changes: a window is read later than they are, so it says the last word.
            has_filled = bool(names or past or self.lists_for_links)
            if names or self.lists_for_links:
                filled = whole.refill(self, names)
                spools.append(filled)
                calculated_at = filled.upper
            if past:
                spools.append(whole.past(self, past))
            window = self._changes(self.cursor, 0)
        spools.append(window)
        if self.went_on or (window.is_resumed and window.upper < self.reading.upper):
            spools.append(self._changes(window.upper, 1))
        if self.cursor is not None and (self.reading.sweep_is_due(self.table) or privacy.are_fewer(self)):
            spool, sweep, vanished = whole.sweep(self)
            spools.append(spool)
        erased, notes = privacy.deleted(self, vanished)
        calls = self.reading.calls_here() - before
        outcomes = [self._outcome(each, spools, calls if each is self.table else 0) for each in self.tables]
        outcomes[0] = replace(
            outcomes[0], sweep=sweep, problems=(*self.unknown(), *self.landing.refused.values()),
            calculated_at=calculated_at,
            is_news=outcomes[0].is_news or has_filled or sweep is not None, erased=erased,
            notes=(*outcomes[0].notes, *notes),
        )  # fmt: skip
        if self.history is not None:
            outcomes[1] = replace(outcomes[1], fingerprint=",".join(sorted(self.kept)))
        return outcomes

    def new_in_history(self) -> tuple[str, ...]:
        """Properties whose past was never read; the history's table says of which it was."""
        if self.history is None or not self.known.rows:
            return ()
        read = self.reading.of(self.history).fingerprint.split(",")
        return tuple(name for name in self.kept if name not in read)

    def _to_refill(self) -> tuple[str, ...]:
        if not self.known.rows:
            return ()
        due = self.shape.calculated if self.reading.calculated_is_due(self.table) else ()
        return tuple(dict.fromkeys((*self.shape.anew, *due)))

    @property
    def reads_links(self) -> bool:
        """Whether who lists all records reads their associations anew: a sweep that is due does so itself."""
        may_be = bool(self.known.rows and self.landing.ends.all and self.associations is not None)
        return may_be and not self.reading.sweep_is_due(self.table)

    @property
    def lists_for_links(self) -> bool:
        """Whether all are listed for their associations alone: once a day, as what is calculated is read."""
        return self.reads_links and self.reading.calculated_is_due(self.table)

    def _outcome(self, table: RawTable, spools: Sequence[Spool], calls: int) -> TableFetch:
        parts = tuple(part for spool in spools for part in spool.parts(table.name))
        beside = ("scope", "fill") if self.cursor else ("scope", "fill", "mark")
        count = sum(part.rows for part in parts if part.mode not in beside)
        bad = [note for spool in spools for note in bad_of(spool).notes()] if table is self.table else []
        windows = [each for each in spools if each.folder.name == "first" or "changes" in each.folder.name]
        return self.reading.outcome(
            table, "loaded" if parts or self.cursor is None else "unchanged", parts, count,
            notes=[*(self.shape.notes if table is self.table else ()), *bad], calls=calls,
            window_from=None if self.cursor is None else self.cursor - overlap_of("hubspot"),
            window_to=windows[-1].upper,
        )  # fmt: skip

    # -- what changed --------------------------------------------------------------------------------

    def _changes(self, cursor: datetime, number: int) -> Spool:
        """The window since `cursor`. Of a second one in a fetch nothing is known, so it is read whole."""
        spool = self.reading.window(self.table, cursor, number)
        if spool.is_complete:
            return spool
        versions = self.known.versions if number == 0 else {}
        deleted = self.known.deleted
        lower = cursor - overlap_of("hubspot")
        binned = {str(each["id"]): each for page in self._binned() for each in page}
        known = {
            key: version for key, version in versions.items() if key not in deleted and key not in binned
        }
        _, _, last = spool.position.partition(" ")
        few = None if last else self._few(lower, spool.upper, cursor, known)
        batches = self.pages.changed(lower, spool.upper, last or None) if few is None else iter([_by_id(few)])
        waiting: list[str] = []
        for batch in batches:
            waiting += [
                str(each["id"])
                for each in batch
                if self.pages.version(each) != known.get(str(each["id"])) or str(each["id"]) in deleted
            ]
            if len(waiting) >= part_rows(self.table):
                self.land(spool, waiting)
                spool.commit(f"{first.LIVE} {waiting[-1]}")
                crashpoint("extract.part_written")
                waiting = []
        self.land(spool, waiting)
        # Beside rows of a killed run a row of the same record would come twice: the next window brings it.
        self.went_on = spool.is_resumed and number == 0
        if not self.went_on:
            self._archived(spool, binned, self.known.versions, deleted)
        if spool.has_news or spool.position:
            spool.commit(complete=True)
            crashpoint("extract.part_written")
        return spool

    def _binned(self) -> Iterable[list[Json]]:
        """Archiving moves no modification date, so the recycle bin is listed whole: ids and versions."""
        return (page.results for page in self.pages.listed((self.table.cursor,), archived=True))

    def _few(
        self, lower: datetime, upper: datetime, cursor: datetime, known: Mapping[str, int]
    ) -> list[Json] | None:
        """What changed, if one answer tells it all: everything newer than the cursor is on the newest page,
        and in the overlap before it stand as many records as were read from it. None: read the window.

        A small object is listed instead: searches are few a second, and behind what a list shows."""
        if self.known.rows <= LIST_LIMIT:
            small = self.pages.small(lower, upper)
            if small is not None and small.total is not None and small.total >= self._living():
                return small.results
        page = self.pages.newest(lower, upper)
        total, found = page.total or 0, page.results
        if total <= len(found):
            return found if total == len(found) else None
        oldest = self.pages.version(found[-1]) if found else None
        if oldest is None or oldest >= microseconds(cursor):
            return None
        return found if total == len({*known, *(str(each["id"]) for each in found)}) else None

    def _living(self) -> int:
        """How many stand here that are not marked as deleted."""
        return self.known.rows - len(self.known.deleted)

    def land(self, spool: Spool, ids: Sequence[str], *, archived: bool = False) -> set[str]:
        """Read these records and write them; an id that was merged away brings its survivor."""
        read = self.client.batch_read(
            self.table.api_name, ids, self.shape.properties, () if archived else self.kept, archived=archived
        )
        found = {str(each["id"]): each for each in read if str(each["id"]) not in self.seen}
        self.seen |= {key: self.pages.version(each) for key, each in found.items() if not archived}
        self.landing.records(spool, Records(list(found.values())), spool.upper, is_first=False)
        return {str(each["id"]) for each in read} | {key for each in read for key in merged_into(each)}

    def _archived(
        self,
        spool: Spool,
        binned: Mapping[str, Json],
        versions: Mapping[str, int],
        deleted: Mapping[str, str],
    ) -> None:
        """Newly archived records; restored ones; and those that left the bin, which are gone for good."""
        fresh = [
            key
            for key, each in binned.items()
            if key not in deleted or (key in versions and self.pages.version(each) != versions[key])
        ]
        self.land(spool, fresh, archived=True)
        gone = [
            key
            for key, how in deleted.items()
            if how == "archived" and key not in binned and key not in self.seen
        ]
        self.seen |= dict.fromkeys(fresh)
        if gone:
            there = self.land(spool, gone)
            swept = self.pages.gone_for_good([key for key in gone if key not in there], len(binned))
            self.landing.marks(spool, dict.fromkeys(swept, (spool.upper, "swept")))


def _by_id(found: list[Json]) -> list[Json]:
    """In the order that a killed window is gone on in."""
    return sorted(found, key=lambda each: int(each["id"]))
