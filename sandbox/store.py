"""A vendor's state: one SQLite file with its records, its request log and its write log.

A request's changes, its rows in `writes` and its row in `requests` are one transaction, committed before the
answer leaves. What the records look like is the vendor's own business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG_TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists requests (
    seq integer primary key, request_id text not null, at integer not null, method text not null,
    path text not null, query text not null, status integer not null, ms real not null, client text not null,
    effect text not null, records integer not null, changes integer not null);
create table if not exists writes (
    seq integer primary key, at integer not null, object text not null, record_id text not null,
    operation text not null, field text not null, before text, after text, request_id text not null);
create index if not exists writes_by_request on writes (request_id);
create index if not exists writes_by_record on writes (object, record_id);
"""


@dataclass(frozen=True)
class Change:
    """One stored field of a record, before and after. `operation` is `noop` when nothing changed."""

    object: str
    record_id: str
    operation: str
    field: str
    before: str | None
    after: str | None


class Store:
    """One connection to a vendor's file. All writing goes through `transaction()`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        uri = f"file:{path}?mode=ro" if read_only else f"file:{path}"
        self.db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        # The file must survive a killed process, not a power cut: WAL without fsync on commit does that.
        self.db.execute("pragma cache_size=-65536")
        self.db.execute("pragma mmap_size=1073741824")
        if not read_only:
            self.db.execute("pragma journal_mode=wal")
            self.db.execute("pragma synchronous=normal")
            self.script(LOG_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested use is a savepoint."""
        begin, commit, rollback = (
            ("savepoint part", "release part", "rollback to part")
            if self.db.in_transaction
            else ("begin immediate", "commit", "rollback")
        )
        self.db.execute(begin)
        try:
            yield
        except BaseException:
            self.db.execute(rollback)
            if begin.startswith("savepoint"):
                self.db.execute(commit)
            raise
        self.db.execute(commit)

    def script(self, text: str) -> None:
        """Run several statements within the transaction (sqlite3's own executescript would commit it)."""
        for statement in text.split(";"):
            if statement.strip():
                self.db.execute(statement)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self.db.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        found = self.row(sql, values)
        return None if found is None else found[0]

    def get_meta(self, key: str) -> str:
        value = self.value("select value from meta where key = ?", (key,))
        if value is None:
            raise KeyError(key)
        return str(value)

    def set_meta(self, key: str, value: str) -> None:
        self.db.execute("insert or replace into meta values (?, ?)", (key, value))

    def log_changes(self, at: int, request_id: str, changes: Sequence[Change]) -> None:
        self.db.executemany(
            "insert into writes (at, object, record_id, operation, field, before, after, request_id) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (at, c.object, c.record_id, c.operation, c.field, c.before, c.after, request_id)
                for c in changes
            ],
        )

    def log_request(self, row: tuple[Any, ...]) -> None:
        self.db.execute(
            "insert into requests (request_id, at, method, path, query, status, ms, client, effect, records, "
            "changes) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    def close(self) -> None:
        self.db.close()
