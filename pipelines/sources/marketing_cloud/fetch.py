"""Everything of one Marketing Cloud fetch: which business unit it is, then all tables at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from urllib.parse import urlsplit

from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.rules.extract import Extract, FilledExtension, MarketingCloudExtract
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.marketing_cloud import catalog, gaps, history, tracking, whole
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

Read = Callable[[], list[TableFetch]]
_ZONE = "America/Chicago"
"""The zone the account tells times in; no daylight saving is applied."""


def identify(client: MarketingCloudClient) -> OrgInfo:
    """The business unit behind the connection."""
    unit = client.identity()
    return OrgInfo(
        vendor="marketing_cloud", org_id=unit.member_id, org_name=f"Marketing Cloud {unit.member_id}",
        currency="", time_zone=_ZONE, url_host=urlsplit(client.connection.url).netloc,
        environment=client.connection.environment,
    )  # fmt: skip


def tables(rules: Extract) -> list[RawTable]:
    """What config lets be read."""
    wanted = rules.marketing_cloud
    off = {table.name for table, filled in _filled(wanted) if filled is None}
    more = (whole.extension_table(key) for key in wanted.data_extensions)
    return [*(each for each in catalog.TABLES if each.name not in off), *more]


def _filled(wanted: MarketingCloudExtract) -> tuple[tuple[RawTable, FilledExtension | None], ...]:
    return (
        (catalog.JOURNEY_ACTIVITY, wanted.journey_activity), (catalog.COMPLAINTS, wanted.complaints),
        (catalog.PEOPLE, wanted.people),
    )  # fmt: skip


def read_all(reading: Reading, client: MarketingCloudClient, pool: Executor) -> list[TableFetch]:
    """All tables; each fails alone. Between two whole readings what is tracked, and whom it names that is not
    known yet."""
    tasks = [
        pool.submit(reading.guarded, [table], read, optional=optional)
        for table, read, optional in _reads(reading, client)
        if not _rests(reading, table)
    ]
    found = [result for task in tasks for result in task.result()]
    return found + (gaps.read(reading, client, found) if reading.tracked_only else [])


def _rests(reading: Reading, table: RawTable) -> bool:
    """Whether a table is left as it is: a listener has read it lately, and it was fine or not there.
    Complaints are refusals, and so are looked at each time."""
    return (
        reading.tracked_only and not table.cursor and table != catalog.COMPLAINTS
        and reading.of(table).status in ("loaded", "unchanged", "absent")
    )  # fmt: skip


def _reads(reading: Reading, client: MarketingCloudClient) -> list[tuple[RawTable, Read, bool]]:
    """What is read and how; whether an account may do without it. The long ones begin first."""
    rules = reading.rules.marketing_cloud
    found: list[tuple[RawTable, Read, bool]] = [
        (each.table, lambda each=each: tracking.read(reading, client, each), False)  # type: ignore[misc]
        for each in catalog.TRACKING
    ]
    found += [
        (each.table, lambda each=each: whole.retrieved(reading, client, each), False)  # type: ignore[misc]
        for each in catalog.RETRIEVED
    ]
    for table, wanted in _filled(rules):
        if wanted is not None:
            read = lambda table=table, wanted=wanted: whole.filled(reading, client, table, wanted)  # noqa: E731
            found.append((table, read, True))
    events = "/interaction/v1/eventDefinitions"
    found += [
        (catalog.JOURNEY_HISTORY, lambda: history.read(reading, client), True),
        (catalog.JOURNEY_ENTRIES, lambda: history.entries(reading, client), False),
        (catalog.CONTACTS,
         lambda: whole.listed(reading, catalog.CONTACTS, client.contacts(), dict), True),
        (catalog.CAMPAIGNS,
         lambda: whole.listed(reading, catalog.CAMPAIGNS, client.paged("/hub/v1/campaigns"), dict), True),
        (catalog.JOURNEYS,
         lambda: whole.listed(reading, catalog.JOURNEYS, client.journeys(), whole.journey), False),
        (catalog.EVENT_DEFINITIONS,
         lambda: whole.listed(reading, catalog.EVENT_DEFINITIONS, client.paged(events), dict), False),
        *((table, read, False) for table, read in whole.named(reading, client)),
    ]  # fmt: skip
    return found
