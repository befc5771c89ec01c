"""How many calls a fetch of an org will take, counted from what it says there is.

Belongs here: arithmetic over the pages that `query` will ask for. What the org was asked beforehand (`view`)
is behind us and not counted.
"""

from __future__ import annotations

import math

from pipelines.clients.salesforce.bulk import page_rows
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.forecast import Forecast
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce.query import BULK_FROM_ROWS
from pipelines.sources.salesforce.shape import Shape
from pipelines.sources.salesforce.view import View

REST_PAGE = 2_000
BULK_JOB = 2
"""To begin a job and to look at its state."""


def forecast(reading: Reading, client: SalesforceClient, view: View) -> Forecast:
    """What is still to be read of all objects. Salesforce limits calls by the day, not by the second."""
    usage = client.usage
    return Forecast(
        vendor="salesforce", made=client.calls,
        calls=sum(_of_object(reading, view, shape) for shape in view.shapes.values()),
        day=None if usage is None or not usage[1] else (usage[1], max(0, usage[1] - usage[0])),
        stop_at=reading.rules.budget.daily_share,
    )  # fmt: skip


def _of_object(reading: Reading, view: View, shape: Shape) -> int:
    known, name = reading.of(shape.table), shape.table.api_name
    columns = len(shape.fields)
    if shape.table.cursor and known.cursor is None:
        return of_query(view.counts.get(name, 0) - reading.rows_spooled(shape.table), columns)
    calls = 0
    probe = view.probes.get(name)
    if probe is not None and probe.error is None and isinstance(probe.body, dict):
        there = int(probe.body.get("totalSize") or 0)
        shown = len(probe.body.get("records") or [])
        calls += math.ceil((there - shown) / REST_PAGE) if not shape.table.cursor else 0
        if shape.table.cursor and (there != shown or shown):
            calls += of_query(there, columns)
    if shape.table.cursor and shape.calculated and reading.calculated_is_due(shape.table):
        calls += of_query(known.rows, len(shape.calculated))
    if shape.table.cursor and reading.sweep_is_due(shape.table):
        calls += of_query(known.rows, 2)
    return calls


def of_query(rows: int, columns: int) -> int:
    """By REST up to 10,000 rows, by a bulk job above."""
    if rows > BULK_FROM_ROWS:
        return BULK_JOB + math.ceil(rows / page_rows(columns))
    return max(1, math.ceil(rows / REST_PAGE))
