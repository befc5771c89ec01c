"""Holds back whatever would be written to, or created for, a person who was erased.

Belongs here: asking the suppression list about the cells of a plan. With nobody on it nothing is asked.
"""

from __future__ import annotations

import duckdb

from pipelines.state.suppression import Suppression

ERASED = "this person was erased for privacy"


def hold(connection: duckdb.DuckDBPyConnection, suppression: Suppression) -> int:
    """Move records that are on the list, or would be given an address that is, from `cells` to `held`.

    Their fields go from `cells` altogether. Returns how many records are held.
    """
    if not suppression:
        return 0
    rows = connection.execute(
        "select sync, record_id, any_value(record_key), list(after) filter (where contains(after, '@')) "
        "from cells where verdict = 'change' group by sync, record_id"
    ).fetchall()
    theirs = [
        (sync, record_id, record_key)
        for sync, record_id, record_key, addresses in rows
        if suppression.has_record(record_key) or any(suppression.has_email(each) for each in addresses or ())
    ]
    for sync, record_id, record_key in theirs:
        connection.execute("delete from cells where sync = ? and record_id = ?", [sync, record_id])
        connection.execute("insert into held values (?, ?, ?, ?)", [sync, record_id, record_key, ERASED])
    return len(theirs)
