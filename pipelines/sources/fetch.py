"""Fetches what is new from all CRMs, side by side, into the spool. Holds no lock and opens no database.

Belongs here: who is asked, refusing the wrong org, running the vendors beside each other, adding up. How a
vendor is read is in `<vendor>/fetch.py`; how it gets into the warehouse in `load`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import TypeVar

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.open import open_hubspot, open_marketing_cloud, open_salesforce
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.errors import ConfigError
from pipelines.rules.extract import Extract, load_extract
from pipelines.run import Progress, Run, Tell, unheard
from pipelines.settings import Settings
from pipelines.sources.fetched import Fetched, OrgInfo, TableFetch, joined
from pipelines.sources.hubspot import fetch as hubspot
from pipelines.sources.known import Known
from pipelines.sources.marketing_cloud import fetch as marketing_cloud
from pipelines.sources.reading import HOLD_BACK, Reading
from pipelines.sources.salesforce import fetch as salesforce
from pipelines.sources.schema import RawTable
from pipelines.state.suppression import NOBODY, Suppression
from pipelines.threads import Pool

log = logging.getLogger(__name__)
_AT_ONCE = 4
_CAN_BE_MISSED = {"marketing_cloud": marketing_cloud.tables}
"""Of whom nothing has to be known for people, companies and deals to be told apart; what is read of them."""
Client = TypeVar("Client", HubSpotClient, SalesforceClient, MarketingCloudClient)
AnyClient = HubSpotClient | SalesforceClient | MarketingCloudClient
Outcome = tuple[OrgInfo, datetime, list[TableFetch], int]
OnProbe = Callable[[str, datetime, bool, float, str], None]
"""Called as on_probe(vendor, at, ok, seconds, message) once a connection has answered, or has not.

