"""What is gone for good: hard deletions and purged rows, which no query shows, by getDeleted.

Belongs here: getDeleted. Rows in the recycle bin, merged ones too, come with their window as any change does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from pipelines.sources.arrow import BadValues, column, microseconds, moment_of, schema_for
from pipelines.sources.known import overlap_of
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce import rows
from pipelines.sources.salesforce.shape import Shape
from pipelines.sources.salesforce.view import LONGEST_WINDOW, View
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.sources.spool import Spool

_MARK: dict[str, ColumnType] = {"Id": "text", "deleted_at": "timestamp", "deleted_how": "text"}

_BEYOND_REACH = "INVALID_REPLICATION_DATE"


def gone(reading: Reading, shape: Shape, view: View, spools: Iterable[Spool]) -> Spool | None:
    """A spool that marks the rows gone for good since the last extract; None when there are none.

    Who was restored after the deletion that Salesforce tells of is there: `spools` of this fetch brought the
    row with a later stamp, or an earlier one did. Raises what kept Salesforce from telling: passed over, that
    stretch of time would not be asked for again.
    """
    answer = view.deleted.get(shape.table.api_name)
    known = reading.of(shape.table)
    if answer is None or (answer.error is not None and answer.error.code == _BEYOND_REACH):
        return None  # the sweep finds them
    records = answer.get().get("deletedRecords") or []
    told = {rows.full_id(str(each["id"])): str(each["deletedDate"]) for each in records}
    fresh = {key: at for key, at in told.items() if key not in known.deleted}
    if not fresh:
        return None
    in_sight, seen = _probed(shape, view), _seen(reading, shape, spools, fresh)
    lasting = {
        key: at
        for key, at in fresh.items()
        if key not in in_sight and not ((when := moment_of(at)) and seen.get(key, 0) > microseconds(when))
    }
    if not lasting:
        return None
    spool = reading.window(shape.table, reading.upper, 0, name="gone")
    mark(spool, shape.table, lasting, "deleted")
    spool.commit(complete=True)
    return spool


def _probed(shape: Shape, view: View) -> set[str]:
    """Ids that this fetch's probe shows: what is in the recycle bin comes with its own window."""
    probe = view.probes.get(shape.table.api_name)
    records = [] if probe is None or probe.error else probe.body.get("records") or []
    return {rows.full_id(record["Id"]) for record in records}


def _seen(reading: Reading, shape: Shape, spools: Iterable[Spool], ids: Collection[str]) -> dict[str, int]:
    """In which version these rows were last read, in microseconds: by this fetch, or of late before it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table, known = shape.table, reading.of(shape.table).versions
    seen = {key: known[key] for key in ids if key in known}
    wanted = pa.array(list(ids), pa.string())
    for part in (part for spool in spools for part in spool.parts(table.name)):
        if part.mode in ("fill", "mark"):
            continue
        read = pq.read_table(part.path, columns=[table.key[0], table.cursor])
        read = read.filter(pc.is_in(read.column(table.key[0]), wanted))
        stamps = read.column(table.cursor).cast(pa.int64()).to_pylist()
        for key, at in zip(read.column(table.key[0]).to_pylist(), stamps, strict=True):
            seen[key] = max(seen.get(key, 0), at or 0)
    return seen


def mark(spool: Spool, table: RawTable, gone: Mapping[str, str], how: str) -> None:
    """Write that these rows are gone: ids and when that was found."""
    if not gone:
        return
    import pyarrow as pa

    bad = BadValues()
    values = {"Id": list(gone), "deleted_at": list(gone.values()), "deleted_how": [how] * len(gone)}
    arrays = [column(values[name], kind, name, bad) for name, kind in _MARK.items()]
    spool.write(table.name, "mark", pa.Table.from_arrays(arrays, schema=schema_for(_MARK)))


def is_beyond_reach(reading: Reading, shape: Shape, view: View) -> bool:
    """Whether rows may have gone that getDeleted no longer tells of: only comparing all ids finds those."""
    answer, known = view.deleted.get(shape.table.api_name), reading.of(shape.table)
    if known.cursor is None or answer is None:
        return False
    if answer.error is not None:
        return answer.error.code == _BEYOND_REACH
    since = max(known.cursor - overlap_of("salesforce"), known.swept_at or known.cursor - LONGEST_WINDOW)
    earliest = moment_of(answer.body.get("earliestDateAvailable"))
    return reading.upper - since > LONGEST_WINDOW or (earliest is not None and earliest > since)
