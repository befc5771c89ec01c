"""Reads contacts, companies and deals, with what hangs on them: everything the first time, then what changed.

Belongs here: windows, paging, deletions. Shapes are in `rows`. The first time records are listed in the order
of their ids; later they are searched by last modification inside a window, also in the order of ids, which
stays put while records change under the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.hubspot.client import (
    HISTORY_LIMIT,
    LIST_LIMIT,
    SEARCH_CEILING,
    SEARCH_LIMIT,
    HubSpotClient,
)
from pipelines.crashpoints import crashpoint
from pipelines.sources.arrow import ARROW_TYPES, microseconds, moment_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.hubspot import rows
from pipelines.sources.hubspot.catalog import ASSOCIATIONS, HISTORY_PROPERTIES
from pipelines.sources.known import OVERLAP
from pipelines.sources.reading import HOLD_BACK, PART_ROWS, Reading, bad_of, missing_note
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

Json = dict[str, Any]
_LIVE, _ARCHIVED = "live", "archived"
_TOLERATED_SHORTFALL = 0.01
"""Search, which counts, lags behind the list, which is exact: a larger shortfall is a list cut off."""


class RecordReader:
    """One object type of one fetch."""

    def __init__(
        self, reading: Reading, client: HubSpotClient, table: RawTable, shown: set[str], *,
        history: RawTable | None = None, associations: RawTable | None = None,
    ) -> None:  # fmt: skip
        self.reading, self.client, self.table = reading, client, table
        self.history, self.associations = history, associations
        self.type = table.api_name
        self.known = reading.of(table)
        self.properties = [name for name in rows.property_names(table) if name.casefold() in shown]
        self.notes = missing_note(rows.property_names(table), shown)

    @property
    def tables(self) -> list[RawTable]:
        return [each for each in (self.table, self.history, self.associations) if each is not None]

    def read(self) -> list[TableFetch]:
        """Everything, or what changed. A first load that was resumed is brought up to date at once."""
        before = self.reading.calls_here()
        if self.known.cursor is not None:
            spools = [self._changes(self.known.cursor, self.known.versions, self.known.deleted)]
        else:
            spools = [first := self._first_load()]
            if first.is_resumed and first.upper < self.reading.upper:
                spools.append(self._changes(first.upper, {}, {}))
        calls = self.reading.calls_here() - before
        return [self._outcome(each, spools, calls if each is self.table else 0) for each in self.tables]

    def _outcome(self, table: RawTable, spools: Sequence[Spool], calls: int) -> TableFetch:
        parts = tuple(part for spool in spools for part in spool.parts(table.name))
        count = sum(part.rows for part in parts if part.mode != "scope")
        is_first = self.known.cursor is None
        bad = [note for spool in spools for note in bad_of(spool).notes()] if table is self.table else []
        return self.reading.outcome(
            table, "loaded" if parts or is_first else "unchanged", parts, count,
            notes=[*(self.notes if table is self.table else []), *bad], calls=calls,
            window_from=None if self.known.cursor is None else self.known.cursor - OVERLAP,
        )  # fmt: skip

    # -- everything ----------------------------------------------------------------------------------

    def _first_load(self) -> Spool:
        spool = self.reading.spool(self.table, "first")
        if spool.is_complete:
            return spool
        phase, _, after = (spool.position or _LIVE).partition(" ")
        total = self._total()
        if phase == _LIVE:
            self._scope(spool, None)
            self._list(spool, after or None, total, archived=False)
            self._not_short(spool, total)
            after = ""
        self._list(spool, after or None, total, archived=True)
        spool.commit(_ARCHIVED, complete=True)
        return spool

    def _list(self, spool: Spool, after: str | None, total: int, *, archived: bool) -> None:
        """All pages, written out in parts. What was archived since we began may be among the living."""
        phase = _ARCHIVED if archived else _LIVE
        history = HISTORY_PROPERTIES[self.type] if self.history is not None and not archived else ()
        limit = HISTORY_LIMIT if history else LIST_LIMIT
        found: list[Json] = []
        began = spool.upper + HOLD_BACK
        while True:
            page = self.client.list_page(
                self.type, self.properties, after, limit, archived=archived, history=history
            )
            found += [each for each in page.results if not archived or _archived_before(each, began)]
            after = page.after
            if len(found) >= PART_ROWS or after is None:
                self._write(spool, found, "replace")
                spool.commit(f"{phase} {after}" if after else _ARCHIVED)
                crashpoint("extract.part_written")
                found = []
            done = sum(part.rows for part in spool.parts(self.table.name)) + len(found)
            self.reading.progress(f"hubspot {self.type}", done, max(total, done))
            if after is None:
                return

    def _total(self) -> int:
        return self.client.search_page(self.type, (), (), limit=1).total or 0

    def _not_short(self, spool: Spool, total: int) -> None:
        """A list that ends early looks like a whole one; search knows how many there are."""
        read = sum(part.rows for part in spool.parts(self.table.name))
        if read < total and read < self._total() * (1 - _TOLERATED_SHORTFALL) - 1:
            spool.start_over()
            raise self._truncated(read, total)

    # -- what changed --------------------------------------------------------------------------------

    def _changes(self, cursor: datetime, versions: Mapping[str, int], deleted: Mapping[str, str]) -> Spool:
        spool = self.reading.spool(self.table, "changes")
        lower = cursor - OVERLAP
        known = {key: version for key, version in versions.items() if key not in deleted}
        quiet = len(known) > SEARCH_LIMIT and self._is_quiet(lower, cursor, known)
        changed = {
            str(each["id"]): each
            for each in (() if quiet else self._search(lower, self.reading.upper))
            if self._version(each) != versions.get(str(each["id"])) or str(each["id"]) in deleted
        }
        swept = self._archived_and_restored(changed, deleted)
        if not changed and not swept:
            return spool
        found = list(changed.values())
        live = [str(each["id"]) for each in found if not each.get("archived")]
        if self.history is not None and live:
            histories = self.client.batch_read(
                self.type, live, ("hs_object_id",), HISTORY_PROPERTIES[self.type]
            )
            bad = bad_of(spool)
            spool.write(self.history.name, "merge", rows.history(self.history, histories, bad))
        self._scope(spool, live)
        self._write(spool, found, "merge")
        spool.write(self.table.name, "mark", self._marks(found, swept, deleted))
        spool.commit(complete=True)
        return spool

    def _is_quiet(self, lower: datetime, cursor: datetime, known: Mapping[str, int]) -> bool:
        """Nothing is newer than the cursor, and as many records stand in the overlap as were read from it.

        Asked where the overlap is crowded (a bulk load, our own writes): two counts instead of all its pages.
        A record changed since would be newer, one that became visible late would be one more.
        """
        if self._count(cursor, self.reading.upper):
            return False
        return self._count(lower, cursor) == sum(v < microseconds(cursor) for v in known.values())

    def _count(self, lower: datetime, upper: datetime) -> int:
        return self.client.search_page(self.type, (), self._window(lower, upper), limit=1).total or 0

    def _window(self, lower: datetime, upper: datetime) -> list[Json]:
        """Filters for last modified in [lower, upper)."""
        return [
            {"propertyName": self.table.cursor, "operator": operator, "value": str(microseconds(at) // 1000)}
            for operator, at in (("GTE", lower), ("LT", upper))
        ]

    def _search(self, lower: datetime, upper: datetime) -> Iterator[Json]:
        """Records last modified in [lower, upper), begun anew after the last id where a search ends."""
        window = self._window(lower, upper)
        expected, read, last = None, 0, None
        while True:
            beyond: list[Json] = (
                [{"propertyName": "hs_object_id", "operator": "GT", "value": last}] if last else []
            )
            after = None
            while True:
                page = self.client.search_page(self.type, self.properties, window + beyond, after)
                expected = page.total or 0 if expected is None else expected
                read += len(page.results)
                yield from page.results
                last, after = str(page.results[-1]["id"]) if page.results else last, page.after
                if after is None or int(after) + SEARCH_LIMIT > SEARCH_CEILING:
                    break
            if after is None:
                break
        if read < expected and read < (self.client.search_page(self.type, (), window, limit=1).total or 0):
            raise self._truncated(read, expected)

    def _archived_and_restored(self, changed: dict[str, Json], deleted: Mapping[str, str]) -> list[str]:
        """Add newly archived and restored records to `changed`; return the ids that are gone for good.

        Archiving moves no modification date, so the archived are listed whole each time.
        """
        listed = {str(each["id"]): each for each in self._archived_list()}
        changed |= {key: each for key, each in listed.items() if key not in deleted}
        gone = [
            key
            for key, how in deleted.items()
            if how == "archived" and key not in listed and key not in changed
        ]
        restored = {
            str(each["id"]): each for each in self.client.batch_read(self.type, gone, self.properties)
        }
        changed |= restored
        return [key for key in gone if key not in restored]

    def _archived_list(self) -> Iterator[Json]:
        after: str | None = None
        while True:
            page = self.client.list_page(self.type, self.properties, after, archived=True)
            yield from page.results
            after = page.after
            if after is None:
                return

    def _marks(self, found: Sequence[Json], swept: Sequence[str], deleted: Mapping[str, str]) -> pa.Table:
        """Rows to mark as deleted: purged from the recycle bin, or merged into a record that says so."""
        upper = self.reading.upper
        marks: dict[str, tuple[datetime, str]] = dict.fromkeys(swept, (upper, "swept"))
        for record in found:
            merged = str((record.get("properties") or {}).get("hs_merged_object_ids") or "")
            for key in filter(None, (each.strip() for each in merged.split(";"))):
                if key != str(record["id"]) and deleted.get(key) != "merged":
                    marks[key] = (moment_of(record.get("updatedAt")) or upper, "merged")
        return pa.table(
            {
                "id": pa.array(list(marks), pa.string()),
                "deleted_at": pa.array([at for at, _ in marks.values()], ARROW_TYPES["timestamp"]),
                "deleted_how": pa.array([how for _, how in marks.values()], pa.string()),
            }
        )

    # -- both ----------------------------------------------------------------------------------------

    def _write(self, spool: Spool, found: Sequence[Json], mode: str) -> None:
        """Records, with the history that came with them, and the associations of those that live."""
        bad = bad_of(spool)
        spool.write(
            self.table.name, "merge" if mode == "merge" else "replace", rows.records(self.table, found, bad)
        )
        if self.history is not None and mode == "replace":
            spool.write(self.history.name, "replace", rows.history(self.history, found, bad))
        if self.associations is not None:
            live = [str(each["id"]) for each in found if not each.get("archived")]
            for to_type in ASSOCIATIONS[self.type]:
                pairs = self.client.associations(self.type, to_type, live)
                table = rows.associations(self.associations, self.type, to_type, pairs, bad)
                spool.write(self.associations.name, "append", table)
        spool.bad = dict(bad.found)

    def _scope(self, spool: Spool, ids: Sequence[str] | None) -> None:
        """Say which associations are read anew: of these records, or (None) of all of this type."""
        if self.associations is None:
            return
        anew: Sequence[str | None] = [None] if ids is None else ids
        pairs = [(to_type, each) for to_type in ASSOCIATIONS[self.type] for each in anew]
        scope = {
            "from_type": pa.array([self.type] * len(pairs), pa.string()),
            "to_type": pa.array([to_type for to_type, _ in pairs], pa.string()),
            "from_id": pa.array([each for _, each in pairs], pa.string()),
        }
        spool.write(self.associations.name, "scope", pa.table(scope))

    def _version(self, record: Json) -> int | None:
        moment = moment_of((record.get("properties") or {}).get(self.table.cursor))
        return None if moment is None else microseconds(moment)

    def _truncated(self, read: int, total: int) -> errors.Truncated:
        return errors.Truncated(
            f"HubSpot gave {read:,} of {total:,} {self.type}",
            where=self.reading.org.url_host,
            remedy="run this again",
        )


def _archived_before(record: Json, limit: datetime) -> bool:
    moment = moment_of(record.get("archivedAt"))
    return moment is None or moment < limit
