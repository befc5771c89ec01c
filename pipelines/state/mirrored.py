"""What both sides of a mirrored pair of records held when they last agreed: the base of three-way comparison.

Belongs here: keeping it. `content` is JSON, line name -> [left, right] in canonical text; the pair key is the
two record keys. What it decides is in `pipelines.reverse_sync.mirror`.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, select

from pipelines.state.tables import mirrored
from pipelines.state.upsert import upsert
from pipelines.warehouse import has_table

PAIRS = pa.schema([("left_key", pa.string()), ("right_key", pa.string())])
_SCHEMA = pa.schema([("pair_key", pa.string()), ("content", pa.string())])
_AT_ONCE = 10_000


def load(connection: Connection) -> pa.Table:
    """Every pair: pair_key, content."""
    rows = connection.execute(select(mirrored)).all()
    keys, contents = ([row[i] for row in rows] for i in (0, 1))
    return pa.table([pa.array(keys, pa.string()), pa.array(contents, pa.string())], schema=_SCHEMA)


def pairs(connection: Connection) -> pa.Table:
    """The two records of every pair: left_key, right_key."""
    keys = [str(key).split("|", 1) for key in connection.execute(select(mirrored.c.pair_key)).scalars()]
    left, right = ([each[i] for each in keys if len(each) == 2] for i in (0, 1))
    return pa.table([pa.array(left, pa.string()), pa.array(right, pa.string())], schema=PAIRS)


def publish_mirrored(connection: Connection, warehouse: duckdb.DuckDBPyConnection) -> int:
    """Keep what the refresh found agreed. Call it once the gates have passed.

    Returns the number of pairs that changed.
    """
    if not has_table(warehouse, "intermediate", "mirror_base"):
        return 0
    warehouse.register("mirrored_kept", load(connection))
    reader = warehouse.execute(
        "select b.pair_key, b.content from intermediate.mirror_base b "
        "left join mirrored_kept k on k.pair_key = b.pair_key where b.content is distinct from k.content"
    )
    changed = 0
    while rows := reader.fetchmany(_AT_ONCE):
        upsert(connection, mirrored, [{"pair_key": key, "content": content} for key, content in rows])
        changed += len(rows)
    warehouse.unregister("mirrored_kept")
    return changed
