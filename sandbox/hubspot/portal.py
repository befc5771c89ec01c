"""A portal in its store: tables, property definitions, stages, and the properties' rules for values.

Records themselves are in `records.py`. Definitions are read once and kept; who changes them tells the portal.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import orjson

from sandbox import times
from sandbox.hubspot import catalog, further_objects, marketing_tables, numbers, write_rules
from sandbox.hubspot.types import RECORDS, Types
from sandbox.store import Store

TABLES = """
create table if not exists properties (
    object text, name text, definition blob, primary key (object, name)) without rowid;
create table if not exists history (
    object text, id integer, property text, at integer, value text, source_type text, source_id text);
create index if not exists history_of on history (object, id, property);
create table if not exists associations (
    from_type text, from_id integer, to_type text, to_id integer, type_id integer, category text, label text,
    primary key (from_type, from_id, to_type, to_id, type_id, category)) without rowid;
create table if not exists aliases (object text, id integer, current integer, primary key (object, id));
create table if not exists addresses (email text primary key, id integer) without rowid;
create table if not exists pipelines (
    object text, id text, label text, display_order integer, archived integer, created integer,
    updated integer, primary key (object, id));
create table if not exists stages (
    object text, pipeline text, id text, label text, display_order integer, probability real,
    is_closed integer, archived integer, created integer, updated integer,
    primary key (object, pipeline, id));
create table if not exists owners (
    id integer primary key, email text, first_name text, last_name text, user_id integer, archived integer,
    created integer, updated integer);
create table if not exists campaigns (id text primary key, created integer, updated integer, props blob);
"""
CUSTOM_OBJECTS = 10
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


class Portal:
    """Definitions of one portal. `value_problem` and `stored` are the gate for every value written."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = int(store.get_meta("portal_id"))
        self.properties: dict[str, dict[str, dict[str, Any]]] = {}
        self.shown: dict[str, frozenset[str]] = {}
        """Names of the properties that are not archived."""
        self.is_changed = False
        """Whether a request changed what is kept here: if it is taken back, that is read again."""
        self.reload()

    def type_of(self, name: str) -> catalog.ObjectType | None:
        """The type meant by `contacts`, `contact` or `0-1`."""
        return self.types.named.get(name)

    def reload(self) -> None:
        """Read the definitions again, after a change."""
        self.is_changed = True
        self.types = Types(self.store)
        self.properties = {plural: {} for plural in self.types.all}
        for obj, name, definition in self.store.rows("select object, name, definition from properties"):
            self.properties[obj][name] = orjson.loads(definition)
        for plural in self.properties:
            self._find_shown(plural)
        self.stages: dict[tuple[str, str], tuple[float, bool]] = {
            (pipeline, stage): (probability, bool(closed))
            for pipeline, stage, probability, closed in self.store.rows(
                "select pipeline, id, probability, is_closed from stages where object = 'deals'"
            )
        }
        self.rules: dict[tuple[str, str], list[tuple[str, list[str]]]] = {}
        for obj, name, rule, arguments in self.store.rows("select * from validation_rules"):
            self.rules.setdefault((obj, name), []).append((rule, orjson.loads(arguments)))
        self.write_rules = write_rules.load(self.store)
        self.owners = {str(i) for (i,) in self.store.rows("select id from owners where archived = 0")}

    def define(self, plural: str, definition: dict[str, Any]) -> None:
        """Take over a property that was stored."""
        self.is_changed = True
        self.properties[plural][definition["name"]] = definition
        self._find_shown(plural)

    @property
    def custom_object_limit(self) -> int:
        """How many custom objects the account may have."""
        found = self.store.value("select value from meta where key = 'custom_object_limit'")
        return CUSTOM_OBJECTS if found is None else int(found)

    def _find_shown(self, plural: str) -> None:
        defined = self.properties[plural]
        self.shown[plural] = frozenset(name for name, each in defined.items() if not each["archived"])

    def problem(self, plural: str, name: str, value: str) -> tuple[str, str] | None:
        """Code and message when a client may not store this value; clearing (an empty value) is allowed."""
        found = self.properties[plural].get(name)
        if found is None or found["archived"]:
            return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
        if found["modificationMetadata"]["readOnlyValue"]:
            return "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.'
        if value == "":
            return None
        return self._type_problem(found, name, value) or self._rule_problem(plural, name, value)

    def _type_problem(self, found: dict[str, Any], name: str, value: str) -> tuple[str, str] | None:
        kind = found["type"]
        if kind == "number" and not (_NUMBER.fullmatch(value) and isfinite(float(value))):
            return "INVALID_DOUBLE", f"{value} was not a valid number."
        instant = _instant(value) if kind in ("date", "datetime") else 0
        if kind == "date" and instant is not None and value.lstrip("-").isdecimal() and instant % times.DAY:
            return "INVALID_DATE", f"{value} is at {times.iso(instant)}, not at midnight UTC."
        if instant is None:
            return "INVALID_DATE", f"{value} was not a valid {'long' if value.isdecimal() else 'date'}."
        if kind == "bool" and value not in ("true", "false"):
            return "INVALID_OPTION", f"{value} was not one of the allowed options: [true, false]"
        if kind == "enumeration":
            return self._option_problem(found, name, value)
        if name == "email" and not EMAIL.fullmatch(value):
            return "INVALID_EMAIL", f"Email address {value} is invalid"
        if len(value) > 65_536:
            return "INVALID_STRING_LENGTH", f"{name} is longer than 65536 characters"
        return None

    def _rule_problem(self, plural: str, name: str, value: str) -> tuple[str, str] | None:
        """What a validation rule of the property says of a value."""
        for rule, arguments in self.rules.get((plural, name), ()):
            if not _obeys(rule, arguments, value):
                said = f"{rule} {', '.join(arguments)}"
                return (
                    "PROPERTY_VALIDATION_RULE",
                    f"{value} does not meet the validation rule {said} of {name}",
                )
        return None

    def _option_problem(self, found: dict[str, Any], name: str, value: str) -> tuple[str, str] | None:
        if name == "hubspot_owner_id":
            known = value in self.owners
            return (
                None if known else ("INVALID_OWNER_ID", f"{value} is not the id of an owner of this portal")
            )
        options = {option["value"] for option in found["options"]}
        values = [v for v in value.split(";") if v] if found["fieldType"] == "checkbox" else [value]
        wrong = [v for v in values if options and v not in options]
        if not wrong:
            return None
        allowed = ", ".join(sorted(options))
        return "INVALID_OPTION", f"{wrong[0]} was not one of the allowed options: [{allowed}]"

    def stored(self, plural: str, name: str, value: str) -> str:
        """The value as HubSpot keeps it: instants in ISO, e-mail addresses in lower case."""
        found = self.properties[plural][name]
        if found["type"] == "datetime":
            instant = _instant(value)
            return value if instant is None else times.iso(instant)
        if found["type"] == "date":
            instant = _instant(value)
            return value if instant is None else times.day(instant)
        return value.strip().lower() if name == "email" else value


