"""Holds back whatever would be written to, or created for, a person who was erased.

Belongs here: asking the suppression list about the cells of a plan. With nobody on it nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb

from pipelines.state.addresses import AT
from pipelines.state.suppression import Suppression

ERASED = "this person was erased for privacy"


def is_of_erased(suppression: Suppression, record_key: str | None, payload: object) -> bool:
    """Whether an action hangs on a record of the list, or an address or record key of it is in what it would
    send, however deep."""
    return bool(suppression) and (
        suppression.has_record(record_key)
        or any(suppression.has_record(text) or suppression.has_email_in(text) for text in _texts(payload))
    )


def _texts(payload: object) -> Iterator[str]:
    if isinstance(payload, str):
        yield payload
    elif isinstance(payload, Mapping):
        for each in payload.values():
            yield from _texts(each)
    elif isinstance(payload, list | tuple):
        for each in payload:
            yield from _texts(each)


def hold(connection: duckdb.DuckDBPyConnection, suppression: Suppression) -> int:
    """Move records that are on the list, or would be given an address that is, from `cells` to `held`.

    Their fields go from `cells` altogether. Returns how many records are held.
    """
    if not suppression:
        return 0
    rows = connection.execute(
        "select sync, record_id, any_value(record_key), "
        f"list(after) filter (where regexp_matches(after, '{AT}')) "
        "from cells where verdict = 'change' group by sync, record_id"
    ).fetchall()
    theirs = [
        (sync, record_id, record_key)
        for sync, record_id, record_key, addresses in rows
        if is_of_erased(suppression, record_key, addresses or [])
    ]
    for sync, record_id, record_key in theirs:
        connection.execute("delete from cells where sync = ? and record_id = ?", [sync, record_id])
        connection.execute("insert into held values (?, ?, ?, ?)", [sync, record_id, record_key, ERASED])
    return len(theirs)
