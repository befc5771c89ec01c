"""Which source record founded or joined which person, company or deal, and which ids became aliases of
others.

Belongs here: keeping it. Who is the same is found by `pipelines.identity` inside the dbt build, which reads
the registry from schema `rules` and leaves the new one in schema `intermediate`. Decisions about pairs and
trained models are in `identity`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table, select

from pipelines.state import identity, mirrored
from pipelines.state.tables import identity_aliases, identity_registry, person_aliases, person_registry
from pipelines.state.upsert import upsert

_INSTANT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
_PEOPLE = pa.schema(
    [("record_key", _TEXT), ("person_id", _TEXT), ("founded_at", _INSTANT), ("joined_at", _INSTANT)]
)
_ALIASES = pa.schema(
    [("alias", _TEXT), ("person_id", _TEXT), ("since", _INSTANT), ("why", _TEXT), ("retired_at", _INSTANT)]
)
_OTHERS = pa.schema(
    [
        ("entity", _TEXT),
        ("record_key", _TEXT),
        ("id", _TEXT),
        ("founded_at", _INSTANT),
        ("joined_at", _INSTANT),
    ]
)
_OTHER_ALIASES = pa.schema(
    [
        ("entity", _TEXT), ("alias", _TEXT), ("id", _TEXT), ("since", _INSTANT), ("why", _TEXT),
        ("retired_at", _INSTANT),
    ]
)  # fmt: skip
NO_ALIASES = _ALIASES.empty_table()
_ENTITIES = ("account", "opportunity")
_AT_ONCE = 50_000
_FEW = 500  # below SQLite's limit of bound variables


class PersonRegistry(NamedTuple):
    """Arrow tables. `people`: record_key, person_id, founded_at, joined_at. `aliases`: alias,
    person_id, since,
    why, retired_at. `others` and `other_aliases`: the same of companies and deals, with `entity` first
    and `id`.
    """

    people: pa.Table
    aliases: pa.Table
    others: pa.Table = _OTHERS.empty_table()
    other_aliases: pa.Table = _OTHER_ALIASES.empty_table()
    decisions: pa.Table = identity.DECISIONS.empty_table()
    models: pa.Table = identity.MODELS.empty_table()
    mirrored: pa.Table = mirrored.PAIRS.empty_table()


def load(connection: Connection) -> PersonRegistry:
    """The registry as it was kept last, ordered by key; empty tables before the first run."""
    return PersonRegistry(
        _read(connection, person_registry, _PEOPLE), _read(connection, person_aliases, _ALIASES),
        _read(connection, identity_registry, _OTHERS), _read(connection, identity_aliases, _OTHER_ALIASES),
        identity.decisions(connection), identity.models(connection), mirrored.pairs(connection),
    )  # fmt: skip


def people_of(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Record key -> person, of those of these keys that are registered."""
    wanted, found, c = sorted(keys), dict[str, str](), person_registry.c
    for start in range(0, len(wanted), _FEW):
        query = select(c.record_key, c.person_id).where(c.record_key.in_(wanted[start : start + _FEW]))
        found |= dict(connection.execute(query).tuples().all())
    return found


def records_of(connection: Connection, people: Iterable[str]) -> list[str]:
    """The keys of the records that are registered as these people's."""
    wanted, found, c = sorted(people), list[str](), person_registry.c
    for start in range(0, len(wanted), _FEW):
        query = select(c.record_key).where(c.person_id.in_(wanted[start : start + _FEW]))
        found += connection.execute(query).scalars()
    return found


def save(connection: Connection, registry: PersonRegistry) -> None:
    """Keep this registry. Records that it does not name keep their person: a record may come back."""
    upsert(connection, person_registry, _rows(registry.people, _PEOPLE))
    upsert(connection, person_aliases, _rows(registry.aliases, _ALIASES))
    upsert(connection, identity_registry, _rows(registry.others, _OTHERS))
    upsert(connection, identity_aliases, _rows(registry.other_aliases, _OTHER_ALIASES))


