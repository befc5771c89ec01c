"""What is made of the same as last time is not made again: the versions of what models read, and what each
node was made of.

Belongs here: `incremental.made`, read before dbt runs and written when it is done. In between it is kept in
memory, for to ask a table of it is most of what a small node costs. What a node does with it is in
`dbt_project/macros/versions.sql`; which nodes need not be begun at all, in `pipelines.dbt_nodes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import duckdb

if TYPE_CHECKING:
    from pipelines.warehouse import Warehouse

MOST_HASHED = 100_000_000
"""Values of a table, 0.8 CPU s to read again for a hash. Of more of them the hash costs more than it spares:
such a table is new each time, and the models that read it work out by owner what of it."""
_MADE = """
create schema if not exists incremental;
create table if not exists incremental.made (
    relation varchar, made_of varchar, version varchar, version_before varchar, made_in varchar
);
alter table incremental.made add column if not exists code varchar;
alter table incremental.made add column if not exists looked_at varchar[];
"""
_RUN = "rules.run"
_FOLLOWED = ("incremental", "watched", "kept")
"""Materializations that leave who was due."""


class Made(NamedTuple):
    """What is known of a relation or a test: what it was made of (its code, the columns of `rules.run` that
    this names, and the versions of what it reads), in which run, its version, and the one before where
    the step between them is known (the owners that were due)."""

    made_of: str | None = None
    version: str | None = None
    version_before: str | None = None
    made_in: str | None = None
    code: str | None = None
    looked_at: tuple[str, ...] = ()


class Versions:
    """Of one build. With `may_stay`, nodes made of the same stay; without, each is made whatever it is made
    of, and so is later what reads it."""

    most_hashed = MOST_HASHED

    def __init__(self, manifest: Any, code: str, *, may_stay: bool) -> None:
        self.may_stay = may_stay
        self.made: dict[str, Made] = {}
        self.begun: set[str] = set()
        """Of whom the file does not say whether what was known still holds, for they did not end."""
        self.followed: set[str] = set()
        """The tables in which models say who was due in their last run."""
        self.run_columns: list[str] = []
        self.new = uuid4().hex
        """The version of whatever has none, in this build alone."""
        self.code = f"{code} {duckdb.__version__}" if may_stay else self.new
        self._nodes = manifest.nodes
        self._names = {key: f"{each.schema}.{each.identifier}" for key, each in manifest.sources.items()} | {
            key: f"{node.schema}.{node.alias}"
            for key, node in manifest.nodes.items() if node.resource_type == "model"
        }  # fmt: skip

    def made_of(self, unique_id: str, code: str) -> dict[str, Any]:
        """Asked by who begins with a node: one value for its code and the versions of all it reads; `step`:
        for those they had before."""
        named = [
            column for column in self.run_columns
            if self._is_python(unique_id) or re.search(rf"\b{column}\b", code)
        ]  # fmt: skip
        self.begun.add(self.name(unique_id))
        return self._compared(unique_id, _hash(code), tuple(named))

    def seen(self, unique_ids: list[str], sql: str) -> str | None:
        """One value for what this SQL says of these relations; None where that may be another each time."""
        named = tuple(column for column in self.run_columns if re.search(rf"\b{column}\b", sql))
        read = [each.version for each in self._read({self._names[key] for key in unique_ids}, named)]
        return self._of(_hash(sql), read) if self.may_stay and None not in read else None

    def stays(self, unique_id: str) -> bool:
        """Whether a node is made of the same, by what its code was last time: that follows from the
        project's, and from the columns of what it reads, which are in their versions."""
        known = self.made.get(self.name(unique_id))
        if not self.may_stay or known is None or known.code is None:
            return False
        named = tuple(self.run_columns) if self._is_python(unique_id) else known.looked_at
        return bool(self._compared(unique_id, known.code, named)["made_of"] == known.made_of)

    def note(
        self, unique_id: str, made: dict[str, Any], version: str | None, version_before: str | None, run: str
    ) -> None:
        """A node was made, or asked and passed."""
        self.made[self.name(unique_id)] = Made(
            made["made_of"], version, version_before, run, made["code"], made["looked_at"]
        )
        self.begun.discard(self.name(unique_id))
        if self._nodes[unique_id].config.materialized in _FOLLOWED:
            self.followed.add(f"{self._nodes[unique_id].alias}__state")

    def name(self, unique_id: str) -> str:
        """A relation by its name; a test, which leaves none, by its id."""
        return self._names.get(unique_id, unique_id)

    def _compared(self, unique_id: str, code: str, looked_at: tuple[str, ...]) -> dict[str, Any]:
        found = self._read(
            {self._names[key] for key in self._nodes[unique_id].depends_on.nodes if key in self._names},
            looked_at,
        )
        mine = self.made.get(self.name(unique_id), Made())
        return {
            "made_of": self._of(code, [each.version for each in found]),
            "step": self._of(code, [each.version_before or each.version for each in found]),
            "before": mine.made_of, "version": mine.version, "code": code, "looked_at": looked_at,
        }  # fmt: skip

    def _read(self, relations: set[str], looked_at: tuple[str, ...]) -> list[Made]:
        if _RUN in relations:
            # of the run's row what SQL names: the clock makes new only what looks at it
            relations = (relations - {_RUN}) | {f"{_RUN}.{column}" for column in looked_at}
        return [self.made.get(relation, Made()) for relation in sorted(relations)]

    def _of(self, code: str, read: list[str | None]) -> str:
        return _hash("|".join((code, self.code, *(each or self.new for each in read))))

    def _is_python(self, unique_id: str) -> bool:
        return bool(self._nodes[unique_id].language == "python")