def _obeys(rule: str, arguments: list[str], value: str) -> bool:
    """Whether a value meets a rule; rules that this sandbox only keeps are met."""
    if rule in ("MIN_NUMBER", "MAX_NUMBER"):
        number, bound = float(value), float(arguments[0])
        return number >= bound if rule == "MIN_NUMBER" else number <= bound
    if rule in ("MIN_LENGTH", "MAX_LENGTH"):
        length, bound = len(value), int(arguments[0])
        return length >= bound if rule == "MIN_LENGTH" else length <= bound
    if rule == "REGEX":
        return re.fullmatch(arguments[0], value) is not None
    return True


def _instant(value: str) -> int | None:
    if re.fullmatch(r"-?\d{5,15}", value):
        return int(value) if times.FIRST <= int(value) <= times.LAST else None
    try:
        return times.parse(value)
    except ValueError:
        return None


def prepare(store: Store, portal_id: int, *, time_zone: str, currency: str, at: int) -> None:
    """Make the tables of a portal and the definitions every portal has."""
    store.script(
        TABLES
        + marketing_tables.TABLES
        + numbers.TABLE
        + ";"
        + "".join(RECORDS.format(plural) for plural in catalog.TYPES)
    )
    for key, value in (("portal_id", str(portal_id)), ("time_zone", time_zone), ("currency", currency)):
        store.set_meta(key, value)
    for plural in catalog.TYPES:
        _define_all(store, plural)
    store.db.execute(
        "insert or replace into pipelines values ('deals', 'default', 'Sales Pipeline', 0, 0, ?, ?)", (at, at)
    )
    for order, (stage, label, probability) in enumerate(catalog.DEAL_STAGES):
        store.db.execute(
            "insert or replace into stages values ('deals', 'default', ?, ?, ?, ?, ?, 0, ?, ?)",
            (stage, label, order, probability, probability in (0.0, 1.0), at, at),
        )
    for plural, (pipeline, label, stages) in further_objects.PIPELINES.items():
        store.db.execute(
            "insert or replace into pipelines values (?, ?, ?, 0, 0, ?, ?)", (plural, pipeline, label, at, at)
        )
        for order, (stage, name, closed) in enumerate(stages):
            store.db.execute(
                "insert or replace into stages values (?, ?, ?, ?, ?, null, ?, 0, ?, ?)",
                (plural, pipeline, stage, name, order, closed, at, at),
            )


NO_OTHERS = "no_other_properties"
"""Names the type whose properties are those that its world was made with."""


def bring_up(store: Store) -> None:
    """A portal made before an object type, or a property, was known gets its table and definitions."""
    with store.transaction():
        store.script(numbers.TABLE)
        there = {name for (name,) in store.rows("select name from sqlite_master where type = 'table'")}
        for plural in catalog.TYPES:
            if plural not in there:
                store.script(RECORDS.format(plural))
            if plural != store.value("select value from meta where key = ?", (NO_OTHERS,)):
                _define_all(store, plural, anew=False)


def _define_all(store: Store, plural: str, *, anew: bool = True) -> None:
    """The definitions of a type; those that are there already stay as they are, unless `anew`."""
    for definition in catalog.definitions(plural):
        store.db.execute(
            f"insert or {'replace' if anew else 'ignore'} into properties values (?, ?, ?)",
            (plural, definition["name"], orjson.dumps(definition)),
        )