def publish_registry(
    connection: Connection, warehouse: duckdb.DuckDBPyConnection, later: Collection[str] = frozenset()
) -> int:
    """Keep the registry that the dbt build left in the warehouse. Call it once the gates have passed.

    An alias whose id lives again is retired, not forgotten. Records of `later` keep whose they are: that was
    found after the build began. Returns the number of records registered.
    """
    kept = load(connection)
    people = "select record_key, person_id, founded_at, joined_at from intermediate.int_person_registry"
    aliases = "select alias, person_id, since, why from intermediate.int_person_aliases"
    others = _union("record_key, id, founded_at, joined_at", "record")
    other_aliases = _union("record_key as alias, id, since, why", "alias")
    changed = [row for row in _changed(warehouse, people, kept.people) if row["record_key"] not in later]
    upsert(connection, person_registry, changed)
    upsert(connection, identity_registry, _changed(warehouse, others, kept.others))
    for table, found, rows in (
        (person_aliases, aliases, kept.aliases), (identity_aliases, other_aliases, kept.other_aliases)
    ):  # fmt: skip
        upsert(
            connection,
            table,
            _changed(warehouse, f"select *, null::timestamptz as retired_at from ({found})", rows),
        )
        upsert(connection, table, _retired(warehouse, found, rows))
    identity.publish_models(connection, warehouse)
    row = warehouse.execute("select count(*) from intermediate.int_person_registry").fetchone()
    return int(row[0]) if row else 0


def _union(columns: str, kind: str) -> str:
    return " union all ".join(
        f"select '{entity}' as entity, {columns} from intermediate.int_{plural}_resolved where kind = "
        f"'{kind}'"
        for entity, plural in zip(_ENTITIES, ("accounts", "opportunities"), strict=True)
    )


def _changed(warehouse: duckdb.DuckDBPyConnection, found: str, kept: pa.Table) -> list[dict[str, Any]]:
    """Rows that are new or differ: an unchanged registry of a million records is not written again."""
    return _lent(
        warehouse,
        f"select {', '.join(kept.column_names)} from ({found}) except select * from kept_rows",
        kept,
    )


def _retired(warehouse: duckdb.DuckDBPyConnection, found: str, kept: pa.Table) -> list[dict[str, Any]]:
    sql = (
        f"select k.* replace ((select as_of from rules.run) as retired_at) from kept_rows as k "
        f"where k.retired_at is null and k.alias not in (select alias from ({found}))"
    )
    return _lent(warehouse, sql, kept) if kept.num_rows else []


def _lent(warehouse: duckdb.DuckDBPyConnection, sql: str, kept: pa.Table) -> list[dict[str, Any]]:
    warehouse.register("kept_rows", kept)
    try:
        rows = warehouse.sql(sql).to_arrow_table()
    finally:
        warehouse.unregister("kept_rows")
    return list(rows.to_pylist())


def _read(connection: Connection, table: Table, schema: pa.Schema) -> pa.Table:
    """A table ordered by key. A million rows are read as the driver gives them, typed by column and ordered
    here: the database would look each of them up in the order of its index."""
    parts = [schema.empty_table()]
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f"select {', '.join(schema.names)} from {table.name}")
        while found := cursor.fetchmany(_AT_ONCE):
            columns = zip(*found, strict=True)
            arrays = [_typed(c, f.type) for c, f in zip(columns, schema, strict=True)]
            parts.append(pa.table(arrays, schema=schema))
    finally:
        cursor.close()
    keys = [(column.name, "ascending") for column in table.primary_key]
    return pa.concat_tables(parts).sort_by(keys).combine_chunks()


def _typed(values: Any, kind: pa.DataType) -> pa.Array:
    if kind == _INSTANT and any(isinstance(value, str) for value in values):
        return pc.cast(pa.array(values, _TEXT), kind)  # SQLite keeps instants as text
    return pa.array(values, kind)


def _rows(table: pa.Table, schema: pa.Schema) -> list[dict[str, Any]]:
    """Rows with every column of the schema; one that the table lacks is null."""
    return [{name: row.get(name) for name in schema.names} for row in table.to_pylist()]