def _hash(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


@contextmanager
def kept(
    warehouse: Warehouse, manifest: Any, code: str, is_built: Callable[[Any], bool] | None
) -> Iterator[Versions]:
    """The versions of what the nodes read that are built. `is_built` is None where a few are built by name.

    While they are built the file says nothing of them: what a killed build leaves is all new to the next, and
    so is a node that an interrupted one had begun with.
    """
    versions = Versions(manifest, code, may_stay=is_built is not None)
    with warehouse.writing() as connection:
        _begin(versions, connection, manifest, is_built)
    try:
        yield versions
    finally:
        with warehouse.writing() as connection:
            _write(versions, connection)


def _write(versions: Versions, connection: duckdb.DuckDBPyConnection) -> None:
    rows = [(relation, *each) for relation, each in versions.made.items() if relation not in versions.begun]
    connection.execute(
        "insert into incremental.made (relation, made_of, version, version_before, made_in, code, looked_at) "
        "select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), "
        "unnest($7::varchar[][])",
        [list(column) for column in zip(*rows, strict=True)] or [[]] * 7,
    )  # fmt: skip


def _begin(
    versions: Versions, connection: duckdb.DuckDBPyConnection, manifest: Any,
    is_built: Callable[[Any], bool] | None,
) -> None:  # fmt: skip
    connection.execute(_MADE)
    _forget_other_shapes(connection)
    versions.followed.update(
        table for (table,) in connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'incremental' and ends_with(table_name, '__state')"
        ).fetchall()
    )  # fmt: skip
    sources = {versions.name(key) for key in manifest.sources}
    for relation, *known, looked_at in connection.execute(
        "select relation, made_of, version, version_before, made_in, code, looked_at from incremental.made"
    ).fetchall():
        if relation not in sources and not relation.startswith(f"{_RUN}."):
            versions.made[relation] = Made._make((*known, tuple(looked_at or ())))
    if is_built is not None:
        for relation, each in versions.made.items():
            versions.made[relation] = each._replace(version_before=None)
        read = {key for node in manifest.nodes.values() if is_built(node) for key in node.depends_on.nodes}
        _note_tables(versions, connection, sorted(sources & {versions.name(key) for key in read}))
    connection.execute("delete from incremental.made")


def _forget_other_shapes(connection: duckdb.DuckDBPyConnection) -> None:
    """Fingerprints that earlier code kept by owner alone: their models are made in full."""
    for (name,) in connection.execute(
        "select table_name from duckdb_columns() where schema_name = 'incremental' group by table_name "
        "having bool_or(column_name = 'owner' and data_type = 'UBIGINT') "
        "and bool_or(column_name = 'fingerprint') and not bool_or(column_name = 'input_hash')"
    ).fetchall():
        connection.execute(f"drop table incremental.{name}; drop table if exists incremental.{name}__state")


def _note_tables(versions: Versions, connection: duckdb.DuckDBPyConnection, relations: list[str]) -> None:
    for relation, rows, columns, shape in _there(connection, relations):
        if relation == _RUN:
            versions.run_columns = columns
            row = connection.execute(
                "select " + ", ".join(f'cast(list(run."{column}") as varchar)' for column in columns)
                + f" from {_RUN} as run"
            ).fetchone()  # fmt: skip
            for column, version in zip(columns, row or (), strict=True):
                versions.made[f"{_RUN}.{column}"] = Made(version=version)
        elif rows * len(columns) <= MOST_HASHED:
            schema, _, table = relation.partition(".")
            found = connection.execute(
                "select md5(concat_ws(':', ?, count(*), sum(hash(whole)))) "
                f'from {schema}."{table}" as whole', [shape],
            ).fetchone()  # fmt: skip
            versions.made[relation] = Made(version=found[0] if found else None)


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
