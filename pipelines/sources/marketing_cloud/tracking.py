"""Tracking events over SOAP: a window by event date, 2,500 a page, gone on with by continue requests.

Belongs here: an event's row and whence its pages come. Windows, late events and files: `sources.events`.
A continue request goes on where the server stands, which may be further than a killed run had written: so
its window is asked for again, and what is here already is skipped.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.sources.ahead import ahead
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import TableFetch
from pipelines.sources.marketing_cloud.catalog import Tracked
from pipelines.sources.reading import Reading

_ASKED = (
    "SendID", "SubscriberKey", "SubscriberID", "EventDate", "BatchID", "ListID",
    "TriggeredSendDefinitionObjectID",
)  # fmt: skip
_CENTRAL = "-06:00"
_PAGES_AHEAD = 3


def read(reading: Reading, client: MarketingCloudClient, what: Tracked) -> list[TableFetch]:
    """Events that are not in the warehouse yet, late ones included."""

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        for page in ahead(_pages(client, what, wanted), client, _PAGES_AHEAD):
            yield [event(row) for row in page.rows], ""

    return [read_events(reading, what.table, pages)]


def _pages(client: MarketingCloudClient, what: Tracked, wanted: Wanted) -> Iterator[soap.Page]:
    until = soap.Filter("EventDate", "lessThan", (wanted.upper,))
    where: soap.Filter | soap.Both = until
    if wanted.lower is not None:
        where = soap.Both(soap.Filter("EventDate", "greaterThanOrEqual", (wanted.lower,)), until)
    return client.retrieve(what.object, (*_ASKED, *what.more), where)


def event(row: soap.Row) -> Row:
    """An event has no id of its own: it is told by its send, whom it is of, when it was and on which link."""
    url = row.get("URL")
    link = f":{zlib.crc32(url.encode()):08x}" if url else ""
    who = row.get("SubscriberKey", "")
    return {
        **row, "EventDate": row["EventDate"] + _CENTRAL,
        "id": f"{row.get('SendID', '')}:{row.get('BatchID', '')}:{who}:{row['EventDate']}{link}",
    }  # fmt: skip
