"""Tracking events over SOAP: a window by event date, 2,500 a page, gone on with by continue requests.

Belongs here: an event's row and whence its pages come. Windows, late events and files: `sources.events`.
A continue request goes on where the server stands, which may be further than a killed run had written: so
its window is asked for again, and what is here already is skipped.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.sources.ahead import ahead
from pipelines.sources.events import Row, Wanted, read_events
from pipelines.sources.fetched import TableFetch
from pipelines.sources.marketing_cloud.catalog import Tracked
from pipelines.sources.marketing_cloud.shown import Asked
from pipelines.sources.reading import Reading

_NEEDED = ("SendID", "SubscriberKey", "EventDate")
_CENTRAL = "-06:00"
_PAGES_AHEAD = 3


def read(reading: Reading, client: MarketingCloudClient, what: Tracked) -> list[TableFetch]:
    """Events that are not in the warehouse yet, late ones included."""
    asked = asking(what)

    def pages(wanted: Wanted) -> Iterator[tuple[list[Row], str]]:
        for page in ahead(asked.pages(client, _window(wanted)), client, _PAGES_AHEAD):
            yield [event(row, what.names) for row in page.rows], ""

    found = read_events(reading, what.table, pages)
    return [replace(found, notes=(*found.notes, *asked.notes()))]


def asking(what: Tracked) -> Asked:
    columns = [name for name in what.table.columns if name not in what.table.key]
    return Asked(what.object, {name: what.names.get(name, name) for name in columns}, _NEEDED)


def _window(wanted: Wanted) -> soap.Filter | soap.Both:
    until = soap.Filter("EventDate", "lessThan", (wanted.upper,))
    if wanted.lower is None:
        return until
    return soap.Both(soap.Filter("EventDate", "greaterThanOrEqual", (wanted.lower,)), until)


def event(row: soap.Row, names: Mapping[str, str]) -> Row:
    """An event has no id of its own: it is told by its send, whom it is of, when it was and on which link."""
    url = row.get("URL")
    link = f":{zlib.crc32(url.encode()):08x}" if url else ""
    who = row.get("SubscriberKey", "")
    return {
        **row, **{column: row.get(name) for column, name in names.items()},
        "EventDate": row["EventDate"] + _CENTRAL,
        "id": f"{row.get('SendID', '')}:{row.get('BatchID', '')}:{who}:{row['EventDate']}{link}",
    }  # fmt: skip
