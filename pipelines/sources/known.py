"""What the warehouse already has, as far as fetching must know it: cursors, recent versions, fingerprints.

Belongs here: reading it, on a read-only connection lent for a moment. Fetching itself opens no database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines.sources.arrow import microseconds
from pipelines.sources.catalogs import CATALOGS, schema_of
from pipelines.sources.schema import RawTable

if TYPE_CHECKING:
    import duckdb

Lend = Callable[[], AbstractContextManager["duckdb.DuckDBPyConnection"]]
OVERLAP = timedelta(seconds=60)
"""How far before the cursor the next window begins: rows become visible late, both vendors document it."""
OVERLAPS = {"salesforce": timedelta(minutes=10), "hubspot": timedelta(minutes=15)}
"""Where it is more: HubSpot's search may learn of a change minutes later; a transaction of Salesforce may run
ten minutes and only then shows its rows."""


LACKING = "not there, so null: "
"""How a note begins that names promised columns the vendor does not show."""
KEPT = "no longer shown, kept as last read: "
"""How a note begins that names columns the vendor showed once: what changed meanwhile is unknown."""
DOUBLED = "of more digits than decimals hold, so doubles: "
"""How a note begins that names columns whose numbers are kept in binary, for one of them is that large."""


def overlap_of(vendor: str) -> timedelta:
    """How far before its cursor a vendor's next window begins."""
    return OVERLAPS.get(vendor, OVERLAP)


@dataclass(frozen=True)
class KnownTable:
    """What is known of one table. `versions`: record id to its cursor in microseconds, from OVERLAP on."""

    cursor: datetime | None = None
    status: str = ""
    rows: int = 0
    versions: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, str] = field(default_factory=dict)
    """Record ids that are marked deleted, and how."""
    fingerprint: str = ""
    """Of a small table's content, of a history the properties it is of; kept as the table's comment."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Its columns and their SQL types, in lower case."""
    lacking: frozenset[str] = frozenset()
    """Promised columns, in lower case, that the vendor did not show at the last load."""
    kept: frozenset[str] = frozenset()
    """Columns, in lower case, that were not shown at the last load and hold what was read before."""
    doubled: frozenset[str] = frozenset()
    """Columns, in lower case, whose numbers are too large for decimals."""
    calculated_at: datetime | None = None
    """When its calculated fields were last read for all rows."""
    first_at: datetime | None = None
    """The bound of the first load: everything was read then."""
    swept_at: datetime | None = None
    """When all its ids were last compared with the vendor's."""


class Compared(NamedTuple):
    """Rows at the vendor and here; those here alone are `extra`, there alone `missing`."""

    there: int
    here: int
    missing: int
    extra: int
    other: int
    """In both, with another value."""


