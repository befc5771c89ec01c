"""Reads records again by their ids, and asks what has changed lately, without a fetch: for events that name
people.

Belongs here: people's own records and the forms they sent, as rows of the raw tables they are kept in. A
fetch brings the same rows in its own time; nothing is spooled or loaded here, and no cursor moves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.hubspot import marketing
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.sources.arrow import BadValues, microseconds, moment_of
from pipelines.sources.catalogs import schema_of, table_of
from pipelines.sources.columns import Columns
from pipelines.sources.hubspot import rows as hubspot_rows
from pipelines.sources.hubspot.messages import submission
from pipelines.sources.salesforce import rows as salesforce_rows
from pipelines.sources.salesforce.view import literal, select
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.sources.tables import SQL_TYPES, stored_as

TABLES = {("hubspot", "contacts"): "contacts", ("salesforce", "Lead"): "lead",
          ("salesforce", "Contact"): "contact"}  # fmt: skip
"""The objects whose records are people: vendor and the API's own name, and the raw table."""
_KINDS: dict[str, ColumnType] = {stored_as(sql): kind for kind, sql in SQL_TYPES.items() if kind != "json"}
log = logging.getLogger(__name__)
MEETINGS, EVENTS = "meetings", "Event"
_CHANGED_AT, _CREATED_AT = "lastmodifieddate", "hs_createdate"
_SUBMITTED_BEFORE = timedelta(minutes=1)
"""A form stands in the list of its submissions at most so long before the contact says so."""


@dataclass(frozen=True)
class Changed:
    """A record that changed, and when by its own stamp."""

    vendor: str
    object: str
    record_id: str
    at: datetime