`at` is the vendor's own time where an answer told it: the clock that everything else is dated by.
"""


def fetch(
    settings: Settings, run: Run, known: Known, progress: Progress, *, on_probe: OnProbe | None = None,
    suppression: Suppression = NOBODY, sweep: bool = False, tracked_only: bool = False, tell: Tell = unheard,
) -> Fetched:  # fmt: skip
    """Fetch everything new, but no row of the people on the suppression list; with `sweep` compare all ids.

    A single object that fails is marked stale, and so is all of Marketing Cloud where it does not let us in.
    With `tracked_only` Marketing Cloud's small tables, which can only be read whole, stay as they are.
    `tell` hears what each vendor's part will cost.

    Raises when a CRM cannot be reached, or a vendor is not the one the warehouse was made from.
    """
    if not settings.connections:
        raise ConfigError(
            "no CRM is connected", where="environment or .env",
            remedy="set HUBSPOT_TOKEN or SALESFORCE_URL, see docs/going-live.md, or run make build",
        )  # fmt: skip
    started = time.monotonic()
    prober = _Prober(on_probe)
    listener = _Listener(progress, tell)

    def from_hubspot() -> Outcome:
        with open_hubspot(settings) as client:
            return _fetch(
                client, hubspot.identify, hubspot.read_all, settings, known, listener, prober, suppression,
                sweep,
            )  # fmt: skip

    def from_salesforce() -> Outcome:
        with open_salesforce(settings) as client:
            return _fetch(
                client, salesforce.identify, salesforce.read_all, settings, known, listener, prober,
                suppression, sweep,
            )  # fmt: skip

    def from_marketing_cloud() -> Outcome:
        with open_marketing_cloud(settings) as client:
            return _fetch(
                client, marketing_cloud.identify, marketing_cloud.read_all, settings, known, listener, prober,
                suppression, sweep, tracked_only,
            )  # fmt: skip

    sources = {
        "hubspot": from_hubspot, "salesforce": from_salesforce, "marketing_cloud": from_marketing_cloud,
    }  # fmt: skip
    with Pool(len(settings.connections), thread_name_prefix="vendor") as pool:
        tasks = {each.vendor: pool.submit(sources[each.vendor]) for each in settings.connections}
        rules = load_extract(settings.config_dir)
        outcomes, missed = _outcomes({vendor: task.result for vendor, task in tasks.items()}, known, rules)
    fetched = Fetched(
        tables=_joined([*(table for _, _, tables, _ in outcomes for table in tables), *missed]),
        connections=tuple(org for org, _, _, _ in outcomes), as_of=max(upper for _, upper, _, _ in outcomes),
        calls=sum(calls for _, _, _, calls in outcomes), seconds=time.monotonic() - started,
    )  # fmt: skip
    log.info("run %s: %d calls in %.1f s, rows %s", run.id, fetched.calls, fetched.seconds, fetched.rows)
    return fetched


def _outcomes(
    tasks: Mapping[str, Callable[[], Outcome]], known: Known, rules: Extract
) -> tuple[list[Outcome], list[TableFetch]]:
    """What each vendor came to. One that can be done without and does not let us in keeps what it had, marked
    stale; a CRM that does not ends the fetch, for who is who is told by both."""
    outcomes, missed = [], []
    for vendor, result in tasks.items():
        try:
            outcomes.append(result())
        except errors.ClientError as error:
            if vendor not in _CAN_BE_MISSED or len(tasks) == 1:
                raise
            log.warning("%s is left out: %s", vendor, error)
            missed += [_missed(vendor, each, known, str(error)) for each in _CAN_BE_MISSED[vendor](rules)]
    return outcomes, missed


def _missed(vendor: str, table: RawTable, known: Known, why: str) -> TableFetch:
    is_news = known.table(vendor, table.name).status != "stale" and bool(table.columns)
    return TableFetch(vendor=vendor, table=table, status="stale", notes=(why,), is_news=is_news)


def _fetch(
    client: Client, identify: Callable[[Client], OrgInfo],
    read_all: Callable[[Reading, Client, Executor], list[TableFetch]],
    settings: Settings, known: Known, listener: _Listener, prober: _Prober, suppression: Suppression,
    sweep: bool, tracked_only: bool = False,
) -> Outcome:  # fmt: skip
    org = prober.ask(client, identify)
    _refuse_another_org(org, known)
    upper = (client.server_time or datetime.now(UTC)) - HOLD_BACK
    reading = Reading(
        org=org, known=known, upper=upper, spool_root=settings.paths.spool, progress=listener.progress,
        calls_here=lambda: client.calls_here, suppression=suppression,
        rules=load_extract(settings.config_dir), sweep_now=sweep, tracked_only=tracked_only,
        tell=listener.tell,
    )  # fmt: skip
    with Pool(_AT_ONCE, thread_name_prefix=org.vendor) as pool:
        tables = read_all(reading, client, pool)
    return org, upper, tables, client.calls


class _Prober:
    """Asks a connection who it is, and tells whether and how fast it answered."""

    def __init__(self, on_probe: OnProbe | None) -> None:
        self._on_probe = on_probe
        self._lock = threading.Lock()

    def ask(self, client: Client, identify: Callable[[Client], OrgInfo]) -> OrgInfo:
        started = time.monotonic()
        try:
            org = identify(client)
        except errors.ClientError as error:
            self._tell(client, started, str(error))
            raise
        self._tell(client, started, "")
        return org

    def _tell(self, client: AnyClient, started: float, message: str) -> None:
        if self._on_probe is not None:
            at = client.server_time or datetime.now(UTC)
            with self._lock:
                self._on_probe(client.connection.vendor, at, not message, time.monotonic() - started, message)


def _refuse_another_org(org: OrgInfo, known: Known) -> None:
    before = known.orgs.get(org.vendor)
    if before is not None and before != org.org_id:
        raise ConfigError(
            f"the warehouse was made from {org.vendor} {before}, and the connection leads to {org.org_id}",
            where=org.url_host, remedy="point CRM_HOME to another directory, or run make reset to begin anew",
        )  # fmt: skip


def _joined(tables: list[TableFetch]) -> tuple[TableFetch, ...]:
    """One entry for each table, also for one that several objects feed."""
    found: dict[str, TableFetch] = {}
    for table in tables:
        found[table.name] = joined(found[table.name], table) if table.name in found else table
    return tuple(found.values())


class _Listener:
    """Several threads say how they get on; whoever listens hears one at a time."""

    def __init__(self, progress: Progress, tell: Tell) -> None:
        self._progress, self._tell = progress, tell
        self._lock = threading.Lock()

    def progress(self, item: str, done: int, total: int | None, calls: int | None = None) -> None:
        with self._lock:
            self._progress(item, done, total, calls)

    def tell(self, sentence: str) -> None:
        with self._lock:
            self._tell(sentence)
