"""An org in its store: its objects and fields, and ids for new records.

Objects that a world adds are kept in the store, so that a started server knows them again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from sandbox.salesforce import assignment, ids, record_types, schema, schema_files, validation, worked_out
from sandbox.salesforce.fields import Field, SObject
from sandbox.store import Store

TABLES = """
create table if not exists sobjects (name text primary key, definition blob not null);
create table if not exists tokens (token text primary key, user_id text not null, issued integer not null);
create table if not exists cursors (id text primary key, made integer not null, total integer not null);
create table if not exists cursor_pages (
    cursor text, start integer, rows integer, body blob, primary key (cursor, start)) without rowid;
create table if not exists jobs (
    id text primary key, operation text, object text, query text, state text, created integer,
    modified integer, version text, created_by text, records integer, ms integer, message text);
create table if not exists purged (object text, id text, at text, primary key (object, id));
create table if not exists late (object text, id text, at integer, primary key (object, id));
create table if not exists unseen (object text, field text, primary key (object, field));
"""


class Org:
    """One organisation: what objects it has and who it is."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = store.get_meta("organization_id")
        self.user_id = store.get_meta("integration_user_id")
        self.objects: dict[str, SObject] = {}
        self.whole: dict[str, SObject] = {}
        """The objects with what the user may not see: whoever deploys sees it."""
        unseen = set(store.rows("select object, field from unseen"))
        for (definition,) in store.rows("select definition from sobjects order by name"):
            known = read(orjson.loads(definition))
            self.whole[known.name] = known
        self._hang_files_on_custom_objects()
        reader = worked_out.Reader(store, self.whole)
        reader.read()
        self.worked = reader.formulas
        self.summaries: dict[str, list[worked_out.Summary]] = {}
        """By the object whose rows are summed up."""
        for summary in reader.summaries:
            self.summaries.setdefault(summary.child, []).append(summary)
        for whole in self.whole.values():
            sobject = _seen(whole, unseen)
            if (sobject.name, "") not in unseen:
                self.objects[sobject.name] = sobject
        self.assigned = False
        """Somebody was given a permission set since the org was read."""
        self.views: dict[int, Org] = {}
        """The org as older versions of the API see it."""
        self.late: frozenset[str] = frozenset()
        self.read_late()
        self.duplicate_rules: dict[str, list[str]] = orjson.loads(
            store.value("select value from meta where key = 'duplicate_rules'") or "{}"
        )
        """By object, the fields whose values no two records may share."""
        self.validation = validation.load(store)
        self.assignment = assignment.load(store)
        self.record_types = record_types.load(store)
        self.show(self.objects)
        self._next: dict[str, int] = {}

    def _hang_files_on_custom_objects(self) -> None:
        more = tuple(name for name in self.whole if name.endswith("__c"))
        for name, reference in schema_files.HANG_ON if more else ():
            if (known := self.whole.get(name)) is not None:
                field = known.fields[reference]
                field = replace(field, targets=(*field.targets, *more))
                self.whole[name] = replace(known, fields=known.fields | {reference: field})

    def show(self, objects: dict[str, SObject]) -> None:
        """Have these objects and no others."""
        self.objects = objects
        self._folded = {name.lower(): sobject for name, sobject in objects.items()}
        self._prefixes = {sobject.prefix: sobject for sobject in objects.values()}

    def read_late(self) -> None:
        """Which objects have rows that nobody sees yet; what older versions see is made of it anew."""
        self.late = frozenset(name for (name,) in self.store.rows("select distinct object from late"))
        self.views.clear()

    def object(self, name: str) -> SObject | None:
        """An object by its API name, in any case."""
        return self._folded.get(name.lower())

    def object_of(self, record_id: str) -> SObject | None:
        """The object an id belongs to, by its prefix."""
        return self._prefixes.get(record_id[:3])

    def new_id(self, sobject: SObject) -> str:
        """An id no record of the object has had, purged ones included."""
        if sobject.name not in self._next:
            self._next[sobject.name] = int(self.store.value(f'select count(*) from "{sobject.name}"')) + 1
        while True:
            candidate = ids.make(sobject.prefix, self._next[sobject.name])
            self._next[sobject.name] += 1
            taken = (
                f'select 1 from "{sobject.name}" where Id = ? '
                "union all select 1 from purged where object = ? and id = ?"
            )
            if self.store.value(taken, (candidate, sobject.name, candidate)) is None:
                return candidate

    def stage(self, name: str) -> dict[str, Any] | None:
        """What a stage name means."""
        row = self.store.row(
            "select IsClosed, IsWon, DefaultProbability, ForecastCategory, ForecastCategoryName "
            "from OpportunityStage where MasterLabel = ?",
            (name,),
        )
        keys = ("IsClosed", "IsWon", "Probability", "ForecastCategory", "ForecastCategoryName")
        return None if row is None else dict(zip(keys, row, strict=True))


def read(definition: dict[str, Any]) -> SObject:
    """An object as it was kept."""
    fields = {
        f["name"]: Field(**f | {"targets": tuple(f["targets"]), "values": tuple(f["values"])})
        for f in definition["fields"]
    }
    return SObject(**{k: v for k, v in definition.items() if k != "fields"}, fields=fields)


def _seen(sobject: SObject, unseen: set[tuple[Any, ...]]) -> SObject:
    """The object as far as the user may see it."""
    if not any(name == sobject.name and field for name, field in unseen):
        return sobject
    shown = {n: f for n, f in sobject.fields.items() if (sobject.name, n) not in unseen}
    return replace(sobject, fields=shown)


def define(store: Store, sobject: SObject) -> None:
    """Keep an object's definition."""
    shown = {
        "name": sobject.name, "label": sobject.label, "plural": sobject.plural, "prefix": sobject.prefix,
        "read_only": sobject.read_only, "fields": list(sobject.fields.values()),
    }  # fmt: skip
    store.db.execute("insert or replace into sobjects values (?, ?)", (sobject.name, orjson.dumps(shown)))


def prepare(store: Store, objects: dict[str, SObject], meta: dict[str, str]) -> None:
    """Make the tables of an org with these objects."""
    store.script(TABLES)
    schema.create_tables(store, objects)
    for sobject in objects.values():
        define(store, sobject)
    for key, value in meta.items():
        store.set_meta(key, value)
