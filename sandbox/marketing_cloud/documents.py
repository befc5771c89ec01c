"""Things of an account that are kept as they were given, by kind and key: no table of their own is worth it.

What is answered of them is in the file of each resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.store import Store

TABLE = """
create table if not exists documents (
    kind text not null, key text not null collate nocase, created integer not null,
    modified integer not null, body blob not null, primary key (kind, key))
"""


@dataclass(frozen=True)
class Document:
    key: str
    created: int
    modified: int
    body: dict[str, Any]


def find(store: Store, kind: str, key: str) -> Document | None:
    row = store.row(
        "select key, created, modified, body from documents where kind = ? and key = ?", (kind, key)
    )
    return Document(row[0], row[1], row[2], orjson.loads(row[3])) if row else None


def every(store: Store, kind: str) -> list[Document]:
    """All of a kind, in the order they came in."""
    found = store.rows(
        "select key, created, modified, body from documents where kind = ? order by created, rowid", (kind,)
    )
    return [Document(key, created, modified, orjson.loads(body)) for key, created, modified, body in found]


def next_number(store: Store, kind: str, first: int = 1) -> int:
    """The key of the next one, where keys of a kind are numbers."""
    most = store.value("select max(cast(key as integer)) from documents where kind = ?", (kind,))
    return first if most is None else int(most) + 1


def put(store: Store, kind: str, key: str, body: Mapping[str, Any], at: int) -> Document:
    """Keep a document; of one that is there what is not given stays."""
    known = find(store, kind, key)
    whole = {**(known.body if known else {}), **body}
    store.db.execute(
        "insert into documents values (?, ?, ?, ?, ?) on conflict (kind, key) "
        "do update set modified = excluded.modified, body = excluded.body",
        (kind, key, at, at, orjson.dumps(whole)),
    )
    return Document(key, known.created if known else at, at, whole)


def drop(store: Store, kind: str, key: str) -> bool:
    done = store.db.execute("delete from documents where kind = ? and key = ?", (kind, key))
    return done.rowcount > 0
