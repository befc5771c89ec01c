"""Everything of one HubSpot fetch: who the portal is, then all objects at once.

Belongs here: what runs beside what. How an object is read is in `records` and `small`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.catalogs import CATALOGS, table_of
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.hubspot import messages, small
from pipelines.sources.hubspot.catalog import ASSOCIATIONS, HISTORY_PROPERTIES
from pipelines.sources.hubspot.records import RecordReader
from pipelines.sources.hubspot.small import marketing, settings
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

Result = list[TableFetch]
_BESIDE: tuple[tuple[list[str], Callable[[Reading, HubSpotClient], Result]], ...] = (
    (["campaigns", "campaign_assets", "campaign_items", "campaign_reports"], small.read_campaigns),
    (["lists", "list_members"], marketing.read_lists),
    (["forms", "form_submissions"], marketing.read_forms),
    (["marketing_events", "marketing_event_participations"], marketing.read_marketing_events),
    (["email_campaigns"], messages.read_email_campaigns),
    (["email_events"], messages.read_email_events),
    (["subscription_changes", "subscription_statuses"], messages.read_consent),
    (["behavioral_events"], messages.read_behaviour),
)
"""What is read beside records, each by itself; a portal may lack any of it."""
Definitions = list[dict[str, Any]] | errors.ClientError


def identify(client: HubSpotClient) -> OrgInfo:
    """The portal behind the token. HubSpot gives it no name, so its id stands for one."""
    account = client.account()
    portal = str(account.get("portalId", ""))
    return OrgInfo(
        vendor="hubspot", org_id=portal, org_name=f"HubSpot portal {portal}",
        currency=str(account.get("companyCurrency") or ""), time_zone=str(account.get("timeZone") or ""),
        url_host=urlsplit(client.connection.url).netloc, environment=client.connection.environment,
    )  # fmt: skip


def read_all(reading: Reading, client: HubSpotClient, pool: Executor) -> Result:
    """All tables of the catalog; the associations table comes in pieces, one for each that feeds it."""
    record_tables = [table for table in CATALOGS["hubspot"] if table.is_record]
    asked = {each.name: pool.submit(_definitions, client, each.api_name) for each in record_tables}
    tasks: list[Future[Result]] = [
        _submit(pool, reading, ["owners"], lambda: small.read_owners(reading, client)),
        _submit(
            pool, reading, ["pipelines", "pipeline_stages"], lambda: small.read_pipelines(reading, client)
        ),
        *(
            _submit(pool, reading, names, partial(read, reading, client), optional=True)
            for names, read in _BESIDE
        ),
        *(
            _submit(pool, reading, [name], partial(settings.read, reading, client, name), optional=True)
            for name in settings.READS
        ),
    ]
    shown = {name: future.result() for name, future in asked.items()}
    tasks += [_read_records(pool, reading, client, table, shown[table.name]) for table in record_tables]
    tasks.append(_submit(pool, reading, ["properties"], lambda: _properties(reading, shown)))
    return [result for task in tasks for result in task.result()]


def _properties(reading: Reading, shown: dict[str, Definitions]) -> Result:
    """The definitions read for the records; an object the portal lacks has none, any other failure counts."""
    readable: dict[str, list[dict[str, Any]]] = {}
    for name, found in shown.items():
        if isinstance(found, list):
            readable[name] = found
        elif not isinstance(found, errors.NotFound):
            raise found
    return small.read_properties(reading, readable)


def _definitions(client: HubSpotClient, object_type: str) -> Definitions:
    try:
        return client.properties(object_type)
    except errors.AuthFailed:
        raise
    except errors.ClientError as error:
        return error


def _read_records(
    pool: Executor, reading: Reading, client: HubSpotClient, table: RawTable,
    definitions: Definitions,
) -> Future[Result]:  # fmt: skip
    history = (
        table_of("hubspot", f"{table.name}_property_history") if table.name in HISTORY_PROPERTIES else None
    )
    associations = table_of("hubspot", "associations") if table.name in ASSOCIATIONS else None
    names = [each.name for each in (table, history, associations) if each is not None]

    def read() -> Result:
        if isinstance(definitions, errors.ClientError):
            raise definitions
        shown = {str(each["name"]).casefold() for each in definitions}
        return RecordReader(reading, client, table, shown, history=history, associations=associations).read()

    return _submit(pool, reading, names, read)


def _submit(
    pool: Executor, reading: Reading, names: list[str], read: Callable[[], Result], *, optional: bool = False
) -> Future[Result]:
    tables = [table_of("hubspot", name) for name in names]
    return pool.submit(reading.guarded, tables, read, optional=optional)
