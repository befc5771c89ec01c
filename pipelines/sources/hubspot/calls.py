"""How many calls a fetch of a portal will take, counted from what search says there is.

Belongs here: arithmetic over the pages that `records` and `whole` will ask for. What changed since the last
extract nobody knows before asking; of a later run only the questions themselves are counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.clients.hubspot.client import ASSOCIATION_LIMIT, BATCH_LIMIT, HISTORY_LIMIT, LIST_LIMIT
from pipelines.sources.hubspot import privacy
from pipelines.sources.hubspot.pages import fitting
from pipelines.sources.hubspot.pairs import Ends
from pipelines.sources.hubspot.stretches import AT_ONCE, PAGES_FOR_A_CUT, PAGES_WORTH_IT
from pipelines.sources.reading import PART_ROWS, part_rows

if TYPE_CHECKING:
    from pipelines.sources.hubspot.records import RecordReader

QUESTIONS = 2
"""Of an object that is known: the recycle bin, and the newest page of what changed."""
ENDS = 2
"""Of an object that is read whole, beside its pages: the recycle bin, and whether anything is beyond."""


def of_records(reader: RecordReader) -> int:
    """What is still to be asked of an object."""
    return _of_first_load(reader) if reader.cursor is None else _of_later_run(reader)


def searches(reader: RecordReader) -> int:
    """Those of all its calls that are searches: of a first load one beforehand, of a small object none."""
    if reader.cursor is None:
        return 1
    return (reader.known.rows > LIST_LIMIT) + privacy.are_people(reader)


def _of_first_load(reader: RecordReader) -> int:
    rows = max(0, (reader.extent.total if reader.extent else 0) - reader.reading.rows_spooled(reader.table))
    opened = 0 if reader.linked is None else 1
    return (
        pages_of_first_load(rows, reader.shape.properties, with_history=bool(reader.kept))
        - opened
        + (of_associations(rows, reader.landing.ends, reader.linked, part_rows(reader.table)))
    )


def pages_of_first_load(rows: int, properties: Sequence[str], *, with_history: bool) -> int:
    """Pages and what is read twice of them, the properties that found no room in their addresses, and the
    recycle bin."""
    limit = HISTORY_LIMIT if with_history else LIST_LIMIT
    pages = max(1, math.ceil(rows / limit))
    cuts = max(AT_ONCE - 1, pages // PAGES_FOR_A_CUT) if pages >= PAGES_WORTH_IT else 0
    wide = len(fitting(properties)) < len(properties)
    more = math.ceil(limit / BATCH_LIMIT) * pages if wide else 0
    return pages + cuts + more + 1


def of_associations(rows: int, ends: Ends, linked: Mapping[str, float] | None, part: int = PART_ROWS) -> int:
    """Of every record, or of the share that the first page shows; asked for part by part."""
    shares = [1.0] * len(ends.asked)
    shares += [(linked or {}).get(each, 0.0) if linked is not None else 1.0 for each in ends.listed
               if linked is not None or each in ends.known]  # fmt: skip
    whole, left = divmod(rows, part)
    return sum(
        whole * math.ceil(part * share / ASSOCIATION_LIMIT) + math.ceil(left * share / ASSOCIATION_LIMIT)
        for share in shares
    )


def _of_later_run(reader: RecordReader) -> int:
    """The questions; and what is due of passes over all rows, for calculated values, history that is new and
    the sweep of ids."""
    reading, table = reader.reading, reader.table
    rows = reading.of(table).rows
    calls = QUESTIONS + privacy.are_people(reader)
    calculated = bool(reader.shape.calculated) and reading.calculated_is_due(table)
    if rows and (reader.shape.anew or calculated or reader.lists_for_links):
        calls += math.ceil(rows / LIST_LIMIT) + ENDS
        calls += of_associations(rows, reader.landing.ends, None) if reader.reads_links else 0
    if reader.new_in_history():
        calls += math.ceil(rows / HISTORY_LIMIT) + 1  # the list, and whether anything is beyond it
    if reading.sweep_is_due(table):
        linked = of_associations(rows, reader.landing.ends, None, max(rows, 1))
        calls += math.ceil(rows / LIST_LIMIT) + linked + ENDS
    return calls
