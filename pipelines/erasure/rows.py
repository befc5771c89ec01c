"""The people's rows in a warehouse file: raw rows as declared, derived rows by keys, the rest by text.

Belongs here: SQL on a connection to the refresh in the works. What is counted is rows by table; nothing that
names anybody is returned but the keys of records that went with them, for the suppression list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.erasure import texts
from pipelines.erasure.images import PAIRED
from pipelines.erasure.subject import Subject
from pipelines.sources import about_erased, persons
from pipelines.sources.catalogs import CATALOGS, schema_of
from pipelines.transactions import all_or_nothing

if TYPE_CHECKING:
    import duckdb

_TALKS_OF_RECORDS = ("ops", "marts.data_findings")
"""Where bare numbers are ids of records: notes, messages and examples of this project's own."""
_JOURNAL = ("ops", "journal")
_OBJECT_AND_ID = "select array_to_string(string_split(value, ':')[3:], ':') from their_keys"
"""Of record keys the object and the id, which say together whose row it is."""
_TOUCH = 16
"""Characters of a touch's id."""
RECORDS = {
    (schema_of(vendor), table.name): (table.api_name, table.key[0])
    for vendor, catalog in CATALOGS.items()
    for table in catalog
    if table.is_record and len(table.key) == 1 and not table.name.endswith("_history")
}
"""Raw tables whose rows are records: their objects, and the columns of their ids."""


@dataclass
class Went:
    """What went from a file. `record_keys` are of what went with the people, such as a note on them."""

    rows: Counter[str] = field(default_factory=Counter)
    record_keys: set[str] = field(default_factory=set)


def erase_rows(connection: duckdb.DuckDBPyConnection, subject: Subject) -> Went:
    """Erase the people from every table of the file; the journal's copy is left to `images`."""
    return _Erasing(connection, subject).all()


