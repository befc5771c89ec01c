"""What became of people in journeys: their history, of thirty days, and the data they came in with.

Belongs here: rows of both. Which events are kept up is said by `journeys.yml`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import orjson

from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.marketing_cloud.times import central, of_epoch
from pipelines.sources.columns import Columns
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import TableFetch
from pipelines.sources.marketing_cloud import catalog
from pipelines.sources.reading import Reading

KINDS = ("startinteractionactivity", "goalcriteriaactivity", "exitcriteriaactivity")
_KEPT = timedelta(days=30)
_ENTRY_ID, _CONTACT = "entryid", "contactkey"


def read(reading: Reading, client: MarketingCloudClient) -> list[TableFetch]:
    """Entries, goals and exits that are not in the warehouse yet, late ones included."""

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        start = wanted.lower or wanted.upper - _KEPT
        rows = client.journey_history(start, wanted.upper, KINDS)
        yield [event(row) for row in rows], ""

    return [read_events(reading, catalog.JOURNEY_HISTORY, pages)]


def event(row: dict[str, str]) -> Row:
    """It has no id of its own: it is told by the version, whom it is of, what and when it was.

    The vendor documents no zone for `TransactionTime`, so the moment is that of the epoch beside it; where an
    account leaves that empty the time is taken for its system time, as all others are.
    """
    parts = (row["DefinitionId"], row["ContactKey"], row["ActivityType"], row["TransactionTime"])
    moment = of_epoch(row["EpochTimeInMilliseconds"]) or central(row["TransactionTime"])
    return {**row, "TransactionTime": moment, "id": ":".join(parts)}


def entries(reading: Reading, client: MarketingCloudClient) -> list[TableFetch]:
    """The rows of each event's own data extension."""
    before, rows = reading.calls_here(), []
    for event in reading.rules.marketing_cloud.kept_up:
        told = client.event_definition(event)
        extension = client.extension_key(str(told.get("dataExtensionId") or ""))
        for page in client.extension_rows(extension):
            rows += [
                {
                    "id": f"{event}:{row[_ENTRY_ID]}", "event": event, "extension": extension,
                    "EntryId": row[_ENTRY_ID], "ContactKey": row.get(_CONTACT),
                    "data": orjson.dumps(row).decode(),
                }
                for row in page
                if row.get(_ENTRY_ID)
            ]  # fmt: skip
    table = catalog.JOURNEY_ENTRIES
    values = {name: [row.get(name) for row in rows] for name in table.columns}
    calls = reading.calls_here() - before
    return [reading.whole(table, Columns(table, values), calls=calls, may_be_empty=True)]
