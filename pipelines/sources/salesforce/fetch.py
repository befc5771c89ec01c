"""Everything of one Salesforce fetch: which org it is, what it has, then all objects at once."""

from __future__ import annotations

from concurrent.futures import Executor
from urllib.parse import urlsplit

from pipelines.clients import errors
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce import calls
from pipelines.sources.salesforce.catalog.base import named_in_config
from pipelines.sources.salesforce.records import ObjectReader, refused
from pipelines.sources.salesforce.view import View, look
from pipelines.sources.schema import RawTable

ALWAYS_THERE = frozenset({"Lead", "Contact", "Account", "Opportunity", "Task", "User"})
"""Every org that sells has these: when one is not shown, a right is missing."""


def identify(client: SalesforceClient) -> OrgInfo:
    """The org behind the connection."""
    org = client.identity()
    return OrgInfo(
        vendor="salesforce", org_id=org.org_id, org_name=org.name, currency=org.currency,
        time_zone=org.time_zone,
        url_host=urlsplit(client.connection.url).netloc, environment=client.connection.environment,
    )  # fmt: skip


def tables_of(reading: Reading) -> list[RawTable]:
    """The catalog's tables and those config names, the large ones first: none is waited for at the end."""
    catalog = CATALOGS["salesforce"]
    have = {table.api_name.casefold() for table in catalog}
    config = reading.rules.salesforce
    named = {n.casefold(): n for n in (*config.described, *config.objects)}
    more = [named_in_config(n) for folded, n in named.items() if folded not in have]
    return sorted((*catalog, *more), key=lambda table: -reading.of(table).rows)


def read_all(reading: Reading, client: SalesforceClient, pool: Executor) -> list[TableFetch]:
    """All tables; each fails alone."""
    tables = tables_of(reading)
    client.stop_at(reading.rules.budget.daily_share)
    try:
        view = look(reading, client, tables, pool)
    except errors.AuthFailed:
        raise
    except errors.ClientError as error:
        view = View(refused={table.api_name: error for table in tables})
    reading.tell(calls.forecast(reading, client, view).sentence())
    must = ALWAYS_THERE | set(reading.rules.salesforce.objects)
    tasks = [
        pool.submit(refused, reading, table, view.refused[table.api_name], must)
        if table.api_name in view.refused
        else pool.submit(
            reading.guarded, [view.shapes[table.api_name].table],
            ObjectReader(reading, client, view.shapes[table.api_name], view).read,
        )
        for table in tables
    ]  # fmt: skip
    return [result for task in tasks for result in task.result()]
