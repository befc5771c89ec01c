"""Who is meant: from an address or a record key to all records of those people, and what they are known by.

Belongs here: finding. A person is what identity says: whoever shares a record's person goes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, or_, select

from pipelines.erasure.request import Asked
from pipelines.erasure.texts import spelled
from pipelines.sources import persons
from pipelines.state.suppression import Suppression
from pipelines.state.tables import agreed, journal, person_aliases, person_registry

if TYPE_CHECKING:
    import duckdb

_AT_ONCE = 500  # below SQLite's limit of bound variables


@dataclass(frozen=True)
class Subject:
    """The people of one erasure. `emails`, `names` and `phones` are those that nobody else goes by."""

    record_keys: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    people: int = 0

    def ids(self, vendor: str) -> tuple[str, ...]:
        """Their ids at one vendor."""
        wanted = tuple(f":{name}:" for name in persons.PERSON_OBJECTS[vendor])
        keys = (key for key in self.record_keys if key.startswith(f"{vendor}:"))
        return tuple(key.rsplit(":", 1)[1] for key in keys if any(name in key for name in wanted))

    @property
    def keys(self) -> tuple[str, ...]:
        """What derived tables know them by."""
        return (*self.record_keys, *self.person_ids)

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts that mean them and nobody else, wherever they stand and however they are written there."""
        return (*self.keys, *self.ids("salesforce"), *spelled((*self.emails, *self.names, *self.phones)))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Ids that are bare numbers: they mean somebody only where records are spoken of."""
        return tuple(each for each in self.ids("hubspot") if each.isdigit())


def merged(subjects: Sequence[Subject]) -> Subject:
    """The people of several homes, for asking the CRMs once."""

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for subject in subjects for value in getattr(subject, name)}))

    return Subject(all_of("record_keys"), all_of("person_ids"), all_of("emails"))


def find(
    asked: Sequence[Asked], warehouse: duckdb.DuckDBPyConnection | None, state: Connection,
    suppression: Suppression,
) -> tuple[Subject, list[Asked], list[Asked]]:  # fmt: skip
    """(the people, those asked for whom nothing here knows, those erased before)."""
    records = _Records(warehouse) if warehouse is not None else None
    keys: set[str] = set()
    unknown: list[Asked] = []
    before: list[Asked] = []
    addresses: set[str] = set()
    for each in asked:
        found = _records_of(each, records, state)
        if each.email and records is not None and (found or records.mentions(each.email)):
            addresses.add(each.email)
        keys.update(found)
        if not found and each.email not in addresses:
            gone = suppression.has_email(each.email) or suppression.has_record(each.record_key)
            (before if gone else unknown).append(each)
    people, keys = _closed(keys, records, state)
    keys |= _rows_of(keys, records, state)
    emails, names, phones = records.known_by(keys) if records is not None else (set(), set(), set())
    emails |= addresses
    if records is not None:
        emails -= records.staff()
    subject = Subject(
        tuple(sorted(keys)), tuple(sorted(people)), tuple(sorted(emails)), tuple(sorted(names)),
        tuple(sorted(phones)), len({each for each in asked if each not in unknown and each not in before}),
    )  # fmt: skip
    return subject, unknown, before


def _records_of(asked: Asked, records: _Records | None, state: Connection) -> set[str]:
    if asked.email:
        return records.with_email(asked.email) if records is not None else set()
    if records is not None and records.has(asked.record_key):
        return {asked.record_key}
    for table in (person_registry, journal):
        if state.execute(select(table.c.record_key).where(table.c.record_key == asked.record_key)).first():
            return {asked.record_key}
    return set()


def _closed(
    keys: set[str], records: _Records | None, state: Connection
) -> tuple[set[str], set[str]]:  # fmt: skip
    """(person ids, record keys): everything identity holds together with these records."""
    people = set(_in(state, person_registry.c.record_key, person_registry.c.person_id, keys))
    if records is not None:
        people |= records.people_of(keys)
    while True:
        alias, person = person_aliases.c.alias, person_aliases.c.person_id
        more = {*_in(state, alias, person, people), *_in(state, person, alias, people)} - people
        if not more:
            break
        people |= more
    keys |= set(_in(state, person_registry.c.person_id, person_registry.c.record_key, people))
    if records is not None:
        keys |= records.of_people(people)
    return people, keys


def _rows_of(keys: set[str], records: _Records | None, state: Connection) -> set[str]:
    """Record keys of rows elsewhere that go by an id of theirs: those of a data extension do."""
    ids = sorted(
        {key.rsplit(":", 1)[1] for key in keys if key.startswith(("salesforce:", "marketing_cloud:"))}
    )
    rows = "marketing_cloud:%"
    found = {
        key
        for column in (journal.c.record_key, agreed.c.record_key)
        for key in state.execute(select(column).where(column.like(rows)).distinct()).scalars()
        if key.rsplit(":", 1)[1] in ids
    }
    return found | (records.rows_of(ids) if records is not None else set())


def _in(state: Connection, column: Any, wanted: Any, values: Iterable[str]) -> list[str]:
    listed, found = sorted(values), []
    for start in range(0, len(listed), _AT_ONCE):
        some = or_(column.in_(listed[start : start + _AT_ONCE]))
        found += [str(each) for each in state.execute(select(wanted).where(some)).scalars()]
    return found


class _Records:
    """The people's records in the raw tables, as a temp table `erasable` on a connection to the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.columns: dict[tuple[str, str], dict[str, str]] = {}
        for schema, table, name, kind in connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() "
            "where database_name = current_database() and not internal"
        ).fetchall():
            self.columns.setdefault((schema, table), {})[name] = kind
        selects = [each for vendor in persons.PERSON_OBJECTS for each in self._selects(vendor)]
        none = "[]::varchar[]"
        empty = f"select '' as record_key, {none} as emails, '' as name, {none} as phones where false"
        connection.execute(
            f"create or replace temp table erasable as {' union all '.join([empty, *selects])}"
        )

    def _selects(self, vendor: str) -> Iterable[str]:
        schema = f"raw_{vendor}"
        if ("ops", "connections") not in self.columns:
            return
        for (where, table), columns in self.columns.items():
            holds = persons.holds_of(vendor, table, list(columns)) if where == schema else persons.NONE
            if holds.record:
                there = {name.lower(): (name, kind) for name, kind in columns.items()}
                emails = _listed(there, holds.emails)
                phones = _listed(there, holds.phones)
                names = [f'"{name}"' for name in (holds.first_name, holds.last_name) if name]
                yield (
                    f"select '{vendor}:' || (select any_value(org_id) from ops.connections "
                    f"where vendor = '{vendor}') || ':{holds.record}:' || \"{holds.key}\", "
                    f"list_transform({emails}, lambda x: lower(trim(x))), "
                    f"trim(concat_ws(' ', {', '.join(names) or 'null'})), "
                    f'{phones} from {schema}."{table}"'
                )

    def _strings(self, query: str, *values: Any) -> set[str]:
        rows = self.connection.execute(query, list(values)).fetchall()
        return {str(row[0]) for row in rows if row[0]}

    def with_email(self, email: str) -> set[str]:
        return self._strings("select record_key from erasable where list_contains(emails, ?)", email)

    def has(self, record_key: str) -> bool:
        return bool(self._strings("select record_key from erasable where record_key = ?", record_key))

    def mentions(self, email: str) -> bool:
        """Whether a row that is no record of theirs names the address: a submission, an e-mail event."""
        for (schema, table), columns in self.columns.items():
            vendor = schema.removeprefix("raw_")
            if schema.startswith("raw_") and vendor in persons.PERSON_OBJECTS:
                names = {name.lower(): name for name in columns if columns[name].startswith("VARCHAR")}
                for name in persons.holds_of(vendor, table, list(names.values())).emails:
                    query = f'select 1 from {schema}."{table}" where contains(lower("{name}"::varchar), ?)'
                    if name.lower() in names and self._strings(f"{query} limit 1", email):
                        return True
        return False

    def people_of(self, keys: set[str]) -> set[str]:
        if ("intermediate", "int_person_members") not in self.columns:
            return set()
        query = "select person_id from intermediate.int_person_members where list_contains(?, record_key)"
        return self._strings(query, sorted(keys))

    def rows_of(self, ids: Sequence[str]) -> set[str]:
        """Record keys at Marketing Cloud that end in one of these ids."""
        found = set()
        for (schema, table), columns in self.columns.items():
            if "record_key" in columns and not schema.startswith("raw_"):
                query = (
                    f'select distinct record_key from {schema}."{table}" where record_key like '
                    "'marketing_cloud:%' and list_contains(?, split_part(record_key, ':', 4))"
                )
                found |= self._strings(query, list(ids))
        return found

    def of_people(self, people: set[str]) -> set[str]:
        if ("intermediate", "int_person_members") not in self.columns:
            return set()
        query = "select record_key from intermediate.int_person_members where list_contains(?, person_id)"
        return self._strings(query, sorted(people))

    def known_by(self, keys: set[str]) -> tuple[set[str], set[str], set[str]]:
        """(addresses, names, telephone numbers) of these records, but what others go by too.

        A name that is a part of somebody else's would be struck out of theirs; a shared mailbox or a
        company's switchboard does not mean these people.
        """
        self.connection.execute(
            "create or replace temp table meant as select * from erasable where list_contains(?, record_key)",
            [sorted(keys)],
        )
        others = "(select * from erasable anti join meant using (record_key))"
        names = self._strings(
            "select name from meant where length(name) >= 6 and contains(name, ' ') "
            f"and not exists (select 1 from {others} o where contains(lower(o.name), lower(meant.name)))"
        )
        elsewhere = " union all ".join(
            [f"select unnest(phones) as phone from {others}", *self._switchboards()]
        )
        phones = self._strings(
            "select distinct p from (select unnest(phones) as p from meant) where length(p) >= 8 "
            f"and not exists (select 1 from ({elsewhere}) where contains(phone, p))"
        )
        emails = self._strings(
            "select e from (select unnest(emails) as e from meant) "
            f"where e not in (select e from (select unnest(emails) as e from {others}) where e is not null)"
        )
        return emails, names, phones

    def _switchboards(self) -> Iterator[str]:
        """SELECTs of the telephone numbers of companies."""
        for schema, table in (("raw_hubspot", "companies"), ("raw_salesforce", "account")):
            for name, kind in self.columns.get((schema, table), {}).items():
                if name.lower() in ("phone", "fax") and kind == "VARCHAR":
                    yield f'select "{name}" from {schema}."{table}" where "{name}" is not null'

    def staff(self) -> set[str]:
        """Addresses of colleagues: they are needed to say who owns what, and stay."""
        tables = (("raw_hubspot", "owners", "email"), ("raw_salesforce", "user", "Email"))
        return {
            each
            for schema, table, name in tables
            if (schema, table) in self.columns
            for each in self._strings(f'select lower(trim("{name}")) from {schema}."{table}"')
        }


def _listed(there: dict[str, tuple[str, str]], names: Iterable[str]) -> str:
    """A SQL list of what these columns hold, of those that are there."""
    found = [there[name.lower()] for name in names if name.lower() in there]
    parts = [f'coalesce("{name}", [])' if kind.endswith("[]") else f'["{name}"]' for name, kind in found]
    return (
        f"list_filter(flatten([{', '.join(parts)}]), lambda x: x is not null)" if parts else "[]::varchar[]"
    )
