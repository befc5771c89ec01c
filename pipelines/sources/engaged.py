"""What sales did with a few people, read again: calls, mails, meetings and tasks, as rows of the raw tables
they are kept in.

Belongs here: asking both CRMs for what hangs on these people. What counts as contact, models say and
`pipelines.decisions.evidence`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.batches import batched
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.again import Again, shape_of
from pipelines.sources.arrow import BadValues
from pipelines.sources.catalogs import table_of
from pipelines.sources.hubspot import rows as hubspot_rows
from pipelines.sources.salesforce import rows as salesforce_rows
from pipelines.sources.salesforce.view import ids_in, literal, select

log = logging.getLogger(__name__)
_HUBSPOT, _SALESFORCE = ("calls", "emails", "meetings"), ("Task", "Event")
_TIES = "associations"
_IDS = ("Id", "WhoId", "WhatId", "OwnerId", "AccountId")
Read = dict[tuple[str, str], pa.Table]
"""Rows by vendor and raw table."""


def with_people(
    again: Again, known: duckdb.DuckDBPyConnection, people: Mapping[str, Sequence[str]], since: datetime
) -> Read:
    """HubSpot's, all that hang on these contacts, for an older one may have been completed; Salesforce's that
    changed `since`. `people`: ids of their records by vendor. What a CRM does not show to us is in no refresh
    either."""
    found: Read = {}
    if again.hubspot is not None and people.get("hubspot"):
        found |= _of_hubspot(again.hubspot, known, people["hubspot"])
    if again.salesforce is not None and people.get("salesforce"):
        for name in _SALESFORCE:
            rows = _of_salesforce(again, again.salesforce, known, name, people["salesforce"], since)
            if rows is not None:
                found["salesforce", name.lower()] = rows
    return found


def _of_hubspot(client: HubSpotClient, known: duckdb.DuckDBPyConnection, contacts: Sequence[str]) -> Read:
    found: Read = {}
    tied = []
    for name in _HUBSPOT:
        table, bad = shape_of(known, "hubspot", name), BadValues()
        try:
            pairs = list(client.associations("contacts", name, contacts))
            ids = sorted({str(to["toObjectId"]) for each in pairs for to in each.get("to") or []})
            read = client.batch_read(name, ids, hubspot_rows.property_names(table)) if ids else []
        except errors.Forbidden as refusal:
            log.info("%s are not read again: %s", name, refusal)
            continue
        there = [each for each in read if not each.get("archived")]
        found["hubspot", name] = hubspot_rows.records(table, there, bad)
        tied.append(_turned(hubspot_rows.associations(
            table_of("hubspot", _TIES), "contacts", name, pairs, bad
        )))  # fmt: skip
    return found | ({("hubspot", _TIES): pa.concat_tables(tied)} if tied else {})


def _of_salesforce(
    again: Again, client: SalesforceClient, known: duckdb.DuckDBPyConnection, name: str,
    people: Sequence[str], since: datetime,
) -> pa.Table | None:  # fmt: skip
    table = shape_of(known, "salesforce", name.lower())
    try:
        fields = again.fields_of(table, name)
        read = list(_changed(client, name, fields, people, since))
    except (errors.Forbidden, errors.Rejected) as refusal:
        log.info("records of %s are not read again: %s", name, refusal)
        return None
    return salesforce_rows.from_json(table, read, BadValues(), [each for each in _IDS if each in fields])


_FEW = 50
"""People a query, below which asking for ids first takes fewer calls."""


def _changed(
    client: SalesforceClient, name: str, fields: Sequence[str], people: Sequence[str], since: datetime
) -> Iterator[Mapping[str, Any]]:
    """By as many people a query as its address has room for; more fields than that are asked for by id."""
    after = f" AND SystemModstamp >= {literal(since)}"

    def found(names: Sequence[str], room: int) -> Iterator[Mapping[str, Any]]:
        for some in batched(people, room):
            who = ", ".join(f"'{each}'" for each in some)
            for page in client.query_pages(select(names, name, f" WHERE WhoId IN ({who}){after}")):
                yield from page.records

    room = ids_in(select(fields, name, f" WHERE WhoId IN (){after}"))
    if room >= min(len(people), _FEW):
        yield from found(fields, room)
        return
    ids = [each["Id"] for each in found(("Id",), ids_in(select(("Id",), name, f" WHERE WhoId IN (){after}")))]
    yield from (each for each in client.read_collection(name, ids, fields) if each)


def _turned(ties: pa.Table) -> pa.Table:
    """The same associations with their ends changed over, as they are kept."""
    names = ties.column_names
    other = {"from_type": "to_type", "from_id": "to_id", "to_type": "from_type", "to_id": "from_id"}
    return ties.rename_columns([other.get(each, each) for each in names]).select(names)
