"""Marketing Cloud's small tables, read whole: from SOAP, from REST, and rows of data extensions.

Belongs here: their rows as columns. When one is replaced, and when it has not changed, is `reading`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient, event_of
from pipelines.clients.marketing_cloud.times import central, utc
from pipelines.rules.data_extensions import slug
from pipelines.rules.extract import FilledExtension
from pipelines.sources.columns import Columns
from pipelines.sources.fetched import TableFetch
from pipelines.sources.marketing_cloud import catalog
from pipelines.sources.marketing_cloud.shown import Asked
from pipelines.sources.reading import Reading
from pipelines.sources.schema import ColumnType, RawTable

Row = dict[str, Any]
_TYPES: dict[str, ColumnType] = {
    "Number": "integer", "Decimal": "number", "Boolean": "boolean", "Date": "timestamp",
}  # fmt: skip
Read = Callable[[], list[TableFetch]]
SUBSCRIBERS = "subscribers"


def retrieved(reading: Reading, client: MarketingCloudClient, what: catalog.Retrieved) -> list[TableFetch]:
    """A table that one retrieve fills."""
    before, asked = reading.calls_here(), asking(what)
    rows = [row for page in asked.pages(client) for row in page.rows]
    return [_whole(reading, what.table, typed(what, rows), before, asked.notes())]


def asking(what: catalog.Retrieved) -> Asked:
    names = {column: what.names.get(column, column) for column in what.table.columns}
    return Asked(what.table.api_name, names, what.table.key)


def typed(what: catalog.Retrieved, rows: Sequence[soap.Row]) -> dict[str, list[Any]]:
    """A retrieve's rows as columns, times in UTC."""
    times = {name for name, kind in what.table.columns.items() if kind == "timestamp"}
    return {
        column: [utc(row.get(name)) if column in times else row.get(name) for row in rows]
        for column, name in asking(what).properties.items()
    }


def listed(
    reading: Reading, table: RawTable, pages: Iterable[list[Row]], row: Callable[[Row], Row]
) -> list[TableFetch]:
    """A table that a REST collection fills."""
    before = reading.calls_here()
    found = [row(each) for page in pages for each in page]
    times = {name for name, kind in table.columns.items() if kind == "timestamp"}
    values = {
        name: [utc(each.get(name)) if name in times else each.get(name) for each in found]
        for name in table.columns
    }
    return [_whole(reading, table, values, before)]


def _whole(
    reading: Reading, table: RawTable, values: dict[str, list[Any]], before: int, notes: Sequence[str] = ()
) -> TableFetch:
    calls = reading.calls_here() - before
    found = reading.whole(table, Columns(table, values), notes, calls)
    reading.progress(f"{reading.vendor} {table.name}", len(values[table.key[0]]), None, calls)
    return found


def journey(each: Row) -> Row:
    """A version of a journey, its statistics and its trigger beside it."""
    stats = each.get("stats") or {}
    return {
        **each, **{name: stats.get(name) for name in catalog.STATISTICS},
        "eventDefinitionKey": event_of(each) or None,
    }  # fmt: skip


def filled(
    reading: Reading, client: MarketingCloudClient, table: RawTable, wanted: FilledExtension
) -> list[TableFetch]:
    """A table from a data extension that a query activity fills; started first, where we may, except between
    two whole readings: a query takes minutes there."""
    notes: list[str] = []
    before = reading.calls_here()
    if wanted.query and client.allow_write and not reading.tracked_only:
        try:
            client.start_query(wanted.query)
        except (errors.Rejected, errors.NotFound) as error:
            notes.append(f"its query was not run: {error}")
    found = [row for page in client.extension_rows(wanted.data_extension) for row in page]
    names = {name.lower(): name for name in table.columns}
    times = {name for name, kind in table.columns.items() if kind == "timestamp"}
    rows = []
    for each in found:
        row = {names[k.lower()]: v for k, v in each.items() if k.lower() in names}
        row |= {name: central(row.get(name)) for name in times}
        if table.key == ("id",):
            row["id"] = ":".join(str(row.get(name) or "") for name in table.columns if name != "id")
        rows.append(row)
    unique = {row.get(table.key[0]): row for row in rows}.values()
    values = {name: [row.get(name) for row in unique] for name in table.columns}
    # What a reading that starts the query takes stays known.
    calls = 0 if reading.tracked_only else reading.calls_here() - before
    shown = replace(table, api_name=wanted.data_extension)
    return [reading.whole(shown, Columns(shown, values), notes, calls, may_be_empty=True)]


def extension(reading: Reading, client: MarketingCloudClient, key: str) -> list[TableFetch]:
    """A data extension that config names, with the columns it has."""
    before = reading.calls_here()
    asked = ("Name", "FieldType", "IsPrimaryKey", "Ordinal")
    where = soap.Filter("DataExtension.CustomerKey", "equals", (key,))
    fields = [row for page in client.retrieve("DataExtensionField", asked, where) for row in page.rows]
    if not fields:
        raise errors.NotFound(f"Marketing Cloud has no data extension {key}", where=client.host)
    fields.sort(key=lambda field: int(field.get("Ordinal") or 0))
    columns: dict[str, ColumnType] = {f["Name"]: _TYPES.get(f["FieldType"], "text") for f in fields}
    keys = tuple(f["Name"] for f in fields if f.get("IsPrimaryKey") == "true")
    notes = () if keys else ("it has no primary key",)
    table = RawTable(f"extension_{slug(key)}", key, columns, key=keys or (fields[0]["Name"],))
    found = [row for page in client.extension_rows(key) for row in page]
    values = {
        name: [
            central(row.get(name.lower())) if kind == "timestamp" else row.get(name.lower()) for row in found
        ]
        for name, kind in columns.items()
    }
    calls = reading.calls_here() - before
    return [reading.whole(table, Columns(table, values), notes, calls, may_be_empty=True)]


def extension_table(key: str) -> RawTable:
    """Of a data extension whose columns are not known yet."""
    return RawTable(f"extension_{slug(key)}", key, {}, key=("id",))


def named(reading: Reading, client: MarketingCloudClient) -> Iterator[tuple[RawTable, Read]]:
    """What config asks for besides the catalog."""
    for key in reading.rules.marketing_cloud.data_extensions:
        yield extension_table(key), lambda key=key: extension(reading, client, key)  # type: ignore[misc]