@dataclass(frozen=True)
class Known:
    """What is known of everything. Without a warehouse: nothing."""

    orgs: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[tuple[str, str], KnownTable] = field(default_factory=dict)
    lend: Lend | None = None
    """Lends a connection for a moment, for what only a sweep needs."""

    def all_versions(self, vendor: str, table: RawTable) -> dict[str, int | None]:
        """Every row that is not marked deleted, and its cursor in microseconds."""
        if self.lend is None or (vendor, table.name) not in self.tables:
            return {}
        living = " where deleted_at is null and deleted_how is null" if table.is_record else ""
        with self.lend() as connection:
            found = connection.execute(
                f'select "{table.key[0]}", epoch_us("{table.cursor}") '
                f'from {schema_of(vendor)}."{table.name}"{living}'
            ).fetchall()
        return dict(found)

    def compared(
        self,
        vendor: str,
        table: RawTable,
        column: str,
        read: Sequence[Path],
        but: tuple[str, Collection[str]],
    ) -> Compared:
        """A column here beside what was `read` of it. `but`: a column of texts, and in small letters those
        whose rows do not count."""
        if self.lend is None:
            raise ValueError("nothing is known without a warehouse")
        keys, (of, without) = ", ".join(f'"{name}"' for name in table.key), but
        chosen = f'select {keys}, "{column}" as value from {{}} where lower("{of}") not in (from spared)'
        here = chosen.format(f'{schema_of(vendor)}."{table.name}"')
        there = chosen.format("read_parquet($read)")
        if (vendor, table.name) not in self.tables:
            here = f"{there} limit 0"
        if not read:
            there = f"{here} limit 0"
        bound: dict[str, object] = {"without": list(without)}
        if "$read" in here + there:
            bound["read"] = [str(path) for path in read]
        with self.lend() as connection:
            row = connection.execute(
                f"with spared as (select unnest($without::varchar[])), "
                f"h as (select *, true as is_here from ({here})), "
                f"t as (select *, true as is_there from ({there})) "
                "select count(is_there), count(is_here), count(*) filter (is_here is null), "
                "count(*) filter (is_there is null), "
                "count(*) filter (is_here and is_there and h.value is distinct from t.value) "
                f"from h full join t using ({keys})", bound,
            ).fetchone()  # fmt: skip
        assert row is not None
        return Compared(*row)

    def distinct(self, vendor: str, table: RawTable, column: str) -> set[str]:
        """The values that a column has; of a column of lists those that are in them."""
        if self.lend is None or (vendor, table.name) not in self.tables:
            return set()
        is_list = table.columns.get(column) == "list"
        with self.lend() as connection:
            name = f'{schema_of(vendor)}."{table.name}"'
            value = f'unnest("{column}")' if is_list else f'"{column}"'
            found = connection.execute(
                f"select distinct value from (select {value} as value from {name}) where value is not null"
            )
            return {str(value) for (value,) in found.fetchall()}

    def strangers(self, vendor: str, table: str, column: str, values: Collection[str]) -> set[str]:
        """Those of these values that a column does not have."""
        if not values or self.lend is None or (vendor, table) not in self.tables:
            return set(values)
        with self.lend() as connection:
            name = f'{schema_of(vendor)}."{table}"'
            found = connection.execute(
                f'select value from (select unnest($1) as value) except select "{column}" from {name}',
                [list(values)],
            ).fetchall()
        return {str(value) for (value,) in found}

    def pairs(self, vendor: str, table: RawTable) -> list[tuple[str, str]]:
        """The pairs of object types that associations are there of."""
        if self.lend is None or self.table(vendor, table.name).rows == 0:
            return []
        with self.lend() as connection:
            name = f'{schema_of(vendor)}."{table.name}"'
            found = connection.execute(f"select distinct from_type, to_type from {name}").fetchall()
            return [(str(one), str(other)) for one, other in found]

    def table(self, vendor: str, name: str) -> KnownTable:
        return self.tables.get((vendor, name), KnownTable())


def known_from(connection: duckdb.DuckDBPyConnection | None, lend: Lend | None = None) -> Known:
    """Read it from the warehouse; None (there is no warehouse yet) gives an empty Known.

    `lend` opens the same warehouse again while fetching; without it the connection itself must stay open.
    """
    if connection is None:
        return Known()
    have = {
        (schema, name): comment or ""
        for schema, name, comment in connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
    }
    if ("ops", "loads") not in have or ("ops", "connections") not in have:
        return Known()
    orgs = dict(connection.execute("select vendor, org_id from ops.connections").fetchall())
    lacking, kept, doubled = (_said(connection, each) for each in (LACKING, KEPT, DOUBLED))
    loads, columns, calculated = _loads(connection), _columns(connection), _calculated(connection, have)
    firsts, swept = _firsts(connection), _swept(connection, have)
    tables = {}
    for vendor, catalog in CATALOGS.items():
        listed = {table.name for table in catalog}
        more = [_uncatalogued(v, name, columns) for v, name in loads if v == vendor and name not in listed]
        for table in (*catalog, *more):
            place = (schema_of(vendor), table.name)
            if place in have:
                load = loads.get((vendor, table.name), (None, ""))
                found = _known_table(connection, vendor, table, have[place], *load)
                tables[vendor, table.name] = replace(
                    found, columns=columns.get(place, {}), calculated_at=calculated.get((vendor, table.name)),
                    lacking=lacking.get((vendor, table.name), frozenset()),
                    kept=kept.get((vendor, table.name), frozenset()),
                    doubled=doubled.get((vendor, table.name), frozenset()),
                    first_at=firsts.get((vendor, table.name)), swept_at=swept.get((vendor, table.name)),
                )  # fmt: skip
    own = connection
    return Known(orgs, tables, lend or (lambda: nullcontext(own.cursor())))


