"""What a step of matching keeps from run to run, and whose part of its table is due.

Belongs here: the bookkeeping that `dbt_project/macros/who_is_due.sql` does for models in SQL, in the same
tables of schema `incremental`, so that models of either language follow each other; and replacing rows of a
table in place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.warehouse import has_table

_LIBRARIES = ("anyascii", "cleanco", "duckdb", "nicknames", "phonenumbers", "publicsuffixlist")
_NOBODY = "select null::varchar as owner where false"
_STATE = "run varchar, run_before varchar, is_full boolean, made_of varchar, saw map(varchar, varchar)"


@cache
def code() -> str:
    """One value for all that decides what comes of a record: this package, and those that spell for it."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for library in _LIBRARIES:
        digest.update(metadata.version(library).encode())
    return digest.hexdigest()[:16]


class _State(NamedTuple):
    run: str | None = None
    run_before: str | None = None
    is_full: bool = True
    made_of: str | None = None
    saw: dict[str, str] | None = None


class Kept:
    """The table of a model, on a connection whose temp tables are its own.

    After `goes_on`, temp table `due` (owner) names whose rows must be worked out, or all must.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: str, run: str, *, anew: bool = False
    ) -> None:
        self.connection, self.table, self.run, self.anew = connection, table, run, anew
        self.name = name_of(table)
        self._made, self._saw = "", dict[str, str | None]()
        self._compared = False
        connection.execute(
            f"create table if not exists incremental.{self.name}__state ({_STATE}); "
            f"create table if not exists incremental.{self.name}__due (owner varchar)"
        )

    def beside(self, what: str) -> str:
        """The name of a table that is kept beside the model's own."""
        return f"incremental.{self.name}__{what}"

    def goes_on(self, made_of: Sequence[object], read: Mapping[str, str], among: str = "") -> bool:
        """Whether what is there stands but for those `due`.

        read: for each table that is read, SQL of `owner` and `hashed`. A table that said who was due there
        is believed, and any other compared with what it was. Where more than half of the rows `among` which
        they are (the table itself) are due, all are.
        """
        self._made = hashlib.sha256(repr((code(), *made_of)).encode()).hexdigest()
        mine = self._state(self.name)
        stands = not self.anew and bool(mine and mine.made_of == self._made) and self._is_there()
        self.connection.execute("create or replace temp table due (owner varchar)")
        compared = {}
        for table, sql in read.items():
            theirs = self._state(name_of(table))
            if theirs is None:
                compared[name_of(table)] = sql
                continue
            self._saw[name_of(table)] = theirs.run
            before = (mine.saw or {}).get(name_of(table)) if mine else None
            if before == theirs.run:
                continue
            if before is None or before != theirs.run_before or theirs.is_full:
                stands = False
            else:
                self.connection.execute(
                    f"insert into due select owner from incremental.{name_of(table)}__due"
                )
        if compared:
            self._compare(compared)
        self.connection.execute("create or replace temp table due as select distinct owner from due")
        return stands and not self._are_most_due(among or self.table)

    def replaced(self, sql: str) -> None:
        """The whole table anew; all are due to those that follow."""
        self.connection.execute(f"begin; create or replace table {self.table} as {sql}")
        self._end(_NOBODY, is_full=True)

    def is_as_it_was(self) -> bool:
        """Whether nobody is due: then there is nothing to do."""
        if self.connection.execute("select 1 from due limit 1").fetchone():
            return False
        self.connection.execute("begin")
        self._end(_NOBODY, is_full=False)
        return True

    def goes_on_with(self, gone: str, sql: str, due: str, beside: str = "") -> None:
        """Rows for which `gone` holds make room for those of `sql`; `due` is SQL of owners, for those that
        follow. `beside` is done in the same transaction."""
        self.connection.execute(f"create or replace temp table due_here as {due}")
        self.connection.execute(
            f"begin; delete from {self.table} where {gone}; insert into {self.table} by name {sql}; {beside}"
        )
        self._end("select * from due_here", is_full=False)

    def _end(self, due: str, *, is_full: bool) -> None:
        """A run in which nobody is due is none for those that follow: they may stay and not see it."""
        saw = ", ".join(f"'{name}': {_text(run)}" for name, run in self._saw.items())
        if self._compared:
            self.connection.execute(f"create or replace table incremental.{self.name} as from compared_now")
        if is_full or self.connection.execute(f"select 1 from ({due}) limit 1").fetchone():
            self.connection.execute(
                f"create or replace table {self.beside('due')} as {due}; "
                f"create or replace table {self.beside('state')} as select '{self.run}' as run, "
                f"(select run from {self.beside('state')}) as run_before, {is_full} as is_full, "
                f"'{self._made}' as made_of, map {{{saw}}}::map(varchar, varchar) as saw; commit"
            )
        else:
            self.connection.execute(
                f"update {self.beside('state')} set saw = map {{{saw}}}::map(varchar, varchar); commit"
            )

    def _compare(self, compared: Mapping[str, str]) -> None:
        parts = " union all ".join(
            f"select owner, hash('{name}', hashed) as hashed from ({sql})"
            for name, sql in sorted(compared.items())
        )
        self.connection.execute(
            f"create table if not exists incremental.{self.name} (owner varchar, fingerprint hugeint, "
            "input_rows bigint);"
            "create or replace temp table compared_now as select owner, sum(hashed)::hugeint as fingerprint, "
            f"count(*) as input_rows from ({parts}) group by owner;"
            "insert into due select coalesce(b.owner, n.owner) from compared_now as n "
            f"full outer join incremental.{self.name} as b on n.owner = b.owner "
            "where n.fingerprint is distinct from b.fingerprint or n.input_rows is distinct from b.input_rows"
        )
        self._compared = True

    def _state(self, name: str) -> _State | None:
        if not has_table(self.connection, "incremental", f"{name}__state"):
            return None
        row = self.connection.execute(
            f"select run, run_before, is_full, made_of, saw from incremental.{name}__state"
        ).fetchone()
        return _State(*row) if row else _State()

    def _is_there(self) -> bool:
        schema, _, _ = self.table.rpartition(".")
        return has_table(self.connection, schema or "main", self.name)

    def _are_most_due(self, among: str) -> bool:
        row = self.connection.execute(
            f"select (select count(*) from due) * 2 > (select count(*) from {among})"
        ).fetchone()
        return bool(row and row[0])


def name_of(table: str) -> str:
    return table.rsplit(".", 1)[-1].strip('"')


def _text(value: str | None) -> str:
    return f"'{value}'" if value else "null"
