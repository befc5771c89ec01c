"""The versions of the tables that models read and do not make: what is made of the same is not made again.

Belongs here: sources, by their contents. How a model's own version follows from those of what it reads is in
`dbt_project/macros/versions.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import duckdb

MOST_HASHED = 20_000_000
"""Values of a table. To read more of them again for a hash costs more than it spares: such a table is new
each time, and the models that read it work out by owner what of it is."""
_MADE = """
create schema if not exists incremental;
create table if not exists incremental.made (
    relation varchar, made_of varchar, version varchar, version_before varchar, made_in varchar
)
"""


def note(
    connection: duckdb.DuckDBPyConnection, manifest: Any, code: str, is_built: Callable[[Any], bool] | None
) -> dict[str, Any]:
    """Keep the versions of what the nodes read that are built; gives the values that macros ask for.

    Without `is_built` a few models are built by name: they are made whatever they are made of, and so is
    later what reads them.
    """
    names = {key: f"{each.schema}.{each.identifier}" for key, each in manifest.sources.items()}
    connection.execute(_MADE)
    if is_built is None:
        _forget(connection, names.values())
        return {"may_stay": False}
    connection.execute("update incremental.made set version_before = null where version_before is not null")
    read = {key for node in manifest.nodes.values() if is_built(node) for key in node.depends_on.nodes}
    return {
        "may_stay": True, "code": f"{code} {duckdb.__version__}", "most_hashed": MOST_HASHED,
        "run_columns": _note_tables(connection, sorted({names[key] for key in read & names.keys()})),
    }  # fmt: skip


def _note_tables(connection: duckdb.DuckDBPyConnection, relations: list[str]) -> list[str]:
    """Gives the columns of `rules.run`, each of which has a version of its own."""
    _forget(connection, relations)
    run_columns: list[str] = []
    for relation, rows, columns, shape in _there(connection, relations):
        if relation == "rules.run":
            run_columns = columns
            for column in columns:
                _keep(connection, f"rules.run.{column}", f'list(run."{column}")', "rules.run as run")
        elif rows * len(columns) <= MOST_HASHED:
            schema, _, table = relation.partition(".")
            _keep(
                connection, relation, "md5(concat_ws(':', ?, count(*), sum(hash(whole))))",
                f'{schema}."{table}" as whole', shape,
            )  # fmt: skip
    return run_columns


def _forget(connection: duckdb.DuckDBPyConnection, relations: Iterable[str]) -> None:
    connection.execute(
        "delete from incremental.made where relation in (select unnest(?)) or relation like 'rules.run.%'",
        [list(relations)],
    )


def _there(
    connection: duckdb.DuckDBPyConnection, relations: list[str]
) -> list[tuple[str, int, list[str], str]]:
    """Those that are tables: how many rows they have, their columns, and those with their types."""
    found: list[tuple[str, int, list[str], str]] = connection.execute(
        "select schema_name || '.' || table_name as relation, any_value(t.estimated_size), "
        "list(column_name order by column_index), "
        "string_agg(column_name || ' ' || data_type, ',' order by column_index) "
        "from duckdb_tables() t join duckdb_columns() c using (database_name, schema_name, table_name) "
        "where database_name = current_database() "
        "group by all having relation in (select unnest(?)) order by all", [relations],
    ).fetchall()  # fmt: skip
    return found


def _keep(connection: duckdb.DuckDBPyConnection, relation: str, version: str, of: str, *values: str) -> None:
    connection.execute(
        f"insert into incremental.made (relation, version) select ?, {version} from {of}", [relation, *values]
    )
