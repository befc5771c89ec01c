"""Which records this project made in a CRM, of which others, and which it has removed there.

Belongs here: reading that from the journal. What follows from it is in `pipelines.reverse_sync.mirror`.
"""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
from sqlalchemy import Connection, literal_column, select

from pipelines.state.tables import journal

_MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [("source_key", pa.string()), ("made_key", pa.string()), ("taken_back", pa.bool_()), ("at", _MOMENT)]
)
_DELETIONS = pa.schema([("record_key", pa.string()), ("at", _MOMENT)])
_MADE, _UNDONE, _DELETED = "create_record", "undo", "delete_record"
_IS_DONE = (journal.c.action_key != literal_column("''"), journal.c.state == "confirmed")


def load(connection: Connection) -> pa.Table:
    """A row per record that was made (or found, and linked) for another, one more if it was removed again."""
    c = journal.c
    query = select(c.operation, c.record_key, c.object, c.result_id, c.after_value, c.settled_at).where(
        *_IS_DONE, c.operation.in_((_MADE, _UNDONE))
    )
    rows = []
    for operation, source_key, object_name, result_id, after, at in connection.execute(query):
        said: dict[str, Any] = orjson.loads(after or "{}")
        undone = operation == _UNDONE
        if undone and said.get("kind") != _MADE:
            continue
        made = said.get("id") if undone else result_id
        asked = (said.get("payload") or {}) if undone else said
        prefix = (asked.get("joins") or {}).get("prefix")
        if prefix and made:
            rows.append((source_key, f"{prefix}:{object_name}:{made}", undone, at))
    columns = list(zip(*rows, strict=True)) or [() for _ in SCHEMA]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)


def deleted(connection: Connection) -> pa.Table:
    """Records that were deleted because their partner was, and when: record_key, at."""
    query = select(journal.c.record_key, journal.c.settled_at).where(
        *_IS_DONE, journal.c.operation == _DELETED
    )
    rows = [{"record_key": key, "at": at} for key, at in connection.execute(query)]
    return pa.Table.from_pylist(rows, schema=_DELETIONS)
