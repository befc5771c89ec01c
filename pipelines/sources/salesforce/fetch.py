"""Everything of one Salesforce fetch: which org it is, then all objects at once."""

from __future__ import annotations

from concurrent.futures import Executor
from urllib.parse import urlsplit

from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce.records import ObjectReader


def identify(client: SalesforceClient) -> OrgInfo:
    """The org behind the connection."""
    org = client.identity()
    return OrgInfo(
        vendor="salesforce", org_id=org.org_id, org_name=org.name, currency=org.currency,
        time_zone=org.time_zone,
        url_host=urlsplit(client.connection.url).netloc, environment=client.connection.environment,
    )  # fmt: skip


def read_all(reading: Reading, client: SalesforceClient, pool: Executor) -> list[TableFetch]:
    """All tables of the catalog, the large ones first so that none is waited for at the end."""
    tasks = [
        pool.submit(reading.guarded, [table], ObjectReader(reading, client, table).read)
        for table in sorted(CATALOGS["salesforce"], key=lambda table: -reading.of(table).rows)
    ]
    return [result for task in tasks for result in task.result()]
