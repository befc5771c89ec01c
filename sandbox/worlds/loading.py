"""Filling a store with millions of rows: no journal, a large cache, indexes when the rows are in.

A world whose making is cut short is thrown away, so nothing has to survive. What the rows are is not known
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from sandbox.marketing_cloud import account
from sandbox.store import Store

ROWS = "rows"
"""The meta entry that says how many rows a store was filled with."""
_INSIDE = (
    "meta",
    "requests",
    "writes",
    "sobjects",
    "tokens",
    "cursors",
    "cursor_pages",
    "jobs",
    "addresses",
    "aliases",
    *account.INSIDE,
)
_HURRY = ("journal_mode=off", "synchronous=off", "locking_mode=exclusive", "cache_size=-262144")


def hurry(store: Store) -> None:
    """Write without a journal."""
    for setting in _HURRY:
        store.db.execute(f"pragma {setting}")


def settle(store: Store) -> None:
    """The file as a server expects it."""
    for setting in ("locking_mode=normal", "journal_mode=wal"):
        store.db.execute(f"pragma {setting}")


class Indexes:
    """The indexes of a store's tables, left out while rows come in. Those that keep rows unique stay, and
    those of few rows, for which all would have to be looked through."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._left_out: list[str] = []

    def leave_out(self, *, but: str = "-") -> None:
        """All but those whose names end like this."""
        for name, text in self.store.rows(
            "select name, sql from sqlite_master where type = 'index' and sql is not null order by rowid"
        ):
            if not (text.lower().startswith("create unique") or name.endswith(but)):
                self._left_out.append(text)
                self.store.db.execute(f'drop index "{name}"')

    def make(self) -> None:
        # Rows are sorted by as much as the cache holds at once: what the processor keeps near sorts quickest.
        self.store.db.execute("pragma cache_size=-4096")
        for text in self._left_out:
            self.store.db.execute(text)
        self._left_out = []


@contextmanager
def filled(path: Path) -> Iterator[tuple[Store, Indexes]]:
    """A new store to fill, in one transaction. Indexes that were left out are made at its end."""
    store = Store(path)
    indexes = Indexes(store)
    hurry(store)
    try:
        with store.transaction():
            yield store, indexes
            indexes.make()
            store.set_meta(ROWS, orjson.dumps(_counts(store)).decode())
        settle(store)
    finally:
        store.close()


def _counts(store: Store) -> dict[str, int]:
    """Rows per object that has any."""
    tables = [t for (t,) in store.rows("select name from sqlite_master where type = 'table' order by name")]
    counts = {t: int(store.value(f'select count(*) from "{t}"')) for t in tables if t not in _INSIDE}
    return {table: count for table, count in counts.items() if count}