class _Erasing:
    """One file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, subject: Subject) -> None:
        self.connection, self.subject, self.went = connection, subject, Went()
        self.tables: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, name, kind in connection.execute(
            "select c.schema_name, c.table_name, c.column_name, c.data_type from duckdb_columns() c "
            "semi join duckdb_tables() t on t.schema_name = c.schema_name and t.table_name = c.table_name "
            "and t.database_name = current_database() "
            "where c.database_name = current_database() and c.data_type in ('VARCHAR', 'VARCHAR[]', 'JSON')"
        ).fetchall():
            self.tables.setdefault((schema, table), {})[name] = kind

    def all(self) -> Went:
        with all_or_nothing(self.connection):
            for vendor in persons.PERSON_OBJECTS:
                self._raw(vendor)
            self._derived()
            self._texts()
            if ("ops", "inputs") in self.tables:  # the next refresh works out everything again, of everybody
                self.connection.execute("update ops.inputs set fingerprint = ''")
            for schema, table in self.tables:
                if schema == "incremental" and (table == "made" or table.endswith("__state")):
                    self.connection.execute(f"delete from {schema}.{table}")
        return self.went

    # -- raw -----------------------------------------------------------------------------------------

    def _raw(self, vendor: str) -> None:
        self._values("their_ids", self.subject.ids(vendor))
        self._values("their_emails", self.subject.emails)
        schema = f"raw_{vendor}"
        tables = {table: columns for (where, table), columns in self.tables.items() if where == schema}
        self.org = self._org(vendor)
        holds = {table: persons.holds_of(vendor, table, list(columns)) for table, columns in tables.items()}
        if "associations" in tables:
            for table in tables:
                if holds[table].via:
                    self._via(schema, table)
        for table, columns in tables.items():
            if not holds[table].staff and not holds[table].of[0]:
                self._of_table(schema, table, columns, holds[table])
        for table, columns in tables.items():
            if holds[table].of[0]:  # what it is of has gone by now
                self._of_table(schema, table, columns, holds[table])

    def _org(self, vendor: str) -> str:
        if ("ops", "connections") not in self.tables:
            return ""
        query = "select any_value(org_id) from ops.connections where vendor = ?"
        return str((self.connection.execute(query, [vendor]).fetchone() or [""])[0])

    def _keys(self, schema: str, record: str, ids: Iterable[str]) -> set[str]:
        return {f"{schema.removeprefix('raw_')}:{self.org}:{record}:{each}" for each in ids}

    def _via(self, schema: str, table: str) -> None:
        """What is associated with them and with no other contact: it is about them."""
        self.connection.execute(
            "create or replace temp table theirs as "
            + about_erased.alone("contact in (select value from their_ids)"),
            {"name": table},
        )
        gone = self.connection.execute(
            f'delete from {schema}."{table}" where id in (select id from theirs) returning id'
        ).fetchall()
        self.went.record_keys |= self._keys(schema, table, (row[0] for row in gone))
        self._count(f"{schema}.{table}", len(gone))
        # What it was associated with says nothing without it.
        self._delete(
            schema, "associations",
            f"(from_type = '{table}' and from_id in (select id from theirs)) "
            f"or (to_type = '{table}' and to_id in (select id from theirs))",
        )  # fmt: skip
        self._values("their_ids", self.subject.ids("hubspot"))

    def _of_table(self, schema: str, table: str, columns: dict[str, str], holds: persons.Holds) -> None:
        there = {name.lower(): name for name in columns}
        ids = "(select value from their_ids)"
        parts = [f'"{there[each.lower()]}" in {ids}' for each in holds.ids if each.lower() in there]
        if holds.record:
            mine = [key for key in self.subject.record_keys if f":{holds.record}:" in key]
            self._values("their_records", [key.rsplit(":", 1)[1] for key in mine])
            parts.append(f'"{holds.key}" in (select value from their_records)')
        parts += [f"({kind} in {persons.CONTACT_TYPES} and {each} in {ids})" for kind, each in holds.typed]
        if holds.of[0] and holds.of[1].lower() in there:
            record, column = holds.of
            gone = self._keys(schema, record, [""]).pop()
            self._values("their_rows", [key for key in self.went.record_keys if key.startswith(gone)])
            parts.append(f"'{gone}' || \"{column}\" in (select value from their_rows)")
        for each in holds.emails:
            name = there.get(each.lower())
            if name and columns[name].endswith("[]"):
                parts.append(
                    f'list_has_any(list_transform("{name}", lambda x: lower(trim(x))), '
                    "(select coalesce(list(value), []) from their_emails))"
                )
            elif name:
                parts.append(f'lower(trim("{name}")) in (select value from their_emails)')
        if parts:
            self._delete_records(schema, table, " or ".join(parts))
        for each in holds.cleared:
            if each.lower() in there:
                name = there[each.lower()]
                done = self.connection.execute(
                    f'update {schema}."{table}" set "{name}" = null where "{name}" in {ids}'
                ).fetchone()
                self._count(f"{schema}.{table}", int(done[0]) if done else 0)

    # -- derived -------------------------------------------------------------------------------------

    def _derived(self) -> None:
        """Rows of any other table in which a cell is a key of theirs. A touch's id is one: a hash of them."""
        self._values("their_keys", (*self.subject.keys, *self.went.record_keys))
        if "action_key" in self.tables.get(_JOURNAL, ()):
            self.connection.execute(
                "insert into their_keys select distinct action_key from ops.journal where action_key <> '' "
                "and (record_key in (select value from their_keys) "
                "or person_id in (select value from their_keys))"
            )
        if ("intermediate", "int_touches") in self.tables:
            self.connection.execute(
                "insert into their_keys select touchpoint_id from intermediate.int_touches "
                "where person_id in (select value from their_keys) "
                "or record_key in (select value from their_keys)"
            )
        for (schema, table), columns in self.tables.items():
            if not schema.startswith("raw_") and (schema, table) != _JOURNAL:
                plain = [name for name, kind in columns.items() if kind == "VARCHAR"]
                parts = [
                    f'"{name}" in (select value from their_keys)'
                    for name in plain
                    if _is_key(name) or name.endswith("_key")
                ]
                if "pair_key" in columns:
                    parts.append(
                        f"list_has_any(string_split(pair_key, '{PAIRED}'), "
                        "(select coalesce(list(value), []) from their_keys))"
                    )
                if {"object", "record_id"} <= columns.keys():
                    parts.append(f"concat_ws(':', object, record_id) in ({_OBJECT_AND_ID})")
                if parts:
                    self._delete(schema, table, " or ".join(parts))
                self._strike_touches(schema, table, plain)
                self._empty_lists(schema, table, columns)

    def _strike_touches(self, schema: str, table: str, plain: list[str]) -> None:
        """Ids of their touches in rows of others, wherever a column is as long as such ids are."""
        for name in self._able_to_hold(schema, table, dict.fromkeys(plain, "VARCHAR"), _TOUCH, _TOUCH):
            done = self.connection.execute(
                f"update {schema}.\"{table}\" set {_quoted(name)} = '{texts.STRUCK}' "
                f"where {_quoted(name)} in (select value from their_keys)"
            ).fetchone()
            self._count(f"{schema}.{table}", int(done[0]) if done else 0)

    def _empty_lists(self, schema: str, table: str, columns: Mapping[str, str]) -> None:
        """Their places in lists of keys: a deal's journey is of others too, and goes by the place of each."""
        for column, kind in columns.items():
            if kind == "VARCHAR[]" and _is_key(column.removesuffix("s")):
                name = _quoted(column)
                done = self.connection.execute(
                    f'update {schema}."{table}" set {name} = '
                    f"[case when not list_contains(theirs.keys, key) then key end for key in {name}] "
                    "from (select coalesce(list(value), []) as keys from their_keys) as theirs "
                    f"where list_has_any({name}, theirs.keys)"
                ).fetchone()
                self._count(f"{schema}.{table}", int(done[0]) if done else 0)

    # -- texts ---------------------------------------------------------------------------------------

    def _texts(self) -> None:
        """What is left of them inside texts is struck out, and rows stay: a deal's name, a gate's example."""
        for (schema, table), columns in self.tables.items():
            needles = list(self.subject.needles)
            place = f"{schema}.{table}"
            if place in _TALKS_OF_RECORDS or schema in _TALKS_OF_RECORDS:
                needles += self.subject.numbers
            if needles and (schema, table) != _JOURNAL:
                self._strike(schema, table, columns, needles)

    def _strike(self, schema: str, table: str, columns: dict[str, str], needles: list[str]) -> None:
        able = self._able_to_hold(schema, table, columns, min(map(len, needles)))
        if not able:
            return
        folded = ", ".join(f"lower({_quoted(name)}::varchar) as {_quoted(name)}" for name in able)
        tests = ", ".join(f"bool_or({texts.is_in(_quoted(name), needles)})" for name in able)
        query = f'select {tests} from (select {folded} from {schema}."{table}")'
        hit = self.connection.execute(query).fetchone() or ()
        for name in (name for name, is_hit in zip(able, hit, strict=True) if is_hit):
            for exact in texts.patterns(needles):
                self._strike_column(schema, table, name, columns[name], exact)

    def _able_to_hold(
        self, schema: str, table: str, columns: dict[str, str], shortest: int, longest: float = float("inf")
    ) -> list[str]:
        """Columns in which a text of this length has room, by the statistics that DuckDB keeps of them.

        Derived rows in which a key is theirs are gone already, so the columns of keys are left out.
        """
        is_raw = schema.startswith("raw_")
        open_to = [name for name, kind in columns.items() if is_raw or kind != "VARCHAR" or not _is_key(name)]
        stats = ", ".join(f"stats({_quoted(name)})" for name in open_to)
        if not open_to:
            return []
        said = self.connection.execute(f'select {stats} from {schema}."{table}" limit 1').fetchone() or ()
        return [
            name
            for name, each in zip(open_to, said, strict=False)
            if columns[name] != "VARCHAR" or _is_between(shortest, _longest(each), longest)
        ]

    def _strike_column(self, schema: str, table: str, name: str, kind: str, pattern: str) -> None:
        def once(value: str) -> str:
            return f"regexp_replace({value}, $pattern, '\\1{texts.STRUCK}\\3', 'g')"

        # Twice: of two matches with one character between them, the first takes it.
        new = f'list_transform("{name}", lambda x: {once(once("x"))})' if kind.endswith("[]") else once(
            once(f'"{name}"::varchar')
        )  # fmt: skip
        there = f'array_to_string("{name}", chr(10))' if kind.endswith("[]") else f'"{name}"::varchar'
        done = self.connection.execute(
            f'update {schema}."{table}" set "{name}" = {new} where regexp_matches({there}, $pattern)',
            {"pattern": pattern},
        ).fetchone()
        self._count(f"{schema}.{table}", int(done[0]) if done else 0)

    # -- all -----------------------------------------------------------------------------------------

    def _values(self, name: str, values: object) -> None:
        self.connection.execute(
            f"create or replace temp table {name} as select unnest($listed::varchar[]) as value",
            {"listed": list(values)},  # type: ignore[call-overload]
        )

    def _delete_records(self, schema: str, table: str, where: str) -> None:
        """The same where a row may be a record of its own: a task about them is known by its key."""
        if (schema, table) not in RECORDS:
            self._delete(schema, table, where)
            return
        record, key = RECORDS[schema, table]
        query = f'delete from {schema}."{table}" where {where} returning "{key}"'
        gone = self.connection.execute(query).fetchall()
        self.went.record_keys |= self._keys(schema, record, (row[0] for row in gone))
        self._count(f"{schema}.{table}", len(gone))

    def _delete(self, schema: str, table: str, where: str) -> None:
        done = self.connection.execute(f'delete from {schema}."{table}" where {where}').fetchone()
        self._count(f"{schema}.{table}", int(done[0]) if done else 0)

    def _count(self, place: str, number: int) -> None:
        if number:
            self.went.rows[place] += number


def is_somebody_elses(connection: duckdb.DuckDBPyConnection, needle: str) -> bool | None:
    """Whether these letters are in cells of the file as parts of others' words only; None: in no cell."""
    found = None
    for schema, table, name in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database() and data_type in ('VARCHAR', 'VARCHAR[]', 'JSON')"
    ).fetchall():
        cell = f"{_quoted(name)}::varchar"
        query = f'select distinct {cell} from {schema}."{table}" where contains(lower({cell}), ?)'
        for (text,) in connection.execute(query, [needle.lower()]).fetchall():
            if texts.struck(text, [needle]) != text:
                return False
            found = True
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _longest(statistics: str) -> float:
    """The longest text of a column in bytes, as DuckDB's `stats` says it; without bound when it does not."""
    found = re.search(r"Max String Length: (\d+)", statistics or "")
    return int(found[1]) if found else float("inf")


def _is_between(shortest: int, there: float, longest: float) -> bool:
    return there == float("inf") or shortest <= there <= longest


def _is_key(name: str) -> bool:
    return name in ("alias", "touchpoint_id", "owner") or name.endswith(("person_id", "record_key"))
