"""Everything of one HubSpot fetch: who the portal is, then all objects at once.

Belongs here: what runs beside what. How an object is read is in `records` and `small`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient, Json
from pipelines.rules.extract import HubSpotExtract
from pipelines.sources.catalogs import CATALOGS, table_of
from pipelines.sources.fetched import OrgInfo, TableFetch
from pipelines.sources.hubspot import consent, custom, messages, planning, small
from pipelines.sources.hubspot.begun import Begin, begin, whole
from pipelines.sources.hubspot.catalog import ASSOCIATIONS, HISTORY_PROPERTIES
from pipelines.sources.hubspot.first import open_first
from pipelines.sources.hubspot.pairs import Ends, ends
from pipelines.sources.hubspot.records import RecordReader
from pipelines.sources.hubspot.shape import shape_of
from pipelines.sources.hubspot.small import marketing, settings
from pipelines.sources.reading import Reading
from pipelines.sources.schema import RawTable

Result = list[TableFetch]
BESIDE: tuple[tuple[list[str], Begin], ...] = (
    (
        ["campaigns", "campaign_assets", "campaign_items", "campaign_reports", "campaign_contacts"],
        small.read_campaigns,
    ),
    (["lists", "list_members"], marketing.read_lists),
    (["forms", "form_submissions"], marketing.read_forms),
    (["marketing_events", "marketing_event_participations"], marketing.read_marketing_events),
    (["email_campaigns"], messages.read_email_campaigns),
    (["email_events"], messages.read_email_events),
    (["subscription_types", "subscription_changes", "subscription_statuses"], consent.read_consent),
    (["behavioral_events"], messages.read_behaviour),
    *(([name], whole(partial(settings.read, name=name))) for name in settings.BY_ITSELF),
)
"""What is read beside records, each by itself; a portal may lack any of it, and config leave it out by the
first of its tables."""
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
    """All tables of the catalog; the associations table comes in pieces, one for each that feeds it.

    First a call or few of everything; then it is known, and said, what the rest will take.
    """
    client.stop_at(reading.rules.budget.daily_share)
    schemas = custom.schemas(client) if reading.rules.hubspot.custom_objects != "none" else None
    wanted, left_out, problems = _record_tables(reading, client, schemas)
    shown = {each.name: pool.submit(_definitions, client, each.api_name) for each in wanted}
    heads = [pool.submit(begin, reading, client, *each) for each in _heads(reading, schemas, wanted)]
    definitions = {name: future.result() for name, future in shown.items()}
    readers = _readers(reading, client, wanted, definitions, schemas)
    openings = [pool.submit(open_first, reader) for reader in readers.values()]
    begun = [head.result() for head in heads]
    for opening in openings:
        opening.result()
    rests = planning.announced(reading, client, begun, list(readers.values()))
    tasks: list[Future[Result]] = [pool.submit(rest) for rest in rests]
    tasks += [_read_records(pool, reading, table, definitions, readers.get(table.name)) for table in wanted]
    tasks.append(
        pool.submit(
            reading.guarded, [table_of("hubspot", "properties")],
            lambda: _properties(reading, wanted, definitions),
        )
    )  # fmt: skip
    done = [result for each in begun for result in each.done]
    done += [result for task in tasks for result in task.result()]
    done += [
        reading.outcome(table, "absent", notes=("left out by config/extract.yml",)) for table in left_out
    ]
    done += custom.gone(reading, schemas)
    done[0] = replace(done[0], problems=(*done[0].problems, *problems))
    return done


def _heads(
    reading: Reading, schemas: list[Json] | None, wanted: Sequence[RawTable]
) -> list[tuple[list[str], Begin, bool]]:
    """(tables, how they are begun, whether a portal may lack them)."""
    without = reading.rules.hubspot.without
    customs = [each.api_name for each in wanted if each.name.startswith(custom.PREFIX)]
    pipelines = whole(partial(small.read_pipelines, customs=customs))
    heads = [
        (["owners"], whole(small.read_owners), False),
        (["pipelines", "pipeline_stages"], pipelines, False),
    ]
    heads += [(names, first, True) for names, first in BESIDE if names[0] not in without]
    if schemas is None:
        return heads
    shown = whole(partial(settings.read, name="schemas", known=settings.shown_schemas(schemas)))
    return [(names, shown if names == ["schemas"] else first, may) for names, first, may in heads]


def _record_tables(
    reading: Reading, client: HubSpotClient, schemas: list[Json] | None
) -> tuple[list[RawTable], list[RawTable], list[str]]:
    """Record tables to read, tables config leaves out, and sentences about names HubSpot does not know."""
    rules = reading.rules.hubspot
    tables = [table for table in CATALOGS["hubspot"] if table.is_record]
    customs = custom.tables(custom.in_use(schemas))
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
    left_out += [
        table_of("hubspot", each) for group, _ in BESIDE if group[0] in rules.without for each in group
    ]
    return [*wanted, *customs], left_out, problems


def _readers(
    reading: Reading, client: HubSpotClient, wanted: Sequence[RawTable],
    definitions: Mapping[str, Definitions], schemas: list[Json] | None,
) -> dict[str, RecordReader]:  # fmt: skip
    """A reader of each object that is shown to us."""
    rules = reading.rules.hubspot
    there = {each.name: found for each in wanted if isinstance(found := definitions[each.name], list)}
    pairs = ends(
        [each.api_name for each in wanted if each.name in there],
        ASSOCIATIONS | custom.links(custom.in_use(schemas)), rules.associations,
        reading.known.pairs("hubspot", table_of("hubspot", "associations")),
    )  # fmt: skip
    return {
        each.name: _reader(reading, client, each, there[each.name], pairs[each.api_name])
        for each in wanted
        if each.name in there
    }


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


def _reader(
    reading: Reading, client: HubSpotClient, table: RawTable, definitions: list[dict[str, Any]], pairs: Ends
) -> RecordReader:
    choice = reading.rules.hubspot.choice(table.api_name)
    names = {str(each["name"]) for each in definitions}
    kept = history_properties(table.api_name, reading.rules.hubspot)
    known = reading.of(table)
    mapped = reading.rules.hubspot.mapped.get(table.api_name, ())  # asked for by `crm mappings check`
    asked = dict.fromkeys((*choice.names, *(each for each in kept if each not in {*names, *mapped})))
    return RecordReader(
        reading, client,
        shape_of(
            table, definitions, choice, known.columns,
            known.lacking, known.kept, known.doubled, known.cursor,
        ),
        history=_history_of(table, reading.rules.hubspot), kept=[each for each in kept if each in names],
        associations=table_of("hubspot", "associations") if pairs.all else None, ends=pairs,
        unknown=lambda: [
            said for each in asked if each not in names and (said := _no_property(client, table, each))
        ],
    )  # fmt: skip


def _read_records(
    pool: Executor, reading: Reading, table: RawTable, definitions: Mapping[str, Definitions],
    reader: RecordReader | None,
) -> Future[Result]:  # fmt: skip
    """The records of an object; of one that is not shown what HubSpot said when it was asked for."""
    if reader is not None:
        return pool.submit(reading.guarded, reader.tables, reader.read_to_the_last_digit)
    history = _history_of(table, reading.rules.hubspot)
    tables = [each for each in (table, history, table_of("hubspot", "associations")) if each is not None]

    def fail() -> Result:
        raise cast(errors.ClientError, definitions[table.name])

    return pool.submit(reading.guarded, tables, fail)


def _history_of(table: RawTable, rules: HubSpotExtract) -> RawTable | None:
    if not history_properties(table.api_name, rules):
        return None
    name = f"{table.name}_property_history"
    return next((each for each in CATALOGS["hubspot"] if each.name == name), None)


def history_properties(object_type: str, rules: HubSpotExtract) -> tuple[str, ...]:
    """The properties whose every change is kept: ours, those a mapping keeps in step and what config adds;
    none where config says so."""
    added = rules.history.get(object_type, ())
    ours = HISTORY_PROPERTIES.get(object_type, ())
    mapped = rules.mapped.get(object_type, ()) if ours else ()
    return () if added == "none" else tuple(dict.fromkeys((*ours, *added, *mapped)))


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
