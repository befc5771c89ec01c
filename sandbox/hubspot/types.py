"""Which object types a portal has and which of them can be associated: HubSpot's own and those it was given.

Belongs here: what the store holds of types, association types and labels. The API of schemas is `schemas`,
that of labels `labels`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from sandbox.hubspot.catalog import TYPE_IDS, TYPES, ObjectType
from sandbox.store import Store

TABLES = """
create table if not exists object_types (
    plural text primary key, type text not null, shown blob not null, archived integer not null default 0)
    without rowid;
create table if not exists validation_rules (
    object text, name text, rule text, arguments blob, primary key (object, name, rule)) without rowid;
create table if not exists property_groups (
    object text, name text, label text, primary key (object, name)) without rowid;
create table if not exists association_types (
    from_type text, to_type text, type_id integer, category text, label text, name text, most integer,
    primary key (from_type, to_type, type_id)) without rowid;
"""
RECORDS = """
create table if not exists "{0}" (
    id integer primary key, created integer not null, modified integer not null,
    archived integer not null default 0, archived_at integer, props blob not null);
create index if not exists "{0}_modified" on "{0}" (archived, modified);
"""
OWN_TYPES, OWN_ASSOCIATIONS = 31415927, 101
"""The first numbers of types and association types that a client makes."""
USER_DEFINED = "USER_DEFINED"


class Types:
    """The types of one portal, as its store has them now."""

    def __init__(self, store: Store) -> None:
        store.script(TABLES)
        self.store = store
        self.all: dict[str, ObjectType] = dict(TYPES)
        self.shown: dict[str, dict[str, Any]] = {}
        """What the schemas API keeps of a type that a client made: labels, description, times."""
        for plural, type_, shown in store.rows(
            "select plural, type, shown from object_types where archived = 0 order by plural"
        ):
            self.all[plural] = _read(orjson.loads(type_))
            self.shown[plural] = orjson.loads(shown)
        # A custom object is also called by the short form of its full name, and by its own where no type of
        # HubSpot's is called so.
        customs = [each for each in self.all.values() if each.type_id.startswith("2-")]
        self.named = {each.singular: each for each in customs}
        self.named |= {f"p_{each.plural.partition('_')[2]}": each for each in customs}
        self.named |= {
            name: each for each in TYPES.values() for name in (each.plural, each.singular, each.type_id)
        }
        self.named |= {name: each for each in customs for name in (each.plural, each.type_id)}
        self.pairs: dict[tuple[str, str], tuple[int, int | None]] = dict(TYPE_IDS)
        for a, b, type_id in store.rows(
            "select from_type, to_type, type_id from association_types where name is null and category = ?",
            (USER_DEFINED,),
        ):
            self.pairs[a, b] = (type_id, None)

    def association_names(self, a: str, b: str) -> dict[int, str]:
        """What the types between two types of records are called, by their numbers."""
        plain, primary = self.pairs[a, b]
        name = f"{self.all[a].singular}_to_{self.all[b].singular}"
        found = {plain: name} if primary is None else {primary: name, plain: f"{name}_unlabeled"}
        own = self.store.rows(
            "select type_id, name from association_types where from_type = ? and to_type = ? "
            "and name is not null order by type_id",
            (a, b),
        )
        return found | dict(own)

    def keep(self, kind: ObjectType, shown: dict[str, Any]) -> None:
        """Store a type that a client made or changed, and the table of its records."""
        self.store.script(RECORDS.format(kind.plural))
        self.store.db.execute(
            "insert or replace into object_types values (?, ?, ?, 0)",
            (kind.plural, orjson.dumps(asdict(kind)), orjson.dumps(shown)),
        )

    def next_type(self) -> str:
        """An object type id that this portal has not used, archived ones included."""
        count = self.store.value("select count(*) from object_types")
        return f"2-{OWN_TYPES + int(count)}"

    def next_association(self) -> int:
        last = self.store.value(
            "select max(type_id) from association_types where category = ?", (USER_DEFINED,)
        )
        return OWN_ASSOCIATIONS if last is None else int(last) + 1

    def associate(self, kind: str, to: str) -> None:
        """Make two types associable, both ways."""
        for a, b in dict.fromkeys(((kind, to), (to, kind))):
            if (a, b) not in self.pairs:
                number = self.next_association()
                self.store.db.execute(
                    "insert into association_types values (?, ?, ?, ?, null, null, null)",
                    (a, b, number, USER_DEFINED),
                )
                self.pairs[a, b] = (number, None)


def _read(found: dict[str, Any]) -> ObjectType:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}
    return ObjectType(**values)
