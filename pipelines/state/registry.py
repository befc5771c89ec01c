"""Which source record founded or joined which person, and which person ids became aliases of others.

Belongs here: keeping it. Who is the same person is found by `pipelines.identity` inside the dbt build, which
reads the registry as `rules.person_registry` and leaves the new one in schema `intermediate`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, select

from pipelines.state.tables import person_aliases, person_registry
from pipelines.state.upsert import upsert

_PEOPLE = pa.schema(
    [("record_key", pa.string()), ("person_id", pa.string()), ("founded_at", pa.timestamp("us", tz="UTC"))]
)
_ALIASES = pa.schema([("alias", pa.string()), ("person_id", pa.string())])


class PersonRegistry(NamedTuple):
    """`people`: record_key, person_id, founded_at. `aliases`: alias, person_id. Arrow tables."""

    people: pa.Table
    aliases: pa.Table


def load(connection: Connection) -> PersonRegistry:
    """The registry as it was kept last, ordered by key; empty tables before the first run."""
    people = connection.execute(select(person_registry).order_by(person_registry.c.record_key)).all()
    aliases = connection.execute(select(person_aliases).order_by(person_aliases.c.alias)).all()
    return PersonRegistry(_table(people, _PEOPLE), _table(aliases, _ALIASES))


def save(connection: Connection, registry: PersonRegistry) -> None:
    """Keep this registry. Records that it does not name keep their person: a record may come back."""
    upsert(connection, person_registry, registry.people.select(_PEOPLE.names).to_pylist())
    upsert(connection, person_aliases, registry.aliases.select(_ALIASES.names).to_pylist())


def publish_registry(connection: Connection, warehouse: duckdb.DuckDBPyConnection) -> int:
    """Keep the registry that the dbt build left in the warehouse. Call it once the gates have passed.

    Returns the number of records registered.
    """
    people = warehouse.sql(
        "select record_key, person_id, founded_at::timestamptz as founded_at "
        "from intermediate.int_person_registry order by record_key"
    ).to_arrow_table()
    aliases = warehouse.sql(
        "select alias, person_id from intermediate.int_person_aliases order by alias"
    ).to_arrow_table()
    kept = load(connection)
    changed = PersonRegistry(_not_in(people, kept.people), _not_in(aliases, kept.aliases))
    save(connection, changed)
    return int(people.num_rows)


def _not_in(rows: pa.Table, kept: pa.Table) -> pa.Table:
    """Rows that are new or differ: an unchanged registry of a million records is not written again."""
    known = set(zip(*(kept.column(name).to_pylist() for name in rows.column_names), strict=True))
    values: list[Any] = [rows.column(name).to_pylist() for name in rows.column_names]
    return rows.filter(pa.array([row not in known for row in zip(*values, strict=True)], pa.bool_()))


def _table(rows: Any, schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [() for _ in schema]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )
