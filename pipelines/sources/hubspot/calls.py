"""How many calls a fetch of a portal will take, counted from what search says there is.

Belongs here: arithmetic over the pages that `records` and `whole` will ask for. What changed since the last
extract nobody knows before asking; of a later run only the questions themselves are counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipelines.clients.hubspot.client import ASSOCIATION_LIMIT, BATCH_LIMIT, HISTORY_LIMIT, LIST_LIMIT
from pipelines.sources.hubspot.pages import fitting
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

QUESTIONS = 2
"""Of an object that is known: the recycle bin, and the newest page of what changed."""
ENDS = 2
"""Of an object that is read whole, beside its pages: the recycle bin, and whether anything is beyond."""


def of_first_load(
    rows: int, properties: Sequence[str], *, with_history: bool, linked_to: Sequence[str]
) -> int:
    """Pages, the properties that found no room in their addresses, and associations."""
    limit = HISTORY_LIMIT if with_history else LIST_LIMIT
    pages = math.ceil(rows / limit)
    wide = len(fitting(properties)) < len(properties)
    more = math.ceil(limit / BATCH_LIMIT) * pages if wide else 0
    return pages + more + math.ceil(rows / ASSOCIATION_LIMIT) * len(linked_to) + ENDS


def of_later_run(reading: Reading, table: RawTable, linked_to: Sequence[str], calculated: bool) -> int:
    """The questions; and what is due of passes over all rows, for calculated values and the sweep of ids."""
    rows = reading.of(table).rows
    calls = QUESTIONS
    if calculated and reading.calculated_is_due(table):
        calls += math.ceil(rows / LIST_LIMIT) + ENDS
    if reading.sweep_is_due(table):
        calls += math.ceil(rows / LIST_LIMIT) + math.ceil(rows / ASSOCIATION_LIMIT) * len(linked_to) + ENDS
    return calls
