"""Query activities: SQL over the account's data views and extensions into a data extension, overwritten."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox.call import Call
from sandbox.marketing_cloud import account, extensions
from sandbox.store import Store

VIEWS = ("_Subscribers", "_Job", "_Sent", "_Complaint", "_Journey", "_JourneyActivity")
_MOMENTS = (
    "eventdate",
    "datejoined",
    "dateunsubscribed",
    "createddate",
    "lastpublisheddate",
    "deliveredtime",
)
_READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)


class BadQuery(Exception):
    """A query that cannot be run; one sentence."""


def create(store: Store, key: str, name: str, statement: str, target: str) -> str:
    query = account.guid("query", key)
    store.db.execute(
        "insert or replace into queries values (?, ?, ?, ?, ?, null)", (query, key, name, statement, target)
    )
    return query


def run(store: Store, wanted: str, call: Call | None = None, at: int = 0) -> tuple[str, int]:
    """Fill a query's target; its id and the number of the task. Raises BadQuery."""
    row = store.row("select id, statement, target from queries where id = ? or key = ?", (wanted, wanted))
    found = extensions.find(store, row[2]) if row else None
    if row is None or found is None:
        raise BadQuery("There is no such query, or what it fills is gone")
    kept = _rows(store, row[1])
    store.db.execute("delete from extension_rows where extension = ?", (found.id,))
    for each in kept:
        try:
            extensions.put(store, found, found.checked(each, whole=True))
        except extensions.RowError as problem:
            raise BadQuery(problem.message) from None
    store.db.execute("update queries set ran = ? where id = ?", (call.now if call else at, row[0]))
    if call is not None:
        call.change("QueryDefinition", row[0], "update", "rows", None, str(len(kept)))
    return str(row[0]), int(store.value("select count(*) from queries where ran is not null"))


def _rows(store: Store, statement: str) -> list[dict[str, Any]]:
    """What a SELECT gives; nothing else may be done, whatever is written there."""
    store.db.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
    try:
        cursor = store.db.execute(statement)
        names = [part[0] for part in cursor.description or ()]
        found = cursor.fetchall()
    except (sqlite3.Error, sqlite3.Warning) as problem:
        raise BadQuery(f"The query cannot be run: {problem}") from None
    finally:
        store.db.set_authorizer(None)
    return [
        {
            name: account.shown(value) if name.lower() in _MOMENTS and isinstance(value, int) else value
            for name, value in zip(names, row, strict=True)
        }
        for row in found
    ]
