"""Subscribers and journeys that a listener's refresh met and that are newer than the last reading of all.

Belongs here: finding out which, and reading those. A refusal, a goal or an entry of somebody unknown would
count for nobody until everything is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pyarrow.parquet as pq

from pipelines.clients.batches import batched
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import SUBSCRIBERS_AT_ONCE, MarketingCloudClient
from pipelines.sources.arrow import BadValues
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import TableFetch
from pipelines.sources.marketing_cloud import catalog, whole
from pipelines.sources.reading import Reading

_PAGE = 2_500
_VERSION = "DefinitionId"
_WHO = "SubscriberKey"


def read(reading: Reading, client: MarketingCloudClient, found: Sequence[TableFetch]) -> list[TableFetch]:
    """Of what was tracked: the subscribers and, when a version is unknown, the journeys that it is of.

    A table that this round has read whole already lacks nobody, though the warehouse does not know that yet.
    """
    read_now = {each.table.name for each in found}
    tracked = {each.table.name for each in catalog.TRACKING}
    more: list[TableFetch] = []
    if whole.SUBSCRIBERS not in read_now:
        keys = _values((each for each in found if each.table.name in tracked), _WHO)
        more += _subscribers(reading, client, _unknown(reading, whole.SUBSCRIBERS, _WHO, keys))
    if catalog.JOURNEYS.name not in read_now:
        versions = _values((each for each in found if each.table == catalog.JOURNEY_HISTORY), _VERSION)
        more += _journeys(reading, client, _unknown(reading, catalog.JOURNEYS.name, "id", versions))
    return more


def _subscribers(reading: Reading, client: MarketingCloudClient, keys: Sequence[str]) -> list[TableFetch]:
    """These few; all of them where that takes fewer calls."""
    what = next(each for each in catalog.RETRIEVED if each.table.name == whole.SUBSCRIBERS)
    if not keys:
        return []
    if len(keys) / SUBSCRIBERS_AT_ONCE > reading.of(what.table).rows / _PAGE + 1:
        return reading.guarded([what.table], lambda: whole.retrieved(reading, client, what))
    return reading.guarded([what.table], lambda: [_few(reading, client, what, keys)])


def _few(
    reading: Reading, client: MarketingCloudClient, what: catalog.Retrieved, keys: Sequence[str]
) -> TableFetch:
    asked, bad = whole.asking(what), BadValues()
    rows = [
        row
        for some in batched(keys, SUBSCRIBERS_AT_ONCE)
        for page in asked.pages(client, soap.among(_WHO, some))
        for row in page.rows
    ]
    spool = reading.spool(what.table, "changes")
    spool.write(what.table.name, "keep", Columns(what.table, whole.typed(what, rows)).to_arrow(bad))
    spool.commit(complete=True)
    notes = [*asked.notes(), *bad.notes()]
    read = reading.outcome(what.table, "loaded", spool.parts(what.table.name), len(rows), notes=notes)
    # The others are as old as they were, what reading all takes stays known, and that replaces these.
    return replace(read, window_to=None, fingerprint=f"with {len(rows)} more")


def _journeys(reading: Reading, client: MarketingCloudClient, versions: Sequence[str]) -> list[TableFetch]:
    if not versions:
        return []
    table = catalog.JOURNEYS
    return reading.guarded([table], lambda: whole.listed(reading, table, client.journeys(), whole.journey))


def _values(tables: Iterable[TableFetch], column: str) -> set[str]:
    """What stands in a column of what was read just now."""
    return {str(value) for each in tables for value in _of(each, column) if value}


def _of(table: TableFetch, column: str) -> Iterator[object]:
    for part in table.parts:
        yield from pq.read_table(part.path, columns=[column]).column(column).to_pylist()


def _unknown(reading: Reading, table: str, column: str, values: set[str]) -> list[str]:
    return sorted(reading.known.strangers(reading.vendor, table, column, values))
