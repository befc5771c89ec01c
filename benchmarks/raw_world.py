"""A sandbox's stores as raw tables, without HTTP: what an extract of a large world would have left.

Belongs here: reading the sandbox's SQLite files and casting them to what the catalogs promise. Filled is what
models above staging read: records, histories, associations, statuses of subscription, small tables. Events
that nothing builds on stay empty. It stands in for extract where what comes after extract is measured.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from pipelines.rules import tables as rules
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.sources import tables as sources
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.schema import ColumnType, RawTable
from pipelines.state import registry
from pipelines.state.engine import State
from pipelines.warehouse import Warehouse

AS_OF = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
ROWS_AT_ONCE = 200_000
_SYSTEM = ("id", "created_at", "updated_at", "archived", "deleted_at", "deleted_how")


def _shown(key: str, kind: str = "varchar") -> str:
    return f"json_extract_string(shown, '$.{key}')::{kind}"


_OTHERS = {
    "associations": (
        "select from_type, from_id, to_type, to_id, type_id, category, label from associations",
        "select * replace (from_id::varchar as from_id, to_id::varchar as to_id)",
    ),
    "owners": (
        "select id, email, first_name, last_name, user_id, archived from owners",
        "select * replace (id::varchar as id, user_id::varchar as user_id, archived::boolean as archived)",
    ),
    "pipeline_stages": (
        "select object as object_type, pipeline as pipeline_id, id, label, display_order, is_closed, "
        "probability, archived from stages",
        "select * replace (is_closed::boolean as is_closed, archived::boolean as archived)",
    ),
    "campaigns": (
        "select id, cast(props as text) as shown, created, updated from campaigns",
        f"select id, {_shown('hs_name')} as name, {_shown('hs_campaign_status')} as status, "
        f"{_shown('hs_utm')} as utm, {_shown('hs_start_date', 'date')} as start_date, "
        f"{_shown('hs_end_date', 'date')} as end_date, "
        f"{_shown('hs_spend_items_sum_amount', 'decimal(18, 2)')} as spend, "
        f"{_shown('hs_budget_items_sum_amount', 'decimal(18, 2)')} as budget, "
        f"{_shown('hs_currency_code')} as currency, make_timestamp_ms(created) as created_at, "
        "make_timestamp_ms(updated) as updated_at",
    ),
    "exchange_rates": (
        "select id, cast(shown as text) as shown from exchange_rates",
        f"select id::varchar as id, {_shown('fromCurrencyCode')} as from_currency, "
        f"{_shown('toCurrencyCode')} as to_currency, {_shown('conversionRate', 'decimal(18, 8)')} as rate, "
        f"{_shown('effectiveAt', 'timestamptz')} as effective_at",
    ),
    "subscription_types": (
        "select id, cast(shown as text) as shown from subscription_types",
        f"select id::varchar as id, {_shown('name')} as name, {_shown('isActive', 'boolean')} as is_active",
    ),
    "subscription_statuses": (
        "select recipient, type_id, cast(shown as text) as shown from subscription_statuses",
        f"select recipient as email, type_id::varchar as subscription_id, {_shown('status')} as status, "
        f"{_shown('subscriptionName')} as subscription_name, {_shown('source')} as source, "
        f"{_shown('timestamp', 'timestamptz')} as changed_at",
    ),
}
"""What is no CRM object and no history: how the store has it, and how the raw table does."""


class Connected(NamedTuple):
    """What is known of the other end of a connection."""

    vendor: str
    org_id: str
    org_name: str
    currency: str
    time_zone: str
    url_host: str


def fill(warehouse: Warehouse, sandbox: Path) -> None:
    """A refresh in the works with the raw tables of the world in `sandbox`. Needs no server."""
    with warehouse.locked("benchmark"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            sources.prepare(connection)
            with _store(sandbox, "hubspot") as hubspot, _store(sandbox, "salesforce") as salesforce:
                _hubspot(connection, hubspot)
                _salesforce(connection, salesforce)


def write_rules(warehouse: Warehouse, settings: Settings, sandbox: Path, as_of: datetime = AS_OF) -> None:
    """What a run writes before dbt, with the registry of persons as it was kept."""
    with _store(sandbox, "hubspot") as hubspot, _store(sandbox, "salesforce") as salesforce:
        [(portal,)] = hubspot.execute("select value from meta where key = 'portal_id'").fetchall()
        [(org, name)] = salesforce.execute('select "Id", "Name" from "Organization"').fetchall()
    connected = (
        Connected("hubspot", portal, "Portal", "USD", "UTC", "127.0.0.1"),
        Connected("salesforce", org, name, "USD", "UTC", "127.0.0.1"),
    )
    with (
        State.open(settings) as state,
        state.reading() as kept,
        warehouse.locked("benchmark"),
        warehouse.writing() as connection,
    ):
        rules.write(connection, settings.config_dir, Run(), as_of, registry.load(kept), connected)


def _store(sandbox: Path, vendor: str) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"file:{sandbox / vendor}.sqlite?mode=ro", uri=True))


def _hubspot(connection: duckdb.DuckDBPyConnection, store: sqlite3.Connection) -> None:
    for table in CATALOGS["hubspot"]:
        if table.name.endswith("_property_history"):
            _history(connection, store, table.name)
        elif table.is_record and "props" in _columns(store, table.name):
            _records(connection, store, table)
    for name, (taken, shaped) in _OTHERS.items():
        _copy(connection, store, f"raw_hubspot.{name}", taken, shaped)


def _columns(store: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in store.execute(f'pragma table_info("{table}")')}


def _records(connection: duckdb.DuckDBPyConnection, store: sqlite3.Connection, table: RawTable) -> None:
    """CRM objects: the store has the properties as a JSON object, the raw table as columns."""
    fields = ", ".join(
        _cast(f"json_extract_string(props, '$.{name}')", kind) + f' as "{name}"'
        for name, kind in table.columns.items()
        if name not in _SYSTEM
    )
    _copy(
        connection, store, f"raw_hubspot.{table.name}",
        "select id, created, modified, archived, archived_at, cast(props as text) as props "
        f'from "{table.name}"',
        "select id::varchar as id, make_timestamp_ms(created) as created_at, "
        "make_timestamp_ms(modified) as updated_at, archived::boolean as archived, "
        "case when archived then make_timestamp_ms(archived_at::bigint) end as deleted_at, "
        f"case when archived then 'archived' end as deleted_how, {fields}",
    )  # fmt: skip


def _history(connection: duckdb.DuckDBPyConnection, store: sqlite3.Connection, table: str) -> None:
    kept = table.removesuffix("_property_history")
    _copy(
        connection, store, f"raw_hubspot.{table}",
        f"select id, property, at, value, source_type, source_id from history where object = '{kept}'",
        "select id::varchar as id, property, make_timestamp_ms(\"at\") as changed_at, value, source_type, "
        "source_id",
    )  # fmt: skip


def _salesforce(connection: duckdb.DuckDBPyConnection, store: sqlite3.Connection) -> None:
    for table in CATALOGS["salesforce"]:
        have = _columns(store, table.api_name)
        wanted = {name: kind for name, kind in table.columns.items() if name in have}
        if not wanted:
            continue
        shaped = [_cast(f'"{name}"', kind) + f' as "{name}"' for name, kind in wanted.items()]
        if {"IsDeleted", "SystemModstamp"} <= wanted.keys() and "deleted_at" in table.columns:
            gone = "case when \"IsDeleted\" = 'true' then"
            shaped.append(f'{gone} try_cast("SystemModstamp" as timestamptz) end as deleted_at')
            shaped.append(f"{gone} 'deleted' end as deleted_how")
        listed = ", ".join(f'cast("{name}" as text) as "{name}"' for name in wanted)
        _copy(
            connection, store, f'raw_salesforce."{table.name}"', f'select {listed} from "{table.api_name}"',
            f"select {', '.join(shaped)}",
        )  # fmt: skip


def _cast(value: str, kind: ColumnType) -> str:
    if kind in ("text", "json"):
        return value
    if kind == "list":
        return f"case when {value} != '' then string_split({value}, ';') end"
    if kind == "integer":
        return f"try_cast(try_cast({value} as double) as bigint)"
    if kind == "timestamp":
        in_milliseconds = f"make_timestamp_ms(try_cast({value} as bigint))"
        return f"coalesce(try_cast({value} as timestamptz), {in_milliseconds})"
    if kind == "date":
        return f"try_cast(left({value}, 10) as date)"
    return f"try_cast({value} as {sources.SQL_TYPES[kind]})"


def _copy(
    connection: duckdb.DuckDBPyConnection, store: sqlite3.Connection, target: str, taken: str, shaped: str
) -> None:
    for batch in _batches(store, taken):
        connection.register("incoming", batch)
        connection.execute(f"insert into {target} by name {shaped} from incoming")
        connection.unregister("incoming")


def _batches(store: sqlite3.Connection, sql: str) -> Iterator[pa.Table]:
    cursor = store.execute(sql)
    names = [column[0] for column in cursor.description]
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        yield pa.table([_array(column) for column in zip(*rows, strict=True)], names=names)


def _array(values: tuple[Any, ...]) -> pa.Array:
    is_blank = all(value is None for value in values)
    return pa.nulls(len(values), pa.string()) if is_blank else pa.array(values)
