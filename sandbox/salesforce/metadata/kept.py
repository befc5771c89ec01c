"""What an org's metadata store holds: components by type and full name, and the deploys that were asked for.

Belongs here: rows. What a component does to the org is `components`.
"""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.salesforce.metadata import fields
from sandbox.salesforce.org import Org
from sandbox.store import Store

Json = dict[str, Any]
TABLES = """
create table if not exists metadata (
    type text, name text, content blob not null, changed integer not null, id text not null,
    primary key (type, name)) without rowid;
create table if not exists deploys (
    id text primary key, status text not null, options blob not null, file blob not null, result blob,
    created integer not null, polls integer not null default 0);
create table if not exists retrieves (id text primary key, result blob not null, zip blob not null);
create table if not exists tooling (
    id text primary key, number integer not null, kind text not null, content blob not null);
create table if not exists coverage (name text primary key, percent integer);
create table if not exists permitted (object text, field text, primary key (object, field));
"""
CHILDREN = {"CustomField": "fields", "RecordType": "recordTypes", "ValidationRule": "validationRules"}


class Kept:
    """The components of one org."""

    def __init__(self, store: Store) -> None:
        store.script(TABLES)
        self.store = store

    def get(self, kind: str, name: str) -> Json | None:
        found = self.store.value(
            "select content from metadata where type = ? and name = ? collate nocase", (kind, name)
        )
        return None if found is None else dict(orjson.loads(found))

    def put(self, kind: str, name: str, content: Json, now: int) -> str:
        """`created`, `changed` or `unchanged`."""
        before = self.get(kind, name)
        if before == content:
            return "unchanged"
        number = self.store.value("select count(*) from metadata")
        self.store.db.execute(
            "insert into metadata values (?, ?, ?, ?, ?) on conflict (type, name) do update set "
            "content = excluded.content, changed = excluded.changed",
            (kind, name, orjson.dumps(content), now, f"01m{int(number):012d}AAA"),
        )
        return "created" if before is None else "changed"

    def drop(self, kind: str, name: str) -> bool:
        done = self.store.db.execute("delete from metadata where type = ? and name = ?", (kind, name))
        return bool(done.rowcount)

    def names(self, kind: str, parent: str = "") -> list[str]:
        """Full names of a type; of the children of an object when `parent` is given."""
        pattern = f"{parent}.%" if parent else "%"
        rows = self.store.rows(
            "select name from metadata where type = ? and name like ? order by name", (kind, pattern)
        )
        return [name for (name,) in rows]

    def custom_object(self, org: Org, name: str) -> Json | None:
        """An object with all it consists of, as readMetadata shows it."""
        sobject = org.whole.get(name)
        if sobject is None:
            return None
        kept = self.get("CustomObject", sobject.name) or {}
        if not kept and sobject.custom:
            kept = {
                "deploymentStatus": "Deployed", "sharingModel": "ReadWrite", "pluralLabel": sobject.plural,
                "nameField": {"label": "Name", "type": "Text"},
            }  # fmt: skip
        shown: Json = {"fullName": sobject.name, **kept, "label": kept.get("label") or sobject.label}
        shown["fields"] = [
            self.get("CustomField", f"{sobject.name}.{field.name}") or fields.as_metadata(field)
            for field in sobject.fields.values()
            if field.custom
        ]
        for kind in ("RecordType", "ValidationRule"):
            names = self.names(kind, sobject.name)
            shown[CHILDREN[kind]] = [self.get(kind, each) for each in names]
        return shown
