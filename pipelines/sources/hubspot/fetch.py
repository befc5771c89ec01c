"""Everything of one HubSpot fetch: who the portal is, then all objects at once.

Belongs here: what runs beside what. How an object is read is in `records` and `small`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.rules.extract import HubSpotExtract
from pipelines.sources.catalogs import CATALOGS, table_of
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.forecast import Forecast
from pipelines.sources.hubspot import calls, consent, custom, messages, small
from pipelines.sources.hubspot.catalog import ASSOCIATIONS, HISTORY_PROPERTIES
from pipelines.sources.hubspot.pages import Extent, Pages
from pipelines.sources.hubspot.records import RecordReader
from pipelines.sources.hubspot.shape import shape_of
from pipelines.sources.hubspot.small import marketing, settings
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

Result = list[TableFetch]
BESIDE: tuple[tuple[list[str], Callable[[Reading, HubSpotClient], Result]], ...] = (
    (["campaigns", "campaign_assets", "campaign_items", "campaign_reports"], small.read_campaigns),
    (["lists", "list_members"], marketing.read_lists),
    (["forms", "form_submissions"], marketing.read_forms),
    (["marketing_events", "marketing_event_participations"], marketing.read_marketing_events),
    (["email_campaigns"], messages.read_email_campaigns),
    (["email_events"], messages.read_email_events),
    (["subscription_types", "subscription_changes", "subscription_statuses"], consent.read_consent),
    (["behavioral_events"], messages.read_behaviour),
    *(([name], partial(settings.read, name=name)) for name in settings.BY_ITSELF),
)
"""What is read beside records, each by itself; a portal may lack any of it, and config leave it out by the
first of its tables."""
Links = Mapping[str, Sequence[str]]
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
    client.stop_at(reading.rules.budget.daily_share)
    wanted, left_out, links, problems = _record_tables(reading, client)
    without = reading.rules.hubspot.without
    asked = {each.name: pool.submit(_definitions, client, each.api_name) for each in wanted}
    tasks: list[Future[Result]] = [
        _submit(pool, reading, ["owners"], lambda: small.read_owners(reading, client)),
        _submit(
            pool, reading, ["pipelines", "pipeline_stages"], lambda: small.read_pipelines(reading, client)
        ),
        *(
            _submit(pool, reading, names, partial(read, reading, client), optional=True)
            for names, read in BESIDE
            if names[0] not in without
        ),
    ]
    shown = {name: future.result() for name, future in asked.items()}
    extents = _forecast(pool, reading, client, wanted, shown, links, len(tasks))
    tasks += [
        _read_records(
            pool, reading, client, table, shown[table.name], links.get(table.api_name, ()),
            extents.get(table.name),
        )
        for table in wanted
    ]  # fmt: skip
    tasks.append(_submit(pool, reading, ["properties"], lambda: _properties(reading, wanted, shown)))
    done = [result for task in tasks for result in task.result()]
    left_out += [table_of("hubspot", name) for names, _ in BESIDE if names[0] in without for name in names]
    note = ("left out by config/extract.yml",)
    done += [reading.outcome(table, "absent", notes=note) for table in left_out]
    done[0] = replace(done[0], problems=(*done[0].problems, *problems))
    return done


def _record_tables(
    reading: Reading, client: HubSpotClient
) -> tuple[list[RawTable], list[RawTable], Links, list[str]]:
    """Record tables to read, those config leaves out, what is associated with which, and sentences about
    names HubSpot does not know."""
    rules = reading.rules.hubspot
    tables = [table for table in CATALOGS["hubspot"] if table.is_record]
    schemas = custom.schemas(client) if rules.custom_objects != "none" else []
    customs = custom.tables(schemas)
    names = {each.api_name for each in tables}
    problems = []
    if rules.objects != "all":
        problems += [_unknown(client, each) for each in rules.objects if each not in names]
    if isinstance(rules.custom_objects, tuple):
        called = {name for each in customs for name in (each.api_name, each.name.removeprefix("custom_"))}
        problems += [_unknown(client, each) for each in rules.custom_objects if each not in called]
        chosen = set(rules.custom_objects)
        customs = [each for each in customs if {each.api_name, each.name.removeprefix("custom_")} & chosen]
    known = names | {each.api_name for each in customs}
    named = (*rules.properties, *rules.history, *rules.associations)
    problems += [_unknown(client, each) for each in dict.fromkeys(named) if each not in known]
    may_go = names | {group[0] for group, _ in BESIDE}
    problems += [
        f"config/extract.yml leaves out {each}, which is nothing that is read by this name"
        for each in rules.without
        if each not in may_go
    ]
    chosen_tables = [each for each in tables if rules.objects == "all" or each.api_name in rules.objects]
    wanted = [each for each in chosen_tables if each.api_name not in rules.without]
    left_out = [each for each in tables if each not in wanted]
    links = {name: tuple(ends) for name, ends in (ASSOCIATIONS | custom.links(schemas)).items()}
    for name, ends in rules.associations.items():
        links[name] = tuple(dict.fromkeys((*links.get(name, ()), *ends)))
    return [*wanted, *customs], left_out, links, problems


def _unknown(client: HubSpotClient, object_type: str) -> str:
    """What HubSpot itself says about an object type that nobody knows."""
    said = "it has such an object, which is not read by this name"
    try:
        client.properties(object_type)
    except errors.ClientError as error:
        said = error.what
    return f"config/extract.yml names the HubSpot object {object_type}: {said}"


def _properties(reading: Reading, wanted: Sequence[RawTable], shown: dict[str, Definitions]) -> Result:
    """The definitions read for the records. An object the portal lacks, or does not show us, has none; any
    other failure counts."""
    readable: dict[str, list[dict[str, Any]]] = {}
    for table in wanted:
        found = shown[table.name]
        if isinstance(found, list):
            readable[table.api_name] = found
        elif not isinstance(found, errors.NotFound | errors.Forbidden):
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
    definitions: Definitions, linked_to: Sequence[str], extent: Extent | None,
) -> Future[Result]:  # fmt: skip
    rules = reading.rules.hubspot
    kept = history_properties(table.api_name, rules)
    history = _history_of(table, rules)
    associations = table_of("hubspot", "associations") if linked_to else None
    tables = [each for each in (table, history, associations) if each is not None]

    def read() -> Result:
        if isinstance(definitions, errors.ClientError):
            raise definitions
        names = {str(each["name"]) for each in definitions}
        asked = (*rules.choice(table.api_name).names, *(each for each in kept if each not in names))
        problems = [_no_property(client, table, each) for each in dict.fromkeys(asked) if each not in names]
        known = reading.of(table)
        shape = shape_of(table, definitions, rules.choice(table.api_name), known.columns, known.lacking)
        return RecordReader(
            reading, client, shape, history=history, kept=[each for each in kept if each in names],
            associations=associations, linked_to=linked_to, problems=[each for each in problems if each],
            extent=extent,
        ).read()  # fmt: skip

    return pool.submit(reading.guarded, tables, read)


def _forecast(
    pool: Executor, reading: Reading, client: HubSpotClient, wanted: Sequence[RawTable],
    shown: Mapping[str, Definitions], links: Links, others: int,
) -> dict[str, Extent | None]:  # fmt: skip
    """Say what is to come; how large what is read for the first time is, None where search does not tell."""

    def extent(table: RawTable) -> Extent | None:
        try:
            return Pages(client, table.api_name, table.cursor, reading.org.url_host).extent()
        except errors.AuthFailed:
            raise
        except errors.ClientError:
            return None  # whoever reads the object meets it again, and says so

    rules = reading.rules.hubspot
    there = [table for table in wanted if isinstance(shown[table.name], list)]
    first = [table for table in there if _is_first(reading, table, rules)]
    extents = dict(zip([table.name for table in first], pool.map(extent, first), strict=True))
    count = others
    for table in there:
        linked = links.get(table.api_name, ())
        shape = shape_of(table, _listed(shown[table.name]), rules.choice(table.api_name), {})
        if table.name in extents:
            found = extents[table.name]
            rows = max(0, (found.total if found else 0) - reading.rows_spooled(table))
            names = {str(each["name"]) for each in _listed(shown[table.name])}
            kept = not names.isdisjoint(history_properties(table.api_name, rules))
            count += calls.of_first_load(rows, shape.properties, with_history=kept, linked_to=linked)
        else:
            count += calls.of_later_run(reading, table, linked, bool(shape.calculated))
    windows = client.budget.windows
    foreseen = Forecast(
        vendor="hubspot", calls=count, searches=len(there), day=client.budget.day,
        stop_at=reading.rules.budget.daily_share, window=windows.get("calls"),
        search_window=windows.get("search"),
    )  # fmt: skip
    reading.tell(foreseen.sentence())
    return extents


def _listed(definitions: Definitions) -> list[dict[str, Any]]:
    return definitions if isinstance(definitions, list) else []


def _history_of(table: RawTable, rules: HubSpotExtract) -> RawTable | None:
    if not history_properties(table.api_name, rules):
        return None
    name = f"{table.name}_property_history"
    return next((each for each in CATALOGS["hubspot"] if each.name == name), None)


def _is_first(reading: Reading, table: RawTable, rules: HubSpotExtract) -> bool:
    history = _history_of(table, rules)
    unread = history is not None and reading.of(history).cursor is None
    return reading.of(table).cursor is None or unread


def history_properties(object_type: str, rules: HubSpotExtract) -> tuple[str, ...]:
    """The properties whose every change is kept: ours and what config adds; none where config says so."""
    added = rules.history.get(object_type, ())
    ours = HISTORY_PROPERTIES.get(object_type, ())
    return () if added == "none" else tuple(dict.fromkeys((*ours, *added)))


def _no_property(client: HubSpotClient, table: RawTable, name: str) -> str:
    """A sentence with HubSpot's words; none about a property that only we, not config, ask for."""
    if name in HISTORY_PROPERTIES.get(table.api_name, ()):
        return ""
    said = "it has such a property, which is archived"
    try:
        client.property(table.api_name, name)
    except errors.ClientError as error:
        said = error.what
    return f"config/extract.yml names the property {name} of HubSpot's {table.api_name}: {said}"


def _submit(
    pool: Executor, reading: Reading, names: list[str], read: Callable[[], Result], *, optional: bool = False
) -> Future[Result]:
    tables = [table_of("hubspot", name) for name in names]
    return pool.submit(reading.guarded, tables, read, optional=optional)