def _said(connection: duckdb.DuckDBPyConnection, start: str) -> dict[tuple[str, str], frozenset[str]]:
    """Columns that the latest loads named in a note that starts so."""
    rows = connection.execute(
        "select vendor, table_name, arg_max(coalesce(note, ''), run_id) from ops.loads "
        "where status in ('loaded', 'unchanged') group by all"
    ).fetchall()
    said = {
        (vendor, table): part.removeprefix(start)
        for vendor, table, note in rows
        for part in note.split("; ")
        if part.startswith(start)
    }
    return {place: frozenset(names.lower().split(", ")) for place, names in said.items()}


def _uncatalogued(vendor: str, name: str, columns: Mapping[tuple[str, str], Mapping[str, str]]) -> RawTable:
    """A table of an object that only config or the portal's schemas name."""
    if vendor == "hubspot":
        return RawTable(name, name, {}, cursor="hs_lastmodifieddate")
    stamped = "systemmodstamp" in columns.get((schema_of("salesforce"), name), {})
    return RawTable(name, name, {}, key=("Id",), cursor="SystemModstamp" if stamped else "")


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name like 'raw_%'"
    ).fetchall():
        found.setdefault((schema, table), {})[column.lower()] = kind.lower()
    return found


def _calculated(
    connection: duckdb.DuckDBPyConnection, have: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], datetime]:
    if ("ops", "calculated") not in have:
        return {}
    rows = connection.execute("select vendor, table_name, epoch_us(read_at) from ops.calculated").fetchall()
    return {(vendor, table): datetime.fromtimestamp(at / 1e6, UTC) for vendor, table, at in rows}


def _firsts(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], datetime]:
    rows = connection.execute(
        "select vendor, table_name, min(epoch_us(window_to)) from ops.loads where status = 'loaded' "
        "and window_to is not null group by all"
    ).fetchall()
    return {(vendor, table): datetime.fromtimestamp(at / 1e6, UTC) for vendor, table, at in rows}


def _swept(
    connection: duckdb.DuckDBPyConnection, have: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], datetime]:
    if ("ops", "sweeps") not in have:
        return {}
    rows = connection.execute(
        "select vendor, table_name, max(epoch_us(swept_at)) from ops.sweeps group by all"
    ).fetchall()
    return {(vendor, table): datetime.fromtimestamp(at / 1e6, UTC) for vendor, table, at in rows}


def _loads(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[datetime | None, str]]:
    rows = connection.execute(
        "select vendor, table_name, "
        "max(epoch_us(window_to)) filter (where status in ('loaded', 'unchanged')), "
        "arg_max(status, run_id) from ops.loads group by all"
    ).fetchall()
    return {
        (vendor, table): (None if bound is None else datetime.fromtimestamp(bound / 1e6, UTC), status)
        for vendor, table, bound, status in rows
    }


def _known_table(
    connection: duckdb.DuckDBPyConnection, vendor: str, table: RawTable, fingerprint: str,
    cursor: datetime | None, status: str,
) -> KnownTable:  # fmt: skip
    name = f'{schema_of(vendor)}."{table.name}"'
    counted = connection.execute(f"select count(*) from {name}").fetchone()
    rows = int(counted[0]) if counted else 0
    if table.is_whole:
        return KnownTable(cursor, status, rows, fingerprint=fingerprint)
    if not table.cursor or cursor is None:
        return KnownTable(cursor, status, rows, fingerprint=fingerprint)
    key = table.key[0]
    # A literal, not a parameter: to bind one DuckDB imports pandas, which an unchanged run would wait for.
    since = microseconds(cursor - (table.late or overlap_of(vendor)))
    binned = " or deleted_how = 'archived'" if vendor == "hubspot" and table.is_record else ""
    versions = connection.execute(
        f'select "{key}", epoch_us("{table.cursor}") from {name} '
        f'where epoch_us("{table.cursor}") >= {since}{binned}'
    ).fetchall()
    if not table.is_record:
        return KnownTable(cursor, status, rows, dict(versions))
    deleted = connection.execute(
        f'select "{key}", deleted_how from {name} where deleted_at is not null or deleted_how is not null'
    ).fetchall()
    return KnownTable(cursor, status, rows, dict(versions), dict(deleted))
