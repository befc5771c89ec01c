"""What is gone for good: hard deletions and purged rows, which no query shows, by getDeleted.

Belongs here: getDeleted. Rows in the recycle bin, merged ones too, come with their window as any change does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipelines.sources.arrow import BadValues, column, moment_of, schema_for
from pipelines.sources.known import overlap_of
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce import rows
from pipelines.sources.salesforce.shape import Shape
from pipelines.sources.salesforce.view import LONGEST_WINDOW, View
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.sources.spool import Spool

_MARK: dict[str, ColumnType] = {"Id": "text", "deleted_at": "timestamp", "deleted_how": "text"}

_BEYOND_REACH = "INVALID_REPLICATION_DATE"


def gone(reading: Reading, shape: Shape, view: View, seen: Callable[[], set[str]]) -> Spool | None:
    """A spool that marks the rows gone for good since the last extract; None when there are none.

    Raises what kept Salesforce from telling: passed over, that stretch of time would not be asked for again.
    """
    answer = view.deleted.get(shape.table.api_name)
    known = reading.of(shape.table)
    if answer is None or (answer.error is not None and answer.error.code == _BEYOND_REACH):
        return None  # the sweep finds them
    records = answer.get().get("deletedRecords") or []
    in_sight = seen() if records else set()
    fresh = {
        rows.full_id(str(each["id"])): str(each["deletedDate"])
        for each in records
        if rows.full_id(str(each["id"])) not in known.deleted
        and rows.full_id(str(each["id"])) not in in_sight
    }
    if not fresh:
        return None
    spool = reading.window(shape.table, reading.upper, 0, name="gone")
    mark(spool, shape.table, fresh, "deleted")
    spool.commit(complete=True)
    return spool


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
