"""The sweep: all ids of an object compared with the org's, and what differs mended.

Belongs here: what no window and no getDeleted can find. Rows purged beyond getDeleted's reach, history rows
that went with their parent, rows that showed themselves later than the overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.clients.batches import batched
from pipelines.sources.arrow import microseconds
from pipelines.sources.fetched import SweepResult
from pipelines.sources.reading import bad_of
from pipelines.sources.salesforce import deletions, rows
from pipelines.sources.salesforce.query import Query
from pipelines.sources.salesforce.view import ids_in, select
from pipelines.sources.spool import Spool

if TYPE_CHECKING:
    from pipelines.sources.salesforce.records import ObjectReader

_MOST_QUERIES = 20
"""By id; when more would be needed, all rows are read and those that are as they should be are dropped."""


@dataclass(frozen=True)
class _Org:
    """What the org has: rows that live and rows in the bin, by id, with the microseconds of their cursor."""

    live: dict[str, int | None]
    binned: dict[str, int | None]


def sweep(reader: ObjectReader, spools: Iterable[Spool]) -> tuple[Spool, SweepResult]:
    """Compare the org with the warehouse as `spools` of this fetch will leave it; mend what differs."""
    reading, table = reader.reading, reader.table
    here = _here(reader, spools)
    org = _org(reader)
    news = microseconds(reading.upper)
    missing = [key for key, at in org.live.items() if key not in here and (at is None or at < news)]
    older = [key for key, at in org.live.items() if key in here and here[key] != at and (at or 0) < news]
    extra = [key for key in here if key not in org.live]
    spool = _anew(reader, "sweep")
    wanted = [*missing, *older, *(key for key in extra if key in org.binned)]
    mended = _read(reader, spool, wanted, org)
    vanished = [key for key in extra if key not in org.binned]
    deletions.mark(spool, table, dict.fromkeys(vanished, reading.upper.isoformat()), "swept")
    spool.commit(complete=True)
    result = SweepResult(
        counted_at_vendor=len(org.live), counted_here=len(here), missing=len(missing), extra=len(extra),
        mended=mended + len(vanished), at=reading.upper,
    )  # fmt: skip
    return spool, result


def _here(reader: ObjectReader, spools: Iterable[Spool]) -> dict[str, int | None]:
    """Rows that are not marked deleted once this fetch is loaded, and their cursor in microseconds."""
    import pyarrow.parquet as pq

    table = reader.table
    key = table.key[0]
    found = reader.reading.known.all_versions(reader.reading.vendor, table)
    for part in (part for spool in spools for part in spool.parts(table.name)):
        if part.mode == "fill":
            continue
        columns = [key, "deleted_at"] if part.mode == "mark" else [key, "deleted_at", table.cursor]
        read = pq.read_table(part.path, columns=columns)
        ids, gone = read.column(key).to_pylist(), read.column("deleted_at").to_pylist()
        stamps = gone if part.mode == "mark" else read.column(table.cursor).to_pylist()
        for record, deleted, stamp in zip(ids, gone, stamps, strict=True):
            if deleted is None:
                found[record] = None if stamp is None else microseconds(stamp)
            else:
                found.pop(record, None)
    return found


def _org(reader: ObjectReader) -> _Org:
    """All ids, by REST or bulk as their number asks for; read anew each time, for the past is no measure."""
    import pyarrow.parquet as pq

    shape, cursor = reader.shape, reader.table.cursor
    has_bin = any(name.casefold() == "isdeleted" for name in shape.fields)
    table = shape.only((cursor, "IsDeleted") if has_bin else (cursor,))
    spool = _anew(reader, "ids")
    soql = select(tuple(table.columns), table.api_name)
    Query(reader.reading, reader.client, table, shape.ids, soql, "replace").run(spool)
    live: dict[str, int | None] = {}
    binned: dict[str, int | None] = {}
    for part in spool.parts(table.name):
        read = pq.read_table(part.path)
        ids, stamps = read.column(table.key[0]).to_pylist(), read.column(cursor).to_pylist()
        gone = read.column("IsDeleted").to_pylist() if has_bin else [False] * len(ids)
        for record, stamp, is_gone in zip(ids, stamps, gone, strict=True):
            (binned if is_gone else live)[record] = None if stamp is None else microseconds(stamp)
    return _Org(live, binned)


def _read(reader: ObjectReader, spool: Spool, wanted: Sequence[str], org: _Org) -> int:
    """Bring these rows; how many came."""
    if not wanted:
        return 0
    table, fields = reader.table, reader.shape.fields
    room = ids_in(select(fields, table.api_name, " WHERE Id IN ()"))
    if room < 1 or len(wanted) > room * _MOST_QUERIES:
        return _read_among_all(reader, spool, set(wanted), org)
    bad, count = bad_of(spool), 0
    for some in batched(wanted, room):
        listed = ", ".join(f"'{key}'" for key in some)
        soql = select(fields, table.api_name, f" WHERE {table.key[0]} IN ({listed})")
        for page in reader.client.query_pages(soql, all_rows=True):
            found = rows.from_json(table, page.records, bad, reader.shape.ids)
            spool.write(table.name, reader.mode, found)
            count += found.num_rows
    spool.bad = dict(bad.found)
    return count


def _read_among_all(reader: ObjectReader, spool: Spool, wanted: set[str], org: _Org) -> int:
    """All rows are asked for, by bulk when they are many; those that are as they should be stay out."""
    table = reader.table
    every = org.live | org.binned
    known = {key: at for key, at in every.items() if at is not None and key not in wanted}
    soql = select(reader.shape.fields, table.api_name)
    Query(reader.reading, reader.client, table, reader.shape.ids, soql, reader.mode, known).run(spool)
    return sum(part.rows for part in spool.parts(table.name))


def _anew(reader: ObjectReader, name: str) -> Spool:
    """A spool of this fetch alone: what a killed sweep found may have changed since."""
    reading = reader.reading
    spool = reading.window(reader.table, reader.known.cursor or reading.upper, 0, name=name)
    spool.start_over()
    spool.upper = reading.upper
    return spool