class Again:
    """Reads with clients that stay open; `known` is a connection on which the warehouse is `base`."""

    def __init__(self, hubspot: HubSpotClient | None, salesforce: SalesforceClient | None) -> None:
        self.hubspot, self.salesforce = hubspot, salesforce
        self._fields: dict[str, frozenset[str]] = {}
        self._shows = {MEETINGS: hubspot is not None, EVENTS: salesforce is not None}

    def now(self) -> datetime | None:
        """By the clock of a CRM that has just answered."""
        clocks = [client.server_time for client in (self.hubspot, self.salesforce) if client is not None]
        return max((at for at in clocks if at is not None), default=None)

    def changed(self, since: datetime, most: int) -> list[Changed]:
        """People's records that changed since, newest first, at most `most` of each object: one search of
        HubSpot's, a query for each of Salesforce's objects."""
        found: list[Changed] = []
        if self.hubspot is not None:
            found += self._newest(self.hubspot, "contacts", _CHANGED_AT, since, most)
        if self.salesforce is not None:
            for name in ("Lead", "Contact"):
                found += self._latest(name, "SystemModstamp", since, most)
        return found

    def booked(self, since: datetime, most: int) -> list[Changed]:
        """HubSpot's meetings and Salesforce's events with somebody that were made since, newest first, at
        most `most` of each: a search and a query. A CRM that does not show them to us is not asked again."""
        found: list[Changed] = []
        for name, ask in ((MEETINGS, self._new_meetings), (EVENTS, self._new_events)):
            if self._shows[name]:
                try:
                    found += ask(since, most)
                except (errors.Forbidden, errors.Rejected) as refusal:
                    log.info("bookings wait for the refresh: %s", refusal)
                    self._shows[name] = False
        return found

    def _new_meetings(self, since: datetime, most: int) -> list[Changed]:
        assert self.hubspot is not None
        return self._newest(self.hubspot, MEETINGS, _CREATED_AT, since, most)

    def _new_events(self, since: datetime, most: int) -> list[Changed]:
        return self._latest(EVENTS, "CreatedDate", since, most, "AND WhoId != null ")

    def _latest(self, name: str, stamp: str, since: datetime, most: int, more: str = "") -> list[Changed]:
        """Salesforce's records by a stamp of theirs, newest first, by one query."""
        assert self.salesforce is not None
        soql = (
            f"{select(('Id', stamp), name)} WHERE {stamp} >= {literal(since)} {more}"
            f"ORDER BY {stamp} DESC LIMIT {most}"
        )
        return [
            Changed("salesforce", name, salesforce_rows.full_id(each["Id"]), at)
            for page in self.salesforce.query_pages(soql) for each in page.records
            if (at := moment_of(each[stamp])) is not None
        ]  # fmt: skip

    @staticmethod
    def _newest(client: HubSpotClient, name: str, stamp: str, since: datetime, most: int) -> list[Changed]:
        """HubSpot's records by a stamp of theirs, newest first, by one search."""
        wanted = {"propertyName": stamp, "operator": "GTE", "value": str(microseconds(since) // 1000)}
        page = client.search_page(name, (stamp,), [wanted], limit=most, sort=stamp, newest_first=True)
        return [
            Changed("hubspot", name, str(each["id"]), at)
            for each in page.results
            if (at := moment_of((each.get("properties") or {}).get(stamp))) is not None
        ]

    def records(
        self, known: duckdb.DuckDBPyConnection, vendor: str, object_name: str, ids: Sequence[str]
    ) -> pa.Table:
        """These records as they are now; those that are gone are left out, the next extract sees to them."""
        table = shape_of(known, vendor, TABLES[vendor, object_name])
        bad = BadValues()
        if vendor == "hubspot":
            assert self.hubspot is not None
            found = self.hubspot.batch_read(object_name, ids, hubspot_rows.property_names(table))
            return hubspot_rows.records(table, [each for each in found if not each.get("archived")], bad)
        assert self.salesforce is not None
        fields = self.fields_of(table, object_name)
        read = [each for each in self.salesforce.read_collection(object_name, ids, fields) if each]
        return salesforce_rows.from_json(table, read, bad, ("Id",))

    def submissions(
        self, known: duckdb.DuckDBPyConnection, contacts: pa.Table, since: datetime
    ) -> pa.Table | None:
        """What these contacts have sent since, of the forms that they say they have sent last; of all forms
        when it is of none that is known. None when no contact says so."""
        assert self.hubspot is not None
        sent = [
            str(each.get("recent_conversion_event_name") or "") for each in contacts.to_pylist()
            if (at := each.get("recent_conversion_date")) is not None and at >= since
        ]  # fmt: skip
        if not sent:
            return None
        forms = dict(known.execute("select id, name from base.raw_hubspot.forms").fetchall())
        named = [key for key, name in forms.items() if name and any(name in each for each in sent)]
        if not named:  # a form that is new
            named = [str(each["id"]) for each in marketing.forms(self.hubspot)]
        rows = [row for form in named for row in self._sent(form, since - _SUBMITTED_BEFORE)]
        table = table_of("hubspot", "form_submissions")
        return Columns(table, {n: [row.get(n) for row in rows] for n in table.columns}).to_arrow(BadValues())

    def _sent(self, form: str, since: datetime) -> Iterator[dict[str, Any]]:
        assert self.hubspot is not None
        for page in marketing.submissions(self.hubspot, form):
            for each in page.results:
                at = moment_of(each.get("submittedAt"))
                if at is not None and at < since:
                    return
                yield submission(form, each)

    def fields_of(self, table: RawTable, object_name: str) -> list[str]:
        """The fields of a table that Salesforce shows of the object."""
        there = self._fields_there(object_name)
        return [name for name in salesforce_rows.field_names(table) if name.casefold() in there]

    def _fields_there(self, object_name: str) -> frozenset[str]:
        assert self.salesforce is not None
        if object_name not in self._fields:
            shown = self.salesforce.describe(object_name)["fields"]
            self._fields[object_name] = frozenset(str(each["name"]).casefold() for each in shown)
        return self._fields[object_name]


def columns_of(known: duckdb.DuckDBPyConnection, vendor: str, table: str) -> Mapping[str, str]:
    """The columns that a raw table has here, and their types as the database names them."""
    rows = known.execute(
        "select column_name, data_type from duckdb_columns() where database_name = 'base' "
        "and schema_name = ? and table_name = ? order by column_index",
        [schema_of(vendor), table],
    ).fetchall()
    return {name: str(kind).lower() for name, kind in rows if not name.startswith("_dlt_")}


def _kind(promised: ColumnType | None, kind: str) -> ColumnType:
    """The type of a column that stands here as `kind`. What an extract found too large for decimals stays a
    double."""
    if promised is None or (promised == "decimal" and kind == "double"):
        return _KINDS.get(kind, "text")
    return promised


def shape_of(known: duckdb.DuckDBPyConnection, vendor: str, name: str) -> RawTable:
    """The table as it stands here: promised columns have the promised type, others that of the warehouse."""
    table = table_of(vendor, name)
    promised = {column.casefold(): kind for column, kind in table.columns.items()}
    have = columns_of(known, vendor, name)
    columns = {column: _kind(promised.get(column.casefold()), kind) for column, kind in have.items()}
    spelled = {column.casefold(): column for column in table.columns}
    return replace(table, columns={spelled.get(n.casefold(), n): kind for n, kind in columns.items()})
