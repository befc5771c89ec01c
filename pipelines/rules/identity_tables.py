"""The registry, decisions, models and pairs in step of identity as tables of schema `rules`.

Belongs here: giving people, companies and deals one shape, whatever the state keeps of each. What is in them
is found by `pipelines.identity` and kept by `pipelines.state`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.rules import rows
from pipelines.rules.identity import Identity

if TYPE_CHECKING:
    import duckdb

_EMPTY = """
create or replace table rules.identity_registry (
    entity varchar, record_key varchar, id varchar, founded_at timestamptz, joined_at timestamptz
);
create or replace table rules.identity_aliases (
    entity varchar, alias varchar, id varchar, since timestamptz, why varchar
);
create or replace table rules.identity_decisions (
    entity varchar, left_key varchar, right_key varchar, verdict varchar, decided_at timestamptz,
    source varchar
);
create or replace table rules.mirrored_pairs (left_key varchar, right_key varchar);
create or replace table rules.identity_models (
    entity varchar, version varchar, trained_at timestamptz, records bigint, reason varchar, body varchar
);
"""
# Which kind of record an object of a vendor is, to read from a pair of keys what is paired.
_ENTITY_OF_KEY = """
    case when split_part(left_key, ':', 3) in ('contacts', 'Lead', 'Contact') then 'person'
        when split_part(left_key, ':', 3) in ('companies', 'Account') then 'account'
        else 'opportunity' end"""


def write(connection: duckdb.DuckDBPyConnection, registry: Any, policy: Identity) -> None:
    """Replace the tables. What the registry does not carry (it may be people alone) is empty."""
    connection.execute(_EMPTY)
    people = {"entity": "'person'", "id": "person_id"}
    _insert(connection, "identity_registry", registry.people, people)
    _insert(connection, "identity_aliases", registry.aliases, people)
    _insert(connection, "identity_registry", getattr(registry, "others", None), {})
    _insert(connection, "identity_aliases", getattr(registry, "other_aliases", None), {})
    _insert(connection, "identity_decisions", getattr(registry, "decisions", None), {"source": "'decision'"})
    _insert(connection, "mirrored_pairs", getattr(registry, "mirrored", None), {})
    _insert(connection, "identity_models", getattr(registry, "models", None), {})
    settled = rows.identity_links(policy)
    if settled:
        left, right, verdict = zip(*settled, strict=True)
        table = pa.table({"left_key": left, "right_key": right, "verdict": verdict})
        _insert(
            connection, "identity_decisions", table,
            {"entity": _ENTITY_OF_KEY, "source": "'identity.yml'"},
        )  # fmt: skip


def _insert(
    connection: duckdb.DuckDBPyConnection, target: str, rows: pa.Table | None, computed: dict[str, str]
) -> None:
    """Insert the columns that source and target share, and those computed. Retired aliases stay behind."""
    if rows is None or not rows.num_rows:
        return
    wanted = [row[0] for row in connection.execute(f"describe rules.{target}").fetchall()]
    named = {name: name for name in wanted if name in rows.column_names} | computed
    where = " where retired_at is null" if "retired_at" in rows.column_names else ""
    connection.register("identity_incoming", rows)
    connection.execute(
        f"insert into rules.{target} ({', '.join(named)}) "
        f"select {', '.join(f'{sql} as {name}' for name, sql in named.items())} from identity_incoming{where}"
    )
    connection.unregister("identity_incoming")
